//! Who is measured when.
//!
//! A machine gets warm, throttles, and does other work meanwhile. Whoever is measured in one
//! piece meets one of its moods. So a plan goes round the entrants in turn, the base commit
//! among them, in an order that is drawn anew for each round: what drifts meets all alike, and
//! what one run does to the next (a warm cache) does not always fall to the same one.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::domain::id::{AgentId, BadName, serde_as_text};

use super::random::Random;

/// Who is measured: the base commit or an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entrant {
    /// The base commit, which all are compared with.
    Base,
    /// The newest attempt of an agent.
    Agent(AgentId),
}

impl Entrant {
    /// The agent, unless it is the base commit.
    #[must_use]
    pub fn agent(self) -> Option<AgentId> {
        match self {
            Self::Base => None,
            Self::Agent(agent) => Some(agent),
        }
    }
}

impl fmt::Display for Entrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.pad("base"),
            Self::Agent(agent) => agent.fmt(f),
        }
    }
}

impl FromStr for Entrant {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        match s {
            "base" => Ok(Self::Base),
            agent => agent.parse().map(Self::Agent),
        }
    }
}

serde_as_text!(Entrant);

/// One run of the eval command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlannedRun {
    /// The round that it belongs to.
    pub round: Round,
    /// Who is measured.
    pub entrant: Entrant,
}

/// A round: each entrant once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Round {
    /// One that is run and not counted, from 1.
    WarmUp(u32),
    /// One that counts, from 1.
    Counted(u32),
}

impl Round {
    /// Whether it is run and not counted.
    #[must_use]
    pub fn is_warm_up(self) -> bool {
        matches!(self, Self::WarmUp(_))
    }

    /// What its order is drawn from. Neither depends on how many rounds there are, so that a
    /// plan with more of them begins like the shorter one.
    fn purpose(self) -> u64 {
        match self {
            Self::WarmUp(number) => (1 << 32) | u64::from(number),
            Self::Counted(number) => u64::from(number),
        }
    }
}

/// How often each entrant is measured, and from which seed the orders are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Rounds that count.
    pub counted: u32,
    /// Rounds before them that do not.
    pub warm_up: u32,
    /// The seed.
    pub seed: u64,
}

impl Repeats {
    /// How many counted rounds find a gain of 5 % at a noise of 2 % in 95 of 100 evaluations
    /// of up to eight agents; `docs/statistics.md` has the table.
    pub const RECOMMENDED: u32 = 7;
}

/// All runs of an evaluation in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    runs: Vec<PlannedRun>,
}

impl Plan {
    /// The plan for these entrants. Their order and repetitions do not matter.
    #[must_use]
    pub fn new(entrants: impl IntoIterator<Item = Entrant>, repeats: Repeats) -> Self {
        let entrants: BTreeSet<Entrant> = entrants.into_iter().collect();
        let warm_up = (1..=repeats.warm_up).map(Round::WarmUp);
        let counted = (1..=repeats.counted).map(Round::Counted);
        let mut runs = Vec::new();
        for round in warm_up.chain(counted) {
            let mut order: Vec<Entrant> = entrants.iter().copied().collect();
            Random::new(repeats.seed, round.purpose()).shuffle(&mut order);
            runs.extend(
                order
                    .into_iter()
                    .map(|entrant| PlannedRun { round, entrant }),
            );
        }
        Self { runs }
    }

    /// Every run, in order.
    #[must_use]
    pub fn runs(&self) -> &[PlannedRun] {
        &self.runs
    }

    /// What is left to do, in order, when `done` was done before.
    ///
    /// Runs that are not of this plan do not matter. Warm-up rounds that were done are not
    /// done again.
    pub fn rest<'p>(
        &'p self,
        done: &'p BTreeSet<PlannedRun>,
    ) -> impl Iterator<Item = PlannedRun> + 'p {
        self.runs
            .iter()
            .copied()
            .filter(move |run| !done.contains(run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entrants(agents: u32) -> Vec<Entrant> {
        let agents = AgentId::first(agents).map(Entrant::Agent);
        std::iter::once(Entrant::Base).chain(agents).collect()
    }

    fn repeats(counted: u32, warm_up: u32, seed: u64) -> Repeats {
        Repeats {
            counted,
            warm_up,
            seed,
        }
    }

    #[test]
    fn warm_up_rounds_come_first() {
        let plan = Plan::new(entrants(2), repeats(2, 1, 5));
        let rounds: Vec<Round> = plan.runs().iter().map(|run| run.round).collect();
        let [warm, one, two] = [Round::WarmUp(1), Round::Counted(1), Round::Counted(2)];
        assert_eq!(rounds, [warm, warm, warm, one, one, one, two, two, two]);
        assert!(Plan::new(entrants(3), repeats(0, 0, 5)).runs().is_empty());
        assert!(Plan::new([], repeats(3, 1, 5)).runs().is_empty());
    }

    #[test]
    fn each_entrant_has_each_place_about_as_often() {
        let plan = Plan::new(entrants(3), repeats(4000, 0, 11));
        let mut first = std::collections::BTreeMap::new();
        for round in plan.runs().chunks(4) {
            *first.entry(round[0].entrant).or_insert(0) += 1;
        }
        assert!(
            first.values().all(|count| (900..1100).contains(count)),
            "{first:?}"
        );
    }

    #[test]
    fn names_are_read_back() {
        for entrant in entrants(2) {
            assert_eq!(entrant.to_string().parse(), Ok(entrant));
        }
        assert!("Base".parse::<Entrant>().is_err());
    }

    proptest! {
        #[test]
        fn every_round_holds_every_entrant_once(
            agents in 0u32..9, counted in 0u32..6, warm_up in 0u32..3, seed: u64,
        ) {
            let everyone = entrants(agents);
            let plan = Plan::new(everyone.clone(), repeats(counted, warm_up, seed));
            prop_assert_eq!(plan.runs().len(), everyone.len() * (counted + warm_up) as usize);
            for round in plan.runs().chunks(everyone.len()) {
                let mut in_round: Vec<Entrant> = round.iter().map(|run| run.entrant).collect();
                in_round.sort();
                prop_assert_eq!(&in_round, &everyone);
                prop_assert!(round.iter().all(|run| run.round == round[0].round));
            }
        }

        #[test]
        fn a_longer_plan_begins_like_the_shorter(agents in 0u32..9, rounds in 0u32..5, seed: u64) {
            let short = Plan::new(entrants(agents), repeats(rounds, 1, seed));
            let mut backwards = entrants(agents);
            backwards.reverse();
            let long = Plan::new(backwards, repeats(rounds + 3, 1, seed));
            prop_assert_eq!(&long.runs()[..short.runs().len()], short.runs());
        }

        #[test]
        fn what_was_done_and_the_rest_are_the_plan(
            agents in 0u32..6, seed: u64, cut in 0usize..40,
        ) {
            let plan = Plan::new(entrants(agents), repeats(4, 1, seed));
            let cut = cut.min(plan.runs().len());
            let done: BTreeSet<PlannedRun> = plan.runs()[..cut].iter().copied().collect();
            let rest: Vec<PlannedRun> = plan.rest(&done).collect();
            prop_assert_eq!(&rest[..], &plan.runs()[cut..]);
        }
    }
}
