//! `hub outside`: what was changed outside of agents' worktrees, and what became of it.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::SnapshotReport;
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::outside::How;
use crate::domain::time;

/// `hub outside`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OutsideReport {
    /// The session.
    pub session_id: SessionId,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
    /// What was found, oldest first.
    pub findings: Vec<OutsideFinding>,
    /// The names of what was put back by this command.
    pub restored: Vec<String>,
    /// The names of what was accepted by this command.
    pub accepted: Vec<String>,
    /// What was kept of what stood there before it was put back.
    pub snapshots: Vec<SnapshotReport>,
}

/// What was found when an agent ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OutsideFinding {
    /// The number of the line in the journal.
    pub seq: u64,
    /// The agent that ran in that time. Whether it was the agent is not known.
    pub agent: AgentId,
    /// Its attempt.
    #[schemars(with = "u32")]
    pub attempt: Attempt,
    /// Since when it can have been changed.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub since: DateTime<Utc>,
    /// When it was found.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub until: DateTime<Utc>,
    /// What was changed.
    pub changes: Vec<OutsideChange>,
}

/// One thing that stands otherwise than before.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OutsideChange {
    /// What it is.
    pub kind: OutsideKind,
    /// Its name: that of a ref, or a path; behind a worktree's `:HEAD` or `:index`.
    pub name: String,
    /// The worktree that it is in.
    pub worktree: Option<PathBuf>,
    /// The session whose agent's worktree that is; null for the main worktree.
    pub session_id: Option<SessionId>,
    /// The agent whose it is; null for the main worktree.
    pub agent: Option<AgentId>,
    /// The object that was there, or the ref that it led to; null for nothing.
    pub old: Option<String>,
    /// What is there; null for nothing.
    pub new: Option<String>,
    /// Whether what was there is kept, so that it can be put back.
    pub restorable: bool,
    /// Whether it is settled.
    pub state: How,
}

/// What a change is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutsideKind {
    /// A branch, a tag, or another ref.
    Ref,
    /// What is checked out in a worktree.
    Head,
    /// What is staged in a worktree.
    Index,
    /// A file of a worktree.
    File,
    /// A file of the hub directory.
    HubFile,
    /// A file of the git directory: a hook, the configuration.
    GitFile,
}

impl OutsideKind {
    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ref => "ref",
            Self::Head => "checkout",
            Self::Index => "staged",
            Self::File => "file",
            Self::HubFile => "hub file",
            Self::GitFile => "git file",
        }
    }
}

/// What of a finding is not settled, as `hub status` tells it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OutsideSummary {
    /// The number of the line in the journal.
    pub seq: u64,
    /// The agent that ran in that time.
    pub agent: AgentId,
    /// Since when it can have been changed.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub since: DateTime<Utc>,
    /// How many refs, worktrees and other files.
    pub changes: usize,
}
