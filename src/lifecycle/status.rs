//! `hub status`: a session with everything that git and the processes say of it.

mod next;

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::domain::evaluation::{EvaluatedAgent, Evaluation};
use crate::domain::event;
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::launch::Launch;
use crate::domain::refs::CommitId;
use crate::domain::report::{AgentReport, BaseNow, StateReport, StatusReport, StoredAgent};
use crate::domain::session::{Session, SessionConfig};
use crate::git::Worktree;
use crate::process::{heartbeat, logs};
use crate::store::StoredSession;

use super::agents::{self, Seen, elapsed_s};
use super::attempts::AttemptInfo;
use super::error::Result;
use super::hub::Hub;
use super::outside;
use super::worktrees::{AgentWorktree, LeftByEval};
use super::{board, security};

/// How many posts of the board are shown.
const POSTS: usize = 3;

/// Describes a session; the newest where none is named.
///
/// # Errors
/// When the session cannot be read, or git cannot.
pub fn run(hub: &Hub, selector: Option<&SessionSelector>) -> Result<StatusReport> {
    let seen = Seen::look(&hub.dir, hub.find(selector, "", |_| true)?)?;
    let stored = &seen.stored;
    let left = LeftByEval::of(stored.clone())?;
    let evaluation = left.evaluation();
    let launch = stored.launch()?;
    let security = launch.as_ref().map(|launch| security::shown(hub, launch));
    let launch = launch.unwrap_or_default();
    let mut agents = agent_reports(hub, &seen, &left, &launch)?;
    let base_now = foresee(hub, stored, &mut agents)?;
    let events = stored.events()?;
    let unfinished = event::unfinished(&events);
    let posts = board::latest(hub, stored, POSTS)
        .inspect_err(|error| hub.warn(format!("the board is passed over: {error}")))
        .unwrap_or_default();
    let next = next::command(stored, &launch, &agents, evaluation);
    let (next, next_reason) = next.unzip();
    Ok(StatusReport {
        state: state_report(&stored.session),
        winner: evaluation
            .and_then(|e| e.winner(stored.config.direction(), stored.config.baseline))
            .map(|w| w.agent),
        base_now,
        security,
        unfinished: unfinished.map(|u| u.operation.as_str().to_owned()),
        outside: outside::summaries(&events),
        posts,
        next,
        next_reason,
        agents,
        config: seen.stored.config,
    })
}

/// The base branch now, and how each agent's work would merge into it, until the session's end.
fn foresee(
    hub: &Hub,
    stored: &StoredSession,
    agents: &mut [AgentReport],
) -> Result<Option<BaseNow>> {
    if stored.session.state().is_terminal() {
        return Ok(None);
    }
    let base = hub.base_now(&stored.config)?;
    let tips: Vec<Option<CommitId>> = agents.iter().map(|agent| agent.commit.clone()).collect();
    let outlooks = hub.outlooks(base.as_ref(), &tips);
    for (agent, outlook) in agents.iter_mut().zip(outlooks) {
        agent.merge = outlook;
    }
    Ok(base)
}

/// The agents with what git knows of their work. It looks at the worktrees, which takes longest,
/// beside all else.
fn agent_reports(
    hub: &Hub,
    seen: &Seen,
    left: &LeftByEval,
    launch: &Launch,
) -> Result<Vec<AgentReport>> {
    let stored = &seen.stored;
    let worktrees: BTreeMap<AgentId, AgentWorktree> = hub
        .worktrees_of_agents(&stored.session)?
        .into_iter()
        .map(|found| (found.agent, found))
        .collect();
    let mut attempts = hub.attempts(&stored.session)?;
    attempts.retain(|attempt| attempt.newest);
    let shown = attempts
        .iter()
        .filter_map(|attempt| worktrees.get(&attempt.agent));
    let present: Vec<&AgentWorktree> = shown.filter(|found| !found.worktree.missing).collect();
    let (work, reports) = hub.work_in_all(&present, left, || {
        let reports = attempts.iter().map(|attempt| {
            let worktree = worktrees.get(&attempt.agent).map(|found| &found.worktree);
            let report = agent_report(hub, seen, left.evaluation(), attempt, worktree)?;
            Ok(AgentReport {
                preset: launch.preset_of(attempt.agent).cloned(),
                held: launch_holds(stored, attempt.agent, launch),
                ..report
            })
        });
        reports.collect::<Result<Vec<_>>>()
    })?;
    let mut reports = reports?;
    for (found, work) in present.into_iter().zip(work) {
        // A worktree that cannot be looked at is not known to be clean.
        let work = work.inspect_err(|error| hub.warn(error.to_string())).ok();
        if let Some(report) = reports
            .iter_mut()
            .find(|report| report.agent == found.agent)
        {
            report.uncommitted_files = work.map(|changes| changes.len());
        }
    }
    Ok(reports)
}

