//! `hub metrics`.

use clap::Args as Arguments;

use crate::lifecycle::{SessionSelector, metrics};
use crate::render::{prometheus, text};

use super::Outcome;
use super::error::tell_corrupt;
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
        output.exact(&prometheus::metrics(&report))?;
    } else {
        output.answer(&report, text::metrics)?;
    }
    Ok(tell_corrupt(output, &report.corrupt))
}
