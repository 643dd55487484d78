//! `hub supervise`: the process that watches one agent, from its start to the record of its end.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::domain::event::{Operation, Phase, RefMove};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::launch::{Launch, Leftovers, Stdin};
use crate::domain::refs::BranchName;
use crate::domain::session::{AgentRecord, Exit, Run};
use crate::domain::state::AgentStatus;
use crate::domain::usage::TokenUse;
use crate::git::{Committed, Repository};
use crate::process::command::ShellCommand;
use crate::process::mark;
use crate::process::ports::PortBlock;
use crate::process::requests::Requests;
use crate::process::supervisor;
use crate::process::watch::{self, Ended, Input, Job, Watched};
use crate::store::{AgentDir, LockedSession, StoredSession};

use super::contact::Contact;
use super::error::{Error, Result};
use super::hub::Hub;
use super::measure::session_variables;
use super::walls::{Inside, Walls};
use super::{announce, outside, ready, retry, start, tokens};

/// Others hold the lock while they start agents or merge; an agent's end waits for them.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Watches one agent to its end and records it; the attempts that it gets after one that
/// failed, too. Then starts whoever waits for the place.
///
/// # Errors
/// When the session cannot be read or written. The agent's own failure is no error.
pub fn run(hub: &Hub, session: &SessionId, agent: AgentId) -> Result<()> {
    let Some(requests) = supervisor::await_go()? else {
        return Ok(());
    };
    let mut failed = 0;
    // Its own for as long as this process lives.
    let mut ports = None;
    while let Some(pause) = attempt(hub, &requests, session, agent, &mut failed, &mut ports)? {
        if supervisor::rest(&requests, pause) || !begin_again(hub, session, agent)? {
            break;
        }
    }
    let mut locked = LockedSession::open(&hub.dir, session, PATIENCE, "start of the next agent")?;
    start::start_waiting(hub, &mut locked)
}

/// One attempt, from start to record; returns the pause before the next one, if there is one.
fn attempt(
    hub: &Hub,
    requests: &Requests,
    session: &SessionId,
    agent: AgentId,
    failed: &mut u32,
    ports: &mut Option<PortBlock>,
) -> Result<Option<Duration>> {
    let stored = StoredSession::read(&hub.dir, session)?;
    let launch = stored.launch()?.unwrap_or_default();
    let guard = outside::watch(hub, &stored, agent);
    let mut command = agent_shell(hub, &stored, agent, &launch)?;
    let only = own_branch(&stored, &launch, agent);
    let (numbers, no_ports) = match ready::ports(&launch.ready, ports) {
        Ok(numbers) => (numbers, None),
        Err(error) => (&[][..], Some(error)),
    };
    command.variables.extend(ready::port_variables(numbers));
    let folder = stored.dir.agent(agent);
    let (walls, in_the_way) = match (no_ports, walls_of(hub, &stored, &launch, agent)) {
        (None, Ok(walls)) => (walls, None),
        (Some(error), _) | (None, Err(error)) => (Walls::default(), Some(error)),
    };
    walls.put_around(&mut command);
    let contact = Contact {
        hub,
        session,
        agent,
        service: walls.service(hub, session, agent),
        listening: walls.listening(),
    };
    let job = Job {
        command: &command,
        limits: &launch.limits,
        processes: walls.processes,
        heartbeat: folder.heartbeat(),
        contact: &contact,
        input: input_of(&launch, agent, &folder),
    };
    let started = |process| contact.record_start(process, numbers);
    let mut reason = None;
    let prepared = match in_the_way {
        None => ready::prepare(requests, &job, &folder, &launch.ready.setup, started),
        Some(error) => Err(error),
    };
    let watched = match prepared {
        Ok(None) => {
            announce::started(hub, &stored, agent);
            watch::watch(requests, &job, started).map_err(Error::from)
        }
        Ok(Some(unready)) => {
            reason = Some(unready.reason).filter(|_| unready.watched.ended != Some(Ended::Asked));
            Ok(unready.watched)
        }
        Err(error) => Err(error),
    };
    let watched = watched.unwrap_or_else(|error| {
        log::warn!("{agent} cannot be started: {error}");
        reason = Some(format!("it cannot be started: {error}"));
        Watched {
            exit: Exit::Code(127),
            ended: None,
            usage: None,
        }
    });
    drop(walls);
    let reason = reason.or_else(|| why_ended(watched.ended?));
    let leftovers = match launch.leftovers {
        Leftovers::Commit => commit_leftovers(
            &hub.repository,
            &command.folder,
            session,
            agent,
            only.as_ref(),
        ),
        Leftovers::Keep => None,
    };
    let tokens = tokens::spent(hub, &launch, agent, &command.stdout);
    let outside = outside::look_again(hub, guard.as_ref());
    contact.hear_rest();
    let mut locked = LockedSession::open(&hub.dir, session, PATIENCE, "agent's end")?;
    // Before the end is told: whoever waits for it hears of this, too.
    outside.map_or(Ok(()), |found| found.record(hub, &mut locked))?;
    contact.record_denials(&mut locked);
    let status = record_end(
        hub,
        &mut locked,
        agent,
        watched,
        reason.as_deref(),
        leftovers.as_ref(),
        tokens,
    )?;
    // It may have been changed meanwhile: somebody may have stopped the agent.
    let launch = locked.launch()?.unwrap_or_default();
    if status != AgentStatus::Failed || launch.is_held(agent) {
        return Ok(None);
    }
    *failed += 1;
    let Some(pause) = launch.restart.pause_after(*failed) else {
        return Ok(None);
    };
    let run = mark::own().map(|own| Run::begun(own, hub.now()));
    match retry::next_attempt(hub, &mut locked, agent, retry::From::Base, run) {
        Ok(()) => Ok(Some(pause)),
        Err(error) => {
            log::warn!("{agent} gets no other attempt: {error}");
            Ok(None)
        }
    }
}

