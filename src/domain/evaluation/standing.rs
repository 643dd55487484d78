//! Ranks from what a judge said of pairs.
//!
//! First counts Copeland's score: pairs won less pairs lost. Where that is equal, the
//! strengths of the Bradley–Terry model decide, by which a win over a strong one is worth
//! more. When every pair was judged both give the same order; when judgements failed, the
//! strengths make up for whom each was compared with. They are found by the iteration of Hunter (2004), "MM algorithms for generalized
//! Bradley–Terry models", Annals of Statistics 32.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::AgentId;

use super::judge::{Answer, Bout};
use super::runs::number;

/// One question that was put to the judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Who was shown.
    pub bout: Bout,
    /// What it said, or why there is no answer.
    pub answer: Result<Answer, String>,
}

/// What the two judgements of a pair come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairOutcome {
    /// Both name the same agent.
    Won(AgentId),
    /// Both call it a tie, or one does: the other alone is not enough.
    Tied,
    /// Each names another agent: the order in which they were shown decided. Counts as a tie.
    Contradictory,
    /// A judgement failed or is missing: nothing is known of the pair.
    Unjudged,
}

/// A pair with what its judgements come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedPair {
    /// The agent with the lower number.
    pub one: AgentId,
    /// The other.
    pub other: AgentId,
    /// What it comes to.
    pub outcome: PairOutcome,
}

/// One agent's place by the judge.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedPlace {
    /// The agent.
    pub agent: AgentId,
    /// From 1; equal scores and strengths share one.
    pub rank: u32,
    /// Pairs won.
    pub won: u32,
    /// Pairs lost.
    pub lost: u32,
    /// Pairs that are tied, contradictory ones among them.
    pub tied: u32,
    /// Pairs won less pairs lost.
    pub score: i64,
    /// The strength; those of all agents add up to 1.
    pub strength: f64,
}

/// All that a judge's answers come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The agents, best first.
    pub places: Vec<JudgedPlace>,
    /// Every pair, by the agents' numbers.
    pub pairs: Vec<JudgedPair>,
    /// The judgements that failed, with the reasons, in the order in which they were given.
    pub failed: Vec<(Bout, String)>,
}

impl Standing {
    /// Combines judgements of these agents. Those of others do not matter; when the same bout
    /// was judged twice, the later judgement counts.
    #[must_use]
    pub fn new(agents: impl IntoIterator<Item = AgentId>, judgements: &[Judgement]) -> Self {
        let agents: BTreeSet<AgentId> = agents.into_iter().collect();
        let is_among = |bout: &Bout| agents.contains(&bout.a) && agents.contains(&bout.b);
        let judged: BTreeMap<Bout, &Result<Answer, String>> = judgements
            .iter()
            .filter(|judgement| is_among(&judgement.bout))
            .map(|judgement| (judgement.bout, &judgement.answer))
            .collect();
        let pairs = pairs(&agents, &judged);
        let failed = judgements
            .iter()
            .filter(|judgement| judged.get(&judgement.bout) == Some(&&judgement.answer))
            .filter_map(|j| Some((j.bout, j.answer.as_ref().err()?.clone())))
            .collect();
        Self {
            places: places(&agents, &pairs),
            pairs,
            failed,
        }
    }

    /// The pairs in which the order in which they were shown decided.
    pub fn contradictory(&self) -> impl Iterator<Item = &JudgedPair> {
        let is = |pair: &&JudgedPair| pair.outcome == PairOutcome::Contradictory;
        self.pairs.iter().filter(is)
    }
}

