//! What decides between contestants that no difference tells apart.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::domain::id::{BadName, serde_as_text};
use crate::domain::metric::{Direction, MetricName};

/// A second metric and which way it is better, written `size_kb:lower`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TieBreak {
    /// The metric.
    pub metric: MetricName,
    /// Which way it is better.
    pub direction: Direction,
}

impl TieBreak {
    /// Orders two values of it, the better first. One that is not known comes after all others.
    #[must_use]
    pub fn compare(&self, a: Option<f64>, b: Option<f64>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => better_first(self.direction, a, b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

/// Orders two numbers, the better first.
pub(super) fn better_first(direction: Direction, a: f64, b: f64) -> Ordering {
    // -0 and 0 are one number.
    let (a, b) = (a + 0.0, b + 0.0);
    match direction {
        Direction::Lower => a.total_cmp(&b),
        Direction::Higher => b.total_cmp(&a),
    }
}

impl FromStr for TieBreak {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| BadName::new("a tie-break", s, why);
        let form = "it must be a metric and a direction, as in size_kb:lower";
        let (metric, direction) = s.rsplit_once(':').ok_or_else(|| bad(form))?;
        let direction = direction.parse();
        Ok(Self {
            metric: metric.parse().map_err(|_| bad(form))?,
            direction: direction.map_err(|_| bad("its direction must be lower or higher"))?,
        })
    }
}

impl fmt::Display for TieBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.metric, self.direction)
    }
}

serde_as_text!(TieBreak);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_and_a_direction() {
        for text in [
            "size_kb:lower",
            "stats.p50:higher",
            "a:b:lower",
            "a b:lower",
        ] {
            let read: TieBreak = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        for (text, why) in [
            ("", "as in size_kb:lower"),
            ("size_kb", "as in size_kb:lower"),
            (":lower", "as in size_kb:lower"),
            ("size_kb:", "lower or higher"),
            ("size_kb:less", "lower or higher"),
            ("size_kb :lower", "as in size_kb:lower"),
            ("size_kb: lower", "lower or higher"),
        ] {
            let error = text.parse::<TieBreak>().unwrap_err().to_string();
            assert!(error.ends_with(why), "{error}");
        }
    }

    #[test]
    fn the_better_comes_first_and_the_unknown_last() {
        let lower: TieBreak = "m:lower".parse().unwrap();
        let higher: TieBreak = "m:higher".parse().unwrap();
        assert_eq!(lower.compare(Some(1.0), Some(2.0)), Ordering::Less);
        assert_eq!(higher.compare(Some(1.0), Some(2.0)), Ordering::Greater);
        assert_eq!(lower.compare(Some(9.0), None), Ordering::Less);
        assert_eq!(higher.compare(None, Some(9.0)), Ordering::Greater);
        assert_eq!(lower.compare(None, None), Ordering::Equal);
        assert_eq!(lower.compare(Some(-0.0), Some(0.0)), Ordering::Equal);
    }
}
