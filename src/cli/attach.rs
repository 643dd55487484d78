//! `hub attach`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Error, SessionSelector, attach};
use crate::render::write_raw;

use super::Outcome;
use super::global::Global;

/// Connect this terminal with that of an agent
#[derive(Debug, Arguments)]
#[command(
    override_usage = "hub attach [OPTIONS] [SESSION] [AGENT]",
    after_help = "Examples:\n  hub attach agent-2\n  hub attach 20260317-143022 agent-2 --read-only"
)]
pub struct Args {
    /// The session [default: the newest with an agent in a terminal], then the agent [default: the
    /// only one in a terminal]
    #[arg(value_names = ["SESSION", "AGENT"], num_args = 0..=2)]
    names: Vec<String>,
    /// Look on: no key goes to the agent, and Ctrl-C detaches, too
    #[arg(long)]
    read_only: bool,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let (session, agent) = match args.names.as_slice() {
        [session, agent] => (Some(session), Some(agent)),
        [one] if one.parse::<AgentId>().is_ok() => (None, Some(one)),
        [one] => (Some(one), None),
        _ => (None, None),
    };
    let session = session.map(|name| name.parse::<SessionSelector>());
    let agent = agent.map(|name| name.parse::<AgentId>());
    let request = attach::Request {
        session: session.transpose().map_err(Error::from)?,
        agent: agent.transpose().map_err(Error::from)?,
        read_only: args.read_only,
    };
    let hub = global.open()?;
    attach::run(&hub, &request, &mut write_raw)?;
    Ok(ExitCode::SUCCESS)
}
