//! `hub sweep`: what deletes the files of removed worktrees in the background; not for people.

use std::process::ExitCode;

use crate::lifecycle::removals;

use super::Outcome;
use super::global::Global;

pub fn run(global: &Global) -> Outcome {
    let hub = global.silent().open_uninterrupted()?;
    removals::run(&hub)?;
    Ok(ExitCode::SUCCESS)
}