/// Enters `running` for the attempt that has waited; not when somebody stopped it meanwhile.
fn begin_again(hub: &Hub, session: &SessionId, agent: AgentId) -> Result<bool> {
    let mut locked = LockedSession::open(&hub.dir, session, PATIENCE, "agent's next attempt")?;
    let launch = locked.launch()?.unwrap_or_default();
    let record = locked.session().agents().get(&agent);
    let waits = record.is_some_and(|record| record.status() == AgentStatus::Pending);
    let Some(own) = mark::own().filter(|_| waits && !launch.is_held(agent)) else {
        return Ok(false);
    };
    let command = launch.agents.get(&agent).map(|agent| &agent.command);
    let detail = json!({
        "agent": agent,
        "command": command,
        "supervisor": own.pid,
        "security": launch.security.level,
    });
    start::begin(hub, &mut locked, agent, Run::begun(own, hub.now()))?;
    hub.record(&mut locked, Operation::Start, Phase::Done, detail)?;
    Ok(true)
}

/// Why an agent was ended, where nobody asked for it.
fn why_ended(ended: Ended) -> Option<String> {
    match ended {
        Ended::Asked => None,
        Ended::TimedOut(reached) => Some(reached.to_string()),
        Ended::TooMany(most) => Some(format!("it had more than {most} processes and threads")),
    }
}

/// The walls around an agent that is about to be started.
fn walls_of(hub: &Hub, stored: &StoredSession, launch: &Launch, agent: AgentId) -> Result<Walls> {
    let no_worktree = || Error::NoWorktree {
        session: stored.config.session_id.clone(),
        agent,
    };
    let record = stored.session.agents().get(&agent);
    let record = record.ok_or_else(no_worktree)?;
    let folder = stored.dir.agent(agent);
    let own = launch.agents.get(&agent).ok_or(Error::NoAgentCommand)?;
    let inside = Inside {
        command: &own.command,
        own_program: false,
        needs: own.needs.clone(),
        worktree: record.worktree.as_deref().ok_or_else(no_worktree)?,
        branch: Some(&record.branch),
        logs: [folder.stdout(), folder.stderr()],
        agent: Some(&folder),
    };
    Walls::around(hub, &launch.security, &inside)
}

/// What the agent finds on its stdin.
fn input_of(launch: &Launch, agent: AgentId, folder: &AgentDir) -> Input {
    match launch.stdin_of(agent) {
        Stdin::None => Input::None,
        Stdin::Inbox => Input::Inbox(folder.inbox()),
        Stdin::Terminal => Input::Terminal {
            inbox: folder.inbox(),
            socket: folder.terminal(),
        },
    }
}

