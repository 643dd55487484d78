//! What a judge said, in the document of `hub eval`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::evaluation::hybrid::Tolerance;
use crate::domain::evaluation::judge::Side;
use crate::domain::evaluation::standing::PairOutcome;
use crate::domain::id::AgentId;
use crate::domain::preset::PresetName;

/// What a judge was asked, and what that comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JudgeReport {
    /// The command that judged.
    pub command: String,
    /// The preset that made it; null when it was given.
    pub preset: Option<PresetName>,
    /// How long one judgement might take.
    pub timeout_s: f64,
    /// How far from the best figure an agent might be to be judged; null without a metric.
    pub tolerance: Option<Tolerance>,
    /// What the order of the questions was drawn from.
    pub seed: u32,
    /// Those who were judged; with fewer than two, nothing was asked.
    pub judged: Vec<AgentId>,
    /// How many judgements were made this time; the others had been kept.
    pub asked: usize,
    /// Every question, in order; each pair twice, the second time the other way round.
    pub bouts: Vec<BoutReport>,
    /// What the two judgements of each pair come to.
    pub pairs: Vec<PairReport>,
    /// How many pairs were decided by the order in which they were shown; they count as ties.
    pub contradictions: usize,
    /// How many judgements failed.
    pub failures: usize,
    /// Those who were judged, best first.
    pub standings: Vec<StandingReport>,
}

/// One question to the judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BoutReport {
    /// Shown first.
    pub a: AgentId,
    /// Shown second.
    pub b: AgentId,
    /// What the judge said; null when it failed.
    pub answer: Option<Side>,
    /// Whom it named; null for a tie, too.
    pub winner: Option<AgentId>,
    /// Why, in the judge's words.
    pub reason: Option<String>,
    /// Why there is no answer.
    pub failure: Option<String>,
    /// How long it took.
    pub elapsed_s: f64,
}

/// What the judgements of a pair come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairReport {
    /// The agent with the lower number.
    pub one: AgentId,
    /// The other.
    pub other: AgentId,
    /// What it comes to.
    pub outcome: ReportedOutcome,
    /// Who won it; null when nobody did.
    pub winner: Option<AgentId>,
}

/// What a pair comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedOutcome {
    /// Both judgements name the same agent.
    Won,
    /// One or both call it a tie.
    Tied,
    /// Each names another agent; it counts as a tie.
    Contradictory,
    /// A judgement failed.
    Unjudged,
}

impl From<PairOutcome> for ReportedOutcome {
    fn from(outcome: PairOutcome) -> Self {
        match outcome {
            PairOutcome::Won(_) => Self::Won,
            PairOutcome::Tied => Self::Tied,
            PairOutcome::Contradictory => Self::Contradictory,
            PairOutcome::Unjudged => Self::Unjudged,
        }
    }
}

/// Where the judge puts an agent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StandingReport {
    /// The agent.
    pub agent: AgentId,
    /// From 1; equal scores and strengths share one.
    pub rank: u32,
    /// Pairs won less pairs lost (Copeland's score).
    pub score: i64,
    /// Its strength by the Bradley–Terry model; those of all add up to 1.
    pub strength: f64,
    /// Pairs won.
    pub won: u32,
    /// Pairs lost.
    pub lost: u32,
    /// Pairs that are tied, contradictory ones among them.
    pub tied: u32,
}
