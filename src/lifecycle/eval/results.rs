//! From runs to a ranking, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::evaluation::bootstrap::Bootstrap;
use crate::domain::evaluation::plan::Entrant;
use crate::domain::evaluation::runs::Runs;
use crate::domain::evaluation::tournament::{
    Contestant, Decision, Method, NoWinner, Outcome, Placed, Rules, Tournament, Verdict,
};
use crate::domain::evaluation::{EvaluatedAgent, Evaluation, LeftFile, RecordedVerdict};
use crate::domain::id::AgentId;
use crate::domain::judging::Judge;
use crate::domain::measurement::{Criteria, EvalRecord, EvalRun};
use crate::domain::metric::MetricName;
use crate::domain::ranking;
use crate::domain::report::{
    BaseReport, EvalReport, MeasuredReport, RankedAgainst, ReportedMethod, ResultReport,
};
use crate::domain::resources::TimeLimit;
use crate::domain::session::SessionConfig;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::measure;
use crate::store::{EvaluationDir, LockedSession};

use super::entries::Entry;
use super::judging;

/// Ranks, and keeps the evaluation.
///
/// # Errors
/// When a signal came while a judge was asked, or what was found cannot be kept.
pub(super) fn conclude(
    hub: &Hub,
    session: &LockedSession,
    entries: &[Entry],
    record: Option<&EvalRecord>,
    criteria: &Criteria,
    judge: Option<&Judge>,
) -> Result<EvalReport> {
    let config = session.config();
    let dir = record.map(|record| session.evaluation_dir(record.number));
    let found = Found {
        config,
        record,
        dir: dir.as_ref(),
        criteria,
    };
    let base = found.base();
    let rules = Rules {
        direction: config.direction(),
        tie_breaks: criteria.tie_break.clone(),
        allow_no_gain: criteria.allow_no_gain,
        ..Rules::default()
    };
    let contestants = entries
        .iter()
        .map(|entry| found.contestant(entry))
        .collect();
    let held = Tournament::hold(&rules, base.as_ref(), contestants);
    let (held, judged) = match judge {
        Some(judge) => judging::decide(hub, &found, entries, judge, &rules, held)?,
        None => (held, None),
    };
    let baseline = base.as_ref().map(Runs::figure);
    let results = results(&found, entries, &held, baseline);
    let (winner, decided_by) = match &held.verdict {
        Verdict::Winner { agent, decided_by } => (Some(*agent), decided_by.as_ref()),
        Verdict::None(_) => (None, None),
    };
    let mut report = EvalReport {
        session: config.session_id.clone(),
        state: session.session().state(),
        eval_cmd: config.eval_cmd.clone(),
        metric: config.metric.clone(),
        direction: config.metric.as_ref().map(|_| config.direction()),
        baseline,
        evaluated: hub.now(),
        winner,
        winner_decided_by: decided_by.map(describe),
        beats_baseline: held.placed.first().and_then(|first| first.beats_base),
        measured: record
            .filter(|record| record.plan.command.is_some())
            .map(|record| measured(record, held.method)),
        base: found.base_report(),
        criteria: criteria.clone(),
        judge: judged,
        base_now: None,
        results,
    };
    hub.foresee(config, &mut report)?;
    session.set_evaluation(&evaluation(session, &found, &report, &held)?)?;
    Ok(report)
}

/// All that the runs of an evaluation tell.
pub(super) struct Found<'f> {
    pub config: &'f SessionConfig,
    pub record: Option<&'f EvalRecord>,
    pub dir: Option<&'f EvaluationDir>,
    criteria: &'f Criteria,
}

