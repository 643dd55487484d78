//! What was brought back.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::state::SessionState;

/// `hub restore`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RestoreReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands, which a restore leaves as it is.
    pub state: SessionState,
    /// The attempts that stand now.
    pub agents: Vec<RestoredAgent>,
}

/// An attempt whose branch and worktree stand.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RestoredAgent {
    /// The agent.
    pub agent: AgentId,
    /// The attempt.
    pub attempt: Attempt,
    /// Its branch.
    pub branch: BranchName,
    /// The commit that it is at.
    pub commit: CommitId,
    /// Its worktree.
    pub worktree: PathBuf,
    /// Whether the branch was brought back; it was there otherwise.
    pub made_branch: bool,
    /// Whether the worktree was brought back; it was there otherwise.
    pub made_worktree: bool,
}
