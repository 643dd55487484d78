//! What an evaluation was asked to do, and what each run of the eval command gave.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::evaluation::LeftFile;
use super::evaluation::plan::{Entrant, Plan, PlannedRun, Repeats, Round};
use super::evaluation::requirement::Requirement;
use super::evaluation::tie_break::TieBreak;
use super::id::{Attempt, BadName};
use super::judging::Judge;
use super::protect::PathGlob;
use super::ranking::Outcome;
use super::refs::{CommitId, SnapshotRef};
use super::resources::TimeLimit;
use super::session::Exit;
use super::settings::NumberOrText;
use super::time;

/// How often each contestant is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat(u32);

impl Repeat {
    /// More say nothing that these do not.
    const MOST: u32 = 1000;

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for Repeat {
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for Repeat {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let number = s.parse().ok().filter(|n| (1..=Self::MOST).contains(n));
        number
            .map(Self)
            .ok_or_else(|| BadName::new("a number of runs", s, "it must be 1 to 1000"))
    }
}

impl Serialize for Repeat {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Repeat {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberOrText(PhantomData))
    }
}

/// How an evaluation measures; it is the same for all contestants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// How often each contestant is measured.
    pub repeat: Repeat,
    /// How many runs before those do not count.
    pub warmup: u32,
    /// How long one run may take.
    pub timeout: Option<TimeLimit>,
    /// How many run at once.
    pub jobs: u32,
    /// Paths that are measured as they are in the base commit.
    pub protect: Vec<PathGlob>,
    /// Whether agents are measured in their worktrees as these are, uncommitted files and all.
    pub in_worktree: bool,
}

/// By what measured results are ranked; runs can be ranked again by others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Criteria {
    /// What each run must keep to, or its contestant is out.
    pub require: Vec<Requirement>,
    /// What decides between those that are tied, in order.
    pub tie_break: Vec<TieBreak>,
    /// Whether who has changed a protected path is out.
    pub protect_strict: bool,
    /// Whether there is a winner also when nobody beats the base.
    pub allow_no_gain: bool,
}

/// An evaluation that was begun: what is measured, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvalPlan {
    /// When it was begun.
    #[serde(with = "time")]
    pub begun: DateTime<Utc>,
    /// The eval command; none where only a judge decides.
    pub command: Option<String>,
    /// How it measures.
    pub conditions: Conditions,
    /// By what it is ranked, where nothing else is said later.
    pub criteria: Criteria,
    /// Who decides where no metric does, where nothing else is said later.
    #[serde(default)]
    pub judge: Option<Judge>,
    /// What the order of the runs is drawn from.
    pub seed: u32,
    /// What is measured, the base commit first where it takes part.
    pub entrants: Vec<PlannedEntrant>,
    /// Where it was begun.
    pub surroundings: Surroundings,
}

impl EvalPlan {
    /// How often each entrant is measured, and what the orders are drawn from.
    #[must_use]
    pub fn repeats(&self) -> Repeats {
        Repeats {
            counted: self.conditions.repeat.get(),
            warm_up: self.conditions.warmup,
            seed: self.seed.into(),
        }
    }

    /// Whether another plan would measure the same things in the same way.
    #[must_use]
    pub fn measures_as(&self, other: &Self) -> bool {
        self.command == other.command
            && self.conditions == other.conditions
            && self.entrants == other.entrants
    }
}

/// An evaluation with the runs that were made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalRecord {
    /// From 1, in the order in which a session's evaluations were begun.
    pub number: u32,
    /// What is measured, and how.
    pub plan: EvalPlan,
    /// The runs, in their order.
    pub runs: Vec<EvalRun>,
    /// Whether it came to its end.
    pub concluded: bool,
}

impl EvalRecord {
    /// The runs that are still to be made, in their order.
    ///
    /// Who is out after one of its runs is not measured any more.
    #[must_use]
    pub fn rest(&self) -> Vec<PlannedRun> {
        if self.plan.command.is_none() {
            return Vec::new();
        }
        let done = self.runs.iter().map(EvalRun::planned).collect();
        let entrants = self.plan.entrants.iter().map(|planned| planned.entrant);
        let plan = Plan::new(entrants, self.plan.repeats());
        let rest = plan.rest(&done);
        rest.filter(|run| !self.is_out(run.entrant)).collect()
    }