impl Found<'_> {
    fn counted(&self, entrant: Entrant) -> Vec<&EvalRun> {
        let runs = self.record.map(|record| record.counted(entrant));
        runs.into_iter().flatten().collect()
    }

    /// What all are compared with: the base commit's runs, or the baseline of the beginning.
    fn base(&self) -> Option<Runs> {
        let measured = self.record.is_some_and(|record| {
            let mut entrants = record.plan.entrants.iter();
            entrants.any(|planned| planned.entrant == Entrant::Base)
        });
        if measured {
            return runs(&self.counted(Entrant::Base));
        }
        Runs::one(self.config.baseline?).ok()
    }

    /// The figure of what all are compared with.
    pub fn baseline(&self) -> Option<f64> {
        self.base().as_ref().map(Runs::figure)
    }

    fn contestant(&self, entry: &Entry) -> Contestant {
        let ties = self.criteria.tie_break.iter();
        Contestant {
            agent: entry.agent(),
            outcome: self.outcome(entry),
            diff: entry.diff,
            tie_values: ties
                .map(|tie| self.figure(entry.agent(), &tie.metric))
                .collect(),
        }
    }

    fn outcome(&self, entry: &Entry) -> Outcome {
        if let Some(reason) = &entry.out {
            return Outcome::Disqualified(reason.clone());
        }
        let Some(record) = self.record else {
            return Outcome::Unmeasured;
        };
        let entrant = Entrant::Agent(entry.agent());
        let planned = record.plan.entrants.iter().find(|p| p.entrant == entrant);
        if planned.map(|planned| &planned.commit) != entry.attempt.tip() {
            return Outcome::Disqualified("it has moved since it was measured".to_owned());
        }
        let many = record.plan.conditions.repeat.get() > 1;
        if let Some(run) = record.runs_of(entrant).find(|run| run.disqualified) {
            return Outcome::Disqualified(reason(run, many));
        }
        let counted = self.counted(entrant);
        if let Some(miss) = self.miss(&counted, many) {
            return Outcome::Disqualified(miss);
        }
        if let Some(run) = counted.iter().find(|run| run.reason.is_some()) {
            return Outcome::NoMetric(reason(run, many));
        }
        runs(&counted).map_or(Outcome::Unmeasured, Outcome::Measured)
    }

    /// The first requirement that a run does not keep to.
    fn miss(&self, counted: &[&EvalRun], many: bool) -> Option<String> {
        let requirements = self.criteria.require.iter();
        let mut misses = requirements.flat_map(|requirement| {
            counted.iter().filter_map(move |run| {
                let found = self.number(run, requirement.metric());
                Some((run, requirement.check(found).err()?))
            })
        });
        let (run, miss) = misses.next()?;
        Some(if many {
            format!("run {}: {miss}", run.round)
        } else {
            miss.to_string()
        })
    }

    /// A number of a run, found in what it printed as the metric is; a run that came with an
    /// earlier evaluation has left that there, and has the numbers alone.
    fn number(&self, run: &EvalRun, name: &MetricName) -> Option<f64> {
        if self.config.metric.as_ref() == Some(name) {
            return run.metric_value;
        }
        let planned = run.planned();
        let logs = self
            .dir
            .map(|dir| (dir.stdout(planned), dir.stderr(planned)));
        match logs.filter(|(stdout, _)| stdout.exists()) {
            Some((stdout, stderr)) => measure::number(name, &stdout, &stderr).ok(),
            None => run.numbers.get(name.as_str()).copied(),
        }
    }

    /// The median of a number over an agent's runs.
    fn figure(&self, agent: AgentId, name: &MetricName) -> Option<f64> {
        let counted = self.counted(Entrant::Agent(agent));
        let values = counted
            .iter()
            .map(|run| Some((run.round, self.number(run, name)?)));
        let values: Option<Vec<(u32, f64)>> = values.collect();
        Some(Runs::new(values?).ok()??.figure())
    }

    /// The medians of all numbers that every run of an agent printed.
    pub fn numbers(&self, entrant: Entrant) -> BTreeMap<String, f64> {
        let counted = self.counted(entrant);
        let names: BTreeSet<&String> = counted.iter().flat_map(|run| run.numbers.keys()).collect();
        let figure = |name: &String| {
            let values = counted
                .iter()
                .filter_map(|run| Some((run.round, *run.numbers.get(name)?)));
            Some(Runs::new(values).ok()??.figure())
        };
        names
            .into_iter()
            .filter_map(|name| Some((name.clone(), figure(name)?)))
            .collect()
    }

    fn bootstrap(&self) -> Bootstrap {
        let seed = self.record.map_or(0, |record| record.plan.seed);
        Bootstrap {
            resamples: Bootstrap::RESAMPLES,
            seed: seed.into(),
        }
    }

    fn base_report(&self) -> Option<BaseReport> {
        let record = self.record?;
        let mut entrants = record.plan.entrants.iter();
        let planned = entrants.find(|planned| planned.entrant == Entrant::Base)?;
        let measured = runs(&self.counted(Entrant::Base));
        let failed = record
            .runs_of(Entrant::Base)
            .find(|run| run.reason.is_some());
        let many = record.plan.conditions.repeat.get() > 1;
        Some(BaseReport {
            commit: planned.commit.clone(),
            metric_value: measured.as_ref().map(Runs::figure),
            interval: measured
                .and_then(|runs| self.bootstrap().interval(&runs))
                .map(Into::into),
            reason: failed.map(|run| reason(run, many)),
            runs: record.runs_of(Entrant::Base).cloned().collect(),
        })
    }
}

