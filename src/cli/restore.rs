//! `hub restore`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, Attempt, SessionSelector, restore};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub restore 20260317-143022\n  hub restore latest agent-2 --attempt 1\n\nFiles that git ignores are kept nowhere and do not come back."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest
    session: SessionSelector,
    /// The agents [default: all]
    #[arg(value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// Which attempt of them [default: the newest]
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    attempt: Option<Attempt>,
}

fn number(text: &str) -> Result<Attempt, String> {
    let number = text.parse().ok().and_then(Attempt::new);
    number.ok_or_else(|| "attempts are counted from 1".to_owned())
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = restore::Request {
        session: args.session,
        agents: args.agents,
        attempt: args.attempt,
    };
    let report = restore::run(&hub, &request)?;
    global.output().answer(&report, text::restore)?;
    Ok(ExitCode::SUCCESS)
}
