//! `hub graft`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{AgentId, SessionSelector, graft};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub graft latest --onto agent-2 --from agent-3 src/cache.rs tests"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest
    session: SessionSelector,
    /// The agent that gets a new attempt, from where its last one ended
    #[arg(long, value_name = "AGENT")]
    onto: AgentId,
    /// The agent whose newest attempt the paths are taken from
    #[arg(long, value_name = "AGENT")]
    from: AgentId,
    /// Files and folders, from the current folder; taken literally
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = graft::Request {
        session: args.session,
        onto: args.onto,
        from: args.from,
        paths: args.paths,
    };
    let report = graft::run(&hub, &request)?;
    global.output().answer(&report, text::graft)?;
    Ok(ExitCode::SUCCESS)
}
