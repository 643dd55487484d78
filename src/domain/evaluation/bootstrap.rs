//! The interval in which a figure is believed to lie, by the bootstrap.
//!
//! The runs are drawn again with replacement, many times; where the medians of these samples
//! lie says how far the median of other runs might have been. With few runs that is too
//! narrow, so that the percentiles are taken farther out, as Hesterberg (2015) proposes.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::random::Random;
use super::runs::{Runs, median, number};

/// Two numbers and how sure it is that the truth lies between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end; not below the lower one.
    pub high: f64,
    /// In how many of all such intervals the truth lies, as a part of 1.
    pub level: f64,
}

impl Interval {
    /// Whether a number lies in it, its ends included.
    #[must_use]
    pub fn holds(&self, number: f64) -> bool {
        (self.low..=self.high).contains(&number)
    }
}

/// How the bootstrap is done; kept with its results, so that it can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// How many samples are drawn.
    pub resamples: u32,
    /// The seed that they are drawn from.
    pub seed: u64,
}

impl Bootstrap {
    /// How many samples are enough for the ends of an interval to stay where they are.
    pub const RESAMPLES: u32 = 2000;
    /// How sure an interval is.
    pub const LEVEL: f64 = 0.95;
    /// Sets its stream apart from those of plans.
    const PURPOSE: u64 = 2 << 32;

    /// The interval for the median of these runs.
    ///
    /// `None` for a single run, which says nothing of the noise. The same runs and the same
    /// seed give the same interval.
    #[must_use]
    pub fn interval(self, runs: &Runs) -> Option<Interval> {
        let values: Vec<f64> = runs.values().collect();
        if values.len() < 2 || self.resamples == 0 {
            return None;
        }
        let mut random = Random::new(self.seed, Self::PURPOSE);
        let mut drawn = vec![0.0; values.len()];
        let mut medians: Vec<f64> = (0..self.resamples)
            .map(|_| {
                for place in &mut drawn {
                    let at = random.below(values.len());
                    *place = values.get(at).copied().unwrap_or_default();
                }
                median(&mut drawn)
            })
            .collect();
        medians.sort_unstable_by(f64::total_cmp);
        let outside = tail(values.len());
        let from_end = from_end(outside, self.resamples);
        Some(Interval {
            low: *medians.get(from_end)?,
            high: *medians.get(medians.len().checked_sub(from_end + 1)?)?,
            level: Self::LEVEL,
        })
    }
}

/// The part of the samples that is left out at each end.
///
/// A sample of `n` runs spreads by `(n-1)/n` of what it should, and the true spread is not
/// known: the normal quantile is widened to that of Student's distribution.
fn tail(runs: usize) -> f64 {
    let n = number(runs);
    let nominal = (1.0 - Bootstrap::LEVEL) / 2.0;
    let widened = StudentsT::new(0.0, 1.0, n - 1.0)
        .map(|student| student.inverse_cdf(nominal) * (n / (n - 1.0)).sqrt());
    let expanded = widened.map(|at| Normal::standard().cdf(at));
    expanded.unwrap_or(0.0).clamp(0.0, nominal)
}

/// How many sorted samples lie outside one end; rounded to the wider side.
fn from_end(outside: f64, resamples: u32) -> usize {
    let outside = (outside * f64::from(resamples)).floor();
    (0..resamples)
        .take_while(|count| f64::from(*count) < outside)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOOTSTRAP: Bootstrap = Bootstrap {
        resamples: 500,
        seed: 1,
    };

    fn runs(values: &[f64]) -> Runs {
        Runs::new((1..).zip(values.iter().copied()))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn one_run_has_no_interval() {
        assert_eq!(BOOTSTRAP.interval(&runs(&[3.0])), None);
        assert!(BOOTSTRAP.interval(&runs(&[3.0, 4.0])).is_some());
    }

    #[test]
    fn no_spread_is_a_point() {
        let found = BOOTSTRAP.interval(&runs(&[0.1; 7])).unwrap();
        assert_eq!((found.low, found.high), (0.1, 0.1));
    }

    #[test]
    fn an_interval_comes_again() {
        let runs = runs(&[10.0, 11.0, 12.0, 14.0, 9.0, 10.5, 13.0, 11.5, 12.5, 8.0]);
        let found = BOOTSTRAP.interval(&runs);
        assert_eq!(found, BOOTSTRAP.interval(&runs));
        let Interval { low, high, level } = found.unwrap();
        assert!((8.0..10.5).contains(&low) && (12.0..=14.0).contains(&high));
        assert!((level - 0.95).abs() < 1e-12);
    }

    #[test]
    fn the_tails_of_few_runs_are_taken_farther_out() {
        // By hand: t(0.025, 4) = 2.7764, times sqrt(5/4) = 3.1042, of which the normal tail.
        assert!((tail(5) - 0.000_954).abs() < 1e-5, "{}", tail(5));
        assert!((tail(1000) - 0.025).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn it_holds_the_figure_and_stays_within_the_runs(
            values in proptest::collection::vec(proptest::num::f64::NORMAL, 2..20), seed: u64,
        ) {
            let runs = runs(&values);
            let found = Bootstrap { resamples: 200, seed }.interval(&runs).unwrap();
            prop_assert!(found.low <= found.high);
            prop_assert!(values.iter().any(|value| *value <= found.low));
            prop_assert!(values.iter().any(|value| *value >= found.high));
        }
    }
}
