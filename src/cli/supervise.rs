//! `hub supervise`: what `hub spawn` starts for each agent; not for people.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionId, supervise};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
pub struct Args {
    session: SessionId,
    agent: AgentId,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.silent().open_uninterrupted()?;
    supervise::run(&hub, &args.session, args.agent)?;
    Ok(ExitCode::SUCCESS)
}
