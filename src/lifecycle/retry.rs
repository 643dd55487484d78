//! The next attempt of an agent: a new branch in its worktree; the earlier attempt stays.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::launch::{Launch, Stdin};
use crate::domain::refs::{AttemptBranch, BranchName, CommitId};
use crate::domain::report::SpawnReport;
use crate::domain::session::{AgentRecord, Run};
use crate::domain::state::{AgentStatus, SessionState};
use crate::domain::template;
use crate::domain::text::quoted;
use crate::git::{NewWorktree, RefChange};
use crate::store::{LockedSession, atomic};

use super::agents::{self, Seen};
use super::carry::Carrier;
use super::error::{Error, Result};
use super::hub::Hub;
use super::worktrees::LeftByEval;
use super::{announce, line, moves, presets, prompts, ready, spawn, start, stop};

/// Where an agent's next attempt starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// From the base commit, as every attempt did.
    #[default]
    Base,
    /// From where the attempt before it ended.
    LastTip,
}

/// Which agents get another attempt.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that is running where none is named.
    pub session: Option<SessionSelector>,
    /// The agents; all that ended without success where none is named.
    pub agents: Vec<AgentId>,
    /// Where their attempts start.
    pub from: From,
    /// What they find on their stdin from now on; as before where nothing is said.
    pub stdin: Option<Stdin>,
}

/// Gives agents that have ended their next attempt, and starts it where hub runs the agents.
///
/// What a lost agent left running is ended first.
///
/// # Errors
/// When an agent that is named runs, or its worktree holds work that no commit holds.
pub fn run(hub: &Hub, request: &Request) -> Result<SpawnReport> {
    let stored = hub.read(request.session.as_ref(), "running", |stored| {
        stored.session.state() == SessionState::Running
    })?;
    agents::check_known(&stored.session, &request.agents)?;
    let id = stored.config.session_id.clone();
    let seen = Seen::look(&hub.dir, stored)?;
    let meant = meant(&seen, &request.agents);
    if let Some(stdin) = request.stdin {
        check_stdin(hub, &seen, &meant, stdin)?;
    }
    let lost = meant.iter().copied().filter(|agent| seen.is_lost(*agent));
    let lost: Vec<AgentId> = lost.collect();
    if !lost.is_empty() {
        stop::stop_agents(hub, &id, &lost)?;
    }
    if meant.is_empty() {
        hub.note("no agent has ended without success; --agent names one to be tried again");
    }
    let mut session = hub.lock(&id, "retry")?;
    start::check_commands(hub, &session, &meant)?;
    for agent in &meant {
        hub.interrupt.check()?;
        next_attempt(hub, &mut session, *agent, request.from, None)?;
    }
    if let Some(mut launch) = session.launch()? {
        launch.held.retain(|agent| !meant.contains(agent));
        launch.paused.retain(|agent| !meant.contains(agent));
        launch.graces.retain(|agent, _| !meant.contains(agent));
        for (agent, plan) in &mut launch.agents {
            if meant.contains(agent) {
                plan.stdin = request.stdin.unwrap_or(plan.stdin);
            }
        }
        session.set_launch(&launch)?;
        start::start_waiting(hub, &mut session)?;
    }
    spawn::report(&session)
}

/// Refuses what their presets do not allow, before anything is made.
fn check_stdin(hub: &Hub, seen: &Seen, meant: &[AgentId], stdin: Stdin) -> Result<()> {
    let launch = seen.stored.launch()?.unwrap_or_default();
    for name in meant.iter().filter_map(|agent| launch.preset_of(*agent)) {
        if let Some(preset) = presets::rules_of(hub, name)? {
            presets::check_stdin(name, &preset, stdin)?;
        }
    }
    Ok(())
}

/// The agents that are named, or else those that ended without success.
fn meant(seen: &Seen, named: &[AgentId]) -> Vec<AgentId> {
    let ended_badly = |agent: AgentId, record: &AgentRecord| {
        let status = seen.status(agent, record);
        let ended = !status.is_active() && record.status() != AgentStatus::Pending;
        ended && !status.succeeded()
    };
    let agents = seen.stored.session.agents().iter();
    agents
        .filter(|(agent, record)| match named {
            [] => ended_badly(**agent, record),
            named => named.contains(agent),
        })
        .map(|(agent, _)| *agent)
        .collect()
}

