//! The rounds of `hub run`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::CommitId;
use crate::domain::state::SessionState;

/// One round: a session of its own.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RoundReport {
    /// From 1.
    pub round: u32,
    /// The session.
    pub session_id: SessionId,
    /// The session whose winner it started from; null where it started from the base branch.
    pub parent: Option<SessionId>,
    /// Where the session stands at the end.
    pub state: SessionState,
    /// The metric of what the round started from.
    pub baseline: Option<f64>,
    /// Who won; null when nobody improved on what the round started from.
    pub winner: Option<AgentId>,
    /// The winner's commit.
    pub commit: Option<CommitId>,
    /// The metric of the first of its ranking.
    pub metric_value: Option<f64>,
    /// Whether the winner is better than what the round started from.
    pub improved: bool,
}

/// Why no other round followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundsEnd {
    /// As many rounds were held as were asked for.
    AllHeld,
    /// Nobody improved on what the last round started from.
    NotImproved,
    /// What `--stop-when` asks for is reached.
    Reached,
}
