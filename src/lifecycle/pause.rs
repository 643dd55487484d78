//! `hub pause` and `hub resume`: agents stand still with all that they started, and go on.
//!
//! The supervisors do it and write it down; the command asks them and waits. Agents that have
//! not been started are held, which is written into the plan of the session's agents.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::launch::Launch;
use crate::domain::report::{PauseReport, PausedAgent, ShownStatus};
use crate::domain::session::{AgentRecord, Session};
use crate::domain::state::{AgentStatus, BadEdge, SessionState, TransitionError};
use crate::process::supervisor;
use crate::process::watch::Standing;
use crate::store::StoredSession;

use super::agents::{self, Seen, elapsed_s};
use super::error::{Error, Result};
use super::hub::Hub;
use super::start;

/// Whether agents are to stand still or to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// `hub pause`.
    Pause,
    /// `hub resume`.
    Resume,
}

/// Which agents are meant.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for.
    pub wish: Wish,
    /// The session; the newest with agents for which it can be done where none is named.
    pub session: Option<SessionSelector>,
    /// The agents; all where none is named.
    pub agents: Vec<AgentId>,
}

/// Lets agents stand still, or go on, and waits until they do.
///
/// # Errors
/// When an agent that is named has ended or is lost, when a supervisor does not answer, or a
/// signal came: what was asked for by then is done all the same.
pub fn run(hub: &Hub, request: &Request) -> Result<PauseReport> {
    let stored = select(hub, request)?;
    agents::check_known(&stored.session, &request.agents)?;
    let id = stored.config.session_id.clone();
    check_state(&stored, request.wish)?;
    // The supervisors, which are asked below, ask nobody.
    hub.check_owner(&id, request.wish.command())?;
    let mut changed = BTreeSet::new();
    let mut asked = Asked::default();
    loop {
        let seen = Seen::look(&hub.dir, StoredSession::read(&hub.dir, &id)?)?;
        let todo = Todo::of(&seen, request, asked.anybody())?;
        if !todo.waiting.is_empty() {
            changed.extend(settle_waiting(hub, &id, request.wish, &todo.waiting)?);
        }
        if todo.working.is_empty() {
            changed.extend(asked.agents);
            break;
        }
        asked.ask(hub, &seen, request.wish, &todo.working)?;
        hub.pause(Duration::from_millis(20))?;
    }
    if let Some(lost) = lost_one(hub, &id, request)?.filter(|_| changed.is_empty()) {
        return Err(lost);
    }
    if changed.is_empty() {
        hub.note(match request.wish {
            Wish::Pause => "nobody is left to be paused; there is nothing to do",
            Wish::Resume => "nobody is paused; there is nothing to do",
        });
    }
    report(hub, &id, request, &changed)
}

/// What to say where nothing else can be done: nobody answers for an agent that is lost.
fn lost_one(hub: &Hub, id: &SessionId, request: &Request) -> Result<Option<Error>> {
    let seen = Seen::look(&hub.dir, StoredSession::read(&hub.dir, id)?)?;
    let mut agents = seen.stored.session.agents().keys().copied();
    let lost =
        agents.find(|agent| agents::is_meant(*agent, &request.agents) && seen.is_lost(*agent));
    Ok(lost.map(|agent| Error::AgentLost {
        session: id.clone(),
        agent,
    }))
}

/// The session that is meant.
fn select(hub: &Hub, request: &Request) -> Result<StoredSession> {
    let session = request.session.as_ref();
    let active = |stored: &StoredSession| stored.session.first_active().is_some();
    match request.wish {
        Wish::Pause => hub.read(session, "with running agents", active),
        Wish::Resume => match hub.read(session, "with paused agents", has_paused) {
            // One whose agents go on already fits, too: there is nothing to do.
            Err(Error::NothingFits { wanted }) => hub.read(session, wanted, active),
            found => found,
        },
    }
}