fn agent_shell(
    hub: &Hub,
    stored: &StoredSession,
    agent: AgentId,
    launch: &Launch,
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
    let launch = launch.agents.get(&agent).ok_or(Error::NoAgentCommand)?;
    let in_terminal = launch.stdin == Stdin::Terminal;
    let folder = stored.dir.agent(agent);
    let mut variables = session_variables(hub, &stored.config);
    variables.extend([
        ("HUB_AGENT", agent.to_string().into()),
        ("HUB_ATTEMPT", record.attempt.number().to_string().into()),
        (
            "HUB_STRATEGY",
            record.strategy.clone().unwrap_or_default().into(),
        ),
        (
            "HUB_SUBTASK",
            stored.config.subtask(agent).unwrap_or_default().into(),
        ),
        ("HUB_WORKTREE", worktree.clone().into_os_string()),
        ("HUB_PROMPT_FILE", folder.prompt().into_os_string()),
        ("HUB_INBOX", folder.inbox().into_os_string()),
    ]);
    Ok(ShellCommand {
        command: launch.command.clone(),
        folder: worktree,
        variables,
        stdout: folder.stdout(),
        // A terminal shows both.
        stderr: if in_terminal {
            folder.stdout()
        } else {
            folder.stderr()
        },
        enclosure: None,
    })
}

/// The branch that what an agent left may be committed on; any that it stands on, where it could
/// write all of them itself.
pub(super) fn own_branch(
    stored: &StoredSession,
    launch: &Launch,
    agent: AgentId,
) -> Option<BranchName> {
    let record = stored.session.agents().get(&agent);
    let encloses = launch.security.level.encloses();
    record
        .filter(|_| encloses)
        .map(|record| record.branch.clone())
}

/// What the agent left uncommitted is part of its work; what git ignores is not.
pub(super) fn commit_leftovers(
    repository: &Repository,
    worktree: &Path,
    session: &SessionId,
    agent: AgentId,
    only: Option<&BranchName>,
) -> Option<Committed> {
    if only.is_some_and(|branch| !repository.commits_on(worktree, branch)) {
        log::warn!("what {agent} left is not committed: its worktree is not on its branch");
        return None;
    }
    let message = format!(
        "Keep what {agent} left uncommitted\n\nHub-Session: {session}\nHub-Agent: {agent}\n"
    );
    match repository.commit_all(worktree, &message) {
        Ok(commit) => commit,
        Err(error) => {
            log::warn!("cannot commit what {agent} left: {error}");
            None
        }
    }
}

/// The move of the agent's branch that a commit of leftovers was; its id is known only after it.
pub(super) fn moved_by(leftovers: &Committed) -> Option<RefMove> {
    Some(RefMove {
        r#ref: leftovers.branch.as_ref()?.full(),
        old: Some(leftovers.before.clone()),
        new: Some(leftovers.commit.clone()),
    })
}

fn record_end(
    hub: &Hub,
    session: &mut LockedSession,
    agent: AgentId,
    watched: Watched,
    reason: Option<&str>,
    leftovers: Option<&Committed>,
    tokens: TokenUse,
) -> Result<AgentStatus> {
    let status = match (watched.ended, watched.exit.success()) {
        (Some(Ended::Asked), _) => AgentStatus::Cancelled,
        (Some(Ended::TimedOut(_)), _) => AgentStatus::TimedOut,
        (None, true) => AgentStatus::Succeeded,
        (Some(Ended::TooMany(_)), _) | (None, false) => AgentStatus::Failed,
    };
    let timed_out = match watched.ended {
        Some(Ended::TimedOut(reached)) => Some(reached),
        _ => None,
    };
    let now = hub.now();
    session.change(|state| {
        let before = state.agents().get(&agent).map(AgentRecord::status);
        if before == Some(AgentStatus::Paused) && status != AgentStatus::Cancelled {
            // A process that stands still can be killed all the same.
            state.advance_agent(agent, AgentStatus::Running, now)?;
        }
        let record = state.advance_agent(agent, status, now)?;
        if let Some(run) = record.run.as_mut() {
            run.ended = Some(now);
            run.exit = Some(watched.exit);
            run.reason = reason.map(str::to_owned);
            run.tokens = tokens;
            run.timed_out = timed_out;
            run.usage = watched.usage;
        }
        Ok::<_, Error>(())
    })?;
    let detail = json!({
        "agent": agent,
        "status": status,
        "exit": watched.exit,
        "reason": reason,
        "timed_out": timed_out,
        "usage": watched.usage,
        "leftovers": leftovers.map(|made| &made.commit),
        "tokens_in": tokens.tokens_in,
        "tokens_out": tokens.tokens_out,
        "cost_usd": tokens.cost_usd,
    });
    let moved = leftovers.and_then(moved_by).into_iter().collect();
    hub.record_moves(session, Operation::Finish, Phase::Done, detail, moved)?;
    let commit = leftovers.map(|made| made.commit.as_str());
    announce::ended(hub, session, agent, commit);
    Ok(status)
}
