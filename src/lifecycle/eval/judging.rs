//! Asking a judge, where no metric decides.
//!
//! Each judgement is kept as soon as it is made, with the command that made it and the commits
//! that it is about: what is broken off is gone on with, and nobody is asked twice.

mod questions;
mod who;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use crate::beneath;
use crate::domain::evaluation::judge::{Answer, Bout, bouts};
use crate::domain::evaluation::judged;
use crate::domain::evaluation::standing::{JudgedPlace, PairOutcome, Standing};
use crate::domain::evaluation::tournament::{Rules, Tournament};
use crate::domain::id::AgentId;
use crate::domain::judging::{self as asking, Judge, KeptJudgement, Shown};
use crate::domain::refs::CommitId;
use crate::domain::report::{BoutReport, JudgeReport, PairReport, StandingReport};
use crate::domain::session::SessionConfig;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::measure::{session_variables, to_the_end};
use crate::process::command::{Finished, ShellCommand};
use crate::process::logs;
use crate::store::{JudgeFiles, Judgements};

use super::entries::Entry;
use super::results::Found;
use questions::Questions;

pub(super) use who::choose;
pub use who::{JudgeBy, JudgeOptions};
pub(in crate::lifecycle) use who::{check, only_preset};

/// Lets the judge decide between those whom the metric leaves close together, or between all
/// where there is none.
pub(super) fn decide(
    hub: &Hub,
    found: &Found<'_>,
    entries: &[Entry],
    judge: &Judge,
    rules: &Rules,
    held: Tournament,
) -> Result<(Tournament, Option<JudgeReport>)> {
    let (Some(record), Some(dir)) = (found.record, found.dir) else {
        return Ok((held, None));
    };
    let finalists = judged::finalists(rules, judge.tolerance, &held);
    let commits = finalists.iter().filter_map(|agent| {
        let mut entries = entries.iter();
        let entry = entries.find(|entry| entry.agent() == *agent)?;
        Some((*agent, entry.attempt.tip()?.clone()))
    });
    let commits: BTreeMap<AgentId, CommitId> = commits.collect();
    let mut bench = Bench {
        hub,
        config: found.config,
        judge,
        commits,
        judgements: dir.judgements()?,
    };
    let all = bouts(finalists.iter().copied(), record.plan.seed.into());
    let wanted: Vec<Bout> = all.iter().copied().filter(|b| !bench.knows(*b)).collect();
    if !wanted.is_empty() {
        bench.ask_all(
            &Questions::new(hub, found, entries, &held, &bench.commits)?,
            &wanted,
        )?;
    }
    let kept = bench.kept();
    let judgements: Vec<_> = kept.iter().map(KeptJudgement::judgement).collect();
    let standing = Standing::new(finalists.iter().copied(), &judgements);
    let by_metric = judged::is_by_metric(&held);
    let report = JudgeReport {
        command: judge.command.clone(),
        preset: judge.preset.clone(),
        timeout_s: judge.timeout.duration().as_secs_f64(),
        tolerance: Some(judge.tolerance).filter(|_| by_metric),
        seed: record.plan.seed,
        judged: finalists,
        asked: wanted.len(),
        bouts: all
            .iter()
            .filter_map(|bout| bout_report(*bout, &kept))
            .collect(),
        pairs: standing.pairs.iter().map(pair_report).collect(),
        contradictions: standing.contradictory().count(),
        failures: standing.failed.len(),
        standings: standing.places.iter().map(standing_report).collect(),
    };
    Ok((judged::decide(rules, held, &standing), Some(report)))
}

/// A judge with all that it has said.
struct Bench<'b> {
    hub: &'b Hub,
    config: &'b SessionConfig,
    judge: &'b Judge,
    commits: BTreeMap<AgentId, CommitId>,
    judgements: Judgements,
}

