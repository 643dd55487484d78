//! `hub agents`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::presets;
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub agents\n  hub agents --format json | jq -r '.presets[] | select(.path) | .preset'"
)]
pub struct Args {}

pub fn run(_: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let report = presets::list(&hub)?;
    global.output().answer(&report, text::presets)?;
    Ok(ExitCode::SUCCESS)
}
