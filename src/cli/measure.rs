//! The options of `hub eval` and `hub run` that say how results are measured and ranked.

use std::num::NonZeroU32;

use clap::Args as Arguments;

use crate::lifecycle::{PathGlob, Repeat, Requirement, TieBreak, TimeLimit, eval};

use super::judge::JudgeArgs;

/// How results are measured and ranked
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Measuring")]
#[expect(clippy::doc_markdown, reason = "help texts are shown as they are")]
pub struct MeasureArgs {
    /// How often each contestant is measured, the base commit among them; 7 or more where the
    /// number is a time [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    repeat: Option<Repeat>,
    /// How many runs of each before those do not count [default: 0]
    #[arg(long, value_name = "N")]
    warmup: Option<u32>,
    /// What the order of the runs is drawn from [default: the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Paths that are measured as they are in the base commit, as bench/**; again for more
    #[arg(long, value_name = "GLOB")]
    protect: Vec<PathGlob>,
    /// Put those out that have changed a protected path
    #[arg(long)]
    protect_strict: bool,
    /// What each run must keep to, as 'tests_failed == 0'; again for more
    #[arg(long, value_name = "REQUIREMENT")]
    require: Vec<Requirement>,
    /// What decides between those that are tied, as size_kb:lower; again for the next
    #[arg(long, value_name = "METRIC:DIRECTION")]
    tie_break: Vec<TieBreak>,
    /// Call the first the winner also when it does not beat the base
    #[arg(long)]
    allow_no_gain: bool,
    #[command(flatten)]
    judge: JudgeArgs,
}

impl MeasureArgs {
    /// The same as options, with the limit of each run and how many run at once.
    pub fn options(self, timeout: Option<TimeLimit>, jobs: Option<NonZeroU32>) -> eval::Options {
        eval::Options {
            repeat: self.repeat,
            warmup: self.warmup,
            seed: self.seed,
            timeout,
            jobs,
            protect: self.protect,
            protect_strict: self.protect_strict,
            in_worktree: false,
            require: self.require,
            tie_break: self.tie_break,
            judge: self.judge.options(),
            allow_no_gain: self.allow_no_gain,
        }
    }
}
