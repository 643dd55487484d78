//! `hub attach`: the user's terminal, connected with that of an agent.

use std::io;
use std::time::{Duration, Instant};

use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::launch::{Launch, Stdin};
use crate::domain::report::ShownStatus;
use crate::domain::session::AgentRecord;
use crate::domain::state::AgentStatus;
use crate::process::attach::{self, Line, Over};
use crate::store::StoredSession;

use super::agents::{self, shown_status};
use super::error::{Error, Result};
use super::hub::Hub;

/// How long the terminal of an agent may be in the making.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose terminal.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest with an agent that runs in a terminal where none is named.
    pub session: Option<SessionSelector>,
    /// The agent; the only one that runs in a terminal where none is named.
    pub agent: Option<AgentId>,
    /// Whether keys stay here.
    pub read_only: bool,
}

/// Connects until the user goes away or the agent ends.
///
/// # Errors
/// When no terminal is here or there, or a signal came; the terminal is as it was then, too.
pub fn run(
    hub: &Hub,
    request: &Request,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<()> {
    if !attach::has_terminal() {
        return Err(Error::NotATerminal);
    }
    let stored = hub.read(
        request.session.as_ref(),
        "with an agent that runs in a terminal",
        |stored| in_terminals(stored).is_ok_and(|agents| !agents.is_empty()),
    )?;
    let agent = agent(&stored, request.agent)?;
    let id = &stored.config.session_id;
    let folder = stored.dir.agent(agent);
    let begun = Instant::now();
    let line = loop {
        if let Some(line) = Line::connect(&folder.terminal())? {
            break line;
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::NoTerminalYet {
                session: id.clone(),
                agent,
            });
        }
        hub.pause(Duration::from_millis(50))?;
    };
    let what = if request.read_only {
        "looking on at"
    } else {
        "attached to"
    };
    hub.note(format!("{what} {agent} of session {id}; Ctrl-\\ detaches"));
    match line.join(&folder.stdout(), request.read_only, &hub.interrupt, sink)? {
        Over::Detached => hub.note(format!(
            "detached; {agent} goes on, `hub attach {id} {agent}` comes back"
        )),
        Over::Closed => hub.note(format!(
            "the terminal of {agent} has closed; `hub status {id}` shows how it stands"
        )),
    }
    Ok(())
}

/// The agents that run in a terminal.
fn in_terminals(stored: &StoredSession) -> Result<Vec<AgentId>> {
    let launch = stored.launch()?.unwrap_or_default();
    let agents = stored.session.agents().iter();
    Ok(agents
        .filter(|(agent, record)| has_terminal(&launch, **agent) && runs(record))
        .map(|(agent, _)| *agent)
        .collect())
}

fn has_terminal(launch: &Launch, agent: AgentId) -> bool {
    launch.stdin_of(agent) == Stdin::Terminal
}

fn runs(record: &AgentRecord) -> bool {
    record.status().is_active() && shown_status(record) != ShownStatus::LOST
}

/// The agent that is meant, which runs in a terminal.
fn agent(stored: &StoredSession, named: Option<AgentId>) -> Result<AgentId> {
    let session = stored.config.session_id.clone();
    let launch = stored.launch()?.unwrap_or_default();
    let Some(agent) = named else {
        let mut agents = in_terminals(stored)?;
        return match (agents.pop(), agents.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                agents.push(last);
                Err(Error::SeveralTerminals { session, agents })
            }
            (None, _) => Err(Error::NoTerminals { session }),
        };
    };
    agents::check_known(&stored.session, &[agent])?;
    let record = stored.session.agents().get(&agent);
    match record.map(|record| (record.status(), shown_status(record))) {
        Some((_, ShownStatus::LOST)) => Err(Error::AgentLost { session, agent }),
        _ if !has_terminal(&launch, agent) => Err(Error::NoTerminal { session, agent }),
        Some((AgentStatus::Pending, _)) | None => Err(Error::NoTerminalYet { session, agent }),
        Some((status, _)) if !status.is_active() => Err(Error::AgentEnded {
            session,
            agent,
            status,
        }),
        Some(_) => Ok(agent),
    }
}
