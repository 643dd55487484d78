//! `hub spawn`: branches, worktrees and prompts, then the agents themselves.

mod making;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::effects::{EFFECTS, Effects, Standing, WorktreeMove};
use crate::domain::event::{Detail, Operation, Phase, Unfinished};
use crate::domain::id::{AgentId, Attempt, SessionSelector};
use crate::domain::launch::{AgentLaunch, Launch, Needs, Stdin};
use crate::domain::preset::PresetChoice;
use crate::domain::refs::{AttemptBranch, BranchName, CommitId};
use crate::domain::report::{SpawnReport, SpawnedAgent};
use crate::domain::security::SecurityLayer;
use crate::domain::session::{AgentRecord, SessionConfig};
use crate::domain::state::SessionState;
use crate::git::{self, RefChange, Removal, Worktree};
use crate::store::{LockedSession, StoredSession, atomic};

use super::error::{Error, Result};
use super::hub::Hub;
use super::moves::made;
use super::prompts::{Recipe, Strategies};
use super::{announce, comeback, init, presets, ready, security, start, worktrees};

/// What others are told of a worktree while it is being made.
pub(super) const MAKING: &str = "hub is making it";

/// How a session's agents are made and started.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session; the newest in `init` where none is named.
    pub session: Option<SessionSelector>,
    /// The command that is run as each agent.
    pub agent_cmd: Option<String>,
    /// The presets that agents are run by, instead of a command.
    pub presets: Option<PresetChoice>,
    /// What they find on their stdin; what their preset says where nothing is.
    pub stdin: Option<Stdin>,
    /// A built-in template's name, or a file.
    pub template: Option<String>,
    /// Lines that make prompts differ: the first for agent-1, and round again.
    pub strategies: Strategies,
    /// Whether the agents are started, too.
    pub start: bool,
    /// How they are run; the commands come from `agent_cmd`, and how far they are held from
    /// `security` and the settings.
    pub launch: Launch,
    /// How far they are held, where it is said.
    pub security: SecurityLayer,
}

/// Makes what a session's agents need and starts them.
///
/// On a session that is `running` already, the agents that are still pending are started.
///
/// # Errors
/// When something stands in the way; then nothing was made. Agents that run already go on.
pub fn run(hub: &Hub, request: &Request) -> Result<SpawnReport> {
    let stored = select(hub, request)?;
    let commands = agent_commands(hub, request, &stored.config)?;
    let recipe = Recipe::read(hub, request)?;
    let mut session = hub.lock(&stored.config.session_id, "spawn")?;
    let resumes = session.session().state() == SessionState::Running && request.start;
    if !resumes {
        make(hub, &mut session, &recipe)?;
    } else if start::waiting(session.dir(), session.session()).is_empty() {
        hub.note("every agent was started before; there is nothing to start");
    }
    if let Some(commands) = commands {
        start(hub, &mut session, request, &recipe, &commands)?;
    }
    report(&session)
}

/// The session that is meant.
pub(super) fn select(hub: &Hub, request: &Request) -> Result<StoredSession> {
    let wanted = "in init, or running with agents that wait";
    hub.read(request.session.as_ref(), wanted, |stored| {
        let state = stored.session.state();
        state == SessionState::Init
            || request.start
                && state == SessionState::Running
                && !start::waiting(&stored.dir, &stored.session).is_empty()
    })
}

/// Keeps how the agents that wait are to be run, and starts as many as may run at once.
pub(super) fn start(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
    recipe: &Recipe,
    commands: &Commands,
) -> Result<()> {
    let mut launch = request.launch.clone();
    launch.template = Some(recipe.template.clone());
    if let Some(before) = session.launch()? {
        launch.agents = before.agents;
    }
    launch.ready = ready::wanted(hub, session, &request.launch.ready)?;
    launch.security = security::of_spawn(hub, session, &request.security)?;
    for agent in start::waiting(session.dir(), session.session()) {
        if let Some(command) = commands.get(&agent) {
            launch.agents.insert(agent, command.clone());
        } else if let Some(before) = launch.agents.get(&agent) {
            // It would be started, too, and nobody has said by what.
            hub.check_trust(&before.command, &session.dir().launch_file())?;
        }
    }
    security::tell(hub, &launch);
    session.set_launch(&launch)?;
    start::start_waiting(hub, session)
}

/// What each agent runs.
pub(super) type Commands = BTreeMap<AgentId, AgentLaunch>;

/// The commands of the agents, checked; `None` when they are not to be started.
pub(super) fn agent_commands(
    hub: &Hub,
    request: &Request,
    config: &SessionConfig,
) -> Result<Option<Commands>> {
    if !request.start {
        return Ok(None);
    }
    ready::check(hub, &request.launch.ready)?;
    security::wanted(hub, &request.security)?;
    let commit = start_commit(hub, config)?;
    let agents: Vec<AgentId> = config.agents().collect();
    commands_of(hub, request, &agents, &commit).map(Some)
}

