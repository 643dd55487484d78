//! `hub metrics`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Code, SessionSelector, metrics};
use crate::render::{prometheus, text};

use super::Outcome;
use super::error::status;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub metrics\n  hub metrics --format prometheus >/var/lib/node_exporter/hub.prom\n\n--format takes a third value here, prometheus: its text exposition format."
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: all of them]
    session: Option<SessionSelector>,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let report = metrics::run(&hub, args.session.as_ref())?;
    let output = global.output();
    if global.wants_prometheus() {
        output.write(&prometheus::metrics(&report))?;
    } else {
        output.answer(&report, text::metrics)?;
    }
    for session in &report.corrupt {
        let (id, reason) = (&session.session_id, &session.reason);
        output.warning(&format!("session {id} is corrupt: {reason}"));
    }
    Ok(match report.corrupt.as_slice() {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::from(status(Code::Corrupt)),
    })
}
