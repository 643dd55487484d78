//! Journals: of one session, of all, and line by line as they grow.

use schemars::JsonSchema;
use serde::Serialize;

use super::{CorruptSession, Undoable};
use crate::domain::event::Event;
use crate::domain::id::SessionId;

/// `hub events`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EventsReport {
    /// The session.
    pub session_id: SessionId,
    /// Its journal, oldest first.
    pub events: Vec<Event>,
    /// What `hub undo` would take back now; null where there is nothing.
    pub undo: Option<Undoable>,
}

/// The journal of one session among all of them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct JournalReport {
    /// The session.
    pub session_id: SessionId,
    /// Its journal, oldest first.
    pub events: Vec<Event>,
}

/// `hub events --all`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AllEventsReport {
    /// Every session with its journal, oldest first.
    pub sessions: Vec<JournalReport>,
    /// Those whose journal cannot be read.
    pub corrupt: Vec<CorruptSession>,
}

/// `hub events --follow`: one line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FollowedEvent {
    /// The session.
    pub session_id: SessionId,
    /// The line of its journal.
    #[serde(flatten)]
    pub event: Event,
}