/// Makes the next attempt of an agent that has ended, and lets it wait for its start.
///
/// # Errors
/// When the agent has not ended, or its worktree holds work that no commit holds: then
/// nothing was changed.
pub(super) fn next_attempt(
    hub: &Hub,
    session: &mut LockedSession,
    agent: AgentId,
    from: From,
    run: Option<Run>,
) -> Result<()> {
    let plan = plan(hub, session, agent, from)?;
    // Asks the machine before the journal is told.
    let mut rehearsal = session.session().clone();
    rehearsal.retry(&plan.branch, None, hub.now())?;
    let intent = json!({ "agent": agent, "branch": plan.branch, "commit": plan.commit });
    let moves = vec![moves::made(&plan.branch.name(), &plan.commit)];
    hub.record_moves(session, Operation::Retry, Phase::Begin, intent, moves)?;
    if let Err(error) = make(hub, session, &plan, run) {
        if stands(session, &plan.branch) {
            // Whoever locks the session next finishes it.
            return Err(hub.cause(error));
        }
        take_back(hub, session, Operation::Retry, &plan)?;
        hub.record(session, Operation::Retry, Phase::TakenBack, json!({}))?;
        return Err(hub.cause(error));
    }
    announce::dispatch(hub, session, &[agent]);
    hub.record(session, Operation::Retry, Phase::End, json!({}))
}

/// An attempt that is to be made.
pub(super) struct Plan {
    pub branch: AttemptBranch,
    pub commit: CommitId,
    pub worktree: PathBuf,
}

/// Looks where an agent's next attempt is to be made.
///
/// # Errors
/// When its worktree holds work that no commit holds.
pub(super) fn plan(hub: &Hub, session: &LockedSession, agent: AgentId, from: From) -> Result<Plan> {
    let config = session.config();
    let id = &config.session_id;
    let attempts = hub.attempts(session.session())?;
    let newest = attempts
        .iter()
        .find(|attempt| attempt.agent == agent && attempt.newest)
        .ok_or_else(|| Error::NoAgent {
            session: id.clone(),
            agent,
        })?;
    let tip = newest.tip().cloned().filter(|_| from == From::LastTip);
    let commit = match tip {
        Some(tip) => tip,
        None => line::start_of(hub, session, agent)?,
    };
    let worktree = spawn::worktree_path(hub, config, agent);
    let worktree = hub
        .worktree_of(session.session(), agent)?
        .unwrap_or(worktree);
    if worktree.is_dir() {
        let left = LeftByEval::of(session.snapshot())?;
        let work = hub.work_in(&worktree, &left, agent)?;
        if !work.is_empty() {
            return Err(Error::UncommittedWork {
                session: id.clone(),
                worktree,
                paths: work.into_iter().map(|change| change.path).collect(),
            });
        }
    }
    let branch = AttemptBranch {
        session: id.clone(),
        agent,
        attempt: newest.attempt.next(),
    };
    Ok(Plan {
        branch,
        commit,
        worktree,
    })
}

/// Makes the attempt's branch and checks it out in the agent's worktree.
pub(super) fn check_out(hub: &Hub, session: &LockedSession, plan: &Plan) -> Result<()> {
    let Plan {
        branch,
        commit,
        worktree,
    } = plan;
    let name = branch.name();
    let _lock = hub.lock_repository("the next attempt")?;
    if worktree.is_dir() {
        hub.repository.switch_to_new(worktree, &name, commit)?;
    } else {
        hub.repository.add_worktree(&NewWorktree {
            path: worktree,
            commit,
            branch: Some(&name),
            reason: "hub is making it",
        })?;
        Carrier::new(hub)?.fill(hub, worktree)?;
        ready::forget(&session.dir().agent(branch.agent))?;
    }
    Ok(())
}

fn make(hub: &Hub, session: &mut LockedSession, plan: &Plan, run: Option<Run>) -> Result<()> {
    let Plan {
        branch,
        commit,
        worktree,
    } = plan;
    check_out(hub, session, plan)?;
    let record = session.session().agents().get(&branch.agent);
    if let Some(before) = record.map(|record| record.attempt) {
        session.dir().agent(branch.agent).put_aside(before)?;
    }
    write_prompt(
        hub,
        session,
        session.launch()?.as_ref(),
        branch,
        worktree,
        commit,
    )?;
    let now = hub.now();
    session.change(|state| state.retry(branch, run, now).map_err(Error::from))
}

/// Whether the state tells of an attempt: it may although its file could not be flushed.
pub(super) fn stands(session: &LockedSession, branch: &AttemptBranch) -> bool {
    let record = session.session().agents().get(&branch.agent);
    record.is_some_and(|record| record.attempt == branch.attempt)
}

