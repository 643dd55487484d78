//! `hub stop`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Grace, SessionSelector, stop};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub stop\n  hub stop 20260317-143022 --agent agent-2 --grace 30s"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest with agents that run]
    session: Option<SessionSelector>,
    /// Only this agent; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// How long they may go on after SIGTERM, as 30, 90s or 2m; with 0, SIGKILL comes at once. A
    /// second stop can shorten it
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "5",
        allow_negative_numbers = true
    )]
    grace: Grace,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = stop::Request {
        session: args.session,
        agents: args.agents,
        grace: args.grace,
    };
    let report = stop::run(&hub, &request)?;
    global.output().answer(&report, text::wait)?;
    Ok(ExitCode::SUCCESS)
}
