//! Snapshots: the list, one of them, what was brought back and what was given up.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::diff::DiffStat;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{BranchName, CommitId, SnapshotRef};
use crate::domain::time;

/// `hub snapshots`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotsReport {
    /// The snapshots, oldest first.
    pub snapshots: Vec<ListedSnapshot>,
}

/// One snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListedSnapshot {
    /// The ref that keeps it.
    pub r#ref: SnapshotRef,
    /// The session whose work it is.
    pub session_id: SessionId,
    /// The agent whose work it is.
    pub agent: AgentId,
    /// What it holds.
    pub kind: SnapshotKind,
    /// The commit.
    pub commit: CommitId,
    /// The commit that it stands on; null for the first one of a history.
    pub parent: Option<CommitId>,
    /// Since when it is kept; of a discarded commit not before its session's end.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub time: DateTime<Utc>,
    /// How many files differ from `parent`; null where there is none.
    pub files_changed: Option<usize>,
    /// The first line of its message.
    pub subject: String,
}

/// What a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotKind {
    /// Uncommitted and untracked files.
    Uncommitted,
    /// A commit that was amended or reset away.
    Discarded,
}

impl SnapshotKind {
    /// The word that is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uncommitted => "uncommitted",
            Self::Discarded => "discarded",
        }
    }
}

/// `hub snapshots show`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotShowReport {
    /// The snapshot.
    pub snapshot: ListedSnapshot,
    /// What was staged and changed again after that; null where nothing was.
    pub staged: Option<CommitId>,
    /// How much differs from the parent.
    pub diff: DiffStat,
    /// Each file that differs, in git's order.
    pub files: Vec<SnapshotFile>,
    /// The command that shows the whole difference.
    pub diff_command: String,
}

/// A file that a snapshot holds and its parent does not, or holds otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotFile {
    /// The file, from the top of the repository; of one that is gone, where it was.
    pub file: PathBuf,
    /// Where it was before it was renamed; null where it was not.
    pub renamed_from: Option<PathBuf>,
    /// Lines added; null where it is not text.
    pub insertions: Option<usize>,
    /// Lines removed; null where it is not text.
    pub deletions: Option<usize>,
}

/// `hub snapshots restore`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotRestoreReport {
    /// The snapshot, which stays.
    pub snapshot: ListedSnapshot,
    /// The worktree that has its files now; null where a branch alone was made.
    pub worktree: Option<PathBuf>,
    /// The branch that was made, or that the worktree has checked out.
    pub branch: Option<BranchName>,
    /// Whether the branch was made.
    pub made_branch: bool,
    /// Whether the worktree was made.
    pub made_worktree: bool,
    /// Whether uncommitted files were put there.
    pub put_work: bool,
}

/// `hub snapshots expire`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotExpireReport {
    /// What was given up; git has the commits until it prunes them.
    pub expired: Vec<ListedSnapshot>,
}
