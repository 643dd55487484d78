//! How two entrants differ, and whether that is more than noise.
//!
//! Differences are taken round by round: what a round has in common falls out. Their spread
//! is estimated from all entrants together, who are measured alike, and from the pair alone,
//! and the larger of the two counts: the first makes few rounds enough, the second keeps an
//! entrant that is noisier than the others from profiting by them. Runs that lie far out (a
//! hiccup of the machine) are drawn in first. Student's distribution gives the interval, at a
//! level that is corrected for how many comparisons are made.
//!
//! `docs/statistics.md` has the sources and what else was tried.

use std::collections::BTreeSet;

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::domain::metric::Direction;

use super::bootstrap::Interval;
use super::plan::Entrant;
use super::runs::{Runs, mean, median, number};

/// In how large a part of evaluations of equal entrants a difference may be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FalseShare(f64);

impl FalseShare {
    /// The share, above 0 and below one half; `None` outside.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share < 0.5).then_some(Self(share))
    }

    /// The share as a part of 1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// What is left for each of several comparisons (Bonferroni).
    fn each_of(self, comparisons: f64) -> f64 {
        self.0 / comparisons.max(1.0)
    }
}

impl Default for FalseShare {
    /// One in twenty.
    fn default() -> Self {
        Self(0.05)
    }
}

/// One entrant less another, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of the differences by round, with far-out runs drawn in.
    pub estimate: f64,
    /// Where the true difference lies.
    pub interval: Interval,
}

impl Difference {
    /// Whether the first of the two is better beyond noise: all of the interval says so.
    #[must_use]
    pub fn is_better(&self, direction: Direction) -> bool {
        let Interval { low, high, .. } = self.interval;
        direction.is_better(low, 0.0) && direction.is_better(high, 0.0)
    }

    /// The same in per cent of a figure, such as that of the base; `None` for one of zero.
    #[must_use]
    pub fn percent_of(&self, figure: f64) -> Option<Self> {
        let percent = |value: f64| {
            let percent = value / figure.abs() * 100.0;
            percent.is_finite().then_some(percent)
        };
        Some(Self {
            estimate: percent(self.estimate)?,
            interval: Interval {
                low: percent(self.interval.low)?,
                high: percent(self.interval.high)?,
                level: self.interval.level,
            },
        })
    }
}

/// All entrants with the rounds that each of them has; what comparisons are made in.
#[derive(Clone, Debug)]
pub struct Field {
    /// The entrants, each with a value of every round.
    rows: Vec<(Entrant, Vec<f64>)>,
    rounds: usize,
    /// What values were divided by, so that squares stay finite; a power of two.
    scale: f64,
    /// The variance of one run that is left when entrants and rounds are accounted for.
    variance: f64,
}

impl Field {
    /// Runs farther out than this many deviations are drawn in to it.
    const FARTHEST: f64 = 3.0;
    /// The median of absolute deviations of a normal distribution, in its deviations.
    const MEDIAN_DEVIATION: f64 = 0.674_489_750_196_081_7;
    /// With fewer rounds or entrants nothing is drawn in: what so few runs show of their
    /// deviation is too rough, and what was drawn in would look steadier than it is.
    const FEWEST_ROUNDS: usize = 5;
    const FEWEST_ENTRANTS: usize = 3;

    /// The field of these entrants, each named once.
    ///
    /// Rounds that not every entrant has are left out. `None` with fewer than two entrants or
    /// fewer than two rounds in common: then nothing is known of the noise.
    #[must_use]
    pub fn new(entrants: &[(Entrant, &Runs)]) -> Option<Self> {
        let (_, first) = entrants.first()?;
        let in_common: BTreeSet<u32> = first
            .rounds()
            .filter(|round| entrants.iter().all(|(_, runs)| runs.of(*round).is_some()))
            .collect();
        if entrants.len() < 2 || in_common.len() < 2 {
            return None;
        }
        let largest = entrants
            .iter()
            .flat_map(|(_, runs)| runs.values())
            .fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let scale = power_of_two_above(largest);
        let values = |runs: &Runs| {
            let values = in_common.iter().filter_map(|round| runs.of(*round));
            values.map(|value| value / scale).collect()
        };
        let rows: Vec<Vec<f64>> = entrants.iter().map(|(_, runs)| values(runs)).collect();
        let rows = drawn_in(rows);
        let variance = variance_left(&rows);
        let names = entrants.iter().map(|(entrant, _)| *entrant);
        Some(Self {
            rows: names.zip(rows).collect(),
            rounds: in_common.len(),
            scale,
            variance,
        })
    }

