//! `hub templates`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::templates;
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub templates\n  mkdir -p .agenthub/templates\n  hub templates optimizer > .agenthub/templates/ours.md"
)]
pub struct Args {
    /// The template to print
    name: Option<String>,
}

pub fn run(args: Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let draw = match args.name {
        Some(_) => text::template,
        None => text::templates,
    };
    let report = templates::run(&hub, &templates::Request { name: args.name })?;
    global.output().answer(&report, draw)?;
    Ok(ExitCode::SUCCESS)
}
