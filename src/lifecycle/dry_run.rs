//! `--dry-run`: what `hub spawn` and `hub run` would make and start; nothing is changed.

use crate::beneath;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::AttemptBranch;
use crate::domain::report::{DryRunReport, PlannedAgent};
use crate::domain::session::{Session, SessionConfig};
use crate::domain::state::SessionState;
use crate::store::StoredSession;

use super::error::{Error, Result};
use super::hub::Hub;
use super::prompts::Recipe;
use super::spawn::Commands;
use super::{run, spawn, start};

/// What `hub spawn` would do.
///
/// # Errors
/// Those by which `hub spawn` refuses to begin.
pub fn of_spawn(hub: &Hub, request: &spawn::Request) -> Result<DryRunReport> {
    let stored = spawn::select(hub, request)?;
    let commands = spawn::agent_commands(hub, request, &stored.config)?;
    let recipe = Recipe::read(hub, request)?;
    if request.start && stored.session.state() == SessionState::Running {
        return waiting(hub, &stored, commands.as_ref());
    }
    let session = &stored.session;
    planned(hub, session, &stored.config, &recipe, commands.as_ref())
}

/// What `hub run` would do. Its baseline is not measured, so no prompt tells it.
///
/// # Errors
/// Those by which `hub run` refuses to begin.
pub fn of_run(hub: &Hub, request: &run::Request) -> Result<DryRunReport> {
    let run::Prepared {
        plan,
        commands,
        recipe,
    } = run::prepare(hub, request)?;
    let now = hub.now();
    let id = SessionId::at(now, 1);
    let config = plan.config(id.clone(), now);
    let session = Session::new(id, now);
    planned(hub, &session, &config, &recipe, Some(&commands))
}

fn command_of(commands: Option<&Commands>, agent: AgentId) -> Option<String> {
    Some(commands?.get(&agent)?.command.clone())
}

/// Agents for whom all is to be made.
fn planned(
    hub: &Hub,
    session: &Session,
    config: &SessionConfig,
    recipe: &Recipe,
    commands: Option<&Commands>,
) -> Result<DryRunReport> {
    hub.check_unicode()?;
    hub.check_running(config.agent_count)?;
    session
        .clone()
        .advance(SessionState::Running, hub.now())
        .map_err(Error::from)?;
    let commit = spawn::start_commit(hub, config)?;
    let branches = spawn::branches(config);
    spawn::check_free(hub, config, &branches)?;
    let prompts = recipe.prompts(hub, config, &commit, &branches)?;
    let agent = |(branch, (prompt, strategy)): (&AttemptBranch, _)| PlannedAgent {
        agent: branch.agent,
        attempt: branch.attempt,
        branch: branch.name(),
        worktree: spawn::worktree_path(hub, config, branch.agent),
        command: command_of(commands, branch.agent),
        strategy,
        prompt,
    };
    Ok(DryRunReport {
        session_id: config.session_id.clone(),
        state: session.state(),
        agents: branches.iter().zip(prompts).map(agent).collect(),
        base_commit: commit,
    })
}

/// Agents for whom all is made and who only wait for their start.
fn waiting(hub: &Hub, stored: &StoredSession, commands: Option<&Commands>) -> Result<DryRunReport> {
    let config = &stored.config;
    let mut agents = Vec::new();
    for agent in start::waiting(&stored.dir, &stored.session) {
        let Some(record) = stored.session.agents().get(&agent) else {
            continue;
        };
        let file = stored.dir.agent(agent).prompt();
        let prompt = beneath::read_to_string(&file).map_err(Error::io("read", file))?;
        let worktree = record.worktree.clone();
        agents.push(PlannedAgent {
            agent,
            attempt: record.attempt,
            branch: record.branch.clone(),
            worktree: worktree.unwrap_or_else(|| spawn::worktree_path(hub, config, agent)),
            command: command_of(commands, agent),
            strategy: record.strategy.clone(),
            prompt,
        });
    }
    Ok(DryRunReport {
        session_id: config.session_id.clone(),
        state: stored.session.state(),
        base_commit: spawn::start_commit(hub, config)?,
        agents,
    })
}
