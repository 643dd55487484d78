//! `hub run`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, SessionState, dry_run, run};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;
use super::init::TaskArgs;
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
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let dry_run = args.how.dry_run;
    let (init, presets) = args.task.request();
    let spawn = args.how.request(None, true, presets)?;
    let request = run::Request { init, spawn };
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
