//! `hub resume`.

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, pause};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Examples:\n  hub resume\n  hub resume 20260317-143022 --agent agent-2")]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest with paused agents]
    session: Option<SessionSelector>,
    /// Only this agent; again for more
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    super::pause::answer(pause::Wish::Resume, args.session, args.agents, global)
}
