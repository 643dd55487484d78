//! `hub init`: a new session, with the baseline of its base commit.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::metric::{Direction, MetricName};
use crate::domain::mode::{self, BadMode, Mode};
use crate::domain::ranking::Outcome;
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::report::InitReport;
use crate::domain::session::{SessionConfig, Task};
use crate::domain::settings::AgentCount;
use crate::git;
use crate::process::program;
use crate::store::{LockedSession, current_user};

use super::error::{Error, Result};
use super::hub::Hub;
use super::{parent, prompts};

/// What a new session is about; what is `None` comes from the settings.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session that this is the next round of: its winner is where every attempt starts,
    /// and it stands before the settings for what is `None` here.
    pub from: Option<SessionSelector>,
    /// What the agents are asked to do; only beside `from` it may be `None`.
    pub task: Option<Task>,
    /// How many agents try it.
    pub agents: Option<AgentCount>,
    /// Where the winner goes, and where every attempt starts where `from` is `None`.
    pub base_branch: Option<BranchName>,
    /// The command that measures a result.
    pub eval_cmd: Option<String>,
    /// The number that it prints.
    pub metric: Option<MetricName>,
    /// Which way the number is better.
    pub direction: Option<Direction>,
    /// Whether the base commit is measured.
    pub baseline: bool,
    /// How its agents stand to each other.
    pub mode: Mode,
    /// The file with the part of each agent, in an ensemble.
    pub subtasks: Option<PathBuf>,
}

/// A request that was checked against the repository; nothing was made yet.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    task: Task,
    pub agents: u32,
    base_branch: BranchName,
    pub base_commit: CommitId,
    eval_cmd: Option<String>,
    metric: Option<MetricName>,
    direction: Option<Direction>,
    baseline: bool,
    parent: Option<SessionId>,
    pub mode: Mode,
    subtasks: Vec<String>,
}

impl Plan {
    /// The number by which results are ranked.
    pub fn metric(&self) -> Option<&MetricName> {
        self.metric.as_ref()
    }

    /// What the session would be about; its baseline is not measured yet.
    pub fn config(&self, session_id: SessionId, created: DateTime<Utc>) -> SessionConfig {
        SessionConfig {
            session_id,
            task: self.task.clone(),
            agent_count: self.agents,
            base_branch: self.base_branch.clone(),
            base_commit: Some(self.base_commit.clone()),
            created,
            eval_cmd: self.eval_cmd.clone(),
            metric: self.metric.clone(),
            direction: self.direction,
            baseline: None,
            owner: Some(current_user()),
            parent: self.parent.clone(),
            mode: self.mode,
            subtasks: self.subtasks.clone(),
        }
    }
}

/// Makes the session and measures its baseline.
///
/// # Errors
/// When the request cannot be meant in this repository, or making the session fails:
/// then there is no new session. A baseline that cannot be measured is told in the
/// outcome and is no error.
pub fn run(hub: &Hub, request: Request) -> Result<InitReport> {
    let plan = plan(hub, request)?;
    let (session, baseline_problem) = execute(hub, &plan)?;
    Ok(InitReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        config: session.config().clone(),
        baseline_problem,
        path: session.dir().path().to_path_buf(),
    })
}

/// Checks the whole request before anything is made.
pub(super) fn plan(hub: &Hub, request: Request) -> Result<Plan> {
    hub.check_unicode()?;
    let parent = request.from.as_ref().map(|from| parent::find(hub, from));
    let parent = parent.transpose()?;
    let of_parent = parent.as_ref().map(|parent| &parent.config);
    let settings = &hub.settings;
    let task = request.task.or_else(|| Some(of_parent?.task.clone()));
    let task = task.ok_or(Error::NoTask)?;
    let agents = request.agents.map(AgentCount::get);
    let subtasks = subtasks(hub, request.mode, request.subtasks.as_deref(), agents)?;
    let divided = u32::try_from(subtasks.len())
        .ok()
        .filter(|parts| *parts > 0);
    let agents = agents.or(divided).or_else(|| Some(of_parent?.agent_count));
    let agents = agents.unwrap_or_else(|| settings.agents.unwrap_or_default().get());
    hub.check_agents(agents)?;
    // Asked again when it is made; until then somebody else may make one, too.
    hub.check_new_session()?;
    let eval_cmd = match (request.eval_cmd, &parent) {
        (None, Some(parent)) => parent.eval_cmd(hub)?,
        (given, _) => given,
    };
    let eval_cmd = eval_cmd.or_else(|| settings.eval_cmd.clone());
    let metric = request.metric.or_else(|| of_parent?.metric.clone());
    let metric = metric.or_else(|| settings.metric.clone());
    let direction = request.direction.or_else(|| of_parent?.direction);
    let direction = direction.or(settings.direction);
    if eval_cmd.is_none() && metric.is_some() {
        return Err(Error::MetricWithoutCommand);
    }
    if metric.is_none() && request.direction.is_some() {
        return Err(Error::DirectionWithoutMetric);
    }
    let named = request.base_branch;
    let named = named.or_else(|| Some(of_parent?.base_branch.clone()));
    let (base_branch, tip) = base(hub, named.or_else(|| settings.base_branch.clone()))?;
    if let Some(parent::Parent { config, winner, .. }) = &parent {
        hub.note(format!("from {winner} of session {}", config.session_id));
    }
    let base_commit = parent.as_ref().map_or(tip, |parent| parent.tip.clone());
    let eval_cmd = eval_cmd
        .map(|command| resolve(hub, "eval command", &command, &base_commit))
        .transpose()?;
    Ok(Plan {
        task,
        agents,
        base_branch,
        base_commit,
        eval_cmd,
        direction: metric.as_ref().map(|_| direction.unwrap_or_default()),
        metric,
        baseline: request.baseline,
        parent: parent.map(|parent| parent.config.session_id),
        mode: request.mode,
        subtasks,
    })
}

