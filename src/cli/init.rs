//! `hub init`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{
    BranchName, Contestants, Direction, Error, MetricName, Mode, PresetCounts, SessionSelector,
    Task, init,
};
use crate::render::text;

use super::Outcome;
use super::global::Global;

/// What a new session is about
#[derive(Debug, Arguments)]
pub struct TaskArgs {
    /// What the agents are asked to do [with --from: as there]
    #[arg(short, long, required_unless_present = "from")]
    task: Option<Task>,
    /// Go on from the winner of this session, with its task and measure unless others are given
    #[arg(long, value_name = "SESSION")]
    from: Option<SessionSelector>,
    /// How many agents try it; for run also presets, as in claude:2,codex:1 [default: 3]
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    agents: Option<Contestants>,
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
    /// How the agents stand to each other: compete, ensemble (each does a part, all parts are
    /// merged) or pipeline (each goes on from where the one before it ended)
    #[arg(long, default_value = "compete", value_name = "MODE")]
    mode: Mode,
    /// The parts of an ensemble, one a line or with lines --- between them; - for stdin
    #[arg(long, value_name = "FILE")]
    subtasks: Option<PathBuf>,
}

impl TaskArgs {
    /// The arguments as a request, and the presets that stood in the place of a number.
    pub fn request(self) -> (init::Request, Option<PresetCounts>) {
        let (agents, presets) = match self.agents {
            Some(Contestants::Presets(counts)) => (Some(counts.total()), Some(counts)),
            Some(Contestants::Count(count)) => (Some(count), None),
            None => (None, None),
        };
        let request = init::Request {
            from: self.from,
            task: self.task,
            agents,
            base_branch: self.base_branch,
            eval_cmd: self.eval_cmd,
            metric: self.metric,
            direction: self.direction,
            baseline: !self.no_baseline,
            mode: self.mode,
            subtasks: self.subtasks,
        };
        (request, presets)
    }
}

#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub init --task 'make sum faster' --agents 3 \\\n      --eval ./bench.sh --metric p50_ms --direction lower\n  hub init --from latest --agents 5"
)]
pub struct Args {
    #[command(flatten)]
    task: TaskArgs,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let (request, presets) = args.task.request();
    if let Some(presets) = presets {
        return Err(Error::PresetsAtInit(presets).into());
    }
    let report = init::run(&hub, request)?;
    global.output().answer(&report, text::init)?;
    Ok(ExitCode::SUCCESS)
}
