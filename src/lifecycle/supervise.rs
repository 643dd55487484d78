//! `hub supervise`: the process that watches one agent, from its start to the record of its end.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::session::{Exit, ProcessMark};
use crate::domain::state::AgentStatus;
use crate::git::Repository;
use crate::process::command::ShellCommand;
use crate::process::supervisor::{self, Watched};
use crate::store::{HubDir, LockedSession, StoredSession};

use super::error::{Error, Result};
use super::hub::Hub;
use super::measure::session_variables;

/// What a supervisor is told to do.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    /// The agent's command.
    pub command: String,
}

impl Job {
    pub(super) fn to_text(&self) -> String {
        json!(self).to_string()
    }
}

/// Others hold the lock while they start agents or merge; an agent's end waits for them.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Watches one agent to its end and records it.
///
/// # Errors
/// When the session cannot be read or written. The agent's own failure is no error.
pub fn run(hub: &Hub, session: &SessionId, agent: AgentId) -> Result<()> {
    let Some(text) = supervisor::await_go()? else {
        return Ok(());
    };
    let job: Job = serde_json::from_str(&text)
        .map_err(|error| Error::io("read", "the supervisor's job")(error.into()))?;
    let stored = StoredSession::read(&hub.dir, session)?;
    let command = agent_shell(hub, &stored, agent, job)?;
    let watched = supervisor::watch(&command, |process| {
        // The agent goes on whether or not this can be written down.
        if let Err(error) = record_start(&hub.dir, session, agent, process) {
            log::warn!("cannot record the process of {agent}: {error}");
        }
    });
    let watched = watched.unwrap_or_else(|error| {
        log::warn!("{agent} cannot be started: {error}");
        Watched {
            exit: Exit::Code(127),
            cancelled: false,
        }
    });
    let leftovers = commit_leftovers(&hub.repository, &command.folder, session, agent);
    record_end(hub, session, agent, watched, leftovers.as_deref())
}

fn agent_shell(
    hub: &Hub,
    stored: &StoredSession,
    agent: AgentId,
    job: Job,
) -> Result<ShellCommand> {
    let no_worktree = || Error::NoWorktree {
        session: stored.config.session_id.clone(),
        agent,
    };
    let record = stored
        .session
        .agents()
        .get(&agent)
        .ok_or_else(no_worktree)?;
    let worktree = record.worktree.clone().ok_or_else(no_worktree)?;
    let folder = stored.dir.agent(agent);
    let mut variables = session_variables(hub, &stored.config);
    variables.extend([
        ("HUB_AGENT", agent.to_string().into()),
        ("HUB_ATTEMPT", record.attempt.number().to_string().into()),
        (
            "HUB_STRATEGY",
            record.strategy.clone().unwrap_or_default().into(),
        ),
        ("HUB_WORKTREE", worktree.clone().into_os_string()),
        ("HUB_PROMPT_FILE", folder.prompt().into_os_string()),
    ]);
    Ok(ShellCommand {
        command: job.command,
        folder: worktree,
        variables,
        stdout: folder.stdout(),
        stderr: folder.stderr(),
    })
}

fn record_start(
    dir: &HubDir,
    session: &SessionId,
    agent: AgentId,
    process: Option<ProcessMark>,
) -> Result<()> {
    let mut locked = LockedSession::open(dir, session, Duration::from_secs(60), "agent's start")?;
    locked.change(|state| {
        if let Some(run) = state.run_mut(agent) {
            run.process = process;
        }
        Ok(())
    })
}

/// What the agent left uncommitted is part of its work; what git ignores is not.
pub(super) fn commit_leftovers(
    repository: &Repository,
    worktree: &Path,
    session: &SessionId,
    agent: AgentId,
) -> Option<String> {
    let message = format!(
        "Keep what {agent} left uncommitted\n\nHub-Session: {session}\nHub-Agent: {agent}\n"
    );
    match repository.commit_all(worktree, &message) {
        Ok(commit) => commit.map(|id| id.to_string()),
        Err(error) => {
            log::warn!("cannot commit what {agent} left: {error}");
            None
        }
    }
}

fn record_end(
    hub: &Hub,
    session: &SessionId,
    agent: AgentId,
    watched: Watched,
    leftovers: Option<&str>,
) -> Result<()> {
    let status = match (watched.cancelled, watched.exit.success()) {
        (true, _) => AgentStatus::Cancelled,
        (false, true) => AgentStatus::Succeeded,
        (false, false) => AgentStatus::Failed,
    };
    let mut locked = LockedSession::open(&hub.dir, session, PATIENCE, "agent's end")?;
    let now = hub.now();
    locked.change(|state| {
        let record = state.advance_agent(agent, status, now)?;
        if let Some(run) = record.run.as_mut() {
            run.ended = Some(now);
            run.exit = Some(watched.exit);
        }
        Ok::<_, Error>(())
    })?;
    let detail = json!({
        "agent": agent,
        "status": status,
        "exit": watched.exit,
        "leftovers": leftovers,
    });
    hub.record(&mut locked, Operation::Finish, Phase::Done, detail)
}
