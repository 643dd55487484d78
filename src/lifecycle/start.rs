//! Starting agents: a supervisor for each, which starts the agent when the state tells of it.

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::AgentId;
use crate::domain::report::ShownStatus;
use crate::domain::session::{AgentRecord, Run, Session};
use crate::domain::state::AgentStatus;
use crate::process::supervisor;
use crate::store::{LockedSession, SessionDir};

use super::agents::shown_status;
use super::error::{Error, Result};
use super::hub::Hub;
use super::supervise::Job;

/// Starts every agent that was not started yet.
pub(super) fn start_agents(hub: &Hub, session: &mut LockedSession, command: &str) -> Result<()> {
    for agent in waiting(session.dir(), session.session()) {
        hub.interrupt.check()?;
        start_agent(hub, session, agent, command)?;
    }
    Ok(())
}

/// The agents that wait for their start.
///
/// Among them those whose supervisor was told of and never got its job: hub was killed in
/// between. They are `lost`, and not even their output was opened.
pub(super) fn waiting(dir: &SessionDir, session: &Session) -> Vec<AgentId> {
    let never_ran = |agent: AgentId, record: &AgentRecord| {
        shown_status(record) == ShownStatus::LOST
            && record.run.as_ref().is_some_and(|run| run.process.is_none())
            && !dir.agent(agent).stdout().exists()
    };
    let agents = session.agents().iter();
    agents
        .filter(|(agent, record)| {
            record.status() == AgentStatus::Pending || never_ran(**agent, record)
        })
        .map(|(agent, _)| *agent)
        .collect()
}

fn start_agent(
    hub: &Hub,
    session: &mut LockedSession,
    agent: AgentId,
    command: &str,
) -> Result<()> {
    let id = session.config().session_id.clone();
    let folder = session.dir().agent(agent);
    folder.create()?;
    let program = std::env::current_exe().map_err(Error::io("find", "hub itself"))?;
    let home = hub.repository.home();
    let home = home
        .to_str()
        .ok_or_else(|| crate::store::Error::NotUnicode {
            path: home.to_path_buf(),
        })?;
    let arguments = ["-C", home, "supervise", id.as_str(), &agent.to_string()];
    let arguments = arguments.map(str::to_owned);
    let launched = supervisor::launch(&program, &arguments, &folder.supervisor_log())?;
    let now = hub.now();
    let record = session.session().agents().get(&agent);
    let recorded = record.is_some_and(|record| record.status() == AgentStatus::Running);
    let run = Run {
        supervisor: launched.mark.clone(),
        process: None,
        started: now,
        ended: None,
        exit: None,
    };
    session.change(|state| {
        match state.run_mut(agent) {
            Some(lost) if recorded => *lost = run,
            _ => {
                let record = state.advance_agent(agent, AgentStatus::Running, now)?;
                record.run = Some(run);
            }
        }
        Ok::<_, Error>(())
    })?;
    let detail = json!({ "agent": agent, "command": command, "supervisor": launched.mark.pid });
    hub.record(session, Operation::Start, Phase::Done, detail)?;
    let job = Job {
        command: command.to_owned(),
    };
    Ok(launched.go(&job.to_text())?)
}
