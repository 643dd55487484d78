//! Where a number lies on an axis.

use super::words::figure;

/// How much wider than its numbers an axis is, on each side, as a part of their width.
const MARGIN: f64 = 0.04;

/// Positive numbers that are so much apart lie on a logarithmic axis.
const FAR_APART: f64 = 1000.0;

/// About how many ticks an axis has.
const TICKS: f64 = 5.0;

/// More are never drawn.
const MOST_TICKS: usize = 9;

/// An axis over some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    /// The axis over all of these that are numbers; `None` where none is.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values = values.into_iter().filter(|value| value.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return None;
        }
        let logarithmic = low > 0.0 && high / low >= FAR_APART;
        let (low, high) = if logarithmic {
            (low.log10(), high.log10())
        } else {
            (low, high)
        };
        let margin = match (high - low) * MARGIN {
            // All are the same.
            0.0 if low == 0.0 => 1.0,
            0.0 => low.abs() * MARGIN,
            margin => margin,
        };
        Some(Self {
            low: (low - margin).max(f64::MIN),
            high: (high + margin).min(f64::MAX),
            logarithmic,
        })
    }

    /// Whether equal steps on it are equal factors.
    pub fn is_logarithmic(self) -> bool {
        self.logarithmic
    }

    /// The place of a number, in per cent of the axis.
    pub fn place(self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.log10()
        } else {
            value
        };
        // Halves: the whole width may be more than a number can be.
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        let place = (part * 100.0).clamp(0.0, 100.0);
        if place.is_nan() {
            50.0
        } else {
            (place * 100.0).round() / 100.0
        }
    }

    /// The ticks: their places and what stands at them.
    pub fn ticks(self) -> Vec<(f64, String)> {
        if self.logarithmic {
            let ticks = round_steps(self.low, self.high, 1.0).unwrap_or_default();
            let powers = ticks.into_iter().map(|(power, _)| 10_f64.powf(power));
            return powers
                .map(|value| (self.place(value), figure(value)))
                .collect();
        }
        let ticks = round_steps(self.low, self.high, 0.0).unwrap_or_else(|| {
            let ends = [self.low, self.high];
            ends.map(|end| (end, figure(end))).to_vec()
        });
        ticks
            .into_iter()
            .map(|(value, text)| (self.place(value), text))
            .collect()
    }
}

/// Round numbers at equal steps of at least `least`; `None` where numbers are too coarse for it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "whole numbers that were looked at before"
)]
fn round_steps(low: f64, high: f64, least: f64) -> Option<Vec<(f64, String)>> {
    let rough = (high / TICKS - low / TICKS).max(least);
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= rough * 0.999)?;
    let step = factor * power;
    let (first, end) = ((low / step).ceil(), (high / step).floor());
    let fine = step.is_finite() && step > 0.0 && first.abs().max(end.abs()) < 1e12;
    if !fine {
        return None;
    }
    let count = MOST_TICKS.min((end - first + 1.0).max(0.0) as usize);
    let values = (0..count).map(|nth| (first + nth as f64) * step);
    let most = low.abs().max(high.abs());
    Some(
        values
            .map(|value| (value + 0.0, label(value + 0.0, step, most)))
            .collect(),
    )
}

/// A tick's number with the digits that tell it from the next one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small whole numbers"
)]
fn label(value: f64, step: f64, most: f64) -> String {
    let digits = |value: f64| value.abs().log10().floor();
    if (1e-4..1e9).contains(&most) {
        let places = (-digits(step)).clamp(0.0, 12.0) as usize;
        return format!("{value:.places$}");
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let places = (digits(value) - digits(step)).clamp(0.0, 12.0) as usize;
    format!("{value:.places$e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64]) -> Vec<String> {
        let scale = Scale::over(values.iter().copied()).unwrap();
        scale.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&[40.2, 46.9]), ["40", "42", "44", "46"]);
        assert_eq!(labels(&[-3.0, 3.0]), ["-2", "0", "2"]);
        assert_eq!(
            labels(&[1_000_000.1, 1_000_000.4]),
            ["1000000.1", "1000000.2", "1000000.3", "1000000.4"]
        );
        assert_eq!(
            labels(&[1e-9, 3e-9]),
            ["1.0e-9", "1.5e-9", "2.0e-9", "2.5e-9", "3.0e-9"]
        );
        assert_eq!(labels(&[7.0, 7.0]), ["6.8", "7.0", "7.2"]);
        assert_eq!(labels(&[0.0]), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
    }

    #[test]
    fn what_is_far_apart_lies_on_a_logarithmic_axis() {
        let scale = Scale::over([0.001, 1.0, 1000.0]).unwrap();
        assert!(scale.is_logarithmic());
        assert!((scale.place(1.0) - 50.0).abs() < 0.1);
        assert!(!Scale::over([0.0, 1000.0]).unwrap().is_logarithmic());
        assert!(!Scale::over([-1.0, 1000.0]).unwrap().is_logarithmic());
        assert!(labels(&[1e-300, 1e300]).len() > 2);
    }

    #[test]
    fn every_number_has_a_place() {
        let odd = [
            f64::MIN,
            f64::MAX,
            0.0,
            -0.0,
            5e-324,
            -5e-324,
            1.0,
            1e17,
            1e17 + 16.0,
        ];
        for one in odd {
            for other in odd {
                let scale = Scale::over([one, other]).unwrap();
                let (a, b) = (scale.place(one), scale.place(other));
                assert!((0.0..=100.0).contains(&a) && (0.0..=100.0).contains(&b));
                assert!(one >= other || a <= b, "{one:e} {other:e}: {a} {b}");
                assert!(scale.ticks().len() <= MOST_TICKS + 1);
            }
        }
        assert_eq!(Scale::over([f64::NAN, f64::INFINITY]), None);
        assert_eq!(Scale::over([]), None);
    }
}
