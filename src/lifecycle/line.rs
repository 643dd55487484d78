//! Agents in a line: each goes on from where the one before it ended.

use serde_json::json;

use crate::domain::event::{Operation, Phase, RefMove};
use crate::domain::id::AgentId;
use crate::domain::launch::Launch;
use crate::domain::mode::{BadMode, Mode};
use crate::domain::refs::{AttemptBranch, CommitId};
use crate::domain::session::AgentRecord;
use crate::domain::state::AgentStatus;
use crate::store::LockedSession;

use super::attempts::AttemptInfo;
use super::error::Result;
use super::hub::Hub;
use super::{retry, spawn};

/// Of the agents that wait, the one whose turn it is: all before it have succeeded.
pub(super) fn whose_turn(session: &LockedSession, waiting: &[AgentId]) -> Option<AgentId> {
    let done = |record: &AgentRecord| record.status() == AgentStatus::Succeeded;
    let agents = session.session().agents().iter();
    let next = agents.into_iter().find(|(_, record)| !done(record));
    next.map(|(agent, _)| *agent)
        .filter(|agent| waiting.contains(agent))
}

/// Where an agent's attempts start: at the base commit, in a line where the agent before it ended.
pub(super) fn start_of(hub: &Hub, session: &LockedSession, agent: AgentId) -> Result<CommitId> {
    let attempts = hub.attempts(session.session())?;
    let before = before(session, agent);
    let before = attempts
        .iter()
        .find(|attempt| Some(attempt.agent) == before && attempt.newest);
    match before.and_then(AttemptInfo::tip) {
        Some(tip) => Ok(tip.clone()),
        None => spawn::start_commit(hub, session.config()),
    }
}

fn before(session: &LockedSession, agent: AgentId) -> Option<AgentId> {
    let in_line = session.config().mode == Mode::Pipeline;
    AgentId::new(agent.number() - 1).filter(|_| in_line)
}

/// Brings an agent that waits to where the one before it ended, and tells its prompt of it.
///
/// Can be done again after a kill.
pub(super) fn bring_forward(
    hub: &Hub,
    session: &mut LockedSession,
    agent: AgentId,
    launch: &Launch,
) -> Result<()> {
    let record = session.session().agents().get(&agent).cloned();
    let (Some(before), Some(record)) = (before(session, agent), record) else {
        return Ok(());
    };
    let start = start_of(hub, session, agent)?;
    let Some(tip) = hub.repository.branch_tip(&record.branch)? else {
        return Ok(());
    };
    // Whoever works there by hand may have brought it forward.
    if !hub.repository.is_ancestor(&start, &tip)? {
        if !hub.repository.is_ancestor(&tip, &start)? {
            return Err(BadMode::OutOfLine {
                session: session.config().session_id.clone(),
                agent,
                before,
                start,
            }
            .into());
        }
        let _lock = hub.lock_repository("the next in line")?;
        let moved = RefMove {
            r#ref: record.branch.full(),
            old: Some(tip.clone()),
            new: Some(start.clone()),
        };
        let detail = json!({ "agent": agent });
        hub.record_moves(session, Operation::Start, Phase::Step, detail, vec![moved])?;
        hub.repository.advance(&record.branch, &tip, &start)?;
    }
    let branch = AttemptBranch {
        session: session.config().session_id.clone(),
        agent,
        attempt: record.attempt,
    };
    let worktree = record.worktree.clone();
    let worktree = worktree.unwrap_or_else(|| spawn::worktree_path(hub, session.config(), agent));
    retry::write_prompt(hub, session, Some(launch), &branch, &worktree, &start)
}
