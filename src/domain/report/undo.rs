//! What was taken back, and what could be.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::SnapshotReport;
use crate::domain::diagnostic::Diagnostic;
use crate::domain::event::{Operation, RefMove};
use crate::domain::id::SessionId;
use crate::domain::state::SessionState;
use crate::domain::time;

/// `hub undo`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UndoReport {
    /// The session.
    pub session_id: SessionId,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
    /// What was taken back.
    pub undone: UndoneOperation,
    /// Whether it was done again: what was taken back had taken it back before.
    pub redone: bool,
    /// Where the session stands now.
    pub state: SessionState,
    /// The refs that were moved.
    pub refs: Vec<RefMove>,
    /// Worktrees that are gone.
    pub removed_worktrees: Vec<PathBuf>,
    /// Worktrees that are there again.
    pub restored_worktrees: Vec<PathBuf>,
    /// Files and folders of the session's folder, where they were put in it.
    pub moved_files: Vec<PathBuf>,
    /// Whether the session itself is out of sight: its making was taken back.
    pub hidden: bool,
    /// What was kept because nothing else reaches it any more.
    pub snapshots: Vec<SnapshotReport>,
}

/// An operation, as its journal tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UndoneOperation {
    /// The number of the line that began it.
    pub seq: u64,
    /// What was done, as `merge`.
    pub operation: String,
    /// When it was begun.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub time: DateTime<Utc>,
}

/// What `hub undo` would take back now.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Undoable {
    /// The number of the line that began it.
    pub seq: u64,
    /// What was done.
    pub operation: Operation,
    /// What stands in the way; nothing where it can be taken back.
    pub obstacles: Vec<Obstacle>,
}

/// One thing that stands in the way of taking an operation back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Obstacle {
    /// What it is.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Obstacle {
    /// An error as an obstacle.
    #[must_use]
    pub fn of(error: &(impl Diagnostic + ?Sized)) -> Self {
        Self {
            what: error.to_string(),
            hint: error.hint(),
        }
    }
}
