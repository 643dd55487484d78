//! `hub merge`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Code, SessionSelector, SessionState, merge};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub merge\n  hub merge 20260317-143022 --agent agent-2\n  hub merge --agent agent-1 --agent agent-3"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that is being evaluated]
    session: Option<SessionSelector>,
    /// Merge this agent's work, whatever the ranking says; again for more, one after the other
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// The merge commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = merge::Request {
        session: args.session,
        agents: args.agents,
        message: args.message,
    };
    let report = merge::run(&hub, &request)?;
    global.output().answer(&report, text::merge)?;
    Ok(match report.state {
        SessionState::Archived => ExitCode::from(status(Code::NoWinner)),
        _ => ExitCode::SUCCESS,
    })
}
