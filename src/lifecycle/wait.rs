//! `hub wait`: until no agent of a session runs any more.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::progress::Progress;
use crate::domain::report::{WaitReport, WaitedAgent};
use crate::domain::state::SessionState;
use crate::store::StoredSession;

use super::agents::{self, Seen};
use super::error::Result;
use super::hub::Hub;
use super::outside;

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Which session to wait for, and how long.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that runs where none is named.
    pub session: Option<SessionSelector>,
    /// When to give up.
    pub timeout: Option<Duration>,
    /// The agents to wait for; all where none is named.
    pub agents: Vec<AgentId>,
    /// Whether the end of one more of them is enough.
    pub any: bool,
}

/// Waits until no agent runs, or the time is up. An agent that is lost does not run.
///
/// # Errors
/// When the session cannot be read, or a signal came; the agents go on then.
pub fn run(hub: &Hub, request: &Request) -> Result<WaitReport> {
    let stored = hub.read(request.session.as_ref(), "running", |stored| {
        stored.session.state() == SessionState::Running
    })?;
    agents::check_known(&stored.session, &request.agents)?;
    let report = wait_for(hub, stored, request)?;
    if report.nothing_started() {
        hub.note("hub started none of the agents; there is nothing to wait for");
    }
    Ok(report)
}

pub(super) fn wait_for(
    hub: &Hub,
    mut stored: StoredSession,
    request: &Request,
) -> Result<WaitReport> {
    let begun = Instant::now();
    let mut at_first = None;
    let mut paused = BTreeSet::new();
    // Whether nobody was at work on the session after it was seen that all have ended.
    let mut at_rest = false;
    loop {
        let seen = Seen::look(&hub.dir, stored)?;
        tell_of_paused(hub, &seen, request, &mut paused)?;
        let mut agents = agents::progress(&seen, hub.now());
        agents.retain(|agent| agents::is_meant(agent.agent, &request.agents));
        let ended = agents.iter().filter(|agent| agent.ended).count();
        let one_more = ended > *at_first.get_or_insert(ended);
        let done = ended == agents.len() || request.any && one_more;
        hub.tell(Progress::Agents(agents));
        let time_is_up = request
            .timeout
            .is_some_and(|limit| begun.elapsed() >= limit);
        let sure = done && (at_rest || !seen.has_startable()?);
        if sure || time_is_up {
            hub.tell(Progress::Idle);
            let mut report = agents::waited(&seen, !sure, hub.now());
            let meant = |agent: &WaitedAgent| agents::is_meant(agent.agent, &request.agents);
            report.agents.retain(meant);
            outside::note(hub, &report.session_id, |agent| {
                agents::is_meant(agent, &request.agents)
            });
            return Ok(report);
        }
        at_rest = done && seen.stored.dir.is_free();
        if !at_rest {
            hub.interrupt.sleep(LOOK);
        }
        if let Err(interrupted) = hub.interrupt.check() {
            hub.tell(Progress::Idle);
            return Err(interrupted.into());
        }
        stored = StoredSession::read(&hub.dir, &seen.stored.config.session_id)?;
    }
}

/// Tells of each agent that does not end before somebody lets it go on.
fn tell_of_paused(
    hub: &Hub,
    seen: &Seen,
    request: &Request,
    told: &mut BTreeSet<AgentId>,
) -> Result<()> {
    let stored = &seen.stored;
    let launch = stored.launch()?;
    let id = &stored.config.session_id;
    for (agent, record) in stored.session.agents() {
        let paused = agents::is_paused(*agent, record, launch.as_ref()) && !seen.is_lost(*agent);
        if !paused || !agents::is_meant(*agent, &request.agents) {
            told.remove(agent);
        } else if told.insert(*agent) {
            hub.note(format!(
                "{agent} is paused; `hub resume {id}` lets it go on"
            ));
        }
    }
    Ok(())
}
