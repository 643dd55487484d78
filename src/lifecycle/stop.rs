//! `hub stop`: ends the agents that run.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::report::{ShownStatus, WaitReport};
use crate::domain::session::AgentRecord;
use crate::domain::state::AgentStatus;
use crate::process::{leftovers, supervisor};
use crate::store::StoredSession;

use super::agents::{self, Seen, shown_status};
use super::error::{Error, Result};
use super::hub::Hub;
use super::{start, supervise};

/// Which agents to end.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest with an agent that runs where none is named.
    pub session: Option<SessionSelector>,
    /// The agents; all where none is named.
    pub agents: Vec<AgentId>,
}

/// Ends agents: SIGTERM to their group, SIGKILL after a grace period.
///
/// An agent that is lost is ended too, and recorded as cancelled.
///
/// # Errors
/// When the session cannot be read or written, or has no such agent.
pub fn run(hub: &Hub, request: &Request) -> Result<WaitReport> {
    let stored = hub.read(request.session.as_ref(), "with running agents", |stored| {
        stored.session.first_active().is_some()
    })?;
    let id = stored.config.session_id.clone();
    agents::check_known(&stored.session, &request.agents)?;
    stop_agents(hub, &id, &request.agents)?;
    let stored = StoredSession::read(&hub.dir, &id)?;
    let seen = Seen::look(&hub.dir, stored)?;
    Ok(agents::waited(&seen, false, hub.now()))
}

/// Ends the named agents of a session, or all of them, and waits until that is recorded.
///
/// The session must not be locked by this process: the supervisors record the end.
pub(super) fn stop_agents(hub: &Hub, id: &SessionId, named: &[AgentId]) -> Result<()> {
    let meant = |agent: &AgentId| agents::is_meant(*agent, named);
    hold(hub, id, meant)?;
    let mut begun = Instant::now();
    let _doing = hub.doing("ending the agents");
    let mut asked = false;
    loop {
        let stored = StoredSession::read(&hub.dir, id)?;
        let active: Vec<(AgentId, AgentRecord)> = stored
            .session
            .agents()
            .iter()
            .filter(|(agent, record)| meant(agent) && is_to_end(record))
            .map(|(agent, record)| (*agent, record.clone()))
            .collect();
        if active.is_empty() {
            return Ok(());
        }
        for (agent, record) in &active {
            if shown_status(record) == ShownStatus::LOST {
                settle_lost(hub, id, *agent)?;
            } else if let Some(run) = record.run.as_ref().filter(|_| !asked) {
                supervisor::ask_to_end(&run.supervisor);
            }
        }
        asked = true;
        // A supervisor that does not end its agent in time is asked again.
        if begun.elapsed() > supervisor::GRACE * 2 {
            (asked, begun) = (false, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether the agent runs, or its supervisor is about to start it again.
fn is_to_end(record: &AgentRecord) -> bool {
    record.status().is_active() || start::is_watched(record)
}

/// Lets nobody start the agents by itself any more, before they are ended.
fn hold(hub: &Hub, id: &SessionId, meant: impl Fn(&AgentId) -> bool) -> Result<()> {
    if StoredSession::read(&hub.dir, id)?.launch()?.is_none() {
        return Ok(());
    }
    let session = hub.lock(id, "stop")?;
    let Some(mut launch) = session.launch()? else {
        return Ok(());
    };
    let before = launch.held.len();
    launch.held.extend(
        session
            .session()
            .agents()
            .keys()
            .filter(|agent| meant(agent)),
    );
    if launch.held.len() > before {
        session.set_launch(&launch)?;
    }
    Ok(())
}

/// Ends what a lost agent left running and records it as cancelled.
fn settle_lost(hub: &Hub, id: &SessionId, agent: AgentId) -> Result<()> {
    let mut session = hub.lock(id, "stop")?;
    let Some(record) = session.session().agents().get(&agent).cloned() else {
        return Ok(());
    };
    if shown_status(&record) != ShownStatus::LOST {
        return Ok(());
    }
    leftovers::end(&agents::signs_of(hub, id, agent, &record));
    // Its supervisor would have done so.
    let leftovers = record
        .worktree
        .as_deref()
        .and_then(|worktree| supervise::commit_leftovers(&hub.repository, worktree, id, agent));
    let now = hub.now();
    session.change(|state| {
        let record = state.advance_agent(agent, AgentStatus::Cancelled, now)?;
        if let Some(run) = record.run.as_mut() {
            run.ended = Some(now);
        }
        Ok::<_, Error>(())
    })?;
    let detail = json!({
        "agent": agent,
        "status": AgentStatus::Cancelled,
        "lost": true,
        "leftovers": leftovers,
    });
    hub.record(&mut session, Operation::Stop, Phase::Done, detail)
}
