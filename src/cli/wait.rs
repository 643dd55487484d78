//! `hub wait`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Seconds, SessionSelector, wait};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub wait --timeout 600 && hub eval\n\nExit status: 0 when every agent that was waited for succeeded, 8 when none did, 1 otherwise."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that runs]
    session: Option<SessionSelector>,
    /// Give up after this time
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    timeout: Option<Seconds>,
    /// Only for this agent; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// Until one more of them has ended
    #[arg(long)]
    any: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = wait::Request {
        session: args.session,
        timeout: args.timeout.map(Seconds::duration),
        agents: args.agents,
        any: args.any,
    };
    let report = wait::run(&hub, &request)?;
    global.output().answer(&report, text::wait)?;
    Ok(report
        .verdict()
        .map_or(ExitCode::SUCCESS, |code| ExitCode::from(status(code))))
}