fn has_paused(stored: &StoredSession) -> bool {
    let launch = stored.launch().ok().flatten();
    agents::first_paused(&stored.session, launch.as_ref()).is_some()
}

fn check_state(stored: &StoredSession, wish: Wish) -> Result<()> {
    let state = stored.session.state();
    if state == SessionState::Running {
        return Ok(());
    }
    let id = stored.config.session_id.clone();
    Err(Error::WrongState {
        state,
        wanted: match wish {
            Wish::Pause => "only agents of a running one are paused",
            Wish::Resume => "only agents of a running one go on",
        },
        hint: format!("`hub status {id}` shows where it stands"),
        session: id,
    })
}

impl Wish {
    fn command(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    fn status(self) -> AgentStatus {
        match self {
            Self::Pause => AgentStatus::Paused,
            Self::Resume => AgentStatus::Running,
        }
    }
}

/// What is left to be done.
#[derive(Default)]
struct Todo {
    /// Those whose supervisors are asked.
    working: Vec<AgentId>,
    /// Those that wait for their start, and are held or let go.
    waiting: Vec<AgentId>,
}

impl Todo {
    /// `begun` says that some were asked already: one that has ended since is no error.
    fn of(seen: &Seen, request: &Request, begun: bool) -> Result<Self> {
        let stored = &seen.stored;
        let launch = stored.launch()?.unwrap_or_default();
        let mut todo = Self::default();
        let meant = stored.session.agents().iter();
        let meant = meant.filter(|(agent, _)| agents::is_meant(**agent, &request.agents));
        for (agent, record) in meant {
            let agent = *agent;
            let named = request.agents.contains(&agent);
            if seen.is_lost(agent) {
                if named && !begun {
                    let session = stored.config.session_id.clone();
                    return Err(Error::AgentLost { session, agent });
                }
                continue;
            }
            match next_of(request.wish, agent, record, &launch) {
                Next::Ask => todo.working.push(agent),
                Next::Settle => todo.waiting.push(agent),
                Next::Refuse if named && !begun => {
                    return Err(refused(&stored.session, agent, record, request.wish).into());
                }
                Next::Nothing | Next::Refuse => {}
            }
        }
        Ok(todo)
    }
}

/// What is to be done with one agent.
enum Next {
    Ask,
    Settle,
    Nothing,
    Refuse,
}

fn next_of(wish: Wish, agent: AgentId, record: &AgentRecord, launch: &Launch) -> Next {
    use AgentStatus::{Paused, Pending, Running};

    let held = launch.paused.contains(&agent);
    match (wish, record.status()) {
        (Wish::Pause, Running) | (Wish::Resume, Paused) => Next::Ask,
        (Wish::Pause, Pending) if launch.may_start(agent) => Next::Settle,
        (Wish::Resume, Pending) if held => Next::Settle,
        // A place that somebody stopped, or where hub starts nobody, cannot be held.
        (Wish::Pause, Pending) if !held => Next::Refuse,
        (_, Pending | Running | Paused) => Next::Nothing,
        _ => Next::Refuse,
    }
}

fn refused(session: &Session, agent: AgentId, record: &AgentRecord, wish: Wish) -> TransitionError {
    TransitionError::Agent {
        session: session.id.clone(),
        agent,
        edge: BadEdge {
            from: record.status(),
            to: wish.status(),
        },
    }
}

/// Holds agents that wait for their start, or lets them go; returns those for which that was new.
fn settle_waiting(
    hub: &Hub,
    id: &SessionId,
    wish: Wish,
    waiting: &[AgentId],
) -> Result<Vec<AgentId>> {
    let mut session = hub.lock(id, wish.command())?;
    let Some(mut launch) = session.launch()? else {
        return Ok(Vec::new());
    };
    let mut changed = Vec::new();
    for agent in waiting {
        let record = session.session().agents().get(agent);
        // It may have been started meanwhile.
        let waits = record.is_some_and(|record| record.status() == AgentStatus::Pending);
        let new = match wish {
            Wish::Pause => waits && launch.may_start(*agent) && launch.paused.insert(*agent),
            Wish::Resume => launch.paused.remove(agent),
        };
        changed.extend(new.then_some(*agent));
    }
    if wish == Wish::Resume {
        for command in changed.iter().filter_map(|agent| launch.agents.get(agent)) {
            hub.check_trust(&command.command, &session.dir().launch_file())?;
        }
    }
    session.set_launch(&launch)?;
    let operation = match wish {
        Wish::Pause => Operation::Pause,
        Wish::Resume => Operation::Resume,
    };
    for agent in &changed {
        let detail = json!({ "agent": agent, "status": AgentStatus::Pending });
        hub.record(&mut session, operation, Phase::Done, detail)?;
    }
    if wish == Wish::Resume {
        start::start_waiting(hub, &mut session)?;
    }
    Ok(changed)
}

/// The supervisors that were asked.
#[derive(Default)]
struct Asked {
    agents: BTreeSet<AgentId>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Asked {
    fn anybody(&self) -> bool {
        !self.agents.is_empty()
    }

    /// Asks those that have not done it yet, again and again, for a limited time.
    fn ask(&mut self, hub: &Hub, seen: &Seen, wish: Wish, working: &[AgentId]) -> Result<()> {
        const AGAIN: Duration = Duration::from_secs(2);
        let patience = hub.settings.lock_timeout() + Duration::from_secs(5);
        let first = *self.first.get_or_insert_with(Instant::now);
        if let Some(agent) = working.first().filter(|_| first.elapsed() > patience) {
            return Err(no_answer(hub, seen, *agent, patience));
        }
        let due = self.last.is_none_or(|last| last.elapsed() > AGAIN);
        if due {
            self.last = Some(Instant::now());
        }
        let standing = match wish {
            Wish::Pause => Standing::Still,
            Wish::Resume => Standing::AtWork,
        };
        for agent in working {
            let new = self.agents.insert(*agent);
            let record = seen.stored.session.agents().get(agent);
            let run = record.and_then(|record| record.run.as_ref());
            if let Some(run) = run.filter(|_| new || due) {
                supervisor::ask_for(&run.supervisor, standing);
            }
        }
        Ok(())
    }
}

/// Mostly somebody else holds the session, and then says so.
fn no_answer(hub: &Hub, seen: &Seen, agent: AgentId, waited: Duration) -> Error {
    match hub.lock(&seen.stored.config.session_id, "pause") {
        Err(error) => error,
        Ok(_) => Error::NoAnswer {
            agent,
            log: seen.stored.dir.agent(agent).supervisor_log(),
            waited,
        },
    }
}

fn report(
    hub: &Hub,
    id: &SessionId,
    request: &Request,
    changed: &BTreeSet<AgentId>,
) -> Result<PauseReport> {
    let seen = Seen::look(&hub.dir, StoredSession::read(&hub.dir, id)?)?;
    let stored = &seen.stored;
    let launch = stored.launch()?.unwrap_or_default();
    let agents = stored.session.agents().iter();
    let agents = agents
        .filter(|(agent, _)| agents::is_meant(**agent, &request.agents))
        .map(|(agent, record)| {
            let status = seen.status(*agent, record);
            PausedAgent {
                agent: *agent,
                status,
                held: agents::is_held(*agent, record, &launch),
                // One that ended before it was asked was not changed.
                changed: changed.contains(agent) && was_heard(request.wish, status),
                elapsed_s: elapsed_s(record, hub.now()),
            }
        })
        .collect();
    Ok(PauseReport {
        session_id: id.clone(),
        state: stored.session.state(),
        agents,
    })
}

fn was_heard(wish: Wish, status: ShownStatus) -> bool {
    let pending = status == ShownStatus::Stored(AgentStatus::Pending);
    match wish {
        Wish::Pause => pending || status == ShownStatus::Stored(AgentStatus::Paused),
        // It may have ended since.
        Wish::Resume => true,
    }
}
