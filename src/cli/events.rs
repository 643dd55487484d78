//! `hub events`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, events};
use crate::render::text;

use super::Outcome;
use super::global::Global;

/// Show what was done to a session, from its journal
#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub events 20260317-143022")]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest]
    session: Option<SessionSelector>,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let report = events::run(&hub, args.session.as_ref())?;
    global.output().answer(&report, text::events)?;
    Ok(ExitCode::SUCCESS)
}