    /// How many rounds all entrants have.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// An agent less the base.
    ///
    /// Among agents that equal the base, one is seen to be better in at most `share` of all
    /// evaluations, and one to be worse in at most `share` of them. `None` when either is not
    /// in the field.
    #[must_use]
    pub fn against_base(&self, entrant: Entrant, share: FalseShare) -> Option<Difference> {
        let outside = share.each_of(self.agents());
        self.difference(entrant, Entrant::Base, outside)
    }

    /// An agent less another.
    ///
    /// Of all pairs of agents that equal each other, one is told apart in at most `share` of
    /// all evaluations, whichever pairs are looked at. `None` when either is not in the field.
    #[must_use]
    pub fn between(
        &self,
        entrant: Entrant,
        other: Entrant,
        share: FalseShare,
    ) -> Option<Difference> {
        // Each pair can err to two sides: that cancels the half of n(n-1)/2.
        let outside = share.each_of(self.agents() * (self.agents() - 1.0));
        self.difference(entrant, other, outside)
    }

    fn agents(&self) -> f64 {
        let agents = self.rows.iter().filter(|(row, _)| *row != Entrant::Base);
        number(agents.count())
    }

    /// The difference with an interval that leaves `outside` at each of its sides.
    fn difference(&self, entrant: Entrant, other: Entrant, outside: f64) -> Option<Difference> {
        let row = |name| Some(&self.rows.iter().find(|(row, _)| *row == name)?.1);
        let differences: Vec<f64> = std::iter::zip(row(entrant)?, row(other)?)
            .map(|(one, other)| one - other)
            .collect();
        let estimate = mean(differences.iter().copied());
        let squares = differences.iter().map(|d| (d - estimate).powi(2));
        let own = squares.sum::<f64>() / (number(self.rounds) - 1.0);
        let spread = (own.max(2.0 * self.variance) / number(self.rounds)).sqrt();
        let freedom = freedom_left(self.rows.len(), self.rounds);
        let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
        let margin = spread * student.inverse_cdf(1.0 - outside);
        let in_unit = |value: f64| (value * self.scale).clamp(f64::MIN, f64::MAX);
        Some(Difference {
            estimate: in_unit(estimate),
            interval: Interval {
                low: in_unit(estimate - margin),
                high: in_unit(estimate + margin),
                level: 1.0 - 2.0 * outside,
            },
        })
    }
}

/// The smallest power of two above a number; dividing by it changes no digit.
fn power_of_two_above(largest: f64) -> f64 {
    if largest == 0.0 {
        return 1.0;
    }
    largest.log2().floor().clamp(-1021.0, 1022.0).exp2() * 2.0
}

