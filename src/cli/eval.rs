//! `hub eval`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, SessionSelector, eval};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub eval\n  hub eval --format json | jq '.results[0]'\n\nExit status: 8 when there is a metric and no agent has one."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that runs or is being evaluated]
    session: Option<SessionSelector>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = eval::Request {
        session: args.session,
    };
    let report = eval::run(&hub, &request)?;
    global.output().answer(&report, text::eval)?;
    Ok(match (&report.metric, report.winner) {
        (Some(_), None) => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