fn pairs(
    agents: &BTreeSet<AgentId>,
    judged: &BTreeMap<Bout, &Result<Answer, String>>,
) -> Vec<JudgedPair> {
    let named = |bout: Bout| Some(bout.winner(judged.get(&bout)?.as_ref().ok()?));
    let mut pairs = Vec::new();
    for one in agents {
        for other in agents.range(*one..).skip(1) {
            let bout = Bout { a: *one, b: *other };
            let outcome = match (named(bout), named(bout.swapped())) {
                (None, _) | (_, None) => PairOutcome::Unjudged,
                (Some(Some(first)), Some(Some(second))) if first == second => {
                    PairOutcome::Won(first)
                }
                (Some(Some(_)), Some(Some(_))) => PairOutcome::Contradictory,
                _ => PairOutcome::Tied,
            };
            let (one, other) = bout.pair();
            pairs.push(JudgedPair {
                one,
                other,
                outcome,
            });
        }
    }
    pairs
}

fn places(agents: &BTreeSet<AgentId>, pairs: &[JudgedPair]) -> Vec<JudgedPlace> {
    let strengths = strengths(agents, pairs);
    let mut places: Vec<JudgedPlace> = agents
        .iter()
        .map(|agent| {
            let of_agent = || {
                pairs
                    .iter()
                    .filter(|p| p.one == *agent || p.other == *agent)
            };
            let count = |is: &dyn Fn(PairOutcome) -> bool| {
                let count = of_agent().filter(|pair| is(pair.outcome)).count();
                u32::try_from(count).unwrap_or(u32::MAX)
            };
            let won = count(&|outcome| outcome == PairOutcome::Won(*agent));
            let lost = count(&|o| matches!(o, PairOutcome::Won(winner) if winner != *agent));
            JudgedPlace {
                agent: *agent,
                rank: 0,
                won,
                lost,
                tied: count(&|o| matches!(o, PairOutcome::Tied | PairOutcome::Contradictory)),
                score: i64::from(won) - i64::from(lost),
                strength: strengths.get(agent).copied().unwrap_or_default(),
            }
        })
        .collect();
    places.sort_by(|a, b| {
        let by_strength = || steps(b.strength).cmp(&steps(a.strength));
        let by_score = b.score.cmp(&a.score).then_with(by_strength);
        by_score.then_with(|| a.agent.cmp(&b.agent))
    });
    let key = |place: &JudgedPlace| (place.score, steps(place.strength));
    let mut before: Option<((i64, i64), u32)> = None;
    for (place, nth) in places.iter_mut().zip(1..) {
        place.rank = match before {
            Some((same, rank)) if same == key(place) => rank,
            _ => nth,
        };
        before = Some((key(place), place.rank));
    }
    places
}

/// A strength in millionths: what the iteration leaves open shall decide nothing.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a strength lies between 0 and 1"
)]
fn steps(strength: f64) -> i64 {
    (strength * 1e6).round() as i64
}

/// Each agent is taken to have won and lost so many pairs against one of strength 1, so that
/// whoever won all or nothing has a finite strength.
const PRIOR: f64 = 0.1;
/// Enough for strengths to stay as they are; far fewer are needed.
const ITERATIONS: u32 = 10_000;
/// Relative to a strength; smaller changes end the iteration.
const SETTLED: f64 = 1e-10;

/// The strengths of the Bradley–Terry model; a tie is half a win for each.
fn strengths(agents: &BTreeSet<AgentId>, pairs: &[JudgedPair]) -> BTreeMap<AgentId, f64> {
    let mut strengths: BTreeMap<AgentId, f64> = agents.iter().map(|agent| (*agent, 1.0)).collect();
    for _ in 0..ITERATIONS {
        let next: BTreeMap<AgentId, f64> = agents
            .iter()
            .map(|agent| (*agent, improved(*agent, pairs, &strengths)))
            .collect();
        let settled = std::iter::zip(next.values(), strengths.values())
            .all(|(new, old)| (new - old).abs() <= SETTLED * old);
        strengths = next;
        if settled {
            break;
        }
    }
    let sum: f64 = strengths.values().sum();
    for strength in strengths.values_mut() {
        *strength /= sum;
    }
    strengths
}

