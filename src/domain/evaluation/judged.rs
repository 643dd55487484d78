//! Who is put before a judge, and what becomes of a ranking by what it says.
//!
//! Where there is a metric, only those are judged that the tolerance leaves beside the best
//! and that could win without a judge, too: whoever does not beat the base is not made the
//! winner by words. Where there is none, all are judged that are not out.

use crate::domain::id::AgentId;

use super::hybrid::{self, Tolerance};
use super::standing::{PairOutcome, Standing};
use super::tournament::{Decision, NoWinner, Outcome, Placed, Rules, Tournament, Verdict};

/// Whether a ranking has a metric to stand on.
#[must_use]
pub fn is_by_metric(held: &Tournament) -> bool {
    held.placed.iter().any(|placed| placed.figure.is_some())
}

/// Those between whom the judge decides, in the order in which they stand without it.
#[must_use]
pub fn finalists(rules: &Rules, tolerance: Tolerance, held: &Tournament) -> Vec<AgentId> {
    let agent = |placed: &Placed| placed.contestant.agent;
    if !is_by_metric(held) {
        let passed = |placed: &&Placed| placed.contestant.outcome == Outcome::Unmeasured;
        return held.placed.iter().filter(passed).map(agent).collect();
    }
    let figure = |placed: &Placed| Some((agent(placed), placed.figure?));
    let figures: Vec<(AgentId, f64)> = held.placed.iter().filter_map(figure).collect();
    let close = hybrid::finalists(rules.direction, tolerance, &figures);
    let gains = |finalist: &AgentId| {
        let mut placed = held.placed.iter();
        placed.any(|placed| agent(placed) == *finalist && placed.beats_base != Some(false))
    };
    let able: Vec<AgentId> = close.iter().copied().filter(gains).collect();
    if able.is_empty() && rules.allow_no_gain {
        return close;
    }
    able
}

/// The ranking when a judge has compared the finalists.
///
/// Those whom it leaves tied stand as they did without it. A judge that said nothing of
/// anybody changes nothing: then the metric decides, or nobody has won.
#[must_use]
pub fn decide(rules: &Rules, held: Tournament, standing: &Standing) -> Tournament {
    let by_metric = is_by_metric(&held);
    let known = |outcome: PairOutcome| outcome != PairOutcome::Unjudged;
    let alone = standing.places.len() == 1;
    if !alone && !standing.pairs.iter().any(|pair| known(pair.outcome)) {
        let verdict = match held.verdict {
            Verdict::None(NoWinner::NothingMeasured) if !standing.places.is_empty() => {
                Verdict::None(NoWinner::Undecided)
            }
            verdict => verdict,
        };
        return Tournament { verdict, ..held };
    }
    let placed = in_order(rules, &held.placed, standing);
    let verdict = verdict(&placed, standing, by_metric);
    Tournament {
        placed,
        verdict,
        ..held
    }
}

/// The finalists first, the others behind them, each with its new rank.
fn in_order(rules: &Rules, held: &[Placed], standing: &Standing) -> Vec<Placed> {
    let ranks: Vec<(AgentId, Option<u32>)> = held
        .iter()
        .map(|placed| (placed.contestant.agent, placed.rank))
        .collect();
    let place = |agent: AgentId| held.iter().position(|p| p.contestant.agent == agent);
    let is_judged = |agent: AgentId| standing.places.iter().any(|p| p.agent == agent);
    let mut ranks = hybrid::combined(&ranks, standing);
    // Only finalists stand in the order of their numbers where they are tied.
    ranks.sort_by_key(|(agent, rank)| {
        if is_judged(*agent) {
            (0, *rank, place(*agent))
        } else {
            (1, None, place(*agent))
        }
    });
    let mut placed: Vec<Placed> = Vec::new();
    for (agent, rank) in ranks {
        let Some(found) = held.iter().find(|p| p.contestant.agent == agent) else {
            continue;
        };
        let before = placed.last();
        let shares = before.filter(|before| rank.is_some() && before.rank == rank);
        let decided_by = shares.map(|before| decision(rules, held, before, found));
        placed.push(Placed {
            rank,
            decided_by,
            ..found.clone()
        });
    }
    placed
}

