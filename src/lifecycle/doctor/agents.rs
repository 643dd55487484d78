//! Agents whose supervisor is gone, and those that wait in vain.

use crate::domain::id::{AgentId, SessionId};
use crate::domain::launch::Leftovers;
use crate::domain::report::{Danger, FindingCode, LeftProcess, ShownStatus};
use crate::domain::session::AgentRecord;
use crate::domain::state::SessionState;
use crate::lifecycle::agents::{self, Seen};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::{start, stop};
use crate::process::leftovers as left_running;
use crate::store::StoredSession;

use super::found::Found;
use super::view::{Looked, View};

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for looked in &view.sessions {
        view.hub.interrupt.check()?;
        if let Some(seen) = &looked.seen {
            found.extend(lost(view.hub, looked, seen));
            found.extend(waiting(view.hub, looked));
        }
    }
    Ok(found)
}

/// The agents that wait and that nobody will start.
fn waiting(hub: &Hub, looked: &Looked) -> Vec<Found> {
    let running = looked.free && looked.state() == SessionState::Running;
    let Some(launch) = looked.launch.as_ref().filter(|_| running) else {
        return Vec::new();
    };
    let stored = &looked.stored;
    let watched = stored.session.agents().values().any(start::is_watched);
    // What was read of it may be over by now.
    let same = |again: StoredSession| again.session == stored.session;
    if watched || !StoredSession::read(&hub.dir, &looked.id).is_ok_and(same) {
        return Vec::new();
    }
    let waiting = start::waiting(&stored.dir, &stored.session).into_iter();
    waiting
        .filter(|agent| launch.may_start(*agent))
        .map(|agent| waiting_agent(&looked.id, agent))
        .collect()
}

fn waiting_agent(id: &SessionId, agent: AgentId) -> Found {
    let what = format!("{agent} waits, and nobody will start it");
    let found = Found::a(FindingCode::WaitingAgent, what).because(
        "the supervisor that would have started it was killed",
        Danger::Blocked,
        "the session does not come to its end by itself",
    );
    let hint = format!("`hub stop {id} --agent {agent}` lets nobody start it");
    let session = id.clone();
    let fix = "starts it, as soon as there is a place";
    found
        .of(id)
        .agent(agent)
        .hint(hint)
        .cured(fix, move |hub| start_agents(hub, &session, agent))
}

/// Starts as many of the agents that wait as may run; this one was found among them.
fn start_agents(hub: &Hub, id: &SessionId, agent: AgentId) -> Result<()> {
    let mut session = hub.lock(id, "doctor")?;
    start::check_commands(hub, &session, &[agent])?;
    start::start_waiting(hub, &mut session)
}

/// The agents whose supervisor is gone; those that never ran wait, rather.
fn lost(hub: &Hub, looked: &Looked, seen: &Seen) -> Vec<Found> {
    let stored = &looked.stored;
    let launch = looked.launch.as_ref();
    let leftovers = launch.map(|launch| launch.leftovers).unwrap_or_default();
    let waiting = start::waiting(&stored.dir, &stored.session);
    let agents = stored.session.agents().iter();
    agents
        .filter(|(agent, record)| {
            seen.status(**agent, record) == ShownStatus::LOST && !waiting.contains(agent)
        })
        .map(|(agent, record)| lost_agent(hub, &looked.id, *agent, record, leftovers))
        .collect()
}

fn lost_agent(
    hub: &Hub,
    id: &SessionId,
    agent: AgentId,
    record: &AgentRecord,
    leftovers: Leftovers,
) -> Found {
    let left = left_running::find(&agents::signs_of(hub, id, agent, record));
    let running = match left.len() {
        0 => String::new(),
        1 => ", and a process of it still runs".to_owned(),
        count => format!(", and {count} processes of it still run"),
    };
    let what = format!("{agent} is lost: its supervisor is gone{running}");
    let found = Found::a(FindingCode::LostAgent, what).because(
        "the supervisor was killed, or the machine went down",
        Danger::Blocked,
        "its work stays where it is, but the session cannot go on to its evaluation",
    );
    let fix = match leftovers {
        Leftovers::Commit => {
            "ends what it left running, commits what it left uncommitted, records it as cancelled"
        }
        Leftovers::Keep => "ends what it left running, records it as cancelled",
    };
    let mut found = found.of(id).agent(agent);
    found.finding.path.clone_from(&record.worktree);
    let processes = left.into_iter().map(|left| LeftProcess {
        pid: left.mark.pid,
        command: left.command,
    });
    found.finding.processes = processes.collect();
    let session = id.clone();
    found.cured(fix, move |hub| stop::stop_agents(hub, &session, &[agent]))
}
