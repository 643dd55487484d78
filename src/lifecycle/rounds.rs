//! `hub run --rounds`: one session after the other, each from where the best of the one before
//! ended; what the last that improved has come to is merged.

use std::num::NonZeroU32;

use crate::domain::evaluation::requirement::Requirement;
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::mode::{BadMode, Mode};
use crate::domain::report::{EvalReport, ResultReport, RoundReport, RoundsEnd, RunReport};
use crate::domain::rounds::next_strategies;
use crate::domain::session::SessionConfig;
use crate::domain::state::SessionState;
use crate::domain::strategy::Strategy;
use crate::store::StoredSession;

use super::error::{Error, Result};
use super::hub::Hub;
use super::run::{self, Prepared};
use super::{archive, init};

/// How many rounds are held, and what goes on from one to the next.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// At most this many.
    pub most: NonZeroU32,
    /// The strategies of so many agents go on.
    pub keep_best: u32,
    /// Ends the rounds early.
    pub stop_when: Option<Requirement>,
}

/// Holds the rounds, merges the last that improved, archives the others and cleans up.
///
/// # Errors
/// Those of the single commands. Every session stays as it is then, and is told of.
pub(super) fn run(hub: &Hub, request: &run::Request, rounds: &Rounds) -> Result<RunReport> {
    let prepared = run::prepare(hub, request)?;
    check(&prepared, rounds)?;
    let mut series = Series {
        hub,
        request,
        rounds,
        done: Vec::new(),
        tried: Vec::new(),
        list: prepared.recipe.strategies().to_vec(),
    };
    let ended = series
        .hold(prepared)
        .inspect_err(|_| series.tell_what_stays())?;
    series.conclude(ended)
}

/// Rounds are held for a metric, and that is the one to stop by.
fn check(prepared: &Prepared, rounds: &Rounds) -> Result<()> {
    if prepared.plan.mode != Mode::Compete {
        return Err(BadMode::RoundsWith(prepared.plan.mode).into());
    }
    let metric = prepared.plan.metric();
    let metric = metric.ok_or(Error::RoundsWithoutMetric)?;
    match &rounds.stop_when {
        Some(wanted) if wanted.metric() != metric => Err(Error::OtherMetric {
            requirement: wanted.clone(),
            metric: metric.clone(),
        }),
        _ => Ok(()),
    }
}

/// The rounds that were held.
struct Series<'r> {
    hub: &'r Hub,
    request: &'r run::Request,
    rounds: &'r Rounds,
    done: Vec<RunReport>,
    /// What agents were told to try.
    tried: Vec<Option<Strategy>>,
    /// What they may be told.
    list: Vec<Option<Strategy>>,
}