/// Draws far-out runs in (Huber's pseudo-values).
///
/// What is far is measured in each entrant's own deviations or those of all, whichever are
/// larger; deviations are medians, which far-out runs do not move.
fn drawn_in(mut rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let (n, rounds) = (rows.len(), rows.first().map_or(0, Vec::len));
    if rounds < Field::FEWEST_ROUNDS || n < Field::FEWEST_ENTRANTS {
        return rows;
    }
    let aligned = aligned(&rows);
    let left: Vec<Vec<f64>> = aligned
        .into_iter()
        .map(|row| {
            let middle = median(&mut row.clone());
            row.into_iter().map(|value| value - middle).collect()
        })
        .collect();
    let freedom = |count: usize| number(count) / (number(count) - 1.0);
    let deviation = |values: &mut dyn Iterator<Item = &f64>, lost: f64| {
        let mut sizes: Vec<f64> = values.map(|value| value.abs()).collect();
        median(&mut sizes) / Field::MEDIAN_DEVIATION * lost.sqrt()
    };
    let of_all = deviation(&mut left.iter().flatten(), freedom(n) * freedom(rounds));
    for (row, left) in rows.iter_mut().zip(&left) {
        let own = deviation(&mut left.iter(), freedom(rounds));
        let farthest = Field::FARTHEST * of_all.max(own);
        // Where most runs give the same value, nothing says what is far.
        if farthest > 0.0 {
            for (value, left) in row.iter_mut().zip(left) {
                *value -= left - left.clamp(-farthest, farthest);
            }
        }
    }
    rows
}

/// The rows less the median of each round.
fn aligned(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rounds = rows.first().map_or(0, Vec::len);
    let of_round = |round: usize| rows.iter().filter_map(move |row| row.get(round).copied());
    let middles: Vec<f64> = (0..rounds)
        .map(|round| median(&mut of_round(round).collect::<Vec<f64>>()))
        .collect();
    rows.iter()
        .map(|row| row.iter().zip(&middles).map(|(v, m)| v - m).collect())
        .collect()
}

/// The mean square that is left of an analysis of variance by entrant and round.
fn variance_left(rows: &[Vec<f64>]) -> f64 {
    let rounds = rows.first().map_or(0, Vec::len);
    let of_round = |round: usize| mean(rows.iter().filter_map(|row| row.get(round).copied()));
    let by_round: Vec<f64> = (0..rounds).map(of_round).collect();
    let of_all = mean(by_round.iter().copied());
    let squares = rows.iter().flat_map(|row| {
        let of_row = mean(row.iter().copied());
        let left = row.iter().zip(&by_round);
        left.map(move |(value, round)| (value - of_row - round + of_all).powi(2))
    });
    squares.sum::<f64>() / freedom_left(rows.len(), rounds)
}

