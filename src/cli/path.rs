//! `hub path`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, path};
use crate::render::{Format, text};

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    override_usage = "hub path [OPTIONS] [SESSION] <AGENT>",
    after_help = "Examples:\n  cd \"$(hub path agent-2)\"\n  cd \"$(hub path 20260317-143022 agent-2)\""
)]
pub struct Args {
    /// The session [default: the newest with a worktree of that agent], then the agent
    #[arg(value_names = ["SESSION", "AGENT"], num_args = 1..=2, required = true)]
    names: Vec<String>,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let (session, agent) = match args.names.as_slice() {
        [session, agent] => (Some(session.as_str()), agent.as_str()),
        [agent] => (None, agent.as_str()),
        _ => (None, ""),
    };
    let session = session.map(str::parse::<SessionSelector>).transpose();
    let request = path::Request {
        session: session.map_err(crate::lifecycle::Error::from)?,
        agent: agent
            .parse::<AgentId>()
            .map_err(crate::lifecycle::Error::from)?,
    };
    // The path alone, so that a shell can take it: the session is in it.
    let hub = global.silent().open()?;
    let report = path::run(&hub, &request)?;
    let output = global.output();
    match output.format() {
        Format::Text => output.exact(&text::path(&report))?,
        Format::Json => output.answer(&report, text::path)?,
    }
    Ok(ExitCode::SUCCESS)
}
