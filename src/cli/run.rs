//! `hub run`.

use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, SessionState, TimeLimit, dry_run, run};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;
use super::init::TaskArgs;
use super::measure::MeasureArgs;
use super::spawn::AgentArgs;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub run --task 'make sum faster' --agents 3 --agent-cmd ./agent.sh \\\n      --eval ./bench.sh --metric p50_ms --direction lower --yes\n  hub run --task 'make sum faster' --agents claude:2,codex:1 --eval ./bench.sh --metric p50_ms"
)]
pub struct Args {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    how: AgentArgs,
    #[command(flatten)]
    measure: MeasureArgs,
    /// How long one run of the eval command may take, as 90, 90s, 15m or 2h
    #[arg(
        long,
        value_name = "SECONDS",
        allow_negative_numbers = true,
        help_heading = "Measuring"
    )]
    eval_timeout: Option<TimeLimit>,
    /// How many runs of the eval command are made at once [default: 1]
    #[arg(long, value_name = "N", help_heading = "Measuring")]
    eval_jobs: Option<NonZeroU32>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let dry_run = args.how.dry_run;
    let (init, presets) = args.task.request();
    let spawn = args.how.request(None, true, presets)?;
    let eval = args.measure.options(args.eval_timeout, args.eval_jobs);
    let request = run::Request { init, spawn, eval };
    if dry_run {
        let report = dry_run::of_run(&hub, &request)?;
        global.output().answer(&report, text::dry_run)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = run::run(&hub, &request)?;
    global.output().answer(&report, text::run)?;
    Ok(match report.state {
        SessionState::Archived => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
