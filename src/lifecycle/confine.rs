//! `hub confine`: the process that becomes an agent, behind the walls of its security level.

use crate::process::walls::confine;

use super::error::Error;

/// Puts up the walls of `plan` and becomes `command`; returns only when that failed.
#[must_use]
pub fn run(plan: &str, command: &[String]) -> Error {
    let (program, arguments) = command
        .split_first()
        .map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
    confine::become_behind(plan, program, arguments).into()
}
