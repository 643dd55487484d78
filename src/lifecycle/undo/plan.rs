//! What is to be done to take an operation back, by what is there now; nothing is touched.

mod look;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::domain::effects::{self, Done, Effects, Move, Place, WorktreeMove};
use crate::domain::event::Operation;
use crate::domain::id::SessionId;
use crate::domain::report::{Obstacle, UndoReport, UndoneOperation};
use crate::domain::state::SessionState;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
pub(super) use look::{comeback_of, shifted};

use crate::store::{Lock, SessionDir, StoredSession};

/// What is to be done, and what stands in the way of it.
#[derive(Debug)]
#[must_use = "nothing is taken back before it is applied"]
pub(super) struct Plan {
    id: SessionId,
    pub target: Done,
    /// What the operation is called; of what took one back, that one's name.
    name: &'static str,
    /// Whether this does an operation again that was taken back.
    redo: bool,
    /// What is to be done still.
    pub todo: Effects,
    pub obstacles: Vec<Obstacle>,
    /// What is done only after a yes.
    pub questions: Vec<Obstacle>,
    /// What the user hears of it.
    pub notes: Vec<String>,
}

/// The plan that takes an operation back.
pub(super) fn plan(hub: &Hub, stored: &StoredSession, target: Done) -> Result<Plan> {
    let mut wanted = target.effects.inverse();
    let to = wanted.state.as_ref().map(|state| state.new);
    if target.operation == Operation::Spawn && to == Some(SessionState::Init) {
        // What its agents have written is not to be mixed with what those of a later spawn write.
        let agents = stored.agents_document()?;
        if agents != empty() {
            wanted.agents = Some(Move {
                old: agents,
                new: empty(),
            });
        }
        wanted.files = set_aside(&stored.dir, target.seq);
    }
    let mut plan = again(hub, stored, target, &wanted)?;
    look::at_agents(&mut plan, hub, stored)?;
    look::at_remotes(&mut plan, hub)?;
    Ok(plan)
}

/// The plan for what is wanted, as far as it is not done yet.
pub(super) fn again(
    hub: &Hub,
    stored: &StoredSession,
    target: Done,
    wanted: &Effects,
) -> Result<Plan> {
    let all = effects::operations(&stored.events()?);
    let mut plan = Plan::of(stored, &all, target, Effects::default());
    look::at_state(&mut plan, stored, wanted)?;
    look::at_refs(&mut plan, hub, wanted)?;
    look::at_worktrees(&mut plan, hub, stored, wanted)?;
    look::at_files(&mut plan, stored, wanted);
    Ok(plan)
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// What of a session's folder belongs to its agents, and where it goes.
fn set_aside(dir: &SessionDir, seq: u64) -> Vec<Move<PathBuf>> {
    let aside = Path::new("undone").join(seq.to_string());
    let names = ["agents", "evaluation.json", "evaluations", "launch.json"];
    let there = names.iter().filter(|name| dir.path().join(name).exists());
    there
        .map(|name| Move {
            old: PathBuf::from(name),
            new: aside.join(name),
        })
        .collect()
}

/// Keeps to the limits where a session enters `running`, or comes back.
pub(super) fn admit(hub: &Hub, stored: &StoredSession, plan: &Plan) -> Result<Option<Lock>> {
    let enters = plan.todo.state.as_ref().map(|state| state.new);
    if enters == Some(SessionState::Running) {
        // The lock of the repository is held already.
        hub.check_running(stored.config.agent_count)?;
    }
    let comes_back = plan.todo.folder.as_ref().map(|folder| folder.new);
    if comes_back != Some(Place::Sessions) {
        return Ok(None);
    }
    let lock = hub.lock_new_session()?;
    hub.check_new_session()?;
    Ok(lock)
}

impl Plan {
    pub fn of(stored: &StoredSession, all: &[Done], target: Done, todo: Effects) -> Self {
        let (name, redo) = super::name_of(all, &target);
        Self {
            id: stored.config.session_id.clone(),
            target,
            name,
            redo,
            todo,
            obstacles: Vec::new(),
            questions: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn target_name(&self) -> &'static str {
        self.name
    }

    fn obstacle(&mut self, what: impl Into<String>, hint: impl Into<String>) {
        self.obstacles.push(Obstacle {
            what: what.into(),
            hint: Some(hint.into()),
        });
    }

    /// What is told of it.
    pub fn report(&self, state: SessionState, dry_run: bool) -> UndoReport {
        let paths = |wanted: fn(&WorktreeMove) -> bool| {
            let moved = self.todo.worktrees.iter().filter(|one| wanted(one));
            moved.map(|one| one.path.clone()).collect()
        };
        let folder = self.todo.folder.as_ref().map(|folder| folder.new);
        UndoReport {
            session_id: self.id.clone(),
            dry_run,
            undone: UndoneOperation {
                seq: self.target.seq,
                operation: self.name.to_owned(),
                time: self.target.time,
            },
            redone: self.redo,
            state: match (&self.todo.state, dry_run) {
                (Some(state), true) => state.new,
                _ => state,
            },
            refs: self.todo.refs.clone(),
            removed_worktrees: paths(|one| one.new.is_none()),
            restored_worktrees: paths(|one| one.new.is_some()),
            moved_files: self.todo.files.iter().map(|one| one.new.clone()).collect(),
            hidden: folder == Some(Place::Undone),
            snapshots: Vec::new(),
        }
    }
}
