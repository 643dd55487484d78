//! What is left running or half done.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, SessionId};

/// `hub doctor`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DoctorReport {
    /// Whether it was asked to settle what it finds.
    pub fix: bool,
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
    /// What is not as it should be.
    pub what: String,
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

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// The git program is not there or too old.
    Git,
    /// git does not ignore the hub directory.
    NotIgnored,
    /// A session's files cannot be read.
    CorruptSession,
    /// An operation has a beginning and no end, and nobody is at it.
    UnfinishedOperation,
    /// A session's configuration is not valid YAML.
    InvalidConfig,
    /// Files that a killed process was about to put in place.
    UnfinishedFile,
    /// A journal does not fit its own hashes: somebody else than hub has written to it.
    JournalChanged,
    /// An agent's supervisor is gone before the agent's end was recorded.
    LostAgent,
    /// An agent waits and nobody will start it.
    WaitingAgent,
    /// A folder that a killed process was about to make a session.
    DeadDraft,
    /// A checkout of hub's own that nobody uses.
    StaleScratch,
    /// A worktree in hub's folder that belongs to no session.
    UnknownWorktree,
    /// A worktree of a session at its end, without work in it.
    SpentWorktree,
}

impl FindingCode {
    /// The word that is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::NotIgnored => "not_ignored",
            Self::CorruptSession => "corrupt_session",
            Self::UnfinishedOperation => "unfinished_operation",
            Self::InvalidConfig => "invalid_config",
            Self::UnfinishedFile => "unfinished_file",
            Self::JournalChanged => "journal_changed",
            Self::LostAgent => "lost_agent",
            Self::WaitingAgent => "waiting_agent",
            Self::DeadDraft => "dead_draft",
            Self::StaleScratch => "stale_scratch",
            Self::UnknownWorktree => "unknown_worktree",
            Self::SpentWorktree => "spent_worktree",
        }
    }
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
