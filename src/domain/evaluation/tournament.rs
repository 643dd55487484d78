//! Ranks, ties and the winner of an evaluation.
//!
//! **Ranks.** Contestants stand in the order of their figures. The first leads a group; who
//! follows joins it as long as no difference from its *leader* is known. Whoever is told apart
//! from the leader leads the next group, and so on. A group shares a rank, and the next one
//! has the rank that it would have without ties: 1, 1, 3. Ties are not transitive (A and B,
//! B and C may be tied, A and C not); comparing with the leader alone keeps a group from
//! becoming a chain whose ends have nothing in common.
//!
//! **Ties.** Within a group tie-breaks decide in their order, then the smaller change, then
//! the better figure, then the agent's number.
//!
//! **The winner** is the first of rank 1 that beats the base beyond noise.
//!
//! With one run of each nothing is known of the noise: figures are compared as numbers.

use std::cmp::Ordering;

use crate::domain::diff::DiffStat;
use crate::domain::id::AgentId;
use crate::domain::metric::{Direction, MetricName};

use super::comparison::{Difference, FalseShare, Field};
use super::plan::Entrant;
use super::runs::Runs;
use super::tie_break::{TieBreak, better_first};

/// What measuring an agent's attempt gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The metric of each counted run.
    Measured(Runs),
    /// The eval command passed and there is no metric to look for, or no command at all.
    Unmeasured,
    /// The eval command passed but printed no number that could be ranked.
    NoMetric(String),
    /// The attempt is out, with the reason: it failed, or misses a requirement.
    Disqualified(String),
}

impl Outcome {
    /// The runs, where there are any.
    #[must_use]
    pub fn runs(&self) -> Option<&Runs> {
        match self {
            Self::Measured(runs) => Some(runs),
            _ => None,
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::Measured(_) => 0,
            Self::Unmeasured => 1,
            Self::NoMetric(_) => 2,
            Self::Disqualified(_) => 3,
        }
    }
}

/// One agent with all that is known of its attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Contestant {
    /// The agent.
    pub agent: AgentId,
    /// What was measured.
    pub outcome: Outcome,
    /// How much its attempt changes.
    pub diff: DiffStat,
    /// Its values of [`Rules::tie_breaks`], in their order.
    pub tie_values: Vec<Option<f64>>,
}

/// By what an evaluation is decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Which way the metric is better.
    pub direction: Direction,
    /// What decides ties, in order.
    pub tie_breaks: Vec<TieBreak>,
    /// How often chance may make a winner among equals.
    pub false_share: FalseShare,
    /// Whether there is a winner also when nobody beats the base.
    pub allow_no_gain: bool,
}

impl Rules {
    fn by_figure(&self, a: &Contestant, b: &Contestant) -> Ordering {
        let figure = |contestant: &Contestant| contestant.outcome.runs().map(Runs::figure);
        match (figure(a), figure(b)) {
            (Some(a), Some(b)) => better_first(self.direction, a, b),
            _ => Ordering::Equal,
        }
    }

    /// The order of two that share a rank, and what decides it.
    pub(super) fn by_ties(&self, a: &Contestant, b: &Contestant) -> (Ordering, Decision) {
        let value = |c: &Contestant, at: usize| c.tie_values.get(at).copied().flatten();
        let broken = self.tie_breaks.iter().enumerate().map(|(at, tie)| {
            let order = tie.compare(value(a, at), value(b, at));
            (order, Decision::TieBreak(tie.metric.clone()))
        });
        let by_change = a.diff.churn().cmp(&b.diff.churn());
        let rest = [
            (by_change, Decision::SmallerChange),
            (self.by_figure(a, b), Decision::Figure),
        ];
        broken
            .chain(rest)
            .find(|(order, _)| order.is_ne())
            .unwrap_or_else(|| (a.agent.cmp(&b.agent), Decision::AgentNumber))
    }
}

/// How figures were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As numbers: fewer than two rounds in common say nothing of the noise.
    Numbers,
    /// By intervals, from this many rounds that all have in common.
    Intervals {
        /// How many rounds.
        rounds: usize,
    },
}

/// What put a contestant before another of the same rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A tie-break.
    TieBreak(MetricName),
    /// Its attempt changes fewer lines.
    SmallerChange,
    /// Its figure is better, though not beyond noise.
    Figure,
    /// Nothing but the number of the agent.
    AgentNumber,
}

