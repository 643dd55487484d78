//! `hub wait`: until no agent of a session runs any more.

use std::time::{Duration, Instant};

use crate::domain::id::SessionSelector;
use crate::domain::progress::Progress;
use crate::domain::report::WaitReport;
use crate::domain::state::SessionState;
use crate::store::StoredSession;

use super::agents::{self, Seen};
use super::error::Result;
use super::hub::Hub;

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Which session to wait for, and how long.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that runs where none is named.
    pub session: Option<SessionSelector>,
    /// When to give up.
    pub timeout: Option<Duration>,
}

/// Waits until no agent runs, or the time is up. An agent that is lost does not run.
///
/// # Errors
/// When the session cannot be read, or a signal came; the agents go on then.
pub fn run(hub: &Hub, request: &Request) -> Result<WaitReport> {
    let stored = hub.read(request.session.as_ref(), "running", |stored| {
        stored.session.state() == SessionState::Running
    })?;
    let report = wait_for(hub, stored, request.timeout)?;
    if report.nothing_started() {
        hub.note("hub started none of the agents; there is nothing to wait for");
    }
    Ok(report)
}

pub(super) fn wait_for(
    hub: &Hub,
    mut stored: StoredSession,
    timeout: Option<Duration>,
) -> Result<WaitReport> {
    let begun = Instant::now();
    loop {
        let seen = Seen::look(&hub.dir, stored)?;
        let agents = agents::progress(&seen, hub.now());
        let all_ended = agents.iter().all(|agent| agent.ended);
        hub.tell(Progress::Agents(agents));
        let time_is_up = timeout.is_some_and(|limit| begun.elapsed() >= limit);
        if all_ended || time_is_up {
            hub.tell(Progress::Idle);
            return Ok(agents::waited(&seen, !all_ended, hub.now()));
        }
        hub.interrupt.sleep(LOOK);
        if let Err(interrupted) = hub.interrupt.check() {
            hub.tell(Progress::Idle);
            return Err(interrupted.into());
        }
        stored = StoredSession::read(&hub.dir, &seen.stored.config.session_id)?;
    }
}
