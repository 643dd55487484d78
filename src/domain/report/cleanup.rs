//! What a cleanup would do, and what one of all sessions did.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{CleanupReport, CorruptSession, LeftProcess};
use crate::domain::diagnostic::Code;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{ArchiveTag, BranchName, CommitId, RefName};
use crate::domain::state::SessionState;

/// `hub cleanup --dry-run`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CleanupPlanReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// What would become of each worktree.
    pub worktrees: Vec<PlannedWorktree>,
    /// What would become of each branch.
    pub branches: Vec<PlannedBranch>,
    /// What the worktrees that would go take on the disk.
    pub size_bytes: u64,
}

impl CleanupPlanReport {
    /// Whether there is nothing to be cleaned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.worktrees.is_empty() && self.branches.is_empty()
    }

    /// All that stands in the way.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.worktrees.iter().flat_map(|one| &one.refusals)
    }
}

/// What would become of a worktree.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedWorktree {
    /// The agent.
    pub agent: AgentId,
    /// The worktree.
    pub path: PathBuf,
    /// What would be done.
    pub action: PlannedRemoval,
    /// What it takes on the disk.
    pub size_bytes: u64,
    /// Uncommitted and untracked files, relative to it.
    pub files: Vec<PathBuf>,
    /// Who works in it.
    pub processes: Vec<LeftProcess>,
    /// Why it, and with it all of the session, would stay.
    pub refusals: Vec<Refusal>,
}

/// What would be done with a worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlannedRemoval {
    /// It would go; nothing in it would be lost.
    Remove,
    /// It would go, and its uncommitted files would be kept as a snapshot.
    Snapshot,
    /// Its folder is gone, and git would forget it.
    Forget,
    /// It would stay.
    Refuse,
}

/// What would become of a branch.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedBranch {
    /// The branch.
    pub branch: BranchName,
    /// Its tip.
    pub commit: CommitId,
    /// The archive tag that keeps it, or would be made first; null where the base branch has it.
    pub tag: Option<ArchiveTag>,
    /// Why it would stay; null where it would go.
    pub stays: Option<String>,
}

/// Something that stands in the way, as it would be told alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What it is.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// `hub cleanup --all`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CleanupAllReport {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The sessions at their end that had something to be cleaned, oldest first.
    pub sessions: Vec<CleanedSession>,
    /// What belongs to no session, or was taken away by hand.
    pub strays: Vec<StrayReport>,
    /// Sessions whose files cannot be read.
    pub corrupt: Vec<CorruptSession>,
}

/// What became of one session.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CleanedSession {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// What would be done; null where it is no dry run.
    pub plan: Option<CleanupPlanReport>,
    /// What was done; null where nothing was.
    pub cleaned: Option<CleanupReport>,
    /// Why nothing was done; null where something was, or would be.
    pub refused: Option<Refusal>,
}

/// Something that other tools, hands, or a session that is gone have left.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StrayReport {
    /// Its kind.
    pub kind: StrayKind,
    /// The session that its name tells of.
    pub session_id: Option<SessionId>,
    /// The agent that its name tells of.
    pub agent: Option<AgentId>,
    /// The file or folder.
    pub path: Option<PathBuf>,
    /// The refs.
    pub refs: Vec<RefName>,
    /// What it is.
    pub what: String,
    /// What would be lost with it; null where nothing would.
    pub danger: Option<String>,
    /// What to do about it.
    pub cure: String,
    /// What became of it.
    pub outcome: StrayOutcome,
    /// Why it stays although nothing would be lost.
    pub problem: Option<String>,
}

/// A kind of stray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrayKind {
    /// git still has a record of a worktree whose folder is gone.
    MissingWorktree,
    /// An agent of an open session whose worktree is gone.
    LostWorktree,
    /// A worktree in hub's folder that belongs to no session.
    UnknownWorktree,
    /// A folder among the worktrees that git does not know.
    UnknownFolder,
    /// Files of a removed worktree that were not deleted to the end.
    LeftFiles,
    /// An attempt's branch without its session.
    OrphanBranch,
    /// Archive tags without their session.
    OrphanTags,
    /// Snapshots without their session.
    OrphanSnapshots,
}

impl StrayKind {
    /// The word that is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingWorktree => "missing_worktree",
            Self::LostWorktree => "lost_worktree",
            Self::UnknownWorktree => "unknown_worktree",
            Self::UnknownFolder => "unknown_folder",
            Self::LeftFiles => "left_files",
            Self::OrphanBranch => "orphan_branch",
            Self::OrphanTags => "orphan_tags",
            Self::OrphanSnapshots => "orphan_snapshots",
        }
    }
}

/// What became of a stray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrayOutcome {
    /// It stays: something would be lost with it, or a person has to decide.
    Found,
    /// It would go: nothing would be lost.
    Removable,
    /// It is gone; nothing was lost.
    Removed,
    /// It was to go and could not.
    Failed,
}