impl Bench<'_> {
    /// What this judge has said of these commits; of a bout that was judged twice the last.
    fn kept(&self) -> Vec<KeptJudgement> {
        let mut kept = BTreeMap::new();
        for judgement in self.judgements.kept() {
            if judgement.is_of(&self.judge.command, &self.commits) {
                kept.insert(judgement.bout(), judgement.clone());
            }
        }
        kept.into_values().collect()
    }

    /// Whether a bout was judged; one that failed is asked again.
    fn knows(&self, bout: Bout) -> bool {
        let mut kept = self.kept().into_iter();
        kept.any(|kept| kept.bout() == bout && kept.failure.is_none())
    }

    fn ask_all(&mut self, questions: &Questions<'_>, wanted: &[Bout]) -> Result<()> {
        let known = self.kept().iter().filter(|k| k.failure.is_none()).count();
        if known > 0 {
            let left = wanted.len();
            self.hub.note(format!(
                "going on with the judge: {known} judgements are made, {left} are left"
            ));
        }
        let _doing = self.hub.doing("asking the judge");
        let asked = self.ask_each(questions, wanted);
        // Where a checkout cannot go, whoever comes next removes it.
        self.hub.remove_scratches(&self.config.session_id)?;
        asked
    }

    fn ask_each(&mut self, questions: &Questions<'_>, wanted: &[Bout]) -> Result<()> {
        for (done, bout) in wanted.iter().enumerate() {
            self.hub.interrupt.check()?;
            self.hub.count(
                format!("asking the judge about {} and {}", bout.a, bout.b),
                Some((done, wanted.len())),
            );
            let files = self.judgements.prepare(*bout)?;
            let question = questions.of(*bout)?;
            files.write(&question, &asking::prompt(&question))?;
            let folder = self.folder()?;
            let judgement = self.ask(*bout, &files, folder)?;
            self.judgements.add(judgement)?;
        }
        Ok(())
    }

    /// A checkout of the base commit in which nothing is that an earlier judgement left.
    fn folder(&self) -> Result<PathBuf> {
        let repository = &self.hub.repository;
        let scratch = self.hub.scratch_for_judge(&self.config.session_id);
        let base = self.base()?;
        let worktrees = repository.worktrees()?;
        let made = worktrees.iter().find(|worktree| worktree.path == scratch);
        if made.is_some_and(|made| made.head.as_ref() == Some(&base))
            && repository.changes(&scratch)?.is_empty()
        {
            return Ok(scratch);
        }
        self.hub.remove_scratch(&scratch)?;
        self.hub.add_scratch(&scratch, &base)?;
        Ok(scratch)
    }

    fn base(&self) -> Result<CommitId> {
        let tip = self.commits.values().next();
        let base = tip.map(|tip| self.hub.base_of(self.config, tip));
        base.transpose()?
            .flatten()
            .ok_or_else(|| Error::NoBaseBranch(self.config.base_branch.clone()))
    }

    fn ask(&self, bout: Bout, files: &JudgeFiles, folder: PathBuf) -> Result<KeptJudgement> {
        // The hub directory would tell it who is who.
        let mut variables = session_variables(self.hub, self.config);
        variables.retain(|(name, _)| *name != "HUB_DIR");
        variables.push(("HUB_PROMPT_FILE", files.prompt().into_os_string()));
        variables.push(("HUB_WORKTREE", folder.as_os_str().to_owned()));
        let command = ShellCommand {
            command: self.judge.command.clone(),
            folder,
            variables,
            stdout: files.stdout(),
            stderr: files.stderr(),
            enclosure: None,
        };
        let path = files.question();
        let question = beneath::open(&path).map_err(Error::io("read", &path))?;
        let limit = self.judge.timeout.duration();
        let interrupt = &self.hub.interrupt;
        let finished = to_the_end(&command, Stdio::from(question), interrupt, Some(limit))?;
        let (answer, failure) = match self.answer(finished, files) {
            Ok(answer) => (Some(answer), None),
            Err(failure) => (None, Some(failure)),
        };
        let shown = |agent: AgentId| {
            let commit = self.commits.get(&agent).cloned();
            let commit = commit.ok_or(Error::NoAgent {
                session: self.config.session_id.clone(),
                agent,
            })?;
            Ok::<Shown, Error>(Shown { agent, commit })
        };
        let reason = answer.as_ref().map(|answer| shortened(&answer.reason));
        Ok(KeptJudgement {
            time: self.hub.now(),
            command: self.judge.command.clone(),
            a: shown(bout.a)?,
            b: shown(bout.b)?,
            answer: answer.map(|answer| answer.winner),
            reason: reason.filter(|reason| !reason.is_empty()),
            failure,
            exit: finished.exit,
            elapsed_s: finished.elapsed.as_secs_f64(),
        })
    }

    /// What it said, or why that is no answer.
    fn answer(
        &self,
        finished: Finished,
        files: &JudgeFiles,
    ) -> std::result::Result<Answer, String> {
        const OUTPUT: u64 = 256 * 1024;
        let said = || match logs::last_lines(&files.stderr(), 1) {
            line if line.is_empty() => String::new(),
            line => format!(": {line}"),
        };
        if finished.timed_out {
            let limit = self.judge.timeout.duration().as_secs_f64();
            return Err(format!("the judge took longer than {limit} s"));
        }
        if !finished.exit.success() {
            return Err(format!("the judge ended with {}{}", finished.exit, said()));
        }
        let printed = logs::tail(&files.stdout(), OUTPUT);
        Answer::parse(&printed).map_err(|no_answer| no_answer.to_string())
    }
}

/// A reason, of which nobody wants to read a book.
fn shortened(reason: &str) -> String {
    const LONGEST: usize = 2000;
    reason.trim().chars().take(LONGEST).collect()
}

fn bout_report(bout: Bout, kept: &[KeptJudgement]) -> Option<BoutReport> {
    let judgement = kept.iter().find(|kept| kept.bout() == bout)?;
    let answer = judgement.judgement().answer.ok();
    Some(BoutReport {
        a: bout.a,
        b: bout.b,
        answer: judgement.answer,
        winner: answer.and_then(|answer| bout.winner(&answer)),
        reason: judgement.reason.clone(),
        failure: judgement.failure.clone(),
        elapsed_s: judgement.elapsed_s,
    })
}

fn pair_report(pair: &crate::domain::evaluation::standing::JudgedPair) -> PairReport {
    PairReport {
        one: pair.one,
        other: pair.other,
        outcome: pair.outcome.into(),
        winner: match pair.outcome {
            PairOutcome::Won(winner) => Some(winner),
            _ => None,
        },
    }
}

fn standing_report(place: &JudgedPlace) -> StandingReport {
    StandingReport {
        agent: place.agent,
        rank: place.rank,
        score: place.score,
        strength: place.strength,
        won: place.won,
        lost: place.lost,
        tied: place.tied,
    }
}
