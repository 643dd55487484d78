//! The counted runs of one entrant, and the figure that stands for them.

use std::collections::BTreeMap;

/// A value that no figure can be made of.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("round {round} gave {value}, which is not a finite number")]
pub struct NotFinite {
    /// The round.
    pub round: u32,
    /// What it gave.
    pub value: f64,
}

/// The metric of each counted round, by the number of the round; at least one, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs(BTreeMap<u32, f64>);

impl Runs {
    /// The runs of these rounds; `None` when there are none.
    ///
    /// # Errors
    /// A value that is infinite or not a number.
    pub fn new(rounds: impl IntoIterator<Item = (u32, f64)>) -> Result<Option<Self>, NotFinite> {
        let mut runs = BTreeMap::new();
        for (round, value) in rounds {
            if !value.is_finite() {
                return Err(NotFinite { round, value });
            }
            // -0 equals 0, and shall not be ranked before it.
            runs.insert(round, value + 0.0);
        }
        Ok((!runs.is_empty()).then_some(Self(runs)))
    }

    /// A single run.
    ///
    /// # Errors
    /// A value that is infinite or not a number.
    pub fn one(value: f64) -> Result<Self, NotFinite> {
        if !value.is_finite() {
            return Err(NotFinite { round: 1, value });
        }
        Ok(Self(BTreeMap::from([(1, value + 0.0)])))
    }

    /// The values, by round.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.values().copied()
    }

    /// The numbers of the rounds, in order.
    pub fn rounds(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }

    /// What a round gave.
    #[must_use]
    pub fn of(&self, round: u32) -> Option<f64> {
        self.0.get(&round).copied()
    }

    /// How many rounds there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The figure that stands for them: their median.
    #[must_use]
    pub fn figure(&self) -> f64 {
        let mut values: Vec<f64> = self.values().collect();
        median(&mut values)
    }
}

/// The middle one, or half-way between the two in the middle; 0 of nothing. Sorts the values.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = values.get(half).copied().unwrap_or(0.0);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = half.checked_sub(1).and_then(|at| values.get(at).copied());
    // Halved first: the sum of two large numbers may be infinite.
    lower.map_or(upper, |lower| {
        if lower.total_cmp(&upper).is_eq() {
            lower
        } else {
            lower / 2.0 + upper / 2.0
        }
    })
}

/// The arithmetic mean; 0 of nothing.
pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}

/// A count as a number to calculate with.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_figure_is_the_median() {
        for (values, figure) in [
            (&[3.0][..], 3.0),
            (&[3.0, 1.0], 2.0),
            (&[9.0, 1.0, 2.0], 2.0),
            (&[-1.0, -5.0, 0.0, -2.0], -1.5),
            (&[f64::MAX, f64::MAX], f64::MAX),
            (&[0.1, 0.1], 0.1),
        ] {
            let runs = Runs::new((1..).zip(values.iter().copied())).unwrap();
            assert_eq!(
                runs.unwrap().figure().to_bits(),
                figure.to_bits(),
                "{values:?}"
            );
        }
    }

    #[test]
    fn only_finite_numbers_are_runs() {
        assert_eq!(Runs::new([]), Ok(None));
        assert!(Runs::new([(1, 1.0), (2, f64::NAN)]).is_err());
        assert_eq!(
            Runs::one(f64::INFINITY).unwrap_err().to_string(),
            "round 1 gave inf, which is not a finite number"
        );
        assert!(Runs::one(-0.0).unwrap().figure().is_sign_positive());
    }

    proptest! {
        #[test]
        fn half_of_the_values_lie_on_each_side(
            values in proptest::collection::vec(proptest::num::f64::NORMAL, 1..20),
        ) {
            let figure = Runs::new((1..).zip(values.clone())).unwrap().unwrap().figure();
            prop_assert!(figure.is_finite());
            let below = values.iter().filter(|value| **value < figure).count();
            let above = values.iter().filter(|value| **value > figure).count();
            prop_assert!(2 * below <= values.len() && 2 * above <= values.len());
        }
    }
}
