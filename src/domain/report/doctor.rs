//! What is not as it should be, and how it is mended.

mod code;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, SessionId};

pub use code::FindingCode;

/// `hub doctor`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DoctorReport {
    /// Whether it was asked to settle what it finds.
    pub fix: bool,
    /// The session that it was limited to; null where it looked at all.
    pub session_id: Option<SessionId>,
    /// How much was looked at.
    pub checked: Checked,
    /// What it found; nothing when all is well.
    pub findings: Vec<Finding>,
}

impl DoctorReport {
    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.outcome == FindingOutcome::Fixed)
    }
}

/// How much a doctor has looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Checked {
    /// Sessions, damaged ones among them.
    pub sessions: usize,
    /// Worktrees that git knows of, the main one among them.
    pub worktrees: usize,
    /// Refs in the places that are hub's own.
    pub refs: usize,
    /// Posts of the board.
    pub posts: usize,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Its kind.
    pub code: FindingCode,
    /// The session, where it is one's.
    pub session_id: Option<SessionId>,
    /// The agent, where it is one's.
    pub agent: Option<AgentId>,
    /// The file or folder.
    pub path: Option<PathBuf>,
    /// The ref, by its full name.
    pub r#ref: Option<String>,
    /// What is not as it should be.
    pub what: String,
    /// How that comes about.
    pub cause: String,
    /// How bad it is.
    pub danger: Danger,
    /// What may come of it.
    pub risk: String,
    /// Who mends it.
    pub cure: CureKind,
    /// What `hub doctor --fix` does; null where it leaves it to a person.
    pub fix: Option<String>,
    /// What a person does: where there is no fix, or instead of it.
    pub hint: Option<String>,
    /// The processes that still run.
    pub processes: Vec<LeftProcess>,
    /// What became of it.
    pub outcome: FindingOutcome,
    /// Why it stays although it was to be fixed.
    pub problem: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// Nothing is at risk.
    None,
    /// What hub says may not be true.
    Misleading,
    /// hub, or a command of it, cannot do its work.
    Blocked,
    /// Work may be lost.
    Loss,
}

impl Danger {
    /// The words that are shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Misleading => "misleading",
            Self::Blocked => "blocked",
            Self::Loss => "work may be lost",
        }
    }
}

/// Who mends a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CureKind {
    /// `hub doctor --fix`; nothing is lost by it.
    Safe,
    /// `hub doctor --fix`, after a yes.
    Asks,
    /// A person.
    ByHand,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingOutcome {
    /// It was found, and nothing was done about it.
    Found,
    /// It was settled.
    Fixed,
    /// It was to be settled and could not.
    Failed,
}

/// A process that an agent has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftProcess {
    /// Its number.
    pub pid: u32,
    /// Its command line.
    pub command: String,
}
