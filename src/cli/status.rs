//! `hub status`.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, status};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub status\n  hub status 20260317-143022 --format json\n  hub status -w"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest]
    session: Option<SessionSelector>,
    /// Show it again whenever it changes, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let output = global.output();
    let draw = |report: &_| text::status(report, SystemTime::now().into());
    let mut shown = None;
    loop {
        let report = status::run(&hub, args.session.as_ref())?;
        if !args.watch {
            output.answer(&report, draw)?;
            return Ok(ExitCode::SUCCESS);
        }
        let key = status::changing(&report);
        if shown.as_ref() != Some(&key) {
            output.answer_again(&report, draw)?;
            shown = Some(key);
        }
        if hub.pause(Duration::from_secs(1)).is_err() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}
