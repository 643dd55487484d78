//! `hub integrate`.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Integration, integrate};
use crate::render::text;

use super::Outcome;
use super::global::Global;

#[derive(Debug, Arguments)]
#[command(
    after_help = "Examples:\n  hub integrate claude --dry-run\n  hub integrate agents-md --yes\n  hub integrate github-actions --remove"
)]
pub struct Args {
    /// For what: claude (slash commands and a skill for Claude Code), agents-md (a section of
    /// AGENTS.md), github-actions (a workflow) or shell (a script with jq)
    #[arg(value_name = "TOOL")]
    integration: Integration,
    /// Show what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take away what was written
    #[arg(long)]
    remove: bool,
    /// Also what somebody edited; it is kept beside as .orig
    #[arg(short, long)]
    force: bool,
}

pub fn run(args: &Args, global: &Global) -> Outcome {
    let hub = global.open()?;
    let request = integrate::Request {
        integration: args.integration,
        remove: args.remove,
        force: args.force,
        dry_run: args.dry_run,
    };
    let report = integrate::run(&hub, request)?;
    global.output().answer(&report, text::integrate)?;
    Ok(ExitCode::SUCCESS)
}
