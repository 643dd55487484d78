//! `hub eval`: measures every attempt and ranks them.

use std::path::PathBuf;

use serde_json::json;

use crate::domain::diff::DiffStat;
use crate::domain::evaluation::{EvaluatedAgent, Evaluation};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::ranking::{self, Contestant, Outcome, Placed};
use crate::domain::refs::CommitId;
use crate::domain::report::{EvalReport, ResultReport};
use crate::domain::session::{Session, SessionConfig};
use crate::domain::state::{AgentStatus, SessionState, TransitionError};
use crate::store::LockedSession;

use super::agents;
use super::announce;
use super::attempts::AttemptInfo;
use super::error::{Error, Result};
use super::hub::Hub;
use super::measure::{Measurement, Variables, session_variables};
use super::ready;

/// Which session to measure.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that runs or is being evaluated where none is named.
    pub session: Option<SessionSelector>,
}

/// Measures the newest attempt of every agent and ranks them.
///
/// # Errors
/// When an agent still runs, the session is at its end, or a signal came. An eval
/// command that fails is a result, not an error.
pub fn run(hub: &Hub, request: &Request) -> Result<EvalReport> {
    let stored = hub.read(
        request.session.as_ref(),
        "running or evaluating",
        |stored| {
            matches!(
                stored.session.state(),
                SessionState::Running | SessionState::Evaluating
            )
        },
    )?;
    let mut session = hub.lock(&stored.config.session_id, "eval")?;
    evaluate(hub, &mut session)
}

pub(super) fn evaluate(hub: &Hub, session: &mut LockedSession) -> Result<EvalReport> {
    if let Some(command) = &session.config().eval_cmd {
        hub.check_trust(command, &session.dir().config_file())?;
    }
    begin(hub, session)?;
    match measure_all(hub, session) {
        Ok(measured) => conclude(hub, session, &measured),
        Err(error) => {
            // Where the scratch worktree cannot go, whoever comes next removes it.
            hub.remove_scratch(&hub.scratch_of(&session.config().session_id))?;
            hub.record(session, Operation::Eval, Phase::TakenBack, json!({}))?;
            Err(hub.cause(error))
        }
    }
}

/// Enters `evaluating`; a session that is there already is measured again.
fn begin(hub: &Hub, session: &mut LockedSession) -> Result<()> {
    let state = session.session().state();
    let enters = state != SessionState::Evaluating;
    if let Some(lost) = agents::first_lost(session.session()) {
        return Err(Error::AgentLost {
            session: session.config().session_id.clone(),
            agent: lost,
        });
    }
    let launch = session.launch()?;
    if let Some(agent) = agents::first_paused(session.session(), launch.as_ref()).filter(|_| enters)
    {
        return Err(Error::from(TransitionError::AgentPaused {
            session: session.config().session_id.clone(),
            agent,
        }));
    }
    if let Some(agent) = agents::awaited(session.session(), launch.as_ref()).first() {
        return Err(Error::from(TransitionError::AgentsActive {
            session: session.config().session_id.clone(),
            agent: *agent,
        }));
    }
    if enters {
        // Asks the machine before the journal is told.
        session
            .session()
            .clone()
            .advance(SessionState::Evaluating, hub.now())?;
    }
    hub.record(
        session,
        Operation::Eval,
        Phase::Begin,
        json!({ "from": state }),
    )?;
    if enters {
        let now = hub.now();
        session.change(|state| {
            state
                .advance(SessionState::Evaluating, now)
                .map_err(Error::from)
        })?;
    }
    Ok(())
}

/// One agent with whatever was found out about it.
struct Measured {
    attempt: AttemptInfo,
    outcome: Outcome,
    measurement: Option<Measurement>,
    uncommitted: usize,
    diff: DiffStat,
}

fn measure_all(hub: &Hub, session: &mut LockedSession) -> Result<Vec<Measured>> {
    let attempts: Vec<AttemptInfo> = hub
        .attempts(session.session())?
        .into_iter()
        .filter(|attempt| attempt.newest)
        .collect();
    let _doing = hub.doing("measuring");
    let mut all = Vec::new();
    for (done, attempt) in attempts.iter().enumerate() {
        hub.interrupt.check()?;
        let what = format!("measuring {}", attempt.agent);
        hub.count(what, Some((done, attempts.len())));
        let measured = measure(hub, session, attempt.clone())?;
        let step = json!({ "agent": attempt.agent, "metric_value": measured.outcome.value() });
        hub.record(session, Operation::Eval, Phase::Step, step)?;
        all.push(measured);
    }
    Ok(all)
}

