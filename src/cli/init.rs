//! `hub init`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentCount, BranchName, Direction, MetricName, Task, init};
use crate::render::text;

use super::Outcome;
use super::global::Global;

/// What a new session is about
#[derive(Debug, Arguments)]
pub struct TaskArgs {
    /// What the agents are asked to do
    #[arg(short, long)]
    task: Task,
    /// How many agents try it [default: 3]
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    agents: Option<AgentCount>,
    /// Where every attempt starts and the winner goes [default: the current branch]
    #[arg(short, long, value_name = "BRANCH")]
    base_branch: Option<BranchName>,
    /// The command that measures a result; run by `sh -c` in a worktree
    #[arg(short, long = "eval", value_name = "CMD")]
    eval_cmd: Option<String>,
    /// The number that the command prints, as `NAME: 42.5` or as a path into its JSON
    #[arg(short, long, value_name = "NAME")]
    metric: Option<MetricName>,
    /// Which way the number is better: lower or higher [default: lower]
    #[arg(short, long)]
    direction: Option<Direction>,
    /// Do not measure the base commit
    #[arg(long)]
    no_baseline: bool,
}

impl TaskArgs {
    /// The arguments as a request.
    pub fn request(self) -> init::Request {
        init::Request {
            task: self.task,
            agents: self.agents,
            base_branch: self.base_branch,
            eval_cmd: self.eval_cmd,
            metric: self.metric,
            direction: self.direction,
            baseline: !self.no_baseline,
        }
    }
}

/// Make a new session and measure its baseline
#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub init --task 'make sum faster' --agents 3 \\\n      --eval ./bench.sh --metric p50_ms --direction lower"
)]
pub struct Args {
    #[command(flatten)]
    task: TaskArgs,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let report = init::run(&hub, args.task.request())?;
    global.output().answer(&report, text::init)?;
    Ok(ExitCode::SUCCESS)
}
