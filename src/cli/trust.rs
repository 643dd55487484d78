//! `hub trust`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{TrustPrefix, trust};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub trust --list\n  hub trust\n  hub trust 3f9a1c0b77de\n  hub trust --forget\n\nA command that was changed by a single letter is asked about again, and --yes answers no such question."
)]
pub struct Args {
    /// The ids of commands that you have read, as --list shows them [default: ask about each]
    #[arg(value_name = "ID")]
    commands: Vec<TrustPrefix>,
    /// Only show them
    #[arg(long, conflicts_with = "forget")]
    list: bool,
    /// Trust them no more; all of this repository where none is named
    #[arg(long)]
    forget: bool,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = trust::Request {
        commands: args.commands,
        list: args.list,
        forget: args.forget,
    };
    let report = trust::run(&hub, &request)?;
    global.output().answer(&report, text::trust)?;
    Ok(ExitCode::SUCCESS)
}
