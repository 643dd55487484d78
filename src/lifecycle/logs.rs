//! `hub logs`: what agents have printed, and what they go on printing.

use std::time::Duration;

use crate::domain::id::{AgentId, Attempt, SessionSelector};
use crate::domain::report::LogStream;
use crate::domain::session::AgentRecord;
use crate::domain::since::Since;
use crate::process::logs::Growing;
use crate::store::StoredSession;

use super::agents::{self, Seen};
use super::error::{Error, Result};
use super::hub::Hub;

/// How often growing logs are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Whose logs, and how much of them.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest with agents where none is named.
    pub session: Option<SessionSelector>,
    /// The agents; all where none is named.
    pub agents: Vec<AgentId>,
    /// Which of their streams.
    pub stream: LogStream,
    /// Only so many lines from the end.
    pub tail: Option<usize>,
    /// Only what was printed since.
    pub since: Option<Since>,
    /// An earlier attempt; the newest where none is named.
    pub attempt: Option<Attempt>,
    /// Whether to go on until the agents have ended.
    pub follow: bool,
}

/// Where the lines of a log go; each with its line feed, if it has one.
pub type Sink<'s> = dyn FnMut(AgentId, &[u8]) -> std::io::Result<()> + 's;

/// Reads the logs; returns the session that was meant.
///
/// # Errors
/// When the session has no such agent, a log cannot be read, the sink refuses, or a signal came.
pub fn run(
    hub: &Hub,
    request: &Request,
    sink: &mut Sink<'_>,
) -> Result<crate::domain::id::SessionId> {
    let stored = hub.find(request.session.as_ref(), "with agents", |stored| {
        !stored.session.agents().is_empty()
    })?;
    agents::check_known(&stored.session, &request.agents)?;
    let id = stored.config.session_id.clone();
    let mut logs = open(hub, &stored, request)?;
    loop {
        // Whether they have ended is asked first: what they print before that is read after it.
        let seen = Seen::look(&hub.dir, StoredSession::read(&hub.dir, &id)?)?;
        let goes_on = request.follow && logs.iter().any(|log| seen.is_at_work(log.agent));
        for log in &mut logs {
            while log.pass_on(sink, !goes_on)? {
                hub.interrupt.check()?;
            }
        }
        if !goes_on {
            return Ok(id);
        }
        hub.pause(LOOK)?;
    }
}

fn open(hub: &Hub, stored: &StoredSession, request: &Request) -> Result<Vec<Log>> {
    let since = request.since.map(|since| since.from(hub.now()));
    let agents = stored.session.agents().iter();
    agents
        .filter(|(agent, _)| agents::is_meant(**agent, &request.agents))
        .map(|(agent, record)| {
            let path = path_of(stored, *agent, record, request);
            let mut growing = Growing::open(&path, request.tail)?;
            if let Some(since) = since
                && !growing.skip_before(since)?
            {
                hub.warn(format!(
                    "when {agent} printed what is not known; all of it is shown"
                ));
            }
            Ok(Log {
                agent: *agent,
                growing,
                partial: Vec::new(),
            })
        })
        .collect()
}

fn path_of(
    stored: &StoredSession,
    agent: AgentId,
    record: &AgentRecord,
    request: &Request,
) -> std::path::PathBuf {
    let mut folder = stored.dir.agent(agent);
    if let Some(attempt) = request.attempt.filter(|attempt| *attempt != record.attempt) {
        folder = folder.attempt(attempt);
    }
    match request.stream {
        LogStream::Stdout => folder.stdout(),
        LogStream::Stderr => folder.stderr(),
    }
}

/// One log on its way.
struct Log {
    agent: AgentId,
    growing: Growing,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
}

impl Log {
    /// Passes whole lines on, and at the `last` look what is left; returns whether anything came.
    fn pass_on(&mut self, sink: &mut Sink<'_>, last: bool) -> Result<bool> {
        let refused = |error| Error::io("write", "stdout")(error);
        let came = self.growing.read()?;
        self.partial.extend_from_slice(&came);
        let whole = self.partial.iter().rposition(|byte| *byte == b'\n');
        let rest = match whole {
            Some(end) => self.partial.split_off(end + 1),
            None => std::mem::take(&mut self.partial),
        };
        let lines = std::mem::replace(&mut self.partial, rest);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            sink(self.agent, line).map_err(refused)?;
        }
        if last && came.is_empty() && !self.partial.is_empty() {
            let line = std::mem::take(&mut self.partial);
            sink(self.agent, &line).map_err(refused)?;
        }
        Ok(!came.is_empty())
    }
}
