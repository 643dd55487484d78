//! `hub doctor`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, doctor};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub doctor || hub doctor --fix\n\nExit status: 0 when nothing is found, or all of it was fixed; 1 otherwise."
)]
pub struct Args {
    /// Settle what is found; no work is lost by it
    #[arg(long)]
    fix: bool,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let report = doctor::run(&hub, args.fix)?;
    global.output().answer(&report, text::doctor)?;
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(status(Code::Failed))
    })
}
