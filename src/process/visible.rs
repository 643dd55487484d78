//! A program that the user watches: it has hub's own streams.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::domain::session::Exit;

use super::command::exit_of;
use super::error::{Error, Result};

/// Runs a program to its end; what it prints is seen as it comes.
///
/// # Errors
/// When it cannot be started.
pub fn run(
    program: &OsStr,
    arguments: &[&str],
    folder: &Path,
    stdout_to_stderr: bool,
) -> Result<Exit> {
    let starting = format!("start {}", program.display());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    super::command::forget_git(&mut command);
    if stdout_to_stderr {
        command.stdout(std::io::stderr());
    }
    let status = command.status().map_err(Error::io(starting))?;
    Ok(exit_of(status))
}