fn measure(hub: &Hub, session: &LockedSession, attempt: AttemptInfo) -> Result<Measured> {
    let config = session.config();
    let mut measured = Measured {
        outcome: Outcome::Unmeasured,
        measurement: None,
        uncommitted: 0,
        diff: DiffStat::default(),
        attempt,
    };
    let Some(tip) = measured.attempt.tip().cloned() else {
        measured.outcome = Outcome::Disqualified("its branch is gone".to_owned());
        return Ok(measured);
    };
    let base = hub
        .base_of(config, &tip)?
        .ok_or_else(|| Error::NoBaseBranch(config.base_branch.clone()))?;
    measured.diff = hub.repository.diff_stat(&base, &tip)?;
    let agent = measured.attempt.agent;
    let clean_at = worktree_at(hub, session, &measured.attempt, &tip)?;
    measured.uncommitted = clean_at.uncommitted;
    if let Some(reason) = disqualified(session.session(), agent, &base, &tip) {
        measured.outcome = Outcome::Disqualified(reason);
        return Ok(measured);
    }
    let Some(command) = &config.eval_cmd else {
        return Ok(measured);
    };
    let logs = session.dir().agent(agent);
    let mut variables = agent_variables(hub, config, &measured.attempt);
    let launch = session.launch()?.unwrap_or_default();
    // Its own until it is measured: the agent has given its ports back.
    let mut block = None;
    let ports = ready::ports(&launch.ready, &mut block)?;
    variables.extend(ready::port_variables(ports));
    let result = match clean_at.path {
        Some(worktree) => {
            hub.measure_worktree(config, command, agent, &worktree, &logs, variables)?
        }
        None => hub.measure_commit(config, command, &tip, &logs, variables)?,
    };
    measured.outcome = result.outcome.clone();
    measured.measurement = Some(result);
    Ok(measured)
}

/// Why an attempt is out before it is measured.
fn disqualified(
    session: &Session,
    agent: AgentId,
    base: &CommitId,
    tip: &CommitId,
) -> Option<String> {
    let record = session.agents().get(&agent);
    match record.map(|record| (record.status(), &record.run)) {
        Some((status @ (AgentStatus::Failed | AgentStatus::TimedOut), run)) => {
            let exit = run.as_ref().and_then(|run| run.exit);
            let reason = run.as_ref().and_then(|run| run.reason.as_ref());
            return Some(match (reason, exit) {
                (Some(reason), _) => format!("the agent {status}: {reason}"),
                (None, Some(exit)) => format!("the agent {status} with {exit}"),
                (None, None) => format!("the agent {status}"),
            });
        }
        Some((AgentStatus::Cancelled, _)) => return Some("the agent was cancelled".to_owned()),
        _ => {}
    }
    (base == tip).then(|| "it made no commit".to_owned())
}

/// A worktree that shows exactly an attempt's tip, and how much else it holds.
struct CleanWorktree {
    /// `None` where there is none, or where it holds more than the tip.
    path: Option<PathBuf>,
    uncommitted: usize,
}

fn worktree_at(
    hub: &Hub,
    session: &LockedSession,
    attempt: &AttemptInfo,
    tip: &CommitId,
) -> Result<CleanWorktree> {
    let none = |uncommitted| CleanWorktree {
        path: None,
        uncommitted,
    };
    let Some(path) = hub.worktree_of(session.session(), attempt.agent)? else {
        return Ok(none(0));
    };
    let at_tip = hub
        .repository
        .worktrees()?
        .iter()
        .any(|w| w.path == path && !w.missing && w.head.as_ref() == Some(tip));
    if !at_tip {
        return Ok(none(0));
    }
    let evaluation = session.evaluation()?;
    let changes = hub.work_in(&path, evaluation.as_ref(), attempt.agent)?;
    if changes.is_empty() {
        return Ok(CleanWorktree {
            path: Some(path),
            uncommitted: 0,
        });
    }
    hub.warn(format!(
        "{} has uncommitted files ({}); its last commit is measured without them",
        attempt.agent,
        changes.len()
    ));
    Ok(none(changes.len()))
}

