//! A program that the user watches: it has hub's own streams.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::domain::session::Exit;

use super::command::{exit_of, forget_git};
use super::error::{Error, Result};

/// What a program is run in.
#[derive(Clone, Debug)]
pub struct Surroundings<'s> {
    /// Its folder.
    pub folder: &'s Path,
    /// Variables that are set, or with `None` taken away, beside those of hub itself.
    pub variables: &'s [(OsString, Option<OsString>)],
    /// Whether its stdout goes to stderr, because stdout is for something else.
    pub stdout_to_stderr: bool,
}

/// Runs a program to its end; what it prints is seen as it comes.
///
/// # Errors
/// When it cannot be started.
pub fn run(program: &OsStr, arguments: &[&str], around: &Surroundings<'_>) -> Result<Exit> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(around.folder)
        .stdin(Stdio::null());
    forget_git(&mut command);
    for (name, value) in around.variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if around.stdout_to_stderr {
        command.stdout(std::io::stderr());
    }
    let starting = format!("start {}", program.display());
    let status = command.status().map_err(Error::io(starting))?;
    Ok(exit_of(status))
}
