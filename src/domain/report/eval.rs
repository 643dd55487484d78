//! The document of `hub eval`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::diff::DiffStat;
use crate::domain::evaluation::bootstrap::Interval;
use crate::domain::evaluation::comparison::Difference;
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::measurement::{Criteria, EvalRun, Surroundings};
use crate::domain::metric::{Direction, MetricName};
use crate::domain::refs::{BranchName, CommitId, SnapshotRef};
use crate::domain::session::Exit;
use crate::domain::state::SessionState;
use crate::domain::time;

use super::judge::JudgeReport;
use super::merge::{BaseNow, MergeOutlook};

/// `hub eval`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvalReport {
    /// The session.
    pub session: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// The command that measured.
    pub eval_cmd: Option<String>,
    /// The number that was looked for.
    pub metric: Option<MetricName>,
    /// Which way it is better.
    pub direction: Option<Direction>,
    /// The metric of the base commit.
    pub baseline: Option<f64>,
    /// When it was measured.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub evaluated: DateTime<Utc>,
    /// Who won; null when no agent has a metric, or nobody beats the baseline.
    pub winner: Option<AgentId>,
    /// What decided between the winner and the next of its rank; null when no other shares it.
    pub winner_decided_by: Option<String>,
    /// Whether the first of the ranking beats the baseline, beyond noise where that is known;
    /// null without a first or a baseline.
    pub beats_baseline: Option<bool>,
    /// How it was measured; null when nothing was run.
    pub measured: Option<MeasuredReport>,
    /// By what the results were ranked.
    pub criteria: Criteria,
    /// The base commit, where it was measured beside the agents.
    pub base: Option<BaseReport>,
    /// What a judge said; null when there was none.
    pub judge: Option<JudgeReport>,
    /// The base branch when this was told; null where that is not known.
    #[serde(default)]
    pub base_now: Option<BaseNow>,
    /// The agents, best first.
    pub results: Vec<ResultReport>,
}

/// How an evaluation measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredReport {
    /// The evaluation's number, from 1; its folder in the session has this name.
    pub evaluation: u32,
    /// How often each contestant was measured.
    pub repeat: u32,
    /// How many runs before those did not count.
    pub warmup: u32,
    /// What the order of the runs and the resamples were drawn from.
    pub seed: u32,
    /// How many samples were drawn for each interval.
    pub resamples: u32,
    /// How long one run may take.
    pub timeout_s: Option<f64>,
    /// How many ran at once.
    pub jobs: u32,
    /// The paths that were measured as they are in the base commit.
    pub protect: Vec<String>,
    /// How results were compared: as numbers, or by the intervals of their differences.
    pub method: ReportedMethod,
    /// From how many rounds; null where they were compared as numbers.
    pub rounds: Option<usize>,
    /// Where it was begun.
    pub surroundings: Surroundings,
}

/// How results were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedMethod {
    /// As numbers: nothing is known of the noise.
    Numbers,
    /// By the intervals of their differences.
    Intervals,
}

/// The base commit as it was measured beside the agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaseReport {
    /// The commit.
    pub commit: CommitId,
    /// The median of its runs; null when it could not be measured.
    pub metric_value: Option<f64>,
    /// Where that median lies.
    pub interval: Option<IntervalReport>,
    /// Why there is no metric.
    pub reason: Option<String>,
    /// Every run.
    pub runs: Vec<EvalRun>,
}

/// One agent's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultReport {
    /// The agent.
    pub agent: AgentId,
    /// The attempt.
    pub attempt: Attempt,
    /// The attempt's branch.
    pub branch: BranchName,
    /// The commit that was measured.
    pub commit: Option<CommitId>,
    /// The metric: the median of the runs.
    pub metric_value: Option<f64>,
    /// Where that median lies; null with one run, which says nothing of the noise.
    pub interval: Option<IntervalReport>,
    /// The metric less the baseline.
    pub delta: Option<f64>,
    /// The same in per cent of the baseline.
    pub delta_percent: Option<f64>,
    /// The same from the differences by round, with its interval; null with one run.
    pub against_base: Option<DifferenceReport>,
    /// Whether it beats the baseline, beyond noise where that is known.
    pub beats_baseline: Option<bool>,
    /// From 1; those that cannot be told apart share one; null when out.
    pub rank: Option<u32>,
    /// Whether another has the same rank.
    pub tied: bool,
    /// What put it behind the one before it of the same rank.
    pub decided_by: Option<String>,
    /// Whom it was ranked against, and by how much they differ.
    pub ranked_against: Option<RankedAgainst>,
    /// Whether the agent is out.
    pub disqualified: bool,
    /// Why there is no metric, or why the agent is out.
    pub reason: Option<String>,
    /// How the eval command ended.
    pub exit: Option<Exit>,
    /// How long the eval command ran; the median of the runs.
    pub elapsed_s: Option<f64>,
    /// The last lines of the eval command's stderr, when it failed.
    pub stderr: Option<String>,
    /// Every number that the runs printed; the medians.
    pub numbers: BTreeMap<String, f64>,
    /// Every run, those that do not count among them.
    pub runs: Vec<EvalRun>,
    /// Protected paths that the attempt has changed; it was measured without that.
    pub protected_changed: Vec<PathBuf>,
    /// Uncommitted files of the worktree, which were not measured.
    pub uncommitted_files: usize,
    /// Tracked files that the eval command changed; they were put back.
    pub put_back: Vec<PathBuf>,
    /// The snapshot that keeps what was put back.
    pub put_back_snapshot: Option<SnapshotRef>,
    /// What the attempt changes.
    pub diff: DiffStat,
    /// Whether it would merge into the base branch as `base_now` has it; null where that has it
    /// already, and where it is not known.
    #[serde(default)]
    pub merge: Option<MergeOutlook>,
}

/// Two numbers, and how sure it is that the truth lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalReport {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// In how many of all such intervals the truth lies, as a part of 1.
    pub level: f64,
}

impl From<Interval> for IntervalReport {
    fn from(interval: Interval) -> Self {
        let Interval { low, high, level } = interval;
        Self { low, high, level }
    }
}

/// One result less another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferenceReport {
    /// The mean of the differences by round, with far-out runs drawn in.
    pub estimate: f64,
    /// Where the true difference lies.
    pub interval: IntervalReport,
}

impl From<Difference> for DifferenceReport {
    fn from(difference: Difference) -> Self {
        Self {
            estimate: difference.estimate,
            interval: difference.interval.into(),
        }
    }
}

/// Whom an agent was ranked against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RankedAgainst {
    /// The first of its own rank, or of the rank before when it is the first itself.
    pub agent: AgentId,
    /// The agent less that one; null where they were compared as numbers.
    pub difference: Option<DifferenceReport>,
}
