//! What operations came to, as the journal tells it, and what takes that back.
//!
//! [`operations`] finds the whole operations of a journal with their effects. Taking one back is
//! applying the [`Effects::inverse`] of its effects; that is an operation itself, with effects of
//! its own, so that taking it back does the first one again. [`target`] says whose turn it is.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::event::{self, Detail, Event, Operation, Phase, RefMove};
use super::id::AgentId;
use super::outside::GUARD_ROOT;
use super::refs::{BranchName, CommitId, SnapshotRef};
use super::state::SessionState;

/// Under this name a journal's lines hold effects beyond the refs.
pub const EFFECTS: &str = "effects";

/// Under this name the intent of an undo holds the number of the line that began what it undoes.
pub const UNDOES: &str = "undoes";

/// Under this name an edge of the state names the operation that walked it on its way.
pub const BY: &str = "by";

/// From a value to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move<T> {
    /// What it was.
    pub old: T,
    /// What it is after that.
    pub new: T,
}

impl<T: Clone> Move<T> {
    fn inverse(&self) -> Self {
        Self {
            old: self.new.clone(),
            new: self.old.clone(),
        }
    }
}

/// How a worktree stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The branch that is checked out; `None` for a detached HEAD.
    pub branch: Option<BranchName>,
    /// The commit that is checked out.
    pub commit: CommitId,
    /// The snapshot of what is uncommitted and untracked on top of it; `None` where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<CommitId>,
}

/// A worktree that was made or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeMove {
    /// Whose it is.
    pub agent: AgentId,
    /// Its folder.
    pub path: PathBuf,
    /// How it stood before; null where it was not there.
    pub old: Option<Standing>,
    /// How it stands after; null where it is gone.
    pub new: Option<Standing>,
}

/// Where the folder of a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Among the sessions.
    Sessions,
    /// Among those whose making was taken back.
    Undone,
}

/// What an operation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// Refs; in the journal they have a place of their own.
    #[serde(skip)]
    pub refs: Vec<RefMove>,
    /// Worktrees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worktrees: Vec<WorktreeMove>,
    /// The session's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Move<SessionState>>,
    /// The agents, as `state.json` holds them, where all of them came or went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<Move<serde_json::Value>>,
    /// Files and folders of the session's folder that were put elsewhere in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Move<PathBuf>>,
    /// The session's folder itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<Move<Place>>,
}

impl Effects {
    /// Effects that are nothing but a state's change.
    #[must_use]
    pub fn of_state(old: SessionState, new: SessionState) -> Self {
        Self {
            state: Some(Move { old, new }),
            ..Self::default()
        }
    }

    /// The effects beyond refs as the journal's lines hold them.
    #[must_use]
    pub fn told(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What takes them back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let moved = |one: &RefMove| RefMove {
            r#ref: one.r#ref.clone(),
            old: one.new.clone(),
            new: one.old.clone(),
        };
        let worktree = |one: &WorktreeMove| WorktreeMove {
            agent: one.agent,
            path: one.path.clone(),
            old: one.new.clone(),
            new: one.old.clone(),
        };
        Self {
            refs: self.refs.iter().map(moved).collect(),
            worktrees: self.worktrees.iter().map(worktree).collect(),
            state: self.state.as_ref().map(Move::inverse),
            agents: self.agents.as_ref().map(Move::inverse),
            files: self.files.iter().map(Move::inverse).collect(),
            folder: self.folder.as_ref().map(Move::inverse),
        }
    }

    /// What these and then those come to together.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.refs = event::net(self.refs.iter().chain(&later.refs));
        for one in later.worktrees {
            match self.worktrees.iter_mut().find(|w| w.path == one.path) {
                Some(known) => known.new = one.new,
                None => self.worktrees.push(one),
            }
        }
        self.worktrees.retain(|one| one.old != one.new);
        self.worktrees.sort_by(|a, b| a.path.cmp(&b.path));
        for one in later.files {
            match self.files.iter_mut().find(|known| known.new == one.old) {
                Some(known) => known.new = one.new,
                None => self.files.push(one),
            }
        }
        self.files.retain(|one| one.old != one.new);
        self.files.sort_by(|a, b| a.old.cmp(&b.old));
        self.state = joined(self.state, later.state);
        self.agents = joined(self.agents, later.agents);
        self.folder = joined(self.folder, later.folder);
        self
    }

    /// Those of one line of a journal.
    fn of_line(event: &Event) -> Self {
        let told = event.detail.get(EFFECTS).cloned();
        let told = told.and_then(|told| serde_json::from_value::<Self>(told).ok());
        // Snapshots are not taken back: they are what keeps work.
        let hubs = [SnapshotRef::ROOT, GUARD_ROOT];
        let kept = |one: &&RefMove| hubs.iter().any(|root| one.r#ref.as_str().starts_with(root));
        let refs = event.refs.iter().filter(|one| !kept(one));
        Self {
            refs: refs.cloned().collect(),
            ..told.unwrap_or_default()
        }
    }
}

