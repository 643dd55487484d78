//! Evaluations: what the last one found, and the rules of one that can be believed.
//!
//! The rules, in the order in which an evaluation needs them; `docs/statistics.md` has the
//! reasons and what they promise:
//!
//! - [`plan`]: who is measured when, so that a drift of the machine meets all alike.
//! - [`requirement`]: what a contestant must keep to, or it is out.
//! - [`runs`], [`bootstrap`], [`comparison`]: from runs to a figure, its interval, and the
//!   difference of two contestants with its interval.
//! - [`tournament`], [`tie_break`]: ranks, ties and the winner.
//! - [`judge`], [`standing`], [`hybrid`], [`judged`]: the same where no metric decides.
//!
//! All chance comes from [`random`], by a seed that is an argument.

pub mod bootstrap;
pub mod comparison;
pub mod hybrid;
pub mod judge;
pub mod judged;
pub mod plan;
pub mod random;
pub mod requirement;
pub mod runs;
pub mod standing;
pub mod tie_break;
pub mod tournament;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::id::{AgentId, Attempt};
use crate::domain::metric::Direction;
use crate::domain::refs::CommitId;

/// The results of one evaluation, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// When it was done.
    pub evaluated: DateTime<Utc>,
    /// The agents in their order.
    pub results: Vec<EvaluatedAgent>,
    /// Who won; `None` for an evaluation of an earlier hub, which did not record it.
    pub verdict: Option<RecordedVerdict>,
}

/// Who won an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedVerdict {
    /// This agent.
    Winner(AgentId),
    /// Nobody beats the baseline.
    NoGain,
    /// Nobody has a metric.
    NothingMeasured,
    /// There is no metric, and the judge tells nobody apart.
    Undecided,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LeftFile {
    /// Relative to the worktree.
    pub path: PathBuf,
    /// What tells it from whatever takes its place later.
    pub stamp: String,
}

impl Evaluation {
    /// The first, if it has a metric.
    #[must_use]
    pub fn first(&self) -> Option<&EvaluatedAgent> {
        self.results.first().filter(|first| first.value.is_some())
    }

    /// Who won. An evaluation of an earlier hub is judged by the numbers alone.
    #[must_use]
    pub fn winner(&self, direction: Direction, baseline: Option<f64>) -> Option<&EvaluatedAgent> {
        match self.verdict {
            Some(RecordedVerdict::Winner(agent)) => self.of(agent),
            Some(_) => None,
            None => self.first().filter(|first| match (first.value, baseline) {
                (Some(value), Some(baseline)) => direction.is_better(value, baseline),
                _ => true,
            }),
        }
    }

    /// What was found for one agent.
    #[must_use]
    pub fn of(&self, agent: AgentId) -> Option<&EvaluatedAgent> {
        self.results.iter().find(|result| result.agent == agent)
    }
}
