//! A process that goes on when hub ends, and that nobody waits for.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fault::{Point, effect};

use super::error::{Error, Result};

/// Starts a program that keeps nothing of the terminal, of this process's files, or of a folder.
///
/// # Errors
/// When it cannot be started.
pub fn start(program: &Path, arguments: &[&OsStr]) -> Result<()> {
    let starting = || format!("start {}", program.display());
    // Whoever waits for the end of a pipe that hub was given must not wait for it.
    close_fds::set_fds_cloexec(3, &[]);
    effect(Point::Supervise, Error::io(starting()), || {
        Command::new(program)
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C on the terminal is not meant for it.
            .process_group(0)
            .spawn()
            .map(drop)
            .map_err(Error::io(starting()))
    })
}