impl Series<'_> {
    /// Holds one round after the other; returns why no other follows.
    fn hold(&mut self, mut prepared: Prepared) -> Result<RoundsEnd> {
        loop {
            let number = u32::try_from(self.done.len() + 1).unwrap_or(u32::MAX);
            let most = self.rounds.most;
            self.hub.note(format!("round {number} of at most {most}"));
            let (session, mut report) = run::tournament(self.hub, self.request, &prepared)?;
            let before = self.best().and_then(|best| winner_of(&best.eval));
            let before = before.and_then(|winner| winner.metric_value);
            report.rounds = vec![self::report(number, session.config(), &report.eval, before)];
            let config = session.config().clone();
            // Others may look at it, and take it up where this process is killed.
            drop(session);
            let improved = has_improved(&report);
            let value = winner_of(&report.eval).and_then(|winner| winner.metric_value);
            self.done.push(report);
            if !improved {
                return Ok(RoundsEnd::NotImproved);
            }
            let wanted = self.rounds.stop_when.as_ref();
            if wanted.is_some_and(|wanted| wanted.check(value).is_ok()) {
                return Ok(RoundsEnd::Reached);
            }
            if number >= most.get() {
                return Ok(RoundsEnd::AllHeld);
            }
            self.hub.interrupt.check()?;
            prepared = self.next(&config.session_id, &prepared)?;
        }
    }

    /// What the round after this one would be.
    fn next(&mut self, parent: &SessionId, prepared: &Prepared) -> Result<Prepared> {
        let best_first = self.strategies_of(parent)?;
        self.tried.extend(best_first.iter().cloned());
        let results = self.done.last().map(|last| last.eval.results.iter());
        let ranked = results
            .into_iter()
            .flatten()
            .filter(|one| one.rank.is_some());
        let keep = ranked.count().min(self.rounds.keep_best as usize);
        let next = next_strategies(&best_first, keep, &self.list, &self.tried);
        let plan = init::plan(
            self.hub,
            init::Request {
                from: Some(SessionSelector::Prefix(parent.to_string())),
                // As the parent has it: its program was found for the first round.
                eval_cmd: None,
                ..self.request.init.clone()
            },
        )?;
        Ok(Prepared {
            commands: prepared.commands.clone(),
            recipe: prepared.recipe.with_strategies(next),
            plan,
        })
    }

    /// What the agents of the last round tried, those of the best first.
    fn strategies_of(&self, session: &SessionId) -> Result<Vec<Option<Strategy>>> {
        let stored = StoredSession::read(&self.hub.dir, session)?;
        let results = self.done.last().map(|last| last.eval.results.iter());
        let tried = |result: &ResultReport| {
            let record = stored.session.agents().get(&result.agent)?;
            record.strategy.as_ref()?.parse().ok()
        };
        Ok(results.into_iter().flatten().map(tried).collect())
    }

    /// The last round that improved.
    fn best(&self) -> Option<&RunReport> {
        self.done.iter().rfind(|report| has_improved(report))
    }

    /// Merges, archives the others, cleans up.
    fn conclude(&self, ended: RoundsEnd) -> Result<RunReport> {
        let chosen = self.best().or(self.done.first());
        let Some(chosen) = chosen.cloned() else {
            return Err(Error::RoundsWithoutMetric);
        };
        if self.done.len() > 1 {
            self.tell_best(&chosen);
        }
        let id = chosen.session_id.clone();
        let mut session = self.hub.lock(&id, "run")?;
        let mut report =
            run::conclude(self.hub, &mut session, chosen).inspect_err(|_| self.tell_others(&id))?;
        drop(session);
        let others = self.done.iter().filter(|other| other.session_id != id);
        let mut rounds: Vec<RoundReport> = Vec::new();
        for other in others {
            let state = self.close(&other.session_id)?;
            rounds.extend(
                other
                    .rounds
                    .iter()
                    .cloned()
                    .map(|round| RoundReport { state, ..round }),
            );
        }
        finish(&mut report);
        report.rounds.extend(rounds);
        report.rounds.sort_by_key(|round| round.round);
        report.rounds_end = ended;
        Ok(report)
    }

    /// Archives and cleans up a round whose work is merged or was not good enough.
    fn close(&self, id: &SessionId) -> Result<SessionState> {
        let hub = self.hub;
        let mut session = hub.lock(id, "run")?;
        let closed = match session.session().state() {
            state if state.is_terminal() => Ok(()),
            _ => archive::archive(hub, &mut session).map(drop),
        };
        if let Err(error) = closed.and_then(|()| run::clean(hub, &mut session).map(drop)) {
            if error.signal().is_some() {
                hub.note(format!(
                    "the work is merged; `hub list` shows what is left: `hub archive {id}`, `hub cleanup {id}`"
                ));
                return Err(error);
            }
            hub.warn(format!("session {id} is left: {error}"));
            hub.note(format!("`hub archive {id}`, then `hub cleanup {id}`"));
        }
        Ok(session.session().state())
    }

    fn tell_best(&self, best: &RunReport) {
        let Some(round) = best.rounds.first() else {
            return;
        };
        if let (Some(winner), Some(value)) = (round.winner, round.metric_value) {
            self.hub.note(format!(
                "the best is {winner} of round {}, session {}: {value}",
                round.round, round.session_id
            ));
        }
    }

    /// How to go on by hand when a round was cut off.
    fn tell_what_stays(&self) {
        let Some(best) = self.best() else {
            return;
        };
        self.tell_best(best);
        let id = &best.session_id;
        self.hub.note(format!(
            "`hub merge {id}` merges it, `hub run --from {id} --rounds N` goes on from it"
        ));
    }

    /// How to go on by hand when nothing was merged.
    fn tell_others(&self, chosen: &SessionId) {
        for other in &self.done {
            let id = &other.session_id;
            if id != chosen {
                self.hub.note(format!(
                    "session {id} of round {} stays as it is; `hub archive {id}` keeps it as tags",
                    other.rounds.first().map_or(0, |round| round.round)
                ));
            }
        }
    }
}

fn winner_of(eval: &EvalReport) -> Option<&ResultReport> {
    eval.results
        .iter()
        .find(|result| Some(result.agent) == eval.winner)
}

fn has_improved(report: &RunReport) -> bool {
    report.rounds.first().is_some_and(|round| round.improved)
}

/// What there is to say of one round; `before` is the best value until then.
pub(super) fn report(
    round: u32,
    config: &SessionConfig,
    eval: &EvalReport,
    before: Option<f64>,
) -> RoundReport {
    let winner = winner_of(eval);
    // Where nobody improves there is no winner, and how near the best came is told all the same.
    let best = winner.or(eval.results.first());
    let value = best.and_then(|best| best.metric_value);
    let improved = eval.beats_baseline.or_else(|| {
        // Without a baseline the first result is one.
        let better = |before| Some(config.direction().is_better(value?, before));
        before.map_or(Some(true), better)
    });
    RoundReport {
        round,
        session_id: eval.session.clone(),
        parent: config.parent.clone(),
        state: eval.state,
        baseline: eval.baseline,
        winner: eval.winner,
        commit: winner.and_then(|winner| winner.commit.clone()),
        metric_value: value,
        improved: value.is_some() && improved.unwrap_or(false),
    }
}

/// The state of the round that was merged is that of its session; one that did not improve
/// ended the rounds.
pub(super) fn finish(report: &mut RunReport) {
    for round in &mut report.rounds {
        round.state = report.state;
        if !round.improved {
            report.rounds_end = RoundsEnd::NotImproved;
        }
    }
}
