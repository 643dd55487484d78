//! Ordering the results of an evaluation that measured each attempt once.

use super::diff::DiffStat;
use super::evaluation::runs::Runs;
use super::evaluation::tournament::{self, Rules, Tournament};
use super::id::AgentId;
use super::metric::Direction;

/// What measuring one agent's attempt gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The metric; finite.
    Value(f64),
    /// The eval command passed and there is no metric to look for, or no command at all.
    Unmeasured,
    /// The eval command passed but printed no number that could be ranked.
    NoMetric(String),
    /// The attempt is out: its agent or the eval command failed, or it has no commit.
    Disqualified(String),
}

impl Outcome {
    /// The metric, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            _ => None,
        }
    }

    /// Why there is no metric, where something went wrong.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NoMetric(reason) | Self::Disqualified(reason) => Some(reason),
            Self::Value(_) | Self::Unmeasured => None,
        }
    }

    fn of_one_run(&self) -> tournament::Outcome {
        match self {
            Self::Value(value) => match Runs::one(*value) {
                Ok(runs) => tournament::Outcome::Measured(runs),
                Err(error) => tournament::Outcome::NoMetric(error.to_string()),
            },
            Self::Unmeasured => tournament::Outcome::Unmeasured,
            Self::NoMetric(reason) => tournament::Outcome::NoMetric(reason.clone()),
            Self::Disqualified(reason) => tournament::Outcome::Disqualified(reason.clone()),
        }
    }
}

/// One agent in a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Contestant {
    /// The agent.
    pub agent: AgentId,
    /// What was measured.
    pub outcome: Outcome,
    /// How much its attempt changes; breaks ties in the order shown.
    pub diff: DiffStat,
}

/// A contestant with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The contestant.
    pub contestant: Contestant,
    /// From 1; equal metrics share a rank, those without a metric share the one after
    /// all others; `None` when out, or when nothing was there to rank by.
    pub rank: Option<u32>,
}

/// Orders contestants: best metric first, then those without a metric, then those that are out.
///
/// Contestants with equal metrics share a rank; the smaller change stands first. This is a
/// [`Tournament`] in which each has one run.
#[must_use]
pub fn rank(direction: Direction, contestants: Vec<Contestant>) -> Vec<Placed> {
    let rules = Rules {
        direction,
        ..Rules::default()
    };
    let with_one_run = contestants.iter().map(|contestant| tournament::Contestant {
        agent: contestant.agent,
        outcome: contestant.outcome.of_one_run(),
        diff: contestant.diff,
        tie_values: Vec::new(),
    });
    let held = Tournament::hold(&rules, None, with_one_run.collect());
    let mut left = contestants;
    held.placed
        .into_iter()
        .filter_map(|placed| {
            let agent = placed.contestant.agent;
            let at = left.iter().position(|c| c.agent == agent)?;
            Some(Placed {
                contestant: left.swap_remove(at),
                rank: placed.rank,
            })
        })
        .collect()
}

/// The difference of a metric to the baseline, in the metric's unit.
///
/// `None` without a baseline: a difference is never made up.
#[must_use]
pub fn delta(value: Option<f64>, baseline: Option<f64>) -> Option<f64> {
    Some(value? - baseline?).filter(|delta| delta.is_finite())
}

/// The same in per cent of the baseline; `None` for a baseline of zero.
#[must_use]
pub fn delta_percent(value: Option<f64>, baseline: Option<f64>) -> Option<f64> {
    let base = baseline?;
    if base == 0.0 {
        return None;
    }
    Some(delta(value, baseline)? / base.abs() * 100.0).filter(|percent| percent.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contestant(agent: u32, outcome: Outcome, lines: usize) -> Contestant {
        Contestant {
            agent: AgentId::new(agent).unwrap(),
            outcome,
            diff: DiffStat::new(1, lines, 0),
        }
    }

    fn order(placed: &[Placed]) -> Vec<(u32, Option<u32>)> {
        placed
            .iter()
            .map(|p| (p.contestant.agent.number(), p.rank))
            .collect()
    }

    #[test]
    fn best_first_then_no_metric_then_out() {
        let contestants = vec![
            contestant(1, Outcome::Disqualified("eval failed".into()), 1),
            contestant(2, Outcome::Value(3.0), 1),
            contestant(3, Outcome::NoMetric("NaN".into()), 1),
            contestant(4, Outcome::Value(-2.0), 1),
        ];
        assert_eq!(
            order(&rank(Direction::Lower, contestants.clone())),
            [(4, Some(1)), (2, Some(2)), (3, Some(3)), (1, None)]
        );
        assert_eq!(
            order(&rank(Direction::Higher, contestants)),
            [(2, Some(1)), (4, Some(2)), (3, Some(3)), (1, None)]
        );
    }

    #[test]
    fn equal_metrics_share_a_rank_and_the_smaller_change_stands_first() {
        let contestants = vec![
            contestant(1, Outcome::Value(5.0), 30),
            contestant(2, Outcome::Value(5.0), 10),
            contestant(3, Outcome::Value(6.0), 1),
        ];
        assert_eq!(
            order(&rank(Direction::Lower, contestants)),
            [(2, Some(1)), (1, Some(1)), (3, Some(3))]
        );
    }

    #[test]
    fn without_a_metric_nothing_is_ranked() {
        let contestants = vec![
            contestant(2, Outcome::Unmeasured, 5),
            contestant(1, Outcome::Unmeasured, 9),
        ];
        assert_eq!(
            order(&rank(Direction::Lower, contestants)),
            [(2, None), (1, None)]
        );
    }

    #[test]
    fn deltas_need_a_baseline() {
        assert_eq!(delta(Some(120.0), Some(180.0)), Some(-60.0));
        assert_eq!(delta(Some(120.0), None), None);
        assert_eq!(delta(None, Some(180.0)), None);
        assert_eq!(delta_percent(Some(90.0), Some(180.0)), Some(-50.0));
        assert_eq!(delta_percent(Some(1.0), Some(0.0)), None);
        assert_eq!(delta_percent(Some(-5.0), Some(-10.0)), Some(50.0));
    }

    proptest! {
        #[test]
        fn a_ranking_is_a_permutation_in_order(
            values in proptest::collection::vec(proptest::option::of(-1e9f64..1e9), 0..20),
            higher: bool,
        ) {
            let direction = if higher { Direction::Higher } else { Direction::Lower };
            let contestants: Vec<_> = values.iter().zip(1..).map(|(value, agent)| {
                let outcome = value.map_or(Outcome::NoMetric("none".into()), Outcome::Value);
                contestant(agent, outcome, 1)
            }).collect();
            let placed = rank(direction, contestants.clone());
            prop_assert_eq!(placed.len(), contestants.len());
            for contestant in &contestants {
                prop_assert_eq!(placed.iter().filter(|p| p.contestant == *contestant).count(), 1);
            }
            for pair in placed.windows(2) {
                let [a, b] = pair else { continue };
                prop_assert!(a.rank <= b.rank);
                if let (Some(x), Some(y)) = (a.contestant.outcome.value(), b.contestant.outcome.value()) {
                    prop_assert!(!direction.is_better(y, x));
                }
            }
        }
    }
}