/// The metric of each run; `None` where one has none.
fn runs(counted: &[&EvalRun]) -> Option<Runs> {
    let values = counted
        .iter()
        .map(|run| Some((run.round, run.metric_value?)));
    let values: Option<Vec<(u32, f64)>> = values.collect();
    Runs::new(values?).ok()?
}

fn reason(run: &EvalRun, many: bool) -> String {
    let reason = run.reason.clone().unwrap_or_default();
    match (many, run.warmup) {
        (false, _) => reason,
        (true, false) => format!("run {}: {reason}", run.round),
        (true, true) => format!("warm-up run {}: {reason}", run.round),
    }
}

fn results(
    found: &Found<'_>,
    entries: &[Entry],
    held: &Tournament,
    baseline: Option<f64>,
) -> Vec<ResultReport> {
    let placed = held.placed.iter();
    placed
        .filter_map(|placed| {
            let agent = placed.contestant.agent;
            let entry = entries.iter().find(|entry| entry.agent() == agent)?;
            let shares = |other: &&Placed| other.rank.is_some() && other.rank == placed.rank;
            let tied = held.placed.iter().filter(shares).count() > 1;
            Some(result_report(found, placed, entry, tied, baseline))
        })
        .collect()
}

fn result_report(
    found: &Found<'_>,
    placed: &Placed,
    entry: &Entry,
    tied: bool,
    baseline: Option<f64>,
) -> ResultReport {
    let entrant = Entrant::Agent(entry.agent());
    let all: Vec<EvalRun> = found
        .record
        .into_iter()
        .flat_map(|record| record.runs_of(entrant).cloned())
        .collect();
    let telling = all
        .iter()
        .find(|run| run.reason.is_some())
        .or_else(|| all.last());
    let outcome = &placed.contestant.outcome;
    let interval = outcome
        .runs()
        .and_then(|runs| found.bootstrap().interval(runs));
    ResultReport {
        agent: entry.agent(),
        attempt: entry.attempt.attempt,
        branch: entry.attempt.branch(&found.config.session_id).name(),
        commit: entry.attempt.tip().cloned(),
        metric_value: placed.figure,
        interval: interval.map(Into::into),
        delta: ranking::delta(placed.figure, baseline),
        delta_percent: ranking::delta_percent(placed.figure, baseline),
        against_base: placed.against_base.map(Into::into),
        beats_baseline: placed.beats_base,
        rank: placed.rank,
        tied,
        decided_by: placed.decided_by.as_ref().map(describe),
        ranked_against: placed.ahead.map(|ahead| RankedAgainst {
            agent: ahead.agent,
            difference: ahead.difference.map(Into::into),
        }),
        disqualified: matches!(outcome, Outcome::Disqualified(_)),
        reason: match outcome {
            Outcome::NoMetric(reason) | Outcome::Disqualified(reason) => Some(reason.clone()),
            Outcome::Measured(_) | Outcome::Unmeasured => None,
        },
        exit: telling.map(|run| run.exit),
        elapsed_s: elapsed(&found.counted(entrant)).or(telling.map(|run| run.elapsed_s)),
        stderr: telling.and_then(|run| run.stderr.clone()),
        numbers: found.numbers(entrant),
        put_back: put_back(&all),
        put_back_snapshot: all
            .iter()
            .rev()
            .find_map(|run| run.put_back_snapshot.clone()),
        runs: all,
        protected_changed: entry.protected.clone(),
        uncommitted_files: entry.uncommitted,
        diff: entry.diff,
        merge: None,
    }
}

