//! `hub retry`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, retry};
use crate::render::text;

use super::Outcome;
use super::global::Global;
use super::stdin::StdinArgs;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub retry\n  hub retry 20260317-143022 --agent agent-2 --continue"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that runs]
    session: Option<SessionSelector>,
    /// Only this agent; again for more [default: all that ended without success]
    #[arg(long = "agent", value_name = "AGENT")]
    agents: Vec<AgentId>,
    /// Start where the last attempt ended, not at the base commit
    #[arg(long = "continue")]
    from_tip: bool,
    #[command(flatten)]
    stdin: StdinArgs,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = retry::Request {
        session: args.session,
        agents: args.agents,
        stdin: args.stdin.stdin(),
        from: if args.from_tip {
            retry::From::LastTip
        } else {
            retry::From::Base
        },
    };
    let report = retry::run(&hub, &request)?;
    global.output().answer(&report, text::spawn)?;
    Ok(ExitCode::SUCCESS)
}
