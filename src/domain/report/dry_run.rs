//! `hub spawn --dry-run` and `hub run --dry-run`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::state::SessionState;

/// What `hub spawn` or `hub run` would make and start.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DryRunReport {
    /// The session; for `hub run` the id that it would have now.
    pub session_id: SessionId,
    /// Where it stands; a session that is not there yet would be in `init`.
    pub state: SessionState,
    /// The commit that the attempts start from.
    pub base_commit: CommitId,
    /// The agents that would be started.
    pub agents: Vec<PlannedAgent>,
}

/// What one agent would be and be told.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedAgent {
    /// The agent.
    pub agent: AgentId,
    /// The attempt.
    pub attempt: Attempt,
    /// The attempt's branch.
    pub branch: BranchName,
    /// Its worktree.
    pub worktree: PathBuf,
    /// What it would run; null with `--no-start`.
    pub command: Option<String>,
    /// The line that makes its prompt differ.
    pub strategy: Option<String>,
    /// Its whole prompt.
    pub prompt: String,
}
