//! `hub undo`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, undo};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub undo --dry-run\n  hub undo 20260317-143022\n  hub undo latest --further\n\nA second undo does again what the first took back. Nothing is changed where anything is in the way."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest with something to take back]
    session: Option<SessionSelector>,
    /// Take back the operation before the one that was taken back already
    #[arg(long)]
    further: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = undo::Request {
        session: args.session,
        further: args.further,
        dry_run: args.dry_run,
    };
    let report = undo::run(&hub, &request)?;
    global.output().answer(&report, text::undo)?;
    Ok(ExitCode::SUCCESS)
}