/// Whom a contestant was ranked against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahead {
    /// The leader of its own group, or of the group before when it leads one itself.
    pub agent: AgentId,
    /// The contestant less that leader; `None` where figures are compared as numbers.
    pub difference: Option<Difference>,
}

/// A contestant with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The contestant.
    pub contestant: Contestant,
    /// From 1; those that are tied share one. Those without a metric share the one after all
    /// others; `None` when out, or when nothing was there to rank by.
    pub rank: Option<u32>,
    /// The median of its runs.
    pub figure: Option<f64>,
    /// It less the base; `None` without a base, and where figures are compared as numbers.
    pub against_base: Option<Difference>,
    /// Whether it beats the base (beyond noise, where that is known); `None` without a base
    /// or a figure.
    pub beats_base: Option<bool>,
    /// Whom it was ranked against; `None` for the first and for those without a figure.
    pub ahead: Option<Ahead>,
    /// What put it behind the one before it, where both have the same rank.
    pub decided_by: Option<Decision>,
}

/// Why there is no winner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoWinner {
    /// Nobody has a figure.
    NothingMeasured,
    /// Nobody of the first rank beats the base.
    NoGain,
    /// There is no metric, and the judge tells nobody apart.
    Undecided,
}

/// Who won.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// This agent.
    Winner {
        /// The agent.
        agent: AgentId,
        /// What decided between it and the next that could have won; `None` when it is
        /// better than all others.
        decided_by: Option<Decision>,
    },
    /// Nobody.
    None(NoWinner),
}

impl Verdict {
    /// The winner, if there is one.
    #[must_use]
    pub fn winner(&self) -> Option<AgentId> {
        match self {
            Self::Winner { agent, .. } => Some(*agent),
            Self::None(_) => None,
        }
    }
}

/// An evaluation that is decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Tournament {
    /// How figures were compared.
    pub method: Method,
    /// The contestants, best first; those without a metric and those that are out at the end.
    pub placed: Vec<Placed>,
    /// Who won.
    pub verdict: Verdict,
}

impl Tournament {
    /// Ranks the contestants and says who won.
    ///
    /// `base` are the runs of the base commit, measured in the same rounds. Without it nobody
    /// has to beat anything. The order in which contestants are given does not matter.
    #[must_use]
    pub fn hold(rules: &Rules, base: Option<&Runs>, contestants: Vec<Contestant>) -> Self {
        let hall = Hall::new(rules, base, &contestants);
        let (measured, others): (Vec<_>, Vec<_>) = contestants
            .into_iter()
            .partition(|contestant| contestant.outcome.runs().is_some());
        let mut placed = hall.place_measured(measured);
        hall.place_others(&mut placed, others);
        let verdict = hall.verdict(&placed);
        Self {
            method: hall.method(),
            placed,
            verdict,
        }
    }
}

/// What all comparisons of one tournament share.
struct Hall<'r> {
    rules: &'r Rules,
    base: Option<&'r Runs>,
    /// `None` where figures are compared as numbers.
    field: Option<Field>,
}

impl<'r> Hall<'r> {
    fn new(rules: &'r Rules, base: Option<&'r Runs>, contestants: &[Contestant]) -> Self {
        let base_row = base.map(|runs| (Entrant::Base, runs));
        let rows = contestants.iter().filter_map(|contestant| {
            let runs = contestant.outcome.runs()?;
            Some((Entrant::Agent(contestant.agent), runs))
        });
        let mut entrants: Vec<(Entrant, &Runs)> = base_row.into_iter().chain(rows).collect();
        // Sums of numbers depend on their order in the last digit.
        entrants.sort_by_key(|(entrant, _)| *entrant);
        Self {
            rules,
            base,
            field: Field::new(&entrants),
        }
    }

    fn method(&self) -> Method {
        self.field.as_ref().map_or(Method::Numbers, |field| {
            let rounds = field.rounds();
            Method::Intervals { rounds }
        })
    }

    fn place_measured(&self, mut contestants: Vec<Contestant>) -> Vec<Placed> {
        contestants.sort_by(|a, b| self.by_figure(a, b).then_with(|| self.by_ties(a, b).0));
        let mut groups: Vec<Vec<Placed>> = Vec::new();
        for contestant in contestants {
            let leader = groups.last().and_then(|group| group.first());
            let ahead = leader.map(|leader| self.ahead(&leader.contestant, &contestant));
            let joins = leader.is_some_and(|leader| {
                !self.is_told_apart(&leader.contestant, &contestant, ahead.as_ref())
            });
            let placed = self.placed(contestant, ahead);
            match groups.last_mut() {
                Some(group) if joins => group.push(placed),
                _ => groups.push(vec![placed]),
            }
        }
        let mut all: Vec<Placed> = Vec::new();
        for mut group in groups {
            let rank = u32::try_from(all.len() + 1).ok();
            group.sort_by(|a, b| self.by_ties(&a.contestant, &b.contestant).0);
            for mut placed in group {
                placed.rank = rank;
                self.decide(all.last(), &mut placed);
                all.push(placed);
            }
        }
        all
    }

