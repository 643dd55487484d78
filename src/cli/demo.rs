//! `hub demo`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Interrupt, demo};
use crate::render::Format;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  hub demo --keep")]
pub struct Args {
    /// Keep the repository, to look around in it
    #[arg(long)]
    keep: bool,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let output = global.output();
    let request = demo::Request {
        keep: args.keep,
        to_stderr: output.format() == Format::Json,
        progress: global.progress(),
        interrupt: Interrupt::install().map_err(crate::lifecycle::Error::from)?,
    };
    let report = demo::run(&request)?;
    output.answer(&report, |_| String::new())?;
    Ok(ExitCode::SUCCESS)
}