fn joined<T: PartialEq>(first: Option<Move<T>>, later: Option<Move<T>>) -> Option<Move<T>> {
    let whole = match (first, later) {
        (Some(first), Some(later)) => Some(Move {
            old: first.old,
            new: later.new,
        }),
        (one, None) | (None, one) => one,
    };
    whole.filter(|whole| whole.old != whole.new)
}

/// An operation that came to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// The number of the line that began it.
    pub seq: u64,
    /// When that was.
    pub time: DateTime<Utc>,
    /// What was done.
    pub operation: Operation,
    /// What its beginning says.
    pub intent: Detail,
    /// What it came to.
    pub effects: Effects,
    /// Whether the journal tells enough of it to take it back.
    pub told: bool,
}

impl Done {
    /// The number of the line that began what this takes back, where it is an undo.
    #[must_use]
    pub fn undoes(&self) -> Option<u64> {
        let is_undo = self.operation == Operation::Undo;
        self.intent.get(UNDOES).filter(|_| is_undo)?.as_u64()
    }
}

/// The operations of a journal that have come to an end, in order; agents' starts and ends and
/// what is said to them are none.
#[must_use]
pub fn operations(events: &[Event]) -> Vec<Done> {
    let mut found = Vec::new();
    let mut open: Option<Done> = None;
    for event in events {
        let goes_on = |open: &Done| open.operation == event.operation;
        match event.phase {
            Phase::Begin => {
                open = Some(Done {
                    seq: event.seq,
                    time: event.time,
                    operation: event.operation,
                    intent: event.detail.clone(),
                    effects: Effects::of_line(event),
                    told: event.detail.contains_key(EFFECTS) || is_plain(event.operation),
                });
            }
            Phase::Step => {
                if let Some(open) = open.as_mut().filter(|open| goes_on(open)) {
                    open.effects = std::mem::take(&mut open.effects).then(Effects::of_line(event));
                }
            }
            Phase::End | Phase::TakenBack => {
                let Some(mut done) = open.take_if(|open| goes_on(open)) else {
                    continue;
                };
                done.effects = done.effects.then(Effects::of_line(event));
                if event.phase == Phase::End || stays(done.operation) {
                    push(&mut found, done);
                }
            }
            Phase::Done | Phase::Unknown => {}
        }
    }
    found
}

/// Adds an operation to those before it.
fn push(found: &mut Vec<Done>, mut done: Done) {
    if matches!(done.operation, Operation::Init | Operation::Import) {
        done.effects.folder = Some(Move {
            old: Place::Undone,
            new: Place::Sessions,
        });
    }
    // The edges that another operation walked on its way belong to it.
    let own = |one: &mut Done| {
        let by = one.intent.get(BY).and_then(|by| by.as_str());
        one.operation == Operation::Update && by == Some(done.operation.as_str())
    };
    while let Some(edge) = found.pop_if(own) {
        done.effects = edge.effects.then(done.effects);
    }
    found.push(done);
}

/// Whether an operation needs to tell of no effects beside its refs.
fn is_plain(operation: Operation) -> bool {
    use Operation::{Doctor, Expire, Import, Init};
    matches!(operation, Doctor | Expire | Import | Init)
}

/// Whether what an operation had done stays where it did not come to its end.
fn stays(operation: Operation) -> bool {
    use Operation::{Cleanup, Eval, Restore};
    matches!(operation, Cleanup | Eval | Restore)
}

/// Whose turn it is to be taken back: the last operation that changed anything; `further` the
/// last that is not an undo and was not taken back. What was done to a session before it was
/// imported was done elsewhere, by whoever wrote its journal: none of that is taken back here.
#[must_use]
pub fn target(events: &[Event], further: bool) -> Option<Done> {
    let mut undone = BTreeSet::new();
    for done in operations(events).into_iter().rev() {
        if undone.contains(&done.seq) {
            if done.operation == Operation::Import {
                return None;
            }
            continue;
        }
        if let Some(seq) = done.undoes() {
            undone.insert(seq);
            if further {
                continue;
            }
        }
        // One that only measured again has changed nothing that could be taken back.
        if !done.told || !done.effects.is_empty() {
            return Some(done);
        }
    }
    None
}

#[cfg(test)]
mod tests;
