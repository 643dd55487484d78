//! What the last evaluation of a session found; kept so that later commands can use it.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::id::{AgentId, Attempt};
use super::refs::CommitId;

/// The results of one evaluation, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// When it was done.
    pub evaluated: DateTime<Utc>,
    /// The agents in their order.
    pub results: Vec<EvaluatedAgent>,
}

/// One agent's result, as far as later commands need it.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedAgent {
    /// The agent.
    pub agent: AgentId,
    /// The attempt that was measured.
    pub attempt: Attempt,
    /// The commit that was measured; `None` when the attempt has no branch.
    pub commit: Option<CommitId>,
    /// The metric.
    pub value: Option<f64>,
    /// Its place.
    pub rank: Option<u32>,
    /// Why it has no metric, or why it is out.
    pub reason: Option<String>,
    /// Untracked files that the eval command left in the agent's worktree.
    pub left_files: Vec<LeftFile>,
}

/// An untracked file or folder that the eval command left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftFile {
    /// Relative to the worktree.
    pub path: PathBuf,
    /// What tells it from whatever takes its place later.
    pub stamp: String,
}

impl Evaluation {
    /// The winner: the first, if it has a metric.
    #[must_use]
    pub fn winner(&self) -> Option<&EvaluatedAgent> {
        self.results.first().filter(|first| first.value.is_some())
    }

    /// What was found for one agent.
    #[must_use]
    pub fn of(&self, agent: AgentId) -> Option<&EvaluatedAgent> {
        self.results.iter().find(|result| result.agent == agent)
    }
}