/// Writes what an agent is told for an attempt that starts at `commit`.
pub(super) fn write_prompt(
    hub: &Hub,
    session: &LockedSession,
    launch: Option<&Launch>,
    branch: &AttemptBranch,
    worktree: &Path,
    commit: &CommitId,
) -> Result<()> {
    let folder = session.dir().agent(branch.agent);
    let record = session.session().agents().get(&branch.agent);
    let strategy = record.and_then(|record| record.strategy.as_deref());
    let template = launch.and_then(|launch| launch.template.as_deref());
    let built_in = template::built_in("plain").map(|found| found.text);
    let prompt = prompts::fill(
        template.or(built_in).unwrap_or_default(),
        session.config(),
        commit,
        branch,
        prompts::Places {
            worktree,
            inbox: &folder.inbox(),
            board: &hub.dir.path().join("board"),
        },
        strategy,
    )?;
    folder.create()?;
    Ok(atomic::replace(&folder.prompt(), prompt.as_bytes())?)
}

/// Puts the worktree back on the branch that the state names, and removes the new one.
///
/// Where somebody has worked on the new one since, both stay as they are.
pub(super) fn take_back(
    hub: &Hub,
    session: &mut LockedSession,
    operation: Operation,
    plan: &Plan,
) -> Result<()> {
    let agent = plan.branch.agent;
    let name = plan.branch.name();
    let _lock = hub.lock_repository("taking back a retry")?;
    let worktrees = hub.repository.worktrees()?;
    let on_it = worktrees
        .iter()
        .any(|found| found.path == plan.worktree && found.branch.as_ref() == Some(&name));
    let unmoved = hub.repository.branch_tip(&name)?.as_ref() == Some(&plan.commit);
    let before = session.session().agents().get(&agent);
    if let Some(before) = before.filter(|_| on_it)
        && !leave(hub, plan, &before.branch, unmoved)?
    {
        hub.warn(format!(
            "somebody has worked in {} meanwhile; it stays on {name}",
            quoted(&plan.worktree)
        ));
        return Ok(());
    }
    if unmoved {
        let gone = RefChange {
            name: name.full(),
            from: Some(plan.commit.clone()),
            to: None,
        };
        hub.change_refs(session, operation, &[gone], "hub: retry taken back")?;
    }
    Ok(())
}

/// Lets a worktree leave the branch of an attempt that is taken back, for the one before.
///
/// Where that one is gone, it stands at its commit. Returns whether it could: not where a
/// commit or a change that was made on the new branch would be left without one.
fn leave(hub: &Hub, plan: &Plan, before: &BranchName, unmoved: bool) -> Result<bool> {
    let repository = &hub.repository;
    let gone = repository.branch_tip(before)?.is_none();
    if gone && !unmoved {
        return Ok(false);
    }
    let left = if gone {
        repository.detach(&plan.worktree)
    } else {
        repository.switch_back(&plan.worktree, before)
    };
    match left {
        Ok(()) => Ok(true),
        // git refuses to write over them.
        Err(_) if !repository.changes(&plan.worktree)?.is_empty() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Settles a retry that was cut off; returns whether it was finished.
pub(super) fn settle(
    hub: &Hub,
    session: &mut LockedSession,
    unfinished: &Unfinished,
) -> Result<bool> {
    let finished = settle_attempt(hub, session, unfinished)?;
    if let Some(agent) = finished {
        announce::dispatch(hub, session, &[agent]);
    }
    Ok(finished.is_some())
}

/// Settles an attempt whose making was cut off; returns the agent where it stands.
pub(super) fn settle_attempt(
    hub: &Hub,
    session: &mut LockedSession,
    unfinished: &Unfinished,
) -> Result<Option<AgentId>> {
    let text = |key: &str| unfinished.intent.get(key).and_then(|value| value.as_str());
    let branch = text("branch").and_then(|name| name.parse::<AttemptBranch>().ok());
    let commit = text("commit").and_then(|id| id.parse().ok());
    let (Some(branch), Some(commit)) = (branch, commit) else {
        return Ok(None);
    };
    if stands(session, &branch) {
        return Ok(Some(branch.agent));
    }
    let worktree = spawn::worktree_path(hub, session.config(), branch.agent);
    let known = hub.worktree_of(session.session(), branch.agent)?;
    let plan = Plan {
        worktree: known.unwrap_or(worktree),
        branch,
        commit,
    };
    take_back(hub, session, unfinished.operation, &plan)?;
    Ok(None)
}
