//! `hub stop`: ends the agents that run.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::launch::Leftovers;
use crate::domain::report::{ShownStatus, WaitReport};
use crate::domain::resources::Grace;
use crate::domain::session::AgentRecord;
use crate::domain::state::AgentStatus;
use crate::process::{leftovers, supervisor};
use crate::store::{LockedSession, StoredSession, atomic};

use super::agents::{self, Seen, has_supervisor, shown_status};
use super::error::{Error, Result};
use super::hub::Hub;
use super::{announce, start, supervise};

/// Which agents to end.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest with an agent that runs where none is named.
    pub session: Option<SessionSelector>,
    /// The agents; all where none is named.
    pub agents: Vec<AgentId>,
    /// How long they may go on after they were asked to end.
    pub grace: Grace,
}

/// Ends agents: SIGTERM to their group, SIGKILL after a grace period.
///
/// An agent that is lost is ended too, and recorded as cancelled.
///
/// # Errors
/// When the session cannot be read or written, or has no such agent; or when a signal came:
/// the agents that were asked to end do so all the same.
pub fn run(hub: &Hub, request: &Request) -> Result<WaitReport> {
    let stored = hub.read(request.session.as_ref(), "with running agents", |stored| {
        stored.session.first_active().is_some()
    })?;
    let id = stored.config.session_id.clone();
    agents::check_known(&stored.session, &request.agents)?;
    let end = End {
        id: &id,
        named: &request.agents,
        grace: request.grace.duration(),
        heeds_signals: true,
    };
    if end.has_nobody(&stored)? {
        hub.note("no agent runs or waits for its start; there is nothing to do");
    }
    let ended = end.all(hub);
    if ended.as_ref().is_err_and(|error| error.signal().is_some()) {
        hub.note(format!(
            "the agents end all the same; `hub stop {id} --grace 0` ends them at once"
        ));
    }
    ended?;
    let stored = StoredSession::read(&hub.dir, &id)?;
    let seen = Seen::look(&hub.dir, stored)?;
    Ok(agents::waited(&seen, false, hub.now()))
}

/// Ends the named agents of a session, or all of them, and waits until that is recorded and
/// nothing of it is left to be written.
///
/// The session must not be locked by this process: the supervisors record the end.
pub(super) fn stop_agents(hub: &Hub, id: &SessionId, named: &[AgentId]) -> Result<()> {
    let end = End {
        id,
        named,
        grace: supervisor::GRACE,
        // Whoever ends agents on a signal's account goes on with it.
        heeds_signals: false,
    };
    end.all(hub)
}

/// Whose end is wanted, and how.
struct End<'e> {
    id: &'e SessionId,
    named: &'e [AgentId],
    grace: Duration,
    heeds_signals: bool,
}

