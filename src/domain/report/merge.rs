//! The documents of `hub merge`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::diff::DiffStat;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::merging::MergeStrategy;
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::session::Exit;
use crate::domain::state::SessionState;

use super::ArchivedAttempt;

/// `hub merge`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MergeReport {
    /// The session.
    pub session_id: SessionId,
    /// `merged`, or `archived` when nobody beat the baseline and that was agreed to.
    pub state: SessionState,
    /// The agent whose work was merged; the first of them where there are several.
    pub winner: Option<AgentId>,
    /// The branch that was merged into.
    pub base_branch: BranchName,
    /// How the work came there.
    pub strategy: MergeStrategy,
    /// The commit that was merged; the first of them where there are several.
    pub merged_commit: Option<CommitId>,
    /// All that was merged, in its order.
    pub merged: Vec<MergedAgent>,
    /// Where the base branch stood when the session began; null where that is not known.
    pub base_commit: Option<CommitId>,
    /// How many commits the base branch had got since; null where that is not known.
    pub base_moved: Option<usize>,
    /// The base branch before.
    pub before: Option<CommitId>,
    /// The base branch after.
    pub after: Option<CommitId>,
    /// The worktree that has the base branch checked out and now shows the merge.
    pub checkout: Option<PathBuf>,
    /// How the merged tree was verified before the base branch moved; null where that was not
    /// asked for.
    pub verified: Option<VerifyReport>,
    /// The tags that keep the other attempts, and those merged ones whose commits the base branch
    /// does not have.
    pub archived: Vec<ArchivedAttempt>,
}

/// An agent whose work was merged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MergedAgent {
    /// The agent.
    pub agent: AgentId,
    /// The commit that was merged.
    pub commit: CommitId,
}

/// How a merged tree was verified.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VerifyReport {
    /// The command.
    pub command: String,
    /// How it ended.
    pub exit: Exit,
    /// How long it ran.
    pub elapsed_s: f64,
    /// The number that it printed of the merged tree; null without a metric, and for another
    /// command than the eval command.
    pub metric_value: Option<f64>,
    /// What was measured of the agent by itself.
    pub winner_value: Option<f64>,
    /// The metric of the base commit.
    pub baseline: Option<f64>,
    /// What it printed.
    pub stdout_log: PathBuf,
    /// What it complained about.
    pub stderr_log: PathBuf,
}

/// The base branch at the moment at which it was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaseNow {
    /// The branch.
    pub branch: BranchName,
    /// Its tip.
    pub commit: CommitId,
    /// How many commits it has got since the session began; null where that is not known.
    pub moved: Option<usize>,
}

/// Whether work would merge into the base branch as that is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeOutlook {
    /// Whether nothing conflicts.
    pub clean: bool,
    /// The files that conflict.
    pub conflicts: Vec<PathBuf>,
}

/// `hub merge --dry-run`: what would happen.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MergePlanReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// The branch that would be merged into.
    pub base_branch: BranchName,
    /// Where it stood when the session began; null where that is not known.
    pub base_commit: Option<CommitId>,
    /// Where it is now.
    pub base_tip: CommitId,
    /// How many commits it has got since the session began; null where that is not known.
    pub base_moved: Option<usize>,
    /// How the work would come there.
    pub strategy: MergeStrategy,
    /// All that would be merged, in its order.
    pub agents: Vec<PlannedMerge>,
    /// Whether all of it merges; null where git is too old to tell, or cannot.
    pub merges: Option<bool>,
    /// The first that does not; null where all do.
    pub conflict: Option<PlannedConflict>,
    /// What the base branch would get; null where it would get nothing, or that is not known.
    pub diff: Option<DiffStat>,
    /// The same by file.
    pub files: Vec<PlannedFile>,
    /// The command that would verify the merged tree.
    pub verify: Option<String>,
    /// The tags that would keep attempts.
    pub archived: Vec<ArchivedAttempt>,
    /// The worktree that has the base branch checked out and would show the merge.
    pub checkout: Option<PathBuf>,
    /// Uncommitted files of it that are in the way.
    pub in_the_way: Vec<PathBuf>,
    /// Why it would be refused, beside files in the way; null where it would not.
    pub refused: Option<String>,
}

/// An agent whose work would be merged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedMerge {
    /// The agent.
    pub agent: AgentId,
    /// The commit that would be merged.
    pub commit: CommitId,
    /// Its commits that the base branch does not have, newest first.
    pub commits: Vec<PlannedCommit>,
}

/// A commit that would come.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedCommit {
    /// The commit as the agent has it.
    pub commit: CommitId,
    /// Its subject.
    pub subject: String,
}

/// Work that does not merge.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedConflict {
    /// The agent.
    pub agent: AgentId,
    /// The files that conflict.
    pub paths: Vec<PathBuf>,
}

/// A file that would change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedFile {
    /// Where it would be in the repository; of a file that would go, where it is.
    pub file: PathBuf,
    /// Where it is now, where it would be renamed.
    pub renamed_from: Option<PathBuf>,
    /// Lines added; null where it is not text.
    pub insertions: Option<usize>,
    /// Lines removed; null where it is not text.
    pub deletions: Option<usize>,
}