    /// Those without a figure: they come last, and nothing but tie-breaks sets them apart.
    fn place_others(&self, placed: &mut Vec<Placed>, mut others: Vec<Contestant>) {
        let class = |contestant: &Contestant| contestant.outcome.class();
        others.sort_by(|a, b| class(a).cmp(&class(b)).then_with(|| self.by_ties(a, b).0));
        for contestant in others {
            let no_metric = matches!(contestant.outcome, Outcome::NoMetric(_));
            let mut next = self.placed(contestant, None);
            if no_metric {
                let before = placed
                    .last()
                    .filter(|before| matches!(before.contestant.outcome, Outcome::NoMetric(_)));
                let rank = u32::try_from(placed.len() + 1).ok();
                next.rank = before.map_or(rank, |before| before.rank);
            }
            self.decide(placed.last(), &mut next);
            placed.push(next);
        }
    }

    fn placed(&self, contestant: Contestant, ahead: Option<Ahead>) -> Placed {
        let figure = contestant.outcome.runs().map(Runs::figure);
        let against_base = figure.and_then(|_| {
            let entrant = Entrant::Agent(contestant.agent);
            let field = self.field.as_ref()?;
            field.against_base(entrant, self.rules.false_share)
        });
        let direction = self.rules.direction;
        let beats_base = match (&against_base, figure, self.base) {
            (Some(difference), ..) => Some(difference.is_better(direction)),
            (None, Some(figure), Some(base)) => Some(direction.is_better(figure, base.figure())),
            _ => None,
        };
        Placed {
            rank: None,
            figure,
            against_base,
            beats_base,
            ahead,
            decided_by: None,
            contestant,
        }
    }

    fn ahead(&self, leader: &Contestant, contestant: &Contestant) -> Ahead {
        let entrant = Entrant::Agent;
        let difference = self.field.as_ref().and_then(|field| {
            let share = self.rules.false_share;
            field.between(entrant(contestant.agent), entrant(leader.agent), share)
        });
        Ahead {
            agent: leader.agent,
            difference,
        }
    }

    fn is_told_apart(
        &self,
        leader: &Contestant,
        contestant: &Contestant,
        ahead: Option<&Ahead>,
    ) -> bool {
        match ahead.and_then(|ahead| ahead.difference) {
            Some(difference) => difference.is_better(opposite(self.rules.direction)),
            None => self.by_figure(leader, contestant).is_lt(),
        }
    }

    fn by_figure(&self, a: &Contestant, b: &Contestant) -> Ordering {
        self.rules.by_figure(a, b)
    }

    fn by_ties(&self, a: &Contestant, b: &Contestant) -> (Ordering, Decision) {
        self.rules.by_ties(a, b)
    }

    fn decide(&self, before: Option<&Placed>, placed: &mut Placed) {
        placed.decided_by = before
            .filter(|before| before.rank.is_some() && before.rank == placed.rank)
            .map(|before| self.by_ties(&before.contestant, &placed.contestant).1);
    }

    fn verdict(&self, placed: &[Placed]) -> Verdict {
        let first: Vec<&Placed> = placed
            .iter()
            .filter(|placed| placed.figure.is_some() && placed.rank == Some(1))
            .collect();
        if first.is_empty() {
            return Verdict::None(NoWinner::NothingMeasured);
        }
        let mut able: Vec<&Placed> = first
            .iter()
            .copied()
            .filter(|placed| placed.beats_base != Some(false))
            .collect();
        if able.is_empty() && self.rules.allow_no_gain {
            able = first;
        }
        let Some((winner, others)) = able.split_first() else {
            return Verdict::None(NoWinner::NoGain);
        };
        let next = others.first();
        Verdict::Winner {
            agent: winner.contestant.agent,
            decided_by: next.map(|next| self.by_ties(&winner.contestant, &next.contestant).1),
        }
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Lower => Direction::Higher,
        Direction::Higher => Direction::Lower,
    }
}

#[cfg(test)]
mod tests;
