//! Agents as they really are: what the state says, held against the processes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::domain::id::{AgentId, SessionId};
use crate::domain::launch::Launch;
use crate::domain::progress::AgentProgress;
use crate::domain::report::{ShownStatus, WaitReport, WaitedAgent};
use crate::domain::session::{AgentRecord, Session};
use crate::domain::state::{AgentStatus, SessionState};
use crate::process::leftovers::Signs;
use crate::process::{logs, mark};
use crate::store::{self, AgentDir, HubDir, StoredSession};

use super::error::{Error, Result};
use super::hub::Hub;

/// A session as it was read, with what the processes say of its agents.
pub(super) struct Seen {
    pub stored: StoredSession,
    lost: BTreeSet<AgentId>,
    /// Those whose supervisor is there: the agent runs, or its end is being settled, which may
    /// give it another attempt.
    supervised: BTreeSet<AgentId>,
    awaited: BTreeSet<AgentId>,
}

impl Seen {
    /// Reads the session again until what it says and what runs belong together.
    ///
    /// A supervisor records its agent's end, starts the next, then goes: an agent is lost, or
    /// waits for nobody, only when the state says so after the supervisors were seen to be gone.
    pub fn look(dir: &HubDir, stored: StoredSession) -> Result<Self> {
        Ok(Self::look_stored(dir, stored)?)
    }

    /// As [`Seen::look`], for whoever tells a damaged file from other errors.
    pub fn look_stored(dir: &HubDir, mut stored: StoredSession) -> store::Result<Self> {
        loop {
            let launch = stored.launch()?;
            let seen = Self {
                lost: unwatched(&stored.session),
                supervised: supervised(&stored.session),
                awaited: awaited(&stored.session, launch.as_ref()),
                stored,
            };
            let again = StoredSession::read(dir, &seen.stored.config.session_id)?;
            if again.session == seen.stored.session {
                return Ok(seen);
            }
            stored = again;
        }
    }

    /// Whether the agent's supervisor is gone although the state says that it is active.
    pub fn is_lost(&self, agent: AgentId) -> bool {
        self.lost.contains(&agent)
    }

    /// Whether a process of the agent runs, or somebody is about to start one.
    pub fn is_at_work(&self, agent: AgentId) -> bool {
        self.supervised.contains(&agent) || self.awaited.contains(&agent)
    }

    /// Whether an agent waits that may be started. Where no supervisor will do it, somebody may
    /// be about to: `resume` and `retry` let an agent wait for a moment before they start it.
    pub fn has_startable(&self) -> Result<bool> {
        let session = &self.stored.session;
        let launch = self.stored.launch()?;
        let Some(launch) = launch.filter(|_| session.state() == SessionState::Running) else {
            return Ok(false);
        };
        let mut agents = session.agents().iter();
        Ok(agents.any(|(agent, record)| {
            record.status() == AgentStatus::Pending && launch.may_start(*agent)
        }))
    }

    /// The status of one of its agents as it is shown.
    pub fn status(&self, agent: AgentId, record: &AgentRecord) -> ShownStatus {
        if self.lost.contains(&agent) {
            ShownStatus::LOST
        } else {
            ShownStatus::Stored(record.status())
        }
    }
}

/// The agents that wait for a place, or for the pause after an attempt that failed, while there
/// is a supervisor that will start them; and those that are held until `resume` starts them.
pub(super) fn awaited(session: &Session, launch: Option<&Launch>) -> BTreeSet<AgentId> {
    let Some(launch) = launch else {
        return BTreeSet::new();
    };
    let can_resume = session.state() == SessionState::Running;
    let somebody = !supervised(session).is_empty();
    let agents = session.agents().iter();
    agents
        .filter(|(_, record)| record.status() == AgentStatus::Pending)
        .map(|(agent, _)| *agent)
        .filter(|agent| {
            somebody && launch.may_start(*agent) || can_resume && launch.paused.contains(agent)
        })
        .collect()
}

/// Whether the supervisor that a record tells of is there.
pub(super) fn has_supervisor(record: &AgentRecord) -> bool {
    let run = record.run.as_ref();
    run.is_some_and(|run| mark::is_alive(&run.supervisor))
}

/// Whether an agent waits and is not started before `resume`.
pub(super) fn is_held(agent: AgentId, record: &AgentRecord, launch: &Launch) -> bool {
    record.status() == AgentStatus::Pending && launch.paused.contains(&agent)
}

/// Whether an agent stands still, or is held, until `resume`.
pub(super) fn is_paused(agent: AgentId, record: &AgentRecord, launch: Option<&Launch>) -> bool {
    record.status() == AgentStatus::Paused
        || launch.is_some_and(|launch| is_held(agent, record, launch))
}

/// The first agent that is paused, if one is.
pub(super) fn first_paused(session: &Session, launch: Option<&Launch>) -> Option<AgentId> {
    let mut agents = session.agents().iter();
    let paused = agents.find(|(agent, record)| is_paused(**agent, record, launch));
    paused.map(|(agent, _)| *agent)
}

/// The agents whose supervisor is there.
fn supervised(session: &Session) -> BTreeSet<AgentId> {
    let agents = session.agents().iter();
    agents
        .filter(|(_, record)| has_supervisor(record))
        .map(|(agent, _)| *agent)
        .collect()
}

