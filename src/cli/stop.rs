//! `hub stop`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, stop};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Examples:\n  hub stop\n  hub stop 20260317-143022 --agent agent-2")]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest with agents that run]
    session: Option<SessionSelector>,
    /// Only this agent; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = stop::Request {
        session: args.session,
        agents: args.agents,
    };
    let report = stop::run(&hub, &request)?;
    global.output().answer(&report, text::wait)?;
    Ok(ExitCode::SUCCESS)
}