/// What puts one behind another whom the judge does not tell from it.
fn decision(rules: &Rules, held: &[Placed], before: &Placed, next: &Placed) -> Decision {
    let rank = |placed: &Placed| {
        let agent = placed.contestant.agent;
        let mut held = held.iter();
        held.find(|held| held.contestant.agent == agent)?.rank
    };
    if rank(before) == rank(next) {
        rules.by_ties(&before.contestant, &next.contestant).1
    } else {
        Decision::Figure
    }
}

fn verdict(placed: &[Placed], standing: &Standing, by_metric: bool) -> Verdict {
    let Some((first, others)) = placed.split_first() else {
        return Verdict::None(NoWinner::NothingMeasured);
    };
    let tied = others.first().filter(|next| next.rank == first.rank);
    // Who shares the first place with all others has won against nobody.
    let won = standing
        .places
        .iter()
        .any(|place| place.rank == 1 && place.won > 0);
    if tied.is_some() && !by_metric && !won {
        return Verdict::None(NoWinner::Undecided);
    }
    Verdict::Winner {
        agent: first.contestant.agent,
        decided_by: tied.and_then(|next| next.decided_by.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Answer, Bout, Side};
    use super::super::runs::Runs;
    use super::super::standing::Judgement;
    use super::super::tournament::Contestant;
    use super::*;
    use crate::domain::diff::DiffStat;

    fn agent(number: u32) -> AgentId {
        AgentId::new(number).unwrap()
    }

    /// Agents 1, 2 … with a metric or without one; higher numbers change more.
    fn held(rules: &Rules, base: Option<f64>, metrics: &[Option<f64>]) -> Tournament {
        let contestants = (1..).zip(metrics).map(|(number, metric)| Contestant {
            agent: agent(number),
            outcome: match metric {
                Some(metric) => Outcome::Measured(Runs::one(*metric).unwrap()),
                None => Outcome::Unmeasured,
            },
            diff: DiffStat::new(1, number as usize, 0),
            tie_values: Vec::new(),
        });
        let base = base.map(|base| Runs::one(base).unwrap());
        Tournament::hold(rules, base.as_ref(), contestants.collect())
    }

    fn says(a: u32, b: u32, winner: Side) -> Judgement {
        Judgement {
            bout: Bout {
                a: agent(a),
                b: agent(b),
            },
            answer: Ok(Answer {
                winner,
                reason: String::new(),
            }),
        }
    }

    /// Both ways round, the same agent is named.
    fn beats(winner: u32, loser: u32) -> [Judgement; 2] {
        [says(winner, loser, Side::A), says(loser, winner, Side::B)]
    }

    /// Whoever is shown first.
    fn contradicts(one: u32, other: u32) -> [Judgement; 2] {
        [says(one, other, Side::A), says(other, one, Side::A)]
    }

    fn judged(rules: &Rules, held: Tournament, judgements: &[Judgement]) -> Tournament {
        let finalists = finalists(rules, Tolerance::default(), &held);
        decide(rules, held, &Standing::new(finalists, judgements))
    }

    fn order(held: &Tournament) -> Vec<(u32, Option<u32>)> {
        let place = |placed: &Placed| (placed.contestant.agent.number(), placed.rank);
        held.placed.iter().map(place).collect()
    }

    fn numbers(agents: Vec<AgentId>) -> Vec<u32> {
        agents.into_iter().map(AgentId::number).collect()
    }

    #[test]
    fn finalists_are_close_to_the_best_and_beat_the_base() {
        let rules = Rules::default();
        let metrics = [Some(95.0), Some(108.0), Some(100.0), None, Some(150.0)];
        let found = |rules, base| {
            numbers(finalists(
                rules,
                Tolerance::percent(20.0).unwrap(),
                &held(rules, base, &metrics),
            ))
        };
        assert_eq!(found(&rules, None), [1, 3, 2]);
        assert_eq!(found(&rules, Some(105.0)), [1, 3]);
        assert!(found(&rules, Some(90.0)).is_empty());
        let allowing = Rules {
            allow_no_gain: true,
            ..Rules::default()
        };
        assert_eq!(found(&allowing, Some(90.0)), [1, 3, 2]);
        assert_eq!(found(&allowing, Some(105.0)), [1, 3]);
    }

    #[test]
    fn without_a_metric_all_are_finalists_that_are_not_out() {
        let rules = Rules::default();
        let mut all = held(&rules, None, &[None, None, None]);
        all.placed[1].contestant.outcome = Outcome::Disqualified("failed".to_owned());
        assert_eq!(
            numbers(finalists(&rules, Tolerance::default(), &all)),
            [1, 3]
        );
    }

    #[test]
    fn the_judge_decides_where_there_is_no_metric() {
        let rules = Rules::default();
        let judgements = [beats(3, 1), beats(3, 2), beats(2, 1)].concat();
        let held = judged(&rules, held(&rules, None, &[None, None, None]), &judgements);
        assert_eq!(order(&held), [(3, Some(1)), (2, Some(2)), (1, Some(3))]);
        assert_eq!(held.verdict.winner(), Some(agent(3)));
    }

    #[test]
    fn a_judge_that_tells_nobody_apart_makes_no_winner() {
        let rules = Rules::default();
        let without = || held(&rules, None, &[None, None]);
        let contradictory = judged(&rules, without(), &contradicts(1, 2));
        assert_eq!(order(&contradictory), [(1, Some(1)), (2, Some(1))]);
        assert_eq!(contradictory.verdict, Verdict::None(NoWinner::Undecided));
        let silent = judged(&rules, without(), &[]);
        assert_eq!(order(&silent), [(1, None), (2, None)]);
        assert_eq!(silent.verdict, Verdict::None(NoWinner::Undecided));
    }

    #[test]
    fn leaders_that_are_tied_are_told_apart_by_the_smaller_change() {
        let rules = Rules::default();
        let judgements = [contradicts(1, 2), beats(1, 3), beats(2, 3)].concat();
        let held = judged(&rules, held(&rules, None, &[None, None, None]), &judgements);
        let decided_by = Some(Decision::SmallerChange);
        let agent = agent(1);
        assert_eq!(held.verdict, Verdict::Winner { agent, decided_by });
    }

    #[test]
    fn who_stands_alone_wins_without_a_question() {
        let rules = Rules::default();
        let held = judged(&rules, held(&rules, None, &[None]), &[]);
        assert_eq!(held.verdict.winner(), Some(agent(1)));
    }

    #[test]
    fn among_the_close_the_judge_decides_and_the_metric_ranks_the_others() {
        let rules = Rules::default();
        let metrics = [Some(100.0), Some(105.0), Some(150.0), Some(108.0)];
        let judgements = [beats(2, 1), beats(2, 4), beats(1, 4)].concat();
        let held = judged(&rules, held(&rules, Some(200.0), &metrics), &judgements);
        let expected = [(2, Some(1)), (1, Some(2)), (4, Some(3)), (3, Some(4))];
        assert_eq!(order(&held), expected);
        assert_eq!(held.verdict.winner(), Some(agent(2)));
    }

    #[test]
    fn where_the_judge_leaves_a_tie_the_figure_decides() {
        let rules = Rules::default();
        let metrics = [Some(105.0), Some(100.0)];
        let tied = judged(&rules, held(&rules, None, &metrics), &contradicts(1, 2));
        assert_eq!(order(&tied), [(2, Some(1)), (1, Some(1))]);
        let decided_by = Some(Decision::Figure);
        let agent = agent(2);
        assert_eq!(tied.verdict, Verdict::Winner { agent, decided_by });
        let silent = judged(&rules, held(&rules, None, &metrics), &[]);
        assert_eq!(order(&silent), [(2, Some(1)), (1, Some(2))]);
        assert_eq!(silent.verdict.winner(), Some(agent));
    }

    #[test]
    fn nobody_who_does_not_beat_the_base_is_judged_to_win() {
        let rules = Rules::default();
        let metrics = [Some(100.0), Some(105.0)];
        let held = judged(&rules, held(&rules, Some(90.0), &metrics), &beats(2, 1));
        assert_eq!(held.verdict, Verdict::None(NoWinner::NoGain));
        assert_eq!(order(&held), [(1, Some(1)), (2, Some(2))]);
    }
}