/// The commands of some agents, by presets or all the same, checked.
pub(super) fn commands_of(
    hub: &Hub,
    request: &Request,
    agents: &[AgentId],
    commit: &CommitId,
) -> Result<Commands> {
    if let Some(choice) = &request.presets {
        return presets::launches(hub, choice, request.stdin, agents, commit);
    }
    let command = request
        .agent_cmd
        .clone()
        .or_else(|| hub.settings.agent_cmd.clone())
        .ok_or(Error::NoAgentCommand)?;
    let command = init::resolve(hub, "agent command", &command, commit)?;
    let launch = AgentLaunch {
        command,
        preset: None,
        stdin: request.stdin.unwrap_or_default(),
        needs: Needs::default(),
    };
    Ok(agents
        .iter()
        .map(|agent| (*agent, launch.clone()))
        .collect())
}

/// The commit that new attempts start from.
pub(super) fn start_commit(hub: &Hub, config: &SessionConfig) -> Result<CommitId> {
    match &config.base_commit {
        Some(commit) => Ok(commit.clone()),
        None => hub.base_tip(config),
    }
}

/// The first attempt's branch of every agent.
pub(super) fn branches(config: &SessionConfig) -> Vec<AttemptBranch> {
    config
        .agents()
        .map(|agent| AttemptBranch {
            session: config.session_id.clone(),
            agent,
            attempt: Attempt::FIRST,
        })
        .collect()
}

/// Branches, worktrees and prompts: all of them, or none.
pub(super) fn make(hub: &Hub, session: &mut LockedSession, recipe: &Recipe) -> Result<()> {
    hub.check_unicode()?;
    // Asks the state machine before anything is made.
    let mut rehearsal = session.session().clone();
    rehearsal.advance(SessionState::Running, hub.now())?;

    let config = session.config().clone();
    let commit = start_commit(hub, &config)?;
    let branches = branches(&config);
    let prompts = recipe.prompts(hub, &config, &commit, &branches)?;
    let lock = hub.lock_repository("spawn")?;
    hub.check_running(config.agent_count)?;
    check_free(hub, &config, &branches)?;
    let effects = effects(hub, &config, &commit, &branches).told();
    let intent = json!({ "agents": branches.len(), "base_commit": commit, EFFECTS: effects });
    let moves = branches.iter().map(|branch| made(&branch.name(), &commit));
    hub.record_moves(
        session,
        Operation::Spawn,
        Phase::Begin,
        intent,
        moves.collect(),
    )?;
    let mut finished = Vec::new();
    let stand = making::worktrees(hub, session, &commit, &branches, &mut finished)
        .and_then(|()| enlist(hub, session, &branches, prompts));
    drop(lock);
    if let Err(error) = stand {
        if session.session().state() != SessionState::Init {
            // All stands, and the state says so: whoever comes next ends it.
            return Err(error);
        }
        take_back(hub, session, &branches, &finished)?;
        hub.record(session, Operation::Spawn, Phase::TakenBack, json!({}))?;
        return Err(hub.cause(error));
    }
    let agents: Vec<AgentId> = config.agents().collect();
    announce::dispatch(hub, session, &agents);
    hub.record(session, Operation::Spawn, Phase::End, json!({}))
}

/// What a spawn comes to, beyond the refs.
fn effects(
    hub: &Hub,
    config: &SessionConfig,
    commit: &CommitId,
    branches: &[AttemptBranch],
) -> Effects {
    let made = |branch: &AttemptBranch| WorktreeMove {
        agent: branch.agent,
        path: worktree_path(hub, config, branch.agent),
        old: None,
        new: Some(Standing {
            branch: Some(branch.name()),
            commit: commit.clone(),
            snapshot: None,
        }),
    };
    Effects {
        worktrees: branches.iter().map(made).collect(),
        ..Effects::of_state(SessionState::Init, SessionState::Running)
    }
}

/// Nothing may stand where the branches and worktrees are to be.
pub(super) fn check_free(
    hub: &Hub,
    config: &SessionConfig,
    branches: &[AttemptBranch],
) -> Result<()> {
    // git cannot hold a branch `hub` beside a branch `hub/…`.
    for name in [
        AttemptBranch::ROOT.to_owned(),
        format!("{}/{}", AttemptBranch::ROOT, config.session_id),
    ] {
        let name: BranchName = name.parse()?;
        if hub.repository.branch_tip(&name)?.is_some() {
            return Err(git::Error::BranchExists { name }.into());
        }
    }
    for branch in branches {
        let name = branch.name();
        if hub.repository.branch_tip(&name)?.is_some() {
            return Err(git::Error::BranchExists { name }.into());
        }
        let path = worktree_path(hub, config, branch.agent);
        comeback::check_empty(&path)?;
    }
    Ok(())
}

