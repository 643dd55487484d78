//! Settling what a killed hub left half done.
//!
//! Whoever locks a session reads its journal first. An operation with a beginning and
//! no end belongs to a process that is gone, or the lock would not have been free: it
//! is finished where its effect stands, else taken back.

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::outside::GUARD_ROOT;
use crate::domain::refs::{ArchiveTag, AttemptBranch, CommitId, SnapshotRef};
use crate::domain::state::SessionState;
use crate::store::{self, LockedSession};

use super::error::Result;
use super::hub::Hub;
use super::{
    announce, archive, cleanup, comeback, graft, import, init, merge, retry, security, spawn, stop,
    undo,
};

/// What became of an unfinished operation.
enum Settled {
    /// Its effect stands; what was missing was done.
    Finished,
    /// Nothing of it stays.
    TakenBack,
    /// What it had done is whole in itself and stays; it can be done again.
    Stopped,
}

impl Settled {
    /// Finished where it is whole, else taken back.
    fn whole(whole: bool) -> Self {
        if whole {
            Self::Finished
        } else {
            Self::TakenBack
        }
    }

    fn phase(&self) -> Phase {
        match self {
            Self::Finished => Phase::End,
            Self::TakenBack | Self::Stopped => Phase::TakenBack,
        }
    }

    fn as_str(&self) -> &'static str {
        match self {
            Self::Finished => "it was finished",
            Self::TakenBack => "it was taken back",
            Self::Stopped => "what it had done stays, and it can be done again",
        }
    }
}

/// Settles the unfinished operation of a session, if it has one.
pub(super) fn settle(hub: &Hub, mut session: LockedSession) -> Result<LockedSession> {
    let Some(unfinished) = session.unfinished().cloned() else {
        return Ok(session);
    };
    let id = session.config().session_id.clone();
    let operation = unfinished.operation;
    hub.repository.free_refs_under(&[
        AttemptBranch::prefix(&id),
        ArchiveTag::prefix(&id),
        SnapshotRef::prefix(&id),
        format!("{GUARD_ROOT}{id}/"),
    ])?;
    if operation != Operation::Init {
        hub.correct_moves(&mut session, operation)?;
    }
    let settled = match operation {
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
        Operation::Import => {
            session = import::settle(hub, session, &unfinished)?;
            Settled::Finished
        }
        Operation::Spawn => settle_spawn(hub, &mut session, &unfinished)?,
        Operation::Merge => settle_merge(hub, &mut session, &unfinished)?,
        Operation::Retry => Settled::whole(retry::settle(hub, &mut session, &unfinished)?),
        Operation::Graft => Settled::whole(graft::settle(hub, &mut session, &unfinished)?),
        Operation::Stop => {
            if stop::settle(hub, &session, &unfinished) {
                Settled::Finished
            } else {
                Settled::Stopped
            }
        }
        Operation::Archive => {
            archive::finish(hub, &mut session)?;
            Settled::Finished
        }
        Operation::Update => {
            let to = unfinished.intent.get("to").and_then(|to| to.as_str());
            if to == Some(session.session().state().as_str()) {
                Settled::Finished
            } else {
                Settled::TakenBack
            }
        }
        Operation::Security => {
            if security::settle(&session, &unfinished)? {
                Settled::Finished
            } else {
                Settled::TakenBack
            }
        }
        Operation::Eval => {
            hub.remove_scratches(&id)?;
            Settled::Stopped
        }
        Operation::Cleanup => {
            cleanup::finish_removal(hub, &session, &unfinished)?;
            if hub.worktrees_of_agents(session.session())?.is_empty() {
                announce::cleaned(hub, &session);
            }
            Settled::Stopped
        }
        Operation::Restore => {
            comeback::settle(hub, &id, &unfinished)?;
            Settled::Stopped
        }
        Operation::Undo => {
            if undo::settle(hub, &mut session, &unfinished)? {
                Settled::Finished
            } else {
                Settled::Stopped
            }
        }
        _ => Settled::Stopped,
    };
    let detail = json!({ "settled": true });
    hub.record(&mut session, operation, settled.phase(), detail)?;
    hub.warn(format!(
        "`hub {}` of session {id} was killed in the middle; {}",
        operation.as_str(),
        settled.as_str()
    ));
    Ok(session)
}

/// Spawning enters `running` last: before that its worktrees go again, after it they stay.
fn settle_spawn(
    hub: &Hub,
    session: &mut LockedSession,
    unfinished: &Unfinished,
) -> Result<Settled> {
    if session.session().state() != SessionState::Init {
        let agents: Vec<AgentId> = session.config().agents().collect();
        announce::dispatch(hub, session, &agents);
        return Ok(Settled::Finished);
    }
    let branches = spawn::branches(session.config());
    let finished = spawn::finished_worktrees(unfinished);
    spawn::take_back(hub, session, &branches, &finished)?;
    Ok(Settled::TakenBack)
}

/// A merge whose commit has reached the base branch is finished; else nothing of it stays.
fn settle_merge(
    hub: &Hub,
    session: &mut LockedSession,
    unfinished: &Unfinished,
) -> Result<Settled> {
    hub.remove_scratch(&hub.scratch_of(&session.config().session_id))?;
    let text = |value: Option<&serde_json::Value>| Some(value?.as_str()?.to_owned());
    let merged: Option<CommitId> =
        text(unfinished.step_value("merge_commit")).and_then(|id| id.parse().ok());
    let agents = merge::agents_of(&unfinished.intent);
    let (Some(merged), false) = (merged, agents.is_empty()) else {
        return Ok(Settled::TakenBack);
    };
    let base_tip = hub.base_tip(session.config())?;
    if !hub.repository.is_ancestor(&merged, &base_tip)? {
        return Ok(Settled::TakenBack);
    }
    merge::finish(hub, session, &agents, &merged)?;
    Ok(Settled::Finished)
}