    /// The runs of one entrant that count.
    pub fn counted(&self, entrant: Entrant) -> impl Iterator<Item = &EvalRun> {
        self.runs_of(entrant).filter(|run| !run.warmup)
    }

    /// Whether a run has put an entrant out.
    #[must_use]
    pub fn is_out(&self, entrant: Entrant) -> bool {
        self.runs_of(entrant).any(|run| run.disqualified)
    }

    /// The runs of one entrant, in their order.
    pub fn runs_of(&self, entrant: Entrant) -> impl Iterator<Item = &EvalRun> {
        self.runs.iter().filter(move |run| run.entrant == entrant)
    }
}

/// One of the things that are measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEntrant {
    /// The base commit or an agent.
    pub entrant: Entrant,
    /// The agent's attempt.
    pub attempt: Option<Attempt>,
    /// The commit that it is measured at.
    pub commit: CommitId,
    /// What of `--protect` it has changed; it is measured without that.
    pub protected: Vec<PathBuf>,
}

/// What may matter of the machine, and what the command is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Surroundings {
    /// The variables that hub sets for every run, beside those that name the contestant.
    pub variables: BTreeMap<String, String>,
    /// The machine's name.
    pub host: String,
    /// The operating system with its version, and the kind of processor.
    pub system: String,
    /// The processor's name, as the system tells it.
    pub processor: Option<String>,
    /// How many processors hub may use.
    pub processors: usize,
    /// The load of the last 1, 5 and 15 minutes when it was begun.
    pub load: Option<[f64; 3]>,
}

/// One run of the eval command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EvalRun {
    /// What was measured: base or an agent.
    pub entrant: Entrant,
    /// Its round, from 1; those that do not count have numbers of their own.
    pub round: u32,
    /// Whether it is one that does not count.
    pub warmup: bool,
    /// The metric.
    pub metric_value: Option<f64>,
    /// Every number with a name that it printed.
    pub numbers: BTreeMap<String, f64>,
    /// How the command ended.
    pub exit: Exit,
    /// Whether it was ended because it took too long.
    pub timed_out: bool,
    /// How long it ran.
    pub elapsed_s: f64,
    /// Why there is no metric, or why it puts the contestant out.
    pub reason: Option<String>,
    /// Whether it puts the contestant out.
    pub disqualified: bool,
    /// The last lines of stderr, when the command failed.
    pub stderr: Option<String>,
    /// Tracked files that the command changed; they were put back.
    pub put_back: Vec<PathBuf>,
    /// The snapshot that keeps what was put back.
    pub put_back_snapshot: Option<SnapshotRef>,
    /// Untracked files that it left in the agent's worktree; null where it did not run there.
    pub left_files: Option<Vec<LeftFile>>,
}

impl EvalRun {
    /// Which run of the plan it was.
    #[must_use]
    pub fn planned(&self) -> PlannedRun {
        PlannedRun {
            round: if self.warmup {
                Round::WarmUp(self.round)
            } else {
                Round::Counted(self.round)
            },
            entrant: self.entrant,
        }
    }

    /// What it says of its contestant.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.metric_value, &self.reason) {
            (_, Some(reason)) if self.disqualified => Outcome::Disqualified(reason.clone()),
            (_, Some(reason)) => Outcome::NoMetric(reason.clone()),
            (Some(value), None) => Outcome::Value(value),
            (None, None) => Outcome::Unmeasured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_at_least_one_run() {
        for (text, number) in [
            ("1", Some(1)),
            ("1000", Some(1000)),
            ("0", None),
            ("1001", None),
            ("-1", None),
            ("x", None),
        ] {
            assert_eq!(
                text.parse::<Repeat>().ok().map(Repeat::get),
                number,
                "{text}"
            );
        }
        assert!(serde_json::from_str::<Repeat>("0").is_err());
        assert_eq!(serde_json::from_str::<Repeat>("5").unwrap().get(), 5);
    }
}
