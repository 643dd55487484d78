//! `hub send`: says something to agents, into their inbox.

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::message::{Message, Sender};
use crate::domain::report::{SendReport, SentTo, ShownStatus};
use crate::domain::session::AgentRecord;
use crate::domain::state::{AgentStatus, SessionState};
use crate::process::supervisor;
use crate::store::{LockedSession, current_user};

use super::agents::{self, shown_status};
use super::error::{Error, Result};
use super::hub::Hub;

/// What is said to whom.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session; the newest that is running where none is named.
    pub session: Option<SessionSelector>,
    /// The agents; all that have not ended where none is named.
    pub agents: Vec<AgentId>,
    /// What is said.
    pub message: Message,
}

/// Puts a message into the inbox of agents that run or are still to be started.
///
/// The session's lock is held meanwhile: messages stand whole and in the same order as in the
/// journal, however many are sent at once.
///
/// # Errors
/// When an agent that is named has ended, or none is left to be told; then nothing was said.
pub fn run(hub: &Hub, request: &Request) -> Result<SendReport> {
    let stored = hub.read(request.session.as_ref(), "running", |stored| {
        stored.session.state() == SessionState::Running
    })?;
    let id = stored.config.session_id.clone();
    let mut session = hub.lock(&id, "send")?;
    let meant = meant(&session, &id, &request.agents)?;
    let sender = sender(&id);
    let entry = request.message.entry(&sender, &hub.now());
    let launch = session.launch()?.unwrap_or_default();
    let mut agents = Vec::new();
    for (agent, record) in meant {
        let folder = session.dir().agent(agent);
        folder.create()?;
        session.append_message(&folder.inbox(), &entry)?;
        agents.push(SentTo {
            agent,
            status: record.status(),
            inbox: folder.inbox(),
            stdin: launch.stdin_of(agent),
        });
        let runs = record.status().is_active();
        if let Some(run) = record.run.filter(|_| runs) {
            supervisor::ask_to_look(&run.supervisor);
        }
    }
    let names: Vec<AgentId> = agents.iter().map(|sent| sent.agent).collect();
    let sender = sender.to_string();
    let bytes = request.message.as_str().len();
    let detail = json!({ "agents": names, "from": sender, "bytes": bytes });
    hub.record(&mut session, Operation::Send, Phase::Done, detail)?;
    Ok(SendReport {
        session_id: id,
        from: sender,
        agents,
    })
}

/// The agents that are named, or all that have not ended.
fn meant(
    session: &LockedSession,
    id: &SessionId,
    named: &[AgentId],
) -> Result<Vec<(AgentId, AgentRecord)>> {
    let state = session.session().state();
    if state != SessionState::Running {
        let hint = match state {
            SessionState::Init => format!("`hub spawn {id}` makes its agents"),
            _ => format!("`hub init --from {id}` begins a new round"),
        };
        return Err(Error::WrongState {
            session: id.clone(),
            state,
            wanted: "only agents of a running session are spoken to",
            hint,
        });
    }
    agents::check_known(session.session(), named)?;
    let mut meant = Vec::new();
    for (agent, record) in session.session().agents() {
        if !agents::is_meant(*agent, named) {
            continue;
        }
        let status = shown_status(record);
        if status == ShownStatus::LOST {
            if named.is_empty() {
                continue;
            }
            return Err(Error::AgentLost {
                session: id.clone(),
                agent: *agent,
            });
        }
        if record.status().is_active() || record.status() == AgentStatus::Pending {
            meant.push((*agent, record.clone()));
        } else if !named.is_empty() {
            return Err(Error::AgentEnded {
                session: id.clone(),
                agent: *agent,
                status: record.status(),
            });
        }
    }
    if meant.is_empty() {
        return Err(Error::NobodyRuns {
            session: id.clone(),
        });
    }
    Ok(meant)
}

/// Who says it: the agent that this runs in, else the user.
fn sender(session: &SessionId) -> Sender {
    let variable = |name| std::env::var(name).ok();
    let agent = variable("HUB_AGENT").and_then(|name| name.parse().ok());
    let of = variable("HUB_SESSION").and_then(|id| id.parse::<SessionId>().ok());
    match (agent, of) {
        (Some(agent), Some(of)) if of == *session => Sender::Agent(agent),
        (Some(agent), Some(of)) => Sender::Stranger(agent, of),
        _ => Sender::User(current_user()),
    }
}