fn launch_holds(stored: &StoredSession, agent: AgentId, launch: &Launch) -> bool {
    let record = stored.session.agents().get(&agent);
    record.is_some_and(|record| agents::is_held(agent, record, launch))
}

/// What of a session is worth showing again: all but the time that passes.
#[must_use]
pub fn changing(report: &StatusReport) -> StatusReport {
    let mut report = report.clone();
    for agent in &mut report.agents {
        agent.elapsed_s = None;
        agent.heartbeat = None;
        agent.last_output = None;
    }
    report
}

fn state_report(session: &Session) -> StateReport {
    StateReport {
        session_id: session.id.clone(),
        state: session.state(),
        created: session.created,
        updated: session.updated,
        agents: session
            .agents()
            .iter()
            .map(|(agent, record)| {
                let stored = StoredAgent {
                    status: record.status(),
                    attempt: record.attempt,
                    branch: record.branch.clone(),
                    worktree: record.worktree.clone(),
                };
                (*agent, stored)
            })
            .collect(),
    }
}

/// All but what is uncommitted.
fn agent_report(
    hub: &Hub,
    seen: &Seen,
    evaluation: Option<&Evaluation>,
    attempt: &AttemptInfo,
    worktree: Option<&Worktree>,
) -> Result<AgentReport> {
    let stored = &seen.stored;
    let agent = attempt.agent;
    let record = stored.session.agents().get(&agent);
    let result = evaluation.and_then(|all| all.of(agent));
    let tip = match attempt.tip().cloned() {
        Some(tip) => Some(tip),
        None => measured_commit(hub, result, attempt),
    };
    let run = record.and_then(|record| record.run.as_ref());
    let tokens = run.map(|run| run.tokens).unwrap_or_default();
    let usage = run.and_then(|run| run.usage);
    let folder = stored.dir.agent(agent);
    let mut report = AgentReport {
        agent,
        status: record.map(|record| seen.status(agent, record)),
        attempt: attempt.attempt,
        branch: attempt.branch(&stored.config.session_id).name(),
        worktree: worktree.map(|worktree| worktree.path.clone()),
        missing: is_missing(stored, agent, worktree),
        commit: tip.clone(),
        commits_ahead: None,
        diff: None,
        uncommitted_files: None,
        metric_value: result.and_then(|result| result.value),
        rank: result.and_then(|result| result.rank),
        last_update: None,
        last_message: None,
        exit: run.and_then(|run| run.exit),
        reason: run.and_then(|run| run.reason.clone()),
        timed_out: run.and_then(|run| run.timed_out),
        ports: run.map(|run| run.ports.clone()).unwrap_or_default(),
        elapsed_s: record.and_then(|record| elapsed_s(record, hub.now())),
        preset: None,
        tokens_in: tokens.tokens_in,
        tokens_out: tokens.tokens_out,
        cost_usd: tokens.cost_usd,
        cpu_s: usage.and_then(|usage| usage.cpu_s),
        peak_memory_bytes: usage.and_then(|usage| usage.peak_memory_bytes),
        heartbeat: run.and_then(|_| heartbeat::last(&folder.heartbeat())),
        last_output: run.and_then(|_| logs::last_output(&[folder.stdout(), folder.stderr()])),
        strategy: record.and_then(|record| record.strategy.clone()),
        held: false,
        merge: None,
    };
    if let Some(tip) = tip {
        describe_work(hub, &stored.config, &tip, &mut report)?;
    }
    Ok(report)
}

/// What a tip has beyond the base commit; where that is not known, neither is this.
fn describe_work(
    hub: &Hub,
    config: &SessionConfig,
    tip: &CommitId,
    report: &mut AgentReport,
) -> Result<()> {
    let Some(base) = hub.base_of(config, tip)? else {
        return Ok(());
    };
    let (ahead, _) = hub.repository.ahead_behind(&base, tip)?;
    report.commits_ahead = Some(ahead);
    report.diff = Some(hub.repository.diff_stat(&base, tip)?);
    if ahead > 0 {
        let commit = hub.repository.commit(tip)?;
        report.last_update = DateTime::from_timestamp(commit.time, 0);
        report.last_message = Some(commit.subject);
    }
    Ok(())
}

/// The commit of an attempt that has neither branch nor tag any more: it was merged.
pub(super) fn measured_commit(
    hub: &Hub,
    result: Option<&EvaluatedAgent>,
    attempt: &AttemptInfo,
) -> Option<CommitId> {
    let commit = result
        .filter(|result| result.attempt == attempt.attempt)
        .and_then(|result| result.commit.clone())?;
    hub.repository.commit(&commit).is_ok().then_some(commit)
}

/// Whether a worktree should be there and is not: until its session is at its end.
fn is_missing(stored: &StoredSession, agent: AgentId, worktree: Option<&Worktree>) -> bool {
    if let Some(worktree) = worktree {
        return worktree.missing;
    }
    let record = stored.session.agents().get(&agent);
    !stored.session.state().is_terminal() && record.is_some_and(|r| r.worktree.is_some())
}
