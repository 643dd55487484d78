//! What became of agents that were to stand still, or to go on.

use schemars::JsonSchema;
use serde::Serialize;

use super::ShownStatus;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::state::SessionState;

/// `hub pause` and `hub resume`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PauseReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// The agents that were meant.
    pub agents: Vec<PausedAgent>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PausedAgent {
    /// The agent.
    pub agent: AgentId,
    /// Where it stands now.
    pub status: ShownStatus,
    /// Whether it waits and is not started before `hub resume`.
    pub held: bool,
    /// Whether this command changed that.
    pub changed: bool,
    /// How long it has run; pauses do not count.
    pub elapsed_s: Option<f64>,
}
