//! `hub pause`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, pause};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub pause\n  hub pause 20260317-143022 --agent agent-2\n\nAgents that wait for their start are held until `hub resume`. A paused agent keeps its place\namong those that run at once (--jobs)."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest with agents that run]
    session: Option<SessionSelector>,
    /// Only this agent; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    answer(pause::Wish::Pause, args.session, args.agents, global)
}

/// What `hub pause` and `hub resume` have in common.
pub(super) fn answer(
    wish: pause::Wish,
    session: Option<SessionSelector>,
    agents: Vec<AgentId>,
    global: &Global,
) -> Outcome {
    let hub = global.open()?;
    let request = pause::Request {
        wish,
        session,
        agents,
    };
    let report = pause::run(&hub, &request)?;
    global.output().answer(&report, text::pause)?;
    Ok(ExitCode::SUCCESS)
}
