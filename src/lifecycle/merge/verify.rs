//! Whether a merged tree stands its test, before the base branch moves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::evaluation::{EvaluatedAgent, Evaluation};
use crate::domain::merging::BadMerge;
use crate::domain::metric::MetricName;
use crate::domain::mode::Mode;
use crate::domain::ranking::Outcome;
use crate::domain::report::VerifyReport;
use crate::domain::resources::TimeLimit;
use crate::domain::session::SessionConfig;
use crate::domain::verification::{RunnerUp, VerificationFailed};
use crate::lifecycle::candidates::Candidate;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::measure::{Measurement, Run, Variables, session_variables};
use crate::lifecycle::{ready, walls};
use crate::process::logs;
use crate::process::ports::PortBlock;
use crate::store::StoredSession;

use super::{How, Request, VerifyBy};

/// By what a merged tree is verified.
pub(super) struct Verification {
    by: VerifyBy,
    pub command: String,
    /// The number that it must print.
    metric: Option<MetricName>,
    limit: Option<Duration>,
    /// As it was given.
    timeout: Option<TimeLimit>,
}

impl Verification {
    /// What was asked for, as far as this user may run it.
    pub fn of(hub: &Hub, stored: &StoredSession, request: &Request) -> Result<Option<Self>> {
        let Some(by) = request.verify.clone() else {
            return Ok(None);
        };
        let config = &stored.config;
        let (command, metric, before) = match &by {
            VerifyBy::Command(command) => (command.clone(), None, None),
            VerifyBy::EvalCommand => {
                let none = || BadMerge::NothingToVerifyBy(config.session_id.clone());
                let command = config.eval_cmd.clone().ok_or_else(none)?;
                hub.check_trust(&command, &stored.dir.config_file())?;
                let runs = stored.newest_runs()?;
                let before = runs.and_then(|record| record.plan.conditions.timeout);
                (command, config.metric.clone(), before)
            }
        };
        let timeout = request.verify_timeout;
        Ok(Some(Self {
            by,
            command,
            metric,
            limit: timeout.or(before).map(TimeLimit::duration),
            timeout,
        }))
    }

    /// The options by which it was asked for.
    pub fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(timeout) = self.timeout {
            let seconds = timeout.duration().as_secs_f64();
            options.extend(["--verify-timeout".to_owned(), format!("{seconds}s")]);
        }
        options.push("--verify".to_owned());
        if let VerifyBy::Command(command) = &self.by {
            options.push(command.clone());
        }
        options
    }
}

/// Runs what was asked for in the checkout of the merged tree.
///
/// # Errors
/// When the tree does not stand it, the command cannot be started, or a signal came.
pub(super) fn verify(
    hub: &Hub,
    stored: &StoredSession,
    scratch: &Path,
    candidates: &[Candidate],
    how: &How,
) -> Result<Option<VerifyReport>> {
    let Some(verification) = &how.verification else {
        return Ok(None);
    };
    hub.count(format!("verifying with {}", verification.command), None);
    let folder = stored.dir.verify_dir();
    folder.create()?;
    let mut ports = None;
    let (stdout, stderr) = (folder.stdout(), folder.stderr());
    let logs = [stdout.clone(), stderr.clone()];
    let walls = walls::around_command(hub, stored, &verification.command, scratch, logs)?;
    let run = Run {
        command: &verification.command,
        folder: scratch.to_path_buf(),
        variables: variables(hub, stored, candidates, &mut ports)?,
        stdout: stdout.clone(),
        stderr: stderr.clone(),
        limit: verification.limit,
        metric: verification.metric.as_ref(),
        walls,
    };
    let measured = run.measure(&hub.interrupt)?;
    let evaluation = stored.evaluation()?;
    if let Some(reason) = refused(verification, &measured) {
        let (log, lines) = last_lines(&stderr, &stdout);
        return Err(Error::from(Box::new(VerificationFailed {
            session: stored.config.session_id.clone(),
            agents: candidates.iter().map(|one| one.agent).collect(),
            base_branch: stored.config.base_branch.clone(),
            reason,
            lines,
            log,
            next: runner_up(&stored.config, evaluation.as_ref(), candidates),
            options: how.options(),
        })));
    }
    let value_of = |one: &Candidate| evaluation.as_ref()?.of(one.agent)?.value;
    let of_metric = verification.metric.is_some();
    Ok(Some(VerifyReport {
        command: verification.command.clone(),
        exit: measured.exit,
        elapsed_s: measured.elapsed_s,
        metric_value: measured.outcome.value(),
        winner_value: match candidates {
            [one] if of_metric => value_of(one),
            _ => None,
        },
        baseline: stored.config.baseline.filter(|_| of_metric),
        stdout_log: stdout,
        stderr_log: stderr,
    }))
}

/// What an eval command finds in its environment, too.
fn variables(
    hub: &Hub,
    stored: &StoredSession,
    candidates: &[Candidate],
    ports: &mut Option<PortBlock>,
) -> Result<Variables> {
    let mut variables = session_variables(hub, &stored.config);
    if let [one] = candidates {
        variables.push(("HUB_AGENT", one.agent.to_string().into()));
        if let Some(record) = stored.session.agents().get(&one.agent) {
            let attempt = record.attempt.number().to_string();
            variables.push(("HUB_ATTEMPT", attempt.into()));
        }
    }
    let ready = stored.launch()?.unwrap_or_default().ready;
    variables.extend(ready::port_variables(ready::ports(&ready, ports)?));
    Ok(variables)
}

/// Why the merged tree is not accepted.
fn refused(verification: &Verification, measured: &Measurement) -> Option<String> {
    let command = &verification.command;
    if let (true, Some(limit)) = (measured.timed_out, verification.limit) {
        return Some(format!(
            "{command:?} took longer than {} s",
            limit.as_secs_f64()
        ));
    }
    match &measured.outcome {
        Outcome::Disqualified(_) => Some(format!("{command:?} ended with {}", measured.exit)),
        Outcome::NoMetric(reason) => Some(format!("{command:?} gave no number: {reason}")),
        Outcome::Value(_) | Outcome::Unmeasured => None,
    }
}

/// The last lines of what complained, and the log that they are in.
fn last_lines(stderr: &Path, stdout: &Path) -> (PathBuf, String) {
    const LINES: usize = 3;
    let lines = logs::last_lines(stderr, LINES);
    if lines.is_empty() {
        return (stdout.to_path_buf(), logs::last_lines(stdout, LINES));
    }
    (stderr.to_path_buf(), lines)
}

/// Who comes behind the one that was merged, and is better than the baseline.
fn runner_up(
    config: &SessionConfig,
    evaluation: Option<&Evaluation>,
    candidates: &[Candidate],
) -> Option<RunnerUp> {
    let ([one], Mode::Compete) = (candidates, config.mode) else {
        return None;
    };
    let beats = |result: &&EvaluatedAgent| match (result.value, config.baseline) {
        (Some(value), Some(baseline)) => config.direction().is_better(value, baseline),
        _ => true,
    };
    let mut behind = evaluation?.results.iter();
    behind.find(|result| result.agent == one.agent)?;
    let mut behind = behind.filter(|result| result.rank.is_some() && result.reason.is_none());
    let next = behind.find(beats)?;
    Some(RunnerUp {
        agent: next.agent,
        value: next.value,
    })
}
