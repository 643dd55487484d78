//! `hub send`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::launch::Stdin;
use crate::domain::state::AgentStatus;

/// Who was told something.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SendReport {
    /// The session.
    pub session_id: SessionId,
    /// Who said it: a user's name, or an agent.
    pub from: String,
    /// The agents that were told.
    pub agents: Vec<SentTo>,
}

/// One agent that was told.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SentTo {
    /// The agent.
    pub agent: AgentId,
    /// Where it stood.
    pub status: AgentStatus,
    /// The file that holds what was said to it.
    pub inbox: PathBuf,
    /// Whether it is told on its stdin, too.
    pub stdin: Stdin,
}