/// The part of each agent; none but in an ensemble.
fn subtasks(
    hub: &Hub,
    mode: Mode,
    file: Option<&Path>,
    agents: Option<u32>,
) -> Result<Vec<String>> {
    let file = match (mode, file) {
        (Mode::Ensemble, Some(file)) => file,
        (Mode::Ensemble, None) => return Err(BadMode::NoSubtasks.into()),
        (_, Some(_)) => return Err(BadMode::SubtasksWith(mode).into()),
        (_, None) => return Ok(Vec::new()),
    };
    let (name, text) = prompts::read_text(hub, file)?;
    let parts = mode::subtasks(&text).map_err(|why| BadMode::List { name, why })?;
    match agents {
        Some(agents) if agents as usize != parts.len() => Err(BadMode::OtherCount {
            agents,
            subtasks: parts.len(),
        }
        .into()),
        _ => Ok(parts),
    }
}

/// The base branch, by its name or the one that is checked out, with its tip.
fn base(hub: &Hub, named: Option<BranchName>) -> Result<(BranchName, CommitId)> {
    let head = || hub.repository.head_branch();
    let base_branch = match named {
        Some(branch) => branch,
        None => head()?.ok_or(Error::NoCurrentBranch)?,
    };
    match hub.repository.branch_tip(&base_branch)? {
        Some(commit) => Ok((base_branch, commit)),
        // In a repository that was just made, HEAD names a branch that is not there yet.
        None if head()?.as_ref() == Some(&base_branch) => {
            Err(git::Error::UnbornBranch(base_branch).into())
        }
        None => Err(Error::NoBaseBranch(base_branch)),
    }
}

/// Checks that a command's program is found and that it is this user's own.
pub(super) fn resolve(
    hub: &Hub,
    what: &'static str,
    command: &str,
    commit: &CommitId,
) -> Result<String> {
    hub.check_setting_trust(command)?;
    let in_tree = |path: &Path| hub.repository.tree_has(commit, path).unwrap_or(false);
    let resolved = program::resolve(what, command, hub.folder(), in_tree)?;
    if resolved != command {
        hub.note(format!(
            "{command:?} is not in commit {}; the {what} is {resolved:?}",
            commit.short()
        ));
    }
    Ok(resolved)
}

/// Makes the session; it stays locked.
pub(super) fn execute(hub: &Hub, plan: &Plan) -> Result<(LockedSession, Option<String>)> {
    hub.dir.create()?;
    let one_more = hub.lock_new_session()?;
    hub.check_new_session()?;
    let now = hub.now();
    let mut session = LockedSession::create(&hub.dir, now, |id| plan.config(id, now))?;
    drop(one_more);
    match finish(hub, &mut session, plan) {
        Ok(problem) => Ok((session, problem)),
        Err(error) => {
            take_back(hub, session)?;
            Err(hub.cause(error))
        }
    }
}

fn finish(hub: &Hub, session: &mut LockedSession, plan: &Plan) -> Result<Option<String>> {
    let problem = if plan.baseline {
        measure_baseline(hub, session, &plan.base_commit)?
    } else {
        None
    };
    // All of it, so that a file that is damaged later can be made anew.
    let config = session.config();
    let detail = json!({ "baseline": config.baseline, "problem": problem, "config": config });
    hub.record(session, Operation::Init, Phase::End, detail)?;
    Ok(problem)
}

/// Measures the base commit; returns why there is no baseline, where there is none.
fn measure_baseline(
    hub: &Hub,
    session: &mut LockedSession,
    commit: &CommitId,
) -> Result<Option<String>> {
    let config = session.config().clone();
    let (Some(command), Some(_)) = (&config.eval_cmd, &config.metric) else {
        return Ok(None);
    };
    let _doing = hub.doing("measuring the baseline");
    let logs = session.dir().baseline_dir();
    let measured = hub.measure_base(&config, command, commit, &logs)?;
    hub.drop_empty_folders(&config.session_id);
    match measured.outcome {
        Outcome::Value(value) => {
            session.set_baseline(value)?;
            Ok(None)
        }
        outcome => {
            let reason = outcome
                .reason()
                .unwrap_or("nothing was measured")
                .to_owned();
            Ok(Some(match measured.stderr {
                Some(stderr) => format!("{reason}: {stderr}"),
                None => reason,
            }))
        }
    }
}

/// Removes a session that was never finished: nothing of the user's is in it yet.
pub(super) fn take_back(hub: &Hub, session: LockedSession) -> Result<()> {
    let id = session.config().session_id.clone();
    hub.remove_scratches(&id)?;
    hub.drop_empty_folders(&id);
    session.dir().remove(&hub.dir)?;
    // Only now may others look for it.
    drop(session);
    Ok(())
}
