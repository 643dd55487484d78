//! `hub archive`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, archive};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub archive 20260317-143022")]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest that is not at its end]
    session: Option<SessionSelector>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = archive::Request {
        session: args.session,
    };
    let report = archive::run(&hub, &request)?;
    global.output().answer(&report, text::archive)?;
    Ok(ExitCode::SUCCESS)
}
