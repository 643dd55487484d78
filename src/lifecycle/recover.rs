//! Settling what a killed hub left half done.
//!
//! Whoever locks a session reads its journal first. An operation with a beginning and
//! no end belongs to a process that is gone, or the lock would not have been free: it
//! is finished where its effect stands, else taken back.

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::refs::CommitId;
use crate::domain::state::SessionState;
use crate::store::{self, LockedSession};

use super::error::Result;
use super::hub::Hub;
use super::{archive, cleanup, init, merge, spawn};

/// Settles the unfinished operation of a session, if it has one.
pub(super) fn settle(hub: &Hub, mut session: LockedSession) -> Result<LockedSession> {
    let Some(unfinished) = session.unfinished().cloned() else {
        return Ok(session);
    };
    let id = session.config().session_id.clone();
    let operation = unfinished.operation;
    let name = operation.as_str();
    let finished = match operation {
        Operation::Init => {
            init::take_back(hub, session)?;
            hub.warn(format!(
                "`hub init` was killed before session {id} was finished; it was taken back"
            ));
            return Err(store::Error::NoSession {
                selector: SessionSelector::Prefix(id.to_string()),
            }
            .into());
        }
        Operation::Spawn => settle_spawn(hub, &mut session)?,
        Operation::Merge => settle_merge(hub, &mut session, &unfinished)?,
        Operation::Archive => {
            archive::finish(hub, &mut session)?;
            true
        }
        Operation::Update => {
            let to = unfinished.intent.get("to").and_then(|to| to.as_str());
            to == Some(session.session().state().as_str())
        }
        Operation::Eval => {
            hub.remove_scratch(&hub.scratch_of(&id))?;
            false
        }
        Operation::Cleanup => {
            cleanup::finish_removal(hub, &session, &unfinished)?;
            false
        }
        _ => false,
    };
    let phase = if finished {
        Phase::End
    } else {
        Phase::TakenBack
    };
    hub.record(&mut session, operation, phase, json!({ "settled": true }))?;
    let how = if finished { "finished" } else { "taken back" };
    hub.warn(format!(
        "`hub {name}` of session {id} was killed in the middle; it was {how}"
    ));
    Ok(session)
}

/// Spawning enters `running` last: before that its worktrees go again, after it they stay.
fn settle_spawn(hub: &Hub, session: &mut LockedSession) -> Result<bool> {
    if session.session().state() != SessionState::Init {
        return Ok(true);
    }
    let branches = spawn::branches(session.config());
    spawn::take_back(hub, session.config(), &branches)?;
    Ok(false)
}

/// A merge whose commit has reached the base branch is finished; else nothing of it stays.
fn settle_merge(hub: &Hub, session: &mut LockedSession, unfinished: &Unfinished) -> Result<bool> {
    hub.remove_scratch(&hub.scratch_of(&session.config().session_id))?;
    let text = |value: Option<&serde_json::Value>| Some(value?.as_str()?.to_owned());
    let merged: Option<CommitId> =
        text(unfinished.step_value("merge_commit")).and_then(|id| id.parse().ok());
    let winner: Option<AgentId> =
        text(unfinished.intent.get("agent")).and_then(|agent| agent.parse().ok());
    let (Some(merged), Some(winner)) = (merged, winner) else {
        return Ok(false);
    };
    let base_tip = hub.base_tip(session.config())?;
    if !hub.repository.is_ancestor(&merged, &base_tip)? {
        return Ok(false);
    }
    merge::finish(hub, session, winner)?;
    Ok(true)
}
