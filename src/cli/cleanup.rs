//! `hub cleanup`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, cleanup};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Examples:\n  hub cleanup\n  hub cleanup 20260317-143022 --force")]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that is merged or archived]
    session: Option<SessionSelector>,
    /// Remove worktrees with uncommitted work, too; it is kept as a snapshot
    #[arg(short, long)]
    force: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = cleanup::Request {
        session: args.session,
        force: args.force,
    };
    let report = cleanup::run(&hub, &request)?;
    global.output().answer(&report, text::cleanup)?;
    Ok(ExitCode::SUCCESS)
}
