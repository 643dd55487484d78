//! Starting agents: a supervisor for each, which starts the agent when the state tells of it.
//!
//! As many are started as may run at once; the others wait. A supervisor whose agent has
//! ended starts the next that waits, so that nobody else has to be there.

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::AgentId;
use crate::domain::launch::Launch;
use crate::domain::mode::Mode;
use crate::domain::report::ShownStatus;
use crate::domain::session::{AgentRecord, Run, Session};
use crate::domain::state::AgentStatus;
use crate::process::supervisor;
use crate::store::{LockedSession, SessionDir};

use super::agents::{has_supervisor, shown_status};
use super::error::{Error, Result};
use super::hub::Hub;
use super::line;

/// What is written to a supervisor when the state tells of it.
const GO: &str = "go\n";

/// Refuses commands that this user did not write, before anything is made or started: those of
/// the agents that are meant, and of all that wait and would be started with them.
pub(super) fn check_commands(hub: &Hub, session: &LockedSession, meant: &[AgentId]) -> Result<()> {
    let launch = session.launch()?.unwrap_or_default();
    let waiting = waiting(session.dir(), session.session());
    for (agent, plan) in &launch.agents {
        if meant.contains(agent) || waiting.contains(agent) {
            hub.check_trust(&plan.command, &session.dir().launch_file())?;
        }
    }
    Ok(())
}

/// Starts agents that wait, in their order, until as many run as may.
pub(super) fn start_waiting(hub: &Hub, session: &mut LockedSession) -> Result<()> {
    let Some(launch) = session.launch()? else {
        return Ok(());
    };
    let mut waiting = waiting(session.dir(), session.session());
    waiting.retain(|agent| launch.may_start(*agent));
    let busy = session.session().agents().values();
    let busy = busy.filter(|record| is_watched(record)).count();
    if session.config().mode == Mode::Pipeline {
        waiting = line::whose_turn(session, &waiting).into_iter().collect();
    }
    let most = launch.jobs.map_or(usize::MAX, |jobs| jobs.get() as usize);
    for agent in waiting.into_iter().take(most.saturating_sub(busy)) {
        hub.interrupt.check()?;
        line::bring_forward(hub, session, agent, &launch)?;
        start_agent(hub, session, agent, &launch)?;
    }
    Ok(())
}

/// Whether a supervisor sees to the agent: it runs, or is about to.
pub(super) fn is_watched(record: &AgentRecord) -> bool {
    let ended = !record.status().is_active() && record.status() != AgentStatus::Pending;
    !ended && has_supervisor(record)
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
            record.status() == AgentStatus::Pending && !is_watched(record)
                || never_ran(**agent, record)
        })
        .map(|(agent, _)| *agent)
        .collect()
}

fn start_agent(
    hub: &Hub,
    session: &mut LockedSession,
    agent: AgentId,
    launch: &Launch,
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
    let launched = supervisor::launch(&program, &arguments, &folder.supervisor_log());
    if launched.is_err() {
        // A Ctrl-C reaches a supervisor, too, that has not left the terminal yet.
        hub.interrupt.check()?;
    }
    let launched = launched?;
    let command = launch.agents.get(&agent).map(|agent| &agent.command);
    begin(
        hub,
        session,
        agent,
        Run::begun(launched.mark.clone(), hub.now()),
    )?;
    let detail = json!({
        "agent": agent,
        "command": command,
        "supervisor": launched.mark.pid,
        "security": launch.security.level,
    });
    hub.record(session, Operation::Start, Phase::Done, detail)?;
    Ok(launched.go(GO)?)
}

/// Lets the state tell that an agent's process is about to be started.
pub(super) fn begin(
    hub: &Hub,
    session: &mut LockedSession,
    agent: AgentId,
    run: Run,
) -> Result<()> {
    let record = session.session().agents().get(&agent);
    let recorded = record.is_some_and(|record| record.status() == AgentStatus::Running);
    let now = hub.now();
    session.change(|state| {
        match state.run_mut(agent) {
            Some(lost) if recorded => *lost = run,
            _ => {
                let record = state.advance_agent(agent, AgentStatus::Running, now)?;
                record.run = Some(run);
            }
        }
        Ok::<_, Error>(())
    })
}
