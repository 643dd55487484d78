//! `hub run`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, SessionState, run};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;
use super::init::TaskArgs;
use super::spawn::AgentArgs;

/// Do it all: init, spawn, wait, eval, ask, merge, cleanup
#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub run --task 'make sum faster' --agents 3 --agent-cmd ./agent.sh \\\n      --eval ./bench.sh --metric p50_ms --direction lower --yes"
)]
pub struct Args {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    agents: AgentArgs,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = run::Request {
        init: args.task.request(),
        spawn: args.agents.request(None, true),
    };
    let report = run::run(&hub, &request)?;
    global.output().answer(&report, text::run)?;
    Ok(match report.state {
        SessionState::Archived => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
