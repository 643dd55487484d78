//! `hub confine`: what becomes an agent behind its walls; not for people.

use std::process::ExitCode;

use clap::Args as Arguments;

use crate::lifecycle::{Diagnostic, confine};

use super::global::Global;

#[derive(Debug, Arguments)]
pub struct Args {
    plan: String,
    #[arg(last = true)]
    command: Vec<String>,
}

pub fn run(args: &Args, global: &Global) -> ExitCode {
    let failed = confine::run(&args.plan, &args.command);
    let hint = failed.hint();
    global
        .output()
        .error(failed.code(), &failed.to_string(), hint.as_deref());
    // As a shell does for what cannot be run.
    ExitCode::from(126)
}