fn elapsed(counted: &[&EvalRun]) -> Option<f64> {
    let times = counted.iter().map(|run| (run.round, run.elapsed_s));
    Some(Runs::new(times).ok()??.figure())
}

/// The tracked files that any run has changed.
fn put_back(runs: &[EvalRun]) -> Vec<std::path::PathBuf> {
    let paths: BTreeSet<_> = runs.iter().flat_map(|run| run.put_back.clone()).collect();
    paths.into_iter().collect()
}

fn describe(decision: &Decision) -> String {
    match decision {
        Decision::TieBreak(metric) => metric.to_string(),
        Decision::SmallerChange => "smaller change".to_owned(),
        Decision::Figure => "better figure".to_owned(),
        Decision::AgentNumber => "agent's number".to_owned(),
    }
}

fn measured(record: &EvalRecord, method: Method) -> MeasuredReport {
    let conditions = &record.plan.conditions;
    let (method, rounds) = match method {
        Method::Numbers => (ReportedMethod::Numbers, None),
        Method::Intervals { rounds } => (ReportedMethod::Intervals, Some(rounds)),
    };
    MeasuredReport {
        evaluation: record.number,
        repeat: conditions.repeat.get(),
        warmup: conditions.warmup,
        seed: record.plan.seed,
        resamples: Bootstrap::RESAMPLES,
        timeout_s: conditions
            .timeout
            .map(|limit| TimeLimit::duration(limit).as_secs_f64()),
        jobs: conditions.jobs,
        protect: conditions.protect.iter().map(ToString::to_string).collect(),
        method,
        rounds,
        surroundings: record.plan.surroundings.clone(),
    }
}

/// What later commands need of it.
fn evaluation(
    session: &LockedSession,
    found: &Found<'_>,
    report: &EvalReport,
    held: &Tournament,
) -> Result<Evaluation> {
    let before = session.evaluation()?;
    // A run in a checkout of hub's own says nothing of the files in the agent's worktree.
    let left_files = |agent: AgentId| -> Vec<LeftFile> {
        let runs = found
            .record
            .map(|record| record.runs_of(Entrant::Agent(agent)));
        let last = runs
            .into_iter()
            .flatten()
            .filter_map(|run| run.left_files.clone())
            .last();
        let earlier = || Some(before.as_ref()?.of(agent)?.left_files.clone());
        last.or_else(earlier).unwrap_or_default()
    };
    Ok(Evaluation {
        evaluated: report.evaluated,
        verdict: Some(match held.verdict {
            Verdict::Winner { agent, .. } => RecordedVerdict::Winner(agent),
            Verdict::None(NoWinner::NoGain) => RecordedVerdict::NoGain,
            Verdict::None(NoWinner::NothingMeasured) => RecordedVerdict::NothingMeasured,
            Verdict::None(NoWinner::Undecided) => RecordedVerdict::Undecided,
        }),
        results: report
            .results
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
