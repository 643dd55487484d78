//! `hub doctor`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, SessionSelector, doctor};
use crate::render::text;

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Example:\n  hub doctor || hub doctor --fix\n\nExit status: 0 when nothing is found, or all of it was fixed; 1 otherwise."
)]
pub struct Args {
    /// Look at this session alone, and at nothing that belongs to none
    session: Option<SessionSelector>,
    /// Mend what can be mended without a loss, and ask before the rest
    #[arg(long)]
    fix: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let request = doctor::Request {
        session: args.session,
        fix: args.fix,
    };
    let report = doctor::run(global.setup()?, &request)?;
    global.output().answer(&report, text::doctor)?;
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(status(Code::Failed))
    })
}