/// The degrees of freedom that are left when entrants and rounds are accounted for.
fn freedom_left(entrants: usize, rounds: usize) -> f64 {
    number(entrants.saturating_sub(1)) * number(rounds.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::AgentId;
    use proptest::prelude::*;

    fn agent(number: u32) -> Entrant {
        Entrant::Agent(AgentId::new(number).unwrap())
    }

    fn runs(values: &[f64]) -> Runs {
        Runs::new((1..).zip(values.iter().copied()))
            .unwrap()
            .unwrap()
    }

    fn field(rows: &[&[f64]]) -> Option<Field> {
        let all: Vec<Runs> = rows.iter().map(|row| runs(row)).collect();
        let names = std::iter::once(Entrant::Base).chain((1..).map(agent));
        let entrants: Vec<(Entrant, &Runs)> = names.zip(&all).collect();
        Field::new(&entrants)
    }

    fn against_base(rows: &[&[f64]]) -> Difference {
        let field = field(rows).unwrap();
        field.against_base(agent(1), FalseShare::default()).unwrap()
    }

    #[test]
    fn two_entrants_are_a_paired_t_test() {
        // Differences 1, 2, 3, 2, 2: mean 2, deviation 0.7071; t(0.05, 4) = 2.1318.
        let found = against_base(&[
            &[10.0, 20.0, 30.0, 40.0, 50.0],
            &[11.0, 22.0, 33.0, 42.0, 52.0],
        ]);
        let margin = 2.131_847 * (0.5_f64 / 5.0).sqrt();
        assert!((found.estimate - 2.0).abs() < 1e-12);
        assert!(
            (found.interval.low - (2.0 - margin)).abs() < 1e-5,
            "{found:?}"
        );
        assert!((found.interval.high - (2.0 + margin)).abs() < 1e-5);
        assert!((found.interval.level - 0.9).abs() < 1e-12);
        assert!(found.is_better(Direction::Higher));
        assert!(!found.is_better(Direction::Lower));
    }

    #[test]
    fn a_far_out_run_is_drawn_in() {
        let base = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2, 99.8];
        let better = [90.0, 90.7, 89.2, 90.4, 89.6, 90.3, 89.7];
        let mut hiccup = better;
        hiccup[3] = 900.0;
        let found = against_base(&[&base, &hiccup, &base, &better]);
        assert!(found.is_better(Direction::Lower), "{found:?}");
    }

    #[test]
    fn what_has_no_spread_differs_or_does_not() {
        let found = against_base(&[&[0.1; 3], &[0.1; 3]]);
        assert_eq!((found.interval.low, found.interval.high), (0.0, 0.0));
        assert!(!found.is_better(Direction::Lower) && !found.is_better(Direction::Higher));
        let found = against_base(&[&[0.1; 3], &[0.3; 3]]);
        assert!(found.is_better(Direction::Higher));
    }

    #[test]
    fn nothing_is_known_of_one_round_or_of_one_entrant() {
        assert!(field(&[&[1.0], &[2.0]]).is_none());
        assert!(field(&[&[1.0, 2.0]]).is_none());
        assert!(field(&[&[1.0, 2.0, 3.0], &[2.0]]).is_none());
        assert!(Field::new(&[]).is_none());
        let uneven = field(&[&[1.0, 2.0, 3.0], &[2.0, 3.0]]).unwrap();
        assert_eq!(uneven.rounds(), 2);
        assert!(
            uneven
                .against_base(agent(9), FalseShare::default())
                .is_none()
        );
    }

    #[test]
    fn per_cents_need_a_figure_that_is_not_zero() {
        let found = against_base(&[&[-10.0; 3], &[-15.0; 3]]);
        assert!((found.percent_of(-10.0).unwrap().estimate + 50.0).abs() < 1e-9);
        assert_eq!(found.percent_of(0.0), None);
    }

    #[test]
    fn a_share_is_a_part_of_one_half() {
        for bad in [0.0, -0.1, 0.5, 1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(FalseShare::new(bad), None);
        }
        assert_eq!(FalseShare::new(0.05), Some(FalseShare::default()));
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, above, quantile) in [
            (1.0, 0.025, 12.706_205),
            (4.0, 0.025, 2.776_445),
            (18.0, 0.025, 2.100_922),
            (18.0, 0.01, 2.552_380),
            (60.0, 0.001, 3.231_709),
        ] {
            let student = StudentsT::new(0.0, 1.0, freedom).unwrap();
            let found = student.inverse_cdf(1.0 - above);
            assert!(
                (found - quantile).abs() < 1e-5,
                "{freedom} {above}: {found}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_runs_make_it_anything_but_finite(
            rows in proptest::collection::vec(
                proptest::collection::vec(proptest::num::f64::NORMAL | proptest::num::f64::ZERO, 4),
                2..6,
            ),
        ) {
            let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let Difference { estimate, interval } = against_base(&rows);
            prop_assert!(estimate.is_finite());
            prop_assert!(interval.low.is_finite() && interval.high.is_finite());
            prop_assert!(interval.holds(estimate));
        }

        #[test]
        fn what_all_have_in_common_in_a_round_falls_out(
            rows in proptest::collection::vec(proptest::collection::vec(-100i32..100, 5), 2..5),
            drift in proptest::collection::vec(-100i32..100, 5),
        ) {
            let values = |add: i32| -> Vec<Vec<f64>> {
                rows.iter()
                    .map(|row| row.iter().zip(&drift).map(|(v, d)| f64::from(v + d * add)).collect())
                    .collect()
            };
            let found = |rows: Vec<Vec<f64>>| {
                against_base(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            let (still, drifting) = (found(values(0)), found(values(1)));
            prop_assert!((still.estimate - drifting.estimate).abs() < 1e-9);
            prop_assert!((still.interval.low - drifting.interval.low).abs() < 1e-9);
            prop_assert!((still.interval.high - drifting.interval.high).abs() < 1e-9);
        }
    }
}