fn agent_variables(hub: &Hub, config: &SessionConfig, attempt: &AttemptInfo) -> Variables {
    let mut variables = session_variables(hub, config);
    variables.push(("HUB_AGENT", attempt.agent.to_string().into()));
    variables.push(("HUB_ATTEMPT", attempt.attempt.number().to_string().into()));
    variables
}

/// Ranks, keeps the evaluation, and ends the operation.
fn conclude(hub: &Hub, session: &mut LockedSession, measured: &[Measured]) -> Result<EvalReport> {
    let config = session.config().clone();
    let contestants = measured
        .iter()
        .map(|m| Contestant {
            agent: m.attempt.agent,
            outcome: m.outcome.clone(),
            diff: m.diff,
        })
        .collect();
    let placed = ranking::rank(config.direction(), contestants);
    let results: Vec<ResultReport> = placed
        .iter()
        .filter_map(|placed| {
            let found = measured
                .iter()
                .find(|m| m.attempt.agent == placed.contestant.agent)?;
            Some(result_report(&config, placed, found))
        })
        .collect();
    let evaluation = evaluation(hub, session, measured, &results)?;
    session.set_evaluation(&evaluation)?;
    let winner = evaluation.winner();
    let beats = winner.and_then(|w| Some((w.value?, config.baseline?)));
    let report = EvalReport {
        session: config.session_id.clone(),
        state: session.session().state(),
        eval_cmd: config.eval_cmd.clone(),
        metric: config.metric.clone(),
        direction: config.metric.as_ref().map(|_| config.direction()),
        baseline: config.baseline,
        evaluated: evaluation.evaluated,
        winner: winner.map(|w| w.agent),
        beats_baseline: beats.map(|(value, base)| config.direction().is_better(value, base)),
        results,
    };
    announce::ranking(hub, &config, &report);
    let end = json!({ "winner": report.winner });
    hub.record(session, Operation::Eval, Phase::End, end)?;
    Ok(report)
}

fn evaluation(
    hub: &Hub,
    session: &LockedSession,
    measured: &[Measured],
    results: &[ResultReport],
) -> Result<Evaluation> {
    let before = session.evaluation()?;
    // A run in a checkout of hub's own says nothing of the files in the agent's worktree.
    let left_files = |agent: AgentId| {
        let now = measured.iter().find(|m| m.attempt.agent == agent);
        let earlier = || Some(before.as_ref()?.of(agent)?.left_files.clone());
        now.and_then(|m| m.measurement.as_ref()?.left.clone())
            .or_else(earlier)
            .unwrap_or_default()
    };
    Ok(Evaluation {
        evaluated: hub.now(),
        results: results
            .iter()
            .map(|result| EvaluatedAgent {
                agent: result.agent,
                attempt: result.attempt,
                commit: result.commit.clone(),
                value: result.metric_value,
                rank: result.rank,
                reason: result.reason.clone(),
                left_files: left_files(result.agent),
            })
            .collect(),
    })
}

fn result_report(config: &SessionConfig, placed: &Placed, found: &Measured) -> ResultReport {
    let value = found.outcome.value();
    let measurement = found.measurement.as_ref();
    ResultReport {
        agent: found.attempt.agent,
        attempt: found.attempt.attempt,
        branch: found.attempt.branch(&config.session_id).name(),
        commit: found.attempt.tip().cloned(),
        metric_value: value,
        delta: ranking::delta(value, config.baseline),
        delta_percent: ranking::delta_percent(value, config.baseline),
        rank: placed.rank,
        disqualified: matches!(found.outcome, Outcome::Disqualified(_)),
        reason: found.outcome.reason().map(str::to_owned),
        exit: measurement.map(|m| m.exit),
        elapsed_s: measurement.map(|m| m.elapsed_s),
        stderr: measurement.and_then(|m| m.stderr.clone()),
        uncommitted_files: found.uncommitted,
        put_back: measurement.map(|m| m.put_back.clone()).unwrap_or_default(),
        put_back_snapshot: measurement.and_then(|m| m.kept.clone()),
        diff: found.diff,
    }
}
