//! `hub undo`: takes the last operation of a session back, where what it would change is still
//! as that operation left it; and does it again the next time.
//!
//! What an operation came to stands in its journal ([`crate::domain::effects`]). `plan` holds
//! the inverse of that against what is there now: what is back already is passed over, what is
//! as the operation left it is done by `apply`, and anything else stands in the way.

mod apply;
mod plan;

use serde_json::json;

use crate::domain::effects::{self, Done, EFFECTS, Effects, UNDOES};
use crate::domain::event::{self, Event, Operation, Phase, Unfinished};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::report::{Obstacle, UndoReport, Undoable};
use crate::domain::undo::UndoRefused;
use crate::store::{self, LockedSession, StoredSession};

use super::error::{Error, Result};
use super::hub::Hub;
use super::teardown;
use plan::Plan;

/// What is taken back.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest with something to take back where none is named.
    pub session: Option<SessionSelector>,
    /// Whether it is the operation before the one that was taken back already.
    pub further: bool,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
}

/// Takes the last operation of a session back.
///
/// # Errors
/// When there is none, when it is of a kind that stays, or when anything stands in its way: then
/// nothing was changed, and the error names all of it.
pub fn run(hub: &Hub, request: &Request) -> Result<UndoReport> {
    let stored = find(hub, request)?;
    let id = stored.config.session_id.clone();
    if request.dry_run {
        let target = target(&id, &stored.events()?, request.further)?;
        let plan = checked(plan::plan(hub, &stored, target)?, &id)?;
        return Ok(plan.report(stored.session.state(), true));
    }
    let interrupted = cut_off(&stored.events()?);
    let mut session = hub.lock_anywhere(&id, "undo")?;
    let stored = session.snapshot();
    let events = stored.events()?;
    if let Some(seq) = interrupted.filter(|seq| is_whole(&events, *seq)) {
        // What was asked for is done by now; once more would take that back.
        return already(&stored, &events, seq);
    }
    let target = target(&id, &events, request.further)?;
    let lock = hub.lock_repository("undo")?;
    let mut plan = checked(plan::plan(hub, &stored, target.clone())?, &id)?;
    for question in &plan.questions {
        let what = format!("taking `hub {}` back", plan.target_name());
        let hint = format!("`hub undo {id} --yes` does it all the same");
        hub.confirm(&format!("{}. Go on?", question.what), &what, hint)?;
    }
    if tear_down(hub, &session, &plan)? {
        // The commands may have changed what stands there.
        plan = checked(plan::plan(hub, &stored, target)?, &id)?;
    }
    hub.interrupt.check()?;
    let admitted = plan::admit(hub, &stored, &plan)?;
    begin(hub, &mut session, &plan)?;
    // One that fails half-way stays open in the journal: whoever comes next finishes it, or says
    // what stands in its way by then.
    let kept = apply::apply(hub, &mut session, &plan).map_err(|error| hub.cause(error))?;
    hub.drop_empty_folders(&id);
    hub.record(&mut session, Operation::Undo, Phase::End, json!({}))?;
    drop((admitted, lock));
    for note in &plan.notes {
        hub.note(note.clone());
    }
    let mut report = plan.report(session.session().state(), false);
    report.snapshots = kept;
    Ok(report)
}

/// The session that is meant, among those whose making was taken back, too.
fn find(hub: &Hub, request: &Request) -> Result<StoredSession> {
    if let Some(selector) = &request.session {
        let id = hub.dir.find_anywhere(selector)?;
        return Ok(StoredSession::read_anywhere(&hub.dir, &id)?);
    }
    let mut ids = hub.dir.session_ids()?;
    ids.extend(hub.dir.undone_ids()?);
    ids.sort();
    for id in ids.iter().rev() {
        let read = StoredSession::read_anywhere(&hub.dir, id)
            .and_then(|stored| stored.events().map(|events| (stored, events)));
        match read {
            Ok((stored, events)) => {
                let unfinished = event::unfinished(&events).is_some();
                if unfinished || effects::target(&events, request.further).is_some() {
                    hub.tell(crate::domain::progress::Progress::Session(id.clone()));
                    return Ok(stored);
                }
            }
            Err(store::Error::NoSession { .. }) => {}
            Err(error) => hub.warn(format!("session {id} is passed over: {error}")),
        }
    }
    Err(Error::NothingFits {
        wanted: "with something to take back",
    })
}

/// The operation whose turn it is, where it is of a kind that is taken back.
fn target(id: &SessionId, events: &[Event], further: bool) -> Result<Done> {
    use Operation::{
        Archive, Cleanup, Eval, Import, Init, Merge, Outside, Restore, Spawn, Undo, Update,
    };
    let session = id.clone();
    let Some(target) = effects::target(events, further) else {
        return Err(UndoRefused::Nothing { session }.into());
    };
    let operation = target.operation;
    match operation {
        Init | Import | Spawn | Update | Eval | Merge | Archive | Cleanup | Restore | Outside
        | Undo
            if target.told =>
        {
            Ok(target)
        }
        Init | Import | Spawn | Update | Eval | Merge | Archive | Cleanup | Restore | Undo => {
            Err(UndoRefused::ToldTooLittle { session, operation }.into())
        }
        _ => Err(UndoRefused::Stays { session, operation }.into()),
    }
}

