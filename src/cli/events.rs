//! `hub events`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args as Arguments;

use crate::lifecycle::{Hub, SessionSelector, events};
use crate::render::text;

use super::Outcome;
use super::error::tell_corrupt;
use super::global::Global;

/// How long nothing is looked at while journals are followed.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub events 20260317-143022\n  hub events --all --follow --format json | jq -r .operation"
)]
pub struct Args {
    /// The session: its id, the beginning of it, or latest [default: the newest]
    session: Option<SessionSelector>,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// All sessions; with --follow also those that are made later
    #[arg(long, conflicts_with = "session")]
    all: bool,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    if args.follow {
        return follow(args, global, &hub);
    }
    let output = global.output();
    let shown = shown(global);
    if !args.all {
        let report = events::run(&hub, args.session.as_ref())?;
        output.answer(&report, |report| text::events(report, &shown))?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = events::all(&hub)?;
    output.answer(&report, |report| text::all_events(report, &shown))?;
    Ok(tell_corrupt(output, &report.corrupt))
}

/// Who reads, and whether all of it is wanted.
fn shown(global: &Global) -> text::JournalStyle {
    let (user, host) = events::reader();
    text::JournalStyle {
        user,
        host,
        whole: global.verbose > 0,
    }
}

fn follow(args: &Args, global: &Global, hub: &Hub) -> Outcome {
    let output = global.output();
    let shown = shown(global);
    let mut follow = if args.all {
        events::follow_all()
    } else {
        events::follow(hub, args.session.as_ref())?
    };
    loop {
        for event in follow.look(hub)? {
            output.line(&event, |event| text::followed(event, &shown))?;
        }
        if !output.has_reader() {
            return Ok(ExitCode::SUCCESS);
        }
        hub.pause(PAUSE)?;
    }
}