/// Where the worktree of an agent is made.
pub(super) fn worktree_path(hub: &Hub, config: &SessionConfig, agent: AgentId) -> PathBuf {
    hub.worktrees_of(&config.session_id).join(agent.to_string())
}

/// Writes the prompts and walks `init → running`, the last step of spawning.
fn enlist(
    hub: &Hub,
    session: &mut LockedSession,
    branches: &[AttemptBranch],
    prompts: Vec<(String, Option<String>)>,
) -> Result<()> {
    let config = session.config().clone();
    let mut agents = BTreeMap::new();
    for (branch, (prompt, strategy)) in branches.iter().zip(prompts) {
        let folder = session.dir().agent(branch.agent);
        folder.create()?;
        atomic::replace(&folder.prompt(), prompt.as_bytes())?;
        let worktree = worktree_path(hub, &config, branch.agent);
        agents.insert(
            branch.agent,
            AgentRecord::pending(branch, worktree, strategy),
        );
    }
    let now = hub.now();
    session.change(|state| state.enlist(agents, now).map_err(Error::from))
}

/// Removes the branches and worktrees of a spawn that was not finished.
///
/// A branch that moved since, or a worktree that was `finished` and holds something by now,
/// stays: then it is somebody's work. One that git had not finished is locked, and is looked at
/// closely: it holds a checkout that was cut off, and what somebody was quick to put into it.
pub(super) fn take_back(
    hub: &Hub,
    session: &mut LockedSession,
    branches: &[AttemptBranch],
    finished: &[AgentId],
) -> Result<()> {
    let config = session.config().clone();
    let commit = start_commit(hub, &config)?;
    let worktrees = hub.repository.worktrees()?;
    let _lock = hub.lock_repository("taking back a spawn")?;
    for branch in branches {
        let path = worktree_path(hub, &config, branch.agent);
        let registered = worktrees.iter().find(|worktree| worktree.path == path);
        let name = branch.name();
        let tip = hub.repository.branch_tip(&name)?;
        if tip.as_ref().is_some_and(|tip| *tip != commit) {
            hub.warn(format!(
                "{name} stays: it was moved while it was being made"
            ));
            continue;
        }
        if let Some(found) = registered {
            // Whoever can come into it may work in it, whether the journal tells of it or not.
            let how = if finished.contains(&branch.agent) || found.locked.is_none() {
                Removal::Checked
            } else {
                Removal::Scratch
            };
            if let Some(why) = remove_unworked(hub, found, how, &commit)? {
                hub.warn(format!("{} stays: {why}", path.display()));
                if found.branch.as_ref() == Some(&name) {
                    continue;
                }
            }
        }
        if tip.is_some() {
            let gone = RefChange {
                name: name.full(),
                from: tip,
                to: None,
            };
            hub.change_refs(session, Operation::Spawn, &[gone], "hub: spawn taken back")?;
        }
    }
    hub.drop_empty_folders(&config.session_id);
    Ok(())
}

/// Removes a worktree unless it holds work, or commits that nothing else reaches; tells then why.
///
/// # Errors
/// When that failed, which is to be tried again.
fn remove_unworked(
    hub: &Hub,
    found: &Worktree,
    how: Removal,
    commit: &CommitId,
) -> Result<Option<String>> {
    let repository = &hub.repository;
    let named = repository.named_by(&found.path)?;
    if let Some(commit) = repository.unreachable(&named)?.first() {
        return Ok(Some(format!("it alone holds commit {}", commit.short())));
    }
    if how == Removal::Scratch
        && let Some(held) = worktrees::held_beside(hub, &found.path, &[commit])?
    {
        return Ok(Some(held));
    }
    match repository.remove_worktree(&found.path, how) {
        Ok(()) => Ok(None),
        Err(error) if error.code() == Code::Failed => Err(error.into()),
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// The agents whose worktrees a spawn had finished, by the steps in its journal.
pub(super) fn finished_worktrees(unfinished: &Unfinished) -> Vec<AgentId> {
    let agent = |step: &Detail| step.get("agent")?.as_str()?.parse().ok();
    unfinished.steps.iter().filter_map(agent).collect()
}

/// What was made for the agents of a session.
pub(super) fn report(session: &LockedSession) -> Result<SpawnReport> {
    let launch = session.launch()?.unwrap_or_default();
    let agents = session
        .session()
        .agents()
        .iter()
        .map(|(agent, record)| SpawnedAgent {
            agent: *agent,
            status: record.status(),
            attempt: record.attempt,
            branch: record.branch.clone(),
            worktree: record.worktree.clone().unwrap_or_default(),
            prompt_file: session.dir().agent(*agent).prompt(),
            strategy: record.strategy.clone(),
            preset: launch.preset_of(*agent).cloned(),
            supervisor_pid: record.run.as_ref().map(|run| run.supervisor.pid),
        })
        .collect();
    Ok(SpawnReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        agents,
    })
}