/// One step of the iteration: wins, divided by how many were to be expected.
fn improved(agent: AgentId, pairs: &[JudgedPair], strengths: &BTreeMap<AgentId, f64>) -> f64 {
    let strength = |agent: AgentId| strengths.get(&agent).copied().unwrap_or(1.0);
    let own = strength(agent);
    let mut wins = PRIOR;
    let mut expected = 2.0 * PRIOR / (own + 1.0);
    for pair in pairs {
        let other = match (pair.one == agent, pair.other == agent) {
            (true, _) => pair.other,
            (_, true) => pair.one,
            _ => continue,
        };
        wins += match pair.outcome {
            PairOutcome::Unjudged => continue,
            PairOutcome::Won(winner) => number(usize::from(winner == agent)),
            PairOutcome::Tied | PairOutcome::Contradictory => 0.5,
        };
        expected += 1.0 / (own + strength(other));
    }
    wins / expected
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Side, bouts};
    use super::*;
    use proptest::prelude::*;

    fn agent(number: u32) -> AgentId {
        AgentId::new(number).unwrap()
    }

    fn says(a: u32, b: u32, winner: Side) -> Judgement {
        let answer = Answer {
            winner,
            reason: String::new(),
        };
        Judgement {
            bout: Bout {
                a: agent(a),
                b: agent(b),
            },
            answer: Ok(answer),
        }
    }

    /// Both judgements of a pair that the first wins.
    fn beats(winner: u32, loser: u32) -> [Judgement; 2] {
        [says(winner, loser, Side::A), says(loser, winner, Side::B)]
    }

    fn order(standing: &Standing) -> Vec<(u32, u32)> {
        let places = standing.places.iter();
        places
            .map(|place| (place.agent.number(), place.rank))
            .collect()
    }

    #[test]
    fn more_pairs_won_stand_first() {
        let judgements = [beats(2, 1), beats(2, 3), beats(3, 1)].concat();
        let standing = Standing::new(AgentId::first(3), &judgements);
        assert_eq!(order(&standing), [(2, 1), (3, 2), (1, 3)]);
        let first = &standing.places[0];
        assert_eq!(
            (first.won, first.lost, first.tied, first.score),
            (2, 0, 0, 2)
        );
        assert!(
            standing
                .places
                .iter()
                .all(|p| p.strength > 0.0 && p.strength < 1.0)
        );
    }

    #[test]
    fn a_circle_is_a_tie() {
        let judgements = [beats(1, 2), beats(2, 3), beats(3, 1)].concat();
        let standing = Standing::new(AgentId::first(3), &judgements);
        assert_eq!(order(&standing), [(1, 1), (2, 1), (3, 1)]);
    }

    #[test]
    fn strength_decides_between_equal_scores() {
        // Two pairs were judged beside the first: 3 is as good as the winner, 4 as the loser.
        let tie = |one, other| [says(one, other, Side::Tie), says(other, one, Side::Tie)];
        let judgements = [beats(1, 2), tie(3, 1), tie(2, 4)].concat();
        let standing = Standing::new(AgentId::first(4), &judgements);
        let place = |n| {
            standing
                .places
                .iter()
                .find(|p| p.agent == agent(n))
                .unwrap()
        };
        assert_eq!(place(3).score, place(4).score);
        assert!(place(3).strength > place(4).strength);
        assert!(place(3).rank < place(4).rank);
    }

    #[test]
    fn what_an_order_decided_counts_as_a_tie_and_is_told() {
        let judgements = [says(1, 2, Side::A), says(2, 1, Side::A)];
        let standing = Standing::new(AgentId::first(2), &judgements);
        assert_eq!(order(&standing), [(1, 1), (2, 1)]);
        assert_eq!(standing.contradictory().count(), 1);
        let judgements = [says(1, 2, Side::A), says(2, 1, Side::Tie)];
        let standing = Standing::new(AgentId::first(2), &judgements);
        assert_eq!(standing.pairs[0].outcome, PairOutcome::Tied);
        assert_eq!(standing.contradictory().count(), 0);
    }

    #[test]
    fn a_failed_judgement_is_told_and_decides_nothing() {
        let [first, mut second] = beats(1, 2);
        second.answer = Err("exit status 1".to_owned());
        let standing = Standing::new(AgentId::first(2), &[first.clone(), second.clone()]);
        assert_eq!(standing.failed, [(second.bout, "exit status 1".to_owned())]);
        assert_eq!(standing.pairs[0].outcome, PairOutcome::Unjudged);
        assert_eq!(order(&standing), [(1, 1), (2, 1)]);
        // Done again, the later judgement counts.
        let again = [first, second, says(2, 1, Side::B)];
        let standing = Standing::new(AgentId::first(2), &again);
        assert!(standing.failed.is_empty());
        assert_eq!(order(&standing), [(1, 1), (2, 2)]);
    }

    #[test]
    fn nobody_and_one_alone_are_no_matter() {
        assert!(Standing::new([], &[]).places.is_empty());
        let alone = Standing::new(AgentId::first(1), &beats(1, 2));
        assert_eq!(order(&alone), [(1, 1)]);
        assert!((alone.places[0].strength - 1.0).abs() < 1e-9);
    }

    #[test]
    fn two_strengths_are_those_of_the_formula() {
        // By hand: wins 1 + e and e, with e = 0.1 against one of strength 1.
        let standing = Standing::new(AgentId::first(2), &beats(1, 2));
        let found = standing.places[0].strength / standing.places[1].strength;
        // p = x and 1/x by symmetry: 1.1 = x²/(x²+1) + 0.2·x/(x+1).
        let x = found.sqrt();
        let expected = x * x / (x * x + 1.0) + 0.2 * x / (x + 1.0);
        assert!((expected - 1.1).abs() < 1e-6, "{found}: {expected}");
    }

    proptest! {
        #[test]
        fn a_judge_that_sees_a_true_order_finds_it(count in 2u32..8, seed: u64) {
            // The higher number is the better one.
            let judgements: Vec<Judgement> = bouts(AgentId::first(count), seed)
                .into_iter()
                .map(|bout| says(
                    bout.a.number(),
                    bout.b.number(),
                    if bout.a > bout.b { Side::A } else { Side::B },
                ))
                .collect();
            let standing = Standing::new(AgentId::first(count), &judgements);
            let expected: Vec<(u32, u32)> = (1..=count).rev().zip(1..).collect();
            prop_assert_eq!(order(&standing), expected);
        }

        #[test]
        fn any_answers_give_a_standing(
            answers in proptest::collection::vec(0u8..4, 30), seed: u64,
        ) {
            let mut judgements: Vec<Judgement> = bouts(AgentId::first(6), seed)
                .into_iter()
                .zip(answers)
                .map(|(bout, answer)| {
                    let side = [Side::A, Side::B, Side::Tie];
                    let mut judgement = says(bout.a.number(), bout.b.number(), Side::Tie);
                    match side.get(usize::from(answer)) {
                        Some(side) => judgement.answer = Ok(Answer { winner: *side, reason: String::new() }),
                        None => judgement.answer = Err("failed".to_owned()),
                    }
                    judgement
                })
                .collect();
            let standing = Standing::new(AgentId::first(6), &judgements);
            prop_assert_eq!(standing.places.iter().map(|p| p.score).sum::<i64>(), 0);
            let sum: f64 = standing.places.iter().map(|p| p.strength).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
            prop_assert!(standing.places.windows(2).all(|p| p[0].rank <= p[1].rank && p[0].score >= p[1].score));
            judgements.reverse();
            prop_assert_eq!(order(&Standing::new(AgentId::first(6), &judgements)), order(&standing));
        }
    }
}