impl End<'_> {
    fn all(&self, hub: &Hub) -> Result<()> {
        hold(hub, self.id, self.grace, |agent| self.is_meant(agent))?;
        let mut asked: Option<Instant> = None;
        let mut ended: Option<Instant> = None;
        let _doing = hub.doing("ending the agents");
        loop {
            let meant = self.meant(hub)?;
            let active: Vec<_> = meant
                .iter()
                .filter(|(_, record)| is_to_end(record))
                .collect();
            if active.is_empty() {
                // Their supervisors may be writing of it still, into folders that whoever asked
                // for the end is about to remove.
                let since = ended.get_or_insert_with(Instant::now).elapsed();
                let writing = meant.iter().any(|(_, record)| has_supervisor(record));
                if !writing || since > hub.settings.lock_timeout() {
                    return Ok(());
                }
            }
            // A supervisor that does not end its agent in time is asked again.
            if asked.is_none_or(|asked| asked.elapsed() > supervisor::GRACE * 2) {
                asked = Some(Instant::now());
                let runs = active.iter().filter_map(|(_, record)| record.run.as_ref());
                runs.for_each(|run| supervisor::ask_to_end(&run.supervisor));
            }
            for (agent, record) in &active {
                if shown_status(record) == ShownStatus::LOST {
                    self.settle_lost(hub, *agent, record)?;
                }
            }
            self.check(hub)?;
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether none of them runs, or would be started without this.
    fn has_nobody(&self, stored: &StoredSession) -> Result<bool> {
        let launch = stored.launch()?.unwrap_or_default();
        let mut agents = stored.session.agents().iter();
        let waits = |agent: AgentId, record: &AgentRecord| {
            record.status() == AgentStatus::Pending
                && launch.agents.contains_key(&agent)
                && !launch.held.contains(&agent)
        };
        Ok(!agents.any(|(agent, record)| {
            self.is_meant(*agent) && (is_to_end(record) || waits(*agent, record))
        }))
    }

    fn is_meant(&self, agent: AgentId) -> bool {
        agents::is_meant(agent, self.named)
    }

    fn meant(&self, hub: &Hub) -> Result<Vec<(AgentId, AgentRecord)>> {
        let stored = StoredSession::read(&hub.dir, self.id)?;
        let agents = stored.session.agents().iter();
        Ok(agents
            .filter(|(agent, _)| self.is_meant(**agent))
            .map(|(agent, record)| (*agent, record.clone()))
            .collect())
    }

    fn check(&self, hub: &Hub) -> Result<()> {
        if self.heeds_signals {
            hub.interrupt.check()?;
        }
        Ok(())
    }

    /// Ends what a lost agent left running and records it as cancelled.
    fn settle_lost(&self, hub: &Hub, agent: AgentId, record: &AgentRecord) -> Result<()> {
        let signs = agents::signs_of(hub, self.id, agent, record);
        let mut left = leftovers::Ending::of(&signs);
        if !self.grace.is_zero() {
            // The session is not locked meanwhile: another hub may settle it sooner.
            left.ask(self.grace, || {
                self.check(hub).is_ok() && self.is_still(hub, agent, record)
            });
            self.check(hub)?;
        }
        let mut session = hub.lock(self.id, "stop")?;
        let found = session.session().agents().get(&agent);
        if found != Some(record) || shown_status(record) != ShownStatus::LOST {
            return Ok(());
        }
        left.kill();
        record_lost(hub, &mut session, agent)
    }

    /// Whether the agent stands as it was read.
    fn is_still(&self, hub: &Hub, agent: AgentId, record: &AgentRecord) -> bool {
        let stored = StoredSession::read(&hub.dir, self.id);
        stored.is_ok_and(|stored| stored.session.agents().get(&agent) == Some(record))
    }
}

/// Whether the agent runs, or its supervisor is about to start it again.
fn is_to_end(record: &AgentRecord) -> bool {
    record.status().is_active() || start::is_watched(record)
}

/// Lets nobody start the agents by itself any more, before they are ended, and leaves word of
/// the grace for their supervisors.
fn hold(hub: &Hub, id: &SessionId, grace: Duration, meant: impl Fn(AgentId) -> bool) -> Result<()> {
    if StoredSession::read(&hub.dir, id)?.launch()?.is_none() {
        return Ok(());
    }
    let session = hub.lock(id, "stop")?;
    let Some(before) = session.launch()? else {
        return Ok(());
    };
    let mut launch = before.clone();
    let agents = session.session().agents().keys();
    for agent in agents.copied().filter(|agent| meant(*agent)) {
        launch.held.insert(agent);
        launch.paused.remove(&agent);
        if grace == supervisor::GRACE {
            launch.graces.remove(&agent);
        } else {
            launch.graces.insert(agent, grace);
        }
    }
    if launch != before {
        session.set_launch(&launch)?;
    }
    Ok(())
}

fn record_lost(hub: &Hub, session: &mut LockedSession, agent: AgentId) -> Result<()> {
    let id = session.config().session_id.clone();
    let intent = json!({ "agent": agent, "lost": true });
    hub.record(session, Operation::Stop, Phase::Begin, intent)?;
    let worktree = session.session().agents().get(&agent);
    let worktree = worktree.and_then(|record| record.worktree.clone());
    // Its supervisor would have done so.
    let launch = session.launch()?.unwrap_or_default();
    let only = supervise::own_branch(&session.snapshot(), &launch, agent);
    let leftovers = worktree
        .filter(|_| launch.leftovers == Leftovers::Commit)
        .and_then(|worktree| {
            let repository = &hub.repository;
            supervise::commit_leftovers(repository, &worktree, &id, agent, only.as_ref())
        });
    if let Some(made) = &leftovers {
        let step = json!({ "agent": agent, "leftovers": made.commit });
        hub.record(session, Operation::Stop, Phase::Step, step)?;
    }
    // Nobody answers on it any more; where it cannot be removed, nobody takes it for one that does.
    let _ = atomic::remove_file(&session.dir().agent(agent).terminal());
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
        "leftovers": leftovers.as_ref().map(|made| &made.commit),
    });
    let moved = leftovers.as_ref().and_then(supervise::moved_by);
    let moved = moved.into_iter().collect();
    let commit = leftovers.as_ref().map(|made| made.commit.as_str());
    announce::ended(hub, session, agent, commit);
    hub.record_moves(session, Operation::Stop, Phase::End, detail, moved)
}

/// Tells of a lost agent whose end was recorded and not told of; returns whether it was recorded.
pub(super) fn settle(hub: &Hub, session: &LockedSession, unfinished: &Unfinished) -> bool {
    let agent = unfinished
        .intent
        .get("agent")
        .and_then(|agent| agent.as_str()?.parse::<AgentId>().ok());
    let record = |agent: &AgentId| session.session().agents().get(agent);
    let ended = agent.filter(|agent| {
        record(agent).is_some_and(|record| record.status() == AgentStatus::Cancelled)
    });
    if let Some(agent) = ended {
        let leftovers = unfinished.step_value("leftovers");
        announce::ended(hub, session, agent, leftovers.and_then(|id| id.as_str()));
    }
    ended.is_some()
}
