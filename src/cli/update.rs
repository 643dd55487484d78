//! `hub update`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, SessionState, update};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub update 20260317-143022 --state running")]
pub struct Args {
    /// The session: its id, the beginning of it, or latest
    session: SessionSelector,
    /// The state to enter: running, evaluating, merged or archived
    #[arg(short, long)]
    state: SessionState,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = update::Request {
        session: args.session,
        state: args.state,
    };
    let report = update::run(&hub, &request)?;
    global.output().answer(&report, text::update)?;
    Ok(ExitCode::SUCCESS)
}
