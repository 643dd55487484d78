//! `hub graft`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::diff::DiffStat;
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::state::SessionState;

/// What was put onto an agent's work.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GraftReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// The agent whose new attempt it is.
    pub agent: AgentId,
    /// The new attempt.
    pub attempt: Attempt,
    /// Its branch.
    pub branch: BranchName,
    /// Its one new commit.
    pub commit: CommitId,
    /// The agent whose paths were taken.
    pub from: AgentId,
    /// The commit that they were taken from.
    pub from_commit: CommitId,
    /// The paths as they were named, from the top of the repository.
    pub paths: Vec<PathBuf>,
    /// What the new commit changes.
    pub diff: DiffStat,
    /// Its worktree.
    pub worktree: PathBuf,
}