/// Refuses a plan with anything in its way.
fn checked(plan: Plan, id: &SessionId) -> Result<Plan> {
    if plan.obstacles.is_empty() {
        return Ok(plan);
    }
    Err(UndoRefused::InTheWay {
        session: id.clone(),
        operation: plan.target_name(),
        obstacles: plan.obstacles,
    }
    .into())
}

/// The number of an undo that was killed, if the journal ends with one.
fn cut_off(events: &[Event]) -> Option<u64> {
    let open = event::unfinished(events)?;
    let begin = events.iter().rev().find(|e| e.phase == Phase::Begin)?;
    (open.operation == Operation::Undo).then_some(begin.seq)
}

fn is_whole(events: &[Event], seq: u64) -> bool {
    effects::operations(events)
        .iter()
        .any(|done| done.seq == seq)
}

/// What an undo came to that was killed and is finished by now.
fn already(stored: &StoredSession, events: &[Event], seq: u64) -> Result<UndoReport> {
    let all = effects::operations(events);
    let undo = all.iter().find(|done| done.seq == seq);
    let undone = undo.and_then(|undo| all.iter().find(|done| Some(done.seq) == undo.undoes()));
    let (Some(undo), Some(undone)) = (undo, undone) else {
        let session = stored.config.session_id.clone();
        return Err(UndoRefused::Nothing { session }.into());
    };
    let plan = Plan::of(stored, &all, undone.clone(), undo.effects.clone());
    Ok(plan.report(stored.session.state(), false))
}

/// `merge` for a merge and for what took it back; and whether it is the latter.
fn name_of(all: &[Done], done: &Done) -> (&'static str, bool) {
    let undone = done.undoes();
    match all.iter().find(|one| Some(one.seq) == undone) {
        Some(undone) if undone.seq < done.seq => {
            let (name, back) = name_of(all, undone);
            (name, !back)
        }
        _ => (done.operation.as_str(), false),
    }
}

/// Runs the teardown commands in worktrees that go; returns whether there are any.
fn tear_down(hub: &Hub, session: &LockedSession, plan: &Plan) -> Result<bool> {
    let going = plan.todo.worktrees.iter();
    let going = going.filter(|one| one.new.is_none() && one.path.is_dir());
    let going = going.map(|one| (one.agent, one.path.as_path()));
    let going: Vec<_> = going.collect();
    if going.is_empty() {
        return Ok(false);
    }
    teardown::run(hub, session, going.into_iter(), false)
}

fn begin(hub: &Hub, session: &mut LockedSession, plan: &Plan) -> Result<()> {
    let intent = json!({
        UNDOES: plan.target.seq,
        "operation": plan.target_name(),
        EFFECTS: plan.todo.told(),
    });
    hub.record(session, Operation::Undo, Phase::Begin, intent)
}

/// Finishes an undo that was cut off, as far as nothing stands in its way; returns whether it is
/// whole now.
pub(super) fn settle(
    hub: &Hub,
    session: &mut LockedSession,
    unfinished: &Unfinished,
) -> Result<bool> {
    let stored = session.snapshot();
    let all = effects::operations(&stored.events()?);
    let seq = unfinished
        .intent
        .get(UNDOES)
        .and_then(serde_json::Value::as_u64);
    let target = all.iter().find(|done| Some(done.seq) == seq).cloned();
    let planned = unfinished.intent.get(EFFECTS).cloned();
    let planned = planned.and_then(|told| serde_json::from_value::<Effects>(told).ok());
    let (Some(target), Some(mut planned)) = (target, planned) else {
        return Ok(false);
    };
    planned.refs = target.effects.inverse().refs;
    let lock = hub.lock_repository("undo")?;
    for moved in &planned.worktrees {
        apply::clear(hub, session, moved)?;
    }
    let plan = plan::again(hub, &stored, target, &planned)?;
    if !plan.obstacles.is_empty() {
        for obstacle in &plan.obstacles {
            hub.warn(format!("an undo cannot be finished: {}", obstacle.what));
        }
        return Ok(false);
    }
    apply::apply(hub, session, &plan)?;
    drop(lock);
    hub.drop_empty_folders(&stored.config.session_id);
    Ok(true)
}

/// What of a session could be taken back now, and what stands in the way of that.
///
/// # Errors
/// When the session or the repository cannot be read.
pub(super) fn undoable(
    hub: &Hub,
    stored: &StoredSession,
    events: &[Event],
) -> Result<Option<Undoable>> {
    let id = &stored.config.session_id;
    let Some(found) = effects::target(events, false) else {
        return Ok(None);
    };
    let (seq, operation) = (found.seq, found.operation);
    let obstacles = match target(id, events, false) {
        Ok(target) => {
            let plan = plan::plan(hub, stored, target)?;
            plan.obstacles.into_iter().chain(plan.questions).collect()
        }
        Err(Error::Undo(refused)) => vec![Obstacle::of(&refused)],
        Err(error) => return Err(error),
    };
    Ok(Some(Undoable {
        seq,
        operation,
        obstacles,
    }))
}
