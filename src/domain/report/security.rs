//! `hub security`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::security::SecurityLevel;
use crate::domain::security::machine::Counting;
use crate::domain::security::walls::Wall;

/// What each level enforces on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SecurityReport {
    /// The operating system with its version.
    pub system: String,
    /// The version of Landlock's interface; 0 where there is none.
    pub landlock: u32,
    /// Whether calls of the system can be filtered.
    pub seccomp: bool,
    /// How the processes of an agent are counted.
    pub counting: Counting,
    /// The level of a session for which nothing else is said.
    pub default_level: SecurityLevel,
    /// Whether what the kernel denies an agent comes into the journal.
    pub denials: DenialsReport,
    /// The levels, the lowest first.
    pub levels: Vec<SecurityLevelReport>,
}

/// Whether what the kernel denies an agent comes into the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DenialsReport {
    /// Whether it does; null where that is not known.
    pub told: Option<bool>,
    /// What is needed for it; null where it does.
    pub needs: Option<String>,
}

/// One level on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SecurityLevelReport {
    /// The level.
    pub level: SecurityLevel,
    /// Whether all of it can be enforced here; else it is refused without `--best-effort`.
    pub enforced: bool,
    /// What it says of each wall.
    pub walls: Vec<WallReport>,
}

/// One wall of a level on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WallReport {
    /// The wall.
    pub wall: Wall,
    /// What the level says.
    pub rule: String,
    /// Whether the level has it and it stands here.
    pub stands: bool,
    /// What holds it up; null where the level does not have it.
    pub by: Option<String>,
    /// What this machine lacks for it; null where it stands, or the level does not have it.
    pub lacks: Option<String>,
}

/// `hub security SESSION --level LEVEL`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SecurityRaised {
    /// The session.
    pub session_id: SessionId,
    /// The level that it had.
    pub from: SecurityLevel,
    /// The level that it has.
    pub level: SecurityLevel,
    /// Whether what this machine cannot enforce is left out.
    pub best_effort: bool,
    /// Whether that is new.
    pub changed: bool,
    /// Agents that were started before, and go on as they were.
    pub before: Vec<AgentId>,
}

/// How a session's agents are held, as `hub status` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SessionSecurity {
    /// The level.
    pub level: SecurityLevel,
    /// Whether what this machine cannot enforce is left out.
    pub best_effort: bool,
    /// What is left out on this machine, as `signals (needs Landlock 6)`.
    pub left_out: Vec<String>,
}
