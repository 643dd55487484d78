//! Figures of sessions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{CorruptSession, ListedState};
use crate::domain::id::SessionId;

/// `hub metrics`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MetricsReport {
    /// How many sessions are in each state.
    pub sessions_by_state: BTreeMap<String, u64>,
    /// The figures of all of them.
    pub total: Figures,
    /// Each session with its own, oldest first.
    pub sessions: Vec<SessionFigures>,
    /// Those that cannot be read; they are in no other figure than their number.
    pub corrupt: Vec<CorruptSession>,
}

/// The figures of one session.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SessionFigures {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: ListedState,
    /// Its figures.
    pub figures: Figures,
}

/// Figures that can be added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// How many agents have each status, those that are lost among them.
    pub agents_by_status: BTreeMap<String, u64>,
    /// How long agents ran, in all attempts that hub started; not the time that one is lost.
    pub running_s: f64,
    /// The attempts beyond the first of each agent.
    pub restarts: u64,
    /// The attempts that did not end well by themselves: failed, or over their time.
    pub failures: u64,
    /// What the worktrees take on the disk; a file with several names counts once.
    pub worktrees_bytes: u64,
    /// What prompts and logs take on the disk.
    pub logs_bytes: u64,
}

impl Figures {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in &other.agents_by_status {
            *self.agents_by_status.entry(status.clone()).or_default() += count;
        }
        self.running_s += other.running_s;
        self.restarts += other.restarts;
        self.failures += other.failures;
        self.worktrees_bytes += other.worktrees_bytes;
        self.logs_bytes += other.logs_bytes;
    }
}