/// The active agents whose supervisor is gone.
fn unwatched(session: &Session) -> BTreeSet<AgentId> {
    let agents = session.agents().iter();
    agents
        .filter(|(_, record)| shown_status(record) == ShownStatus::LOST)
        .map(|(agent, _)| *agent)
        .collect()
}

/// The status as it is shown: an active agent whose supervisor is gone is `lost`.
///
/// True for a record that nobody changes meanwhile, as under the session's lock; for others
/// there is [`Seen`].
pub(super) fn shown_status(record: &AgentRecord) -> ShownStatus {
    let status = record.status();
    if status.is_active() && !has_supervisor(record) {
        ShownStatus::LOST
    } else {
        ShownStatus::Stored(status)
    }
}

/// Refuses an agent that a session does not have.
pub(super) fn check_known(session: &Session, named: &[AgentId]) -> Result<()> {
    let known = session.agents();
    match named.iter().find(|agent| !known.contains_key(agent)) {
        Some(agent) => Err(Error::NoAgent {
            session: session.id.clone(),
            agent: *agent,
        }),
        None => Ok(()),
    }
}

/// Whether an agent is one of those that are named; all are where none is.
pub(super) fn is_meant(agent: AgentId, named: &[AgentId]) -> bool {
    named.is_empty() || named.contains(&agent)
}

/// By what the processes of an agent are known when its supervisor is gone.
pub(super) fn signs_of(hub: &Hub, id: &SessionId, agent: AgentId, record: &AgentRecord) -> Signs {
    let ids = hub.dir.session_ids().unwrap_or_default();
    let sessions = ids
        .iter()
        .filter_map(|id| StoredSession::read(&hub.dir, id).ok());
    // A session that an agent has made lives on: its supervisors inherited the agent's variables.
    let except = sessions
        .flat_map(|stored| {
            stored
                .session
                .agents()
                .values()
                .cloned()
                .collect::<Vec<_>>()
        })
        .filter_map(|record| Some(record.run?.supervisor))
        .collect();
    Signs {
        variables: vec![
            ("HUB_SESSION", id.as_str().into()),
            ("HUB_AGENT", agent.to_string().into()),
            ("HUB_DIR", hub.dir.path().as_os_str().to_owned()),
        ],
        leader: record.run.as_ref().and_then(|run| run.process.clone()),
        except,
        began_here: false,
    }
}

/// The first agent that is lost, if one is.
pub(super) fn first_lost(session: &Session) -> Option<AgentId> {
    unwatched(session).first().copied()
}

/// How long an agent ran, or has run until `now`, in seconds; pauses do not count.
pub(super) fn elapsed_s(record: &AgentRecord, now: DateTime<Utc>) -> Option<f64> {
    let run = record.run.as_ref()?;
    let known = run.ended.is_some() || record.status().is_active();
    known.then(|| run.elapsed(now).as_secs_f64())
}

/// How the agents stand, for the answer of a command that waited.
pub(super) fn waited(seen: &Seen, timed_out: bool, now: DateTime<Utc>) -> WaitReport {
    let stored = &seen.stored;
    let agents = stored
        .session
        .agents()
        .iter()
        .map(|(agent, record)| {
            let status = seen.status(*agent, record);
            let ended = !status.is_active() && record.run.is_some();
            let failed = ended && !status.succeeded();
            let run = record.run.as_ref();
            let usage = run.and_then(|run| run.usage);
            WaitedAgent {
                agent: *agent,
                status,
                exit: run.and_then(|run| run.exit),
                reason: run.and_then(|run| run.reason.clone()),
                timed_out: run.and_then(|run| run.timed_out),
                elapsed_s: elapsed_s(record, now),
                cpu_s: usage.and_then(|usage| usage.cpu_s),
                peak_memory_bytes: usage.and_then(|usage| usage.peak_memory_bytes),
                last_lines: failed
                    .then(|| logs::last_lines(&last_log(&stored.dir.agent(*agent)), 5))
                    .filter(|lines| !lines.is_empty()),
            }
        })
        .collect();
    WaitReport {
        session_id: stored.config.session_id.clone(),
        state: stored.session.state(),
        timed_out,
        agents,
    }
}

/// What an agent complained about; where it was not run, what its setup printed.
fn last_log(folder: &AgentDir) -> PathBuf {
    // In a terminal there is no other stream than stdout.
    let logs = [folder.stderr(), folder.stdout()];
    let log = logs.into_iter().find(|log| log.exists());
    log.unwrap_or_else(|| folder.setup_log())
}

/// How the agents stand, for whoever watches.
pub(super) fn progress(seen: &Seen, now: DateTime<Utc>) -> Vec<AgentProgress> {
    let stored = &seen.stored;
    stored
        .session
        .agents()
        .iter()
        .map(|(agent, record)| {
            let status = seen.status(*agent, record);
            let log = stored.dir.agent(*agent).stdout();
            AgentProgress {
                agent: *agent,
                status: status.as_str().to_owned(),
                ended: !seen.is_at_work(*agent),
                elapsed_s: elapsed_s(record, now),
                last_line: Some(logs::last_lines(&log, 1)).filter(|line| !line.is_empty()),
            }
        })
        .collect()
}
