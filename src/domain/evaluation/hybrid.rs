//! A metric first, a judge for those that the metric leaves close together.

use std::fmt;
use std::str::FromStr;

use crate::domain::id::{AgentId, BadName, serde_as_text};
use crate::domain::metric::Direction;

use super::standing::Standing;

/// How far from the best figure still counts as close, in per cent of it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Tolerance(f64);

impl Tolerance {
    /// So many per cent, from 0 to 100; `None` outside.
    #[must_use]
    pub fn percent(percent: f64) -> Option<Self> {
        (0.0..=100.0)
            .contains(&percent)
            .then_some(Self(percent + 0.0))
    }

    /// Whether `figure` is close to `best`, which no figure betters.
    fn reaches(self, direction: Direction, best: f64, figure: f64) -> bool {
        let far = best.abs() * (self.0 / 100.0);
        let limit = match direction {
            Direction::Lower => best + far,
            Direction::Higher => best - far,
        };
        !direction.is_better(limit, figure)
    }
}

impl Default for Tolerance {
    /// 10 %.
    fn default() -> Self {
        Self(10.0)
    }
}

impl FromStr for Tolerance {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let number = s.strip_suffix('%').unwrap_or(s).trim_end();
        let percent = number.parse().ok().and_then(Self::percent);
        let why = "it must be per cent from 0 to 100, as in 10%";
        percent.ok_or_else(|| BadName::new("a tolerance", s, why))
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

serde_as_text!(Tolerance);

/// Those whose figure is within the tolerance of the best, in the order given.
///
/// With a best figure of zero that is those who equal it.
#[must_use]
pub fn finalists(
    direction: Direction,
    tolerance: Tolerance,
    figures: &[(AgentId, f64)],
) -> Vec<AgentId> {
    let better = |a: f64, b: f64| if direction.is_better(b, a) { b } else { a };
    let Some(best) = figures.iter().map(|(_, figure)| *figure).reduce(better) else {
        return Vec::new();
    };
    figures
        .iter()
        .filter(|(_, figure)| tolerance.reaches(direction, best, *figure))
        .map(|(agent, _)| *agent)
        .collect()
}

/// The ranks when a judge decided among the finalists.
///
/// Finalists stand first, as the judge ranked them; the others follow as the metric ranked
/// them, after all finalists. `by_metric` is the ranking by the metric; who has no rank in it
/// keeps none.
#[must_use]
pub fn combined(
    by_metric: &[(AgentId, Option<u32>)],
    standing: &Standing,
) -> Vec<(AgentId, Option<u32>)> {
    let judged = |agent: AgentId| standing.places.iter().any(|place| place.agent == agent);
    let first = standing.places.iter().map(|p| (p.agent, Some(p.rank)));
    let mut combined: Vec<(AgentId, Option<u32>)> = first.collect();
    let mut before: Option<(u32, u32)> = None;
    for (agent, rank) in by_metric.iter().filter(|(agent, _)| !judged(*agent)) {
        let rank = rank.and_then(|rank| match before {
            Some((same, shared)) if same == rank => Some(shared),
            _ => {
                let next = u32::try_from(combined.len() + 1).ok()?;
                before = Some((rank, next));
                Some(next)
            }
        });
        combined.push((*agent, rank));
    }
    combined
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Answer, Bout, Side};
    use super::super::standing::Judgement;
    use super::*;

    fn agent(number: u32) -> AgentId {
        AgentId::new(number).unwrap()
    }

    fn close(direction: Direction, percent: f64, figures: &[f64]) -> Vec<u32> {
        let figures: Vec<_> = (1..).map(agent).zip(figures.iter().copied()).collect();
        let tolerance = Tolerance::percent(percent).unwrap();
        let found = finalists(direction, tolerance, &figures);
        found.into_iter().map(AgentId::number).collect()
    }

    #[test]
    fn who_is_close_to_the_best() {
        use Direction::{Higher, Lower};
        assert_eq!(close(Lower, 10.0, &[100.0, 110.0, 111.0]), [1, 2]);
        assert_eq!(close(Lower, 10.0, &[120.0, 100.0, 105.0]), [2, 3]);
        assert_eq!(close(Higher, 10.0, &[100.0, 90.0, 89.0]), [1, 2]);
        assert_eq!(close(Lower, 10.0, &[-100.0, -90.0, -89.0]), [1, 2]);
        assert_eq!(close(Lower, 10.0, &[0.0, 0.0, 0.1]), [1, 2]);
        assert_eq!(close(Lower, 0.0, &[5.0, 5.0, 6.0]), [1, 2]);
        assert_eq!(close(Lower, 100.0, &[f64::MAX, f64::MAX]), [1, 2]);
        assert!(close(Lower, 10.0, &[]).is_empty());
    }

    #[test]
    fn tolerances_are_per_cent() {
        for (text, shown) in [
            ("10%", "10%"),
            ("10", "10%"),
            ("2.5 %", "2.5%"),
            ("0", "0%"),
        ] {
            assert_eq!(text.parse::<Tolerance>().unwrap().to_string(), shown);
        }
        for text in ["", "%", "-1%", "101", "NaN", "inf%", "ten"] {
            assert!(text.parse::<Tolerance>().is_err(), "{text}");
        }
        assert_eq!(Tolerance::default().to_string(), "10%");
    }

    #[test]
    fn the_judge_ranks_the_finalists_and_the_metric_the_others() {
        let bout = Bout {
            a: agent(1),
            b: agent(2),
        };
        let says = |bout, winner| Judgement {
            bout,
            answer: Ok(Answer {
                winner,
                reason: String::new(),
            }),
        };
        let judgements = [says(bout, Side::B), says(bout.swapped(), Side::A)];
        let standing = Standing::new([agent(1), agent(2)], &judgements);
        let by_metric = [
            (agent(1), Some(1)),
            (agent(3), Some(2)),
            (agent(4), Some(2)),
            (agent(2), Some(2)),
            (agent(5), Some(5)),
            (agent(6), None),
        ];
        let combined = combined(&by_metric, &standing);
        let expected = [
            (2, Some(1)),
            (1, Some(2)),
            (3, Some(3)),
            (4, Some(3)),
            (5, Some(5)),
            (6, None),
        ];
        assert_eq!(combined, expected.map(|(n, rank)| (agent(n), rank)));
    }
}
