//! Why a worktree stays.

use std::path::PathBuf;

use super::diagnostic::{Code, Diagnostic};
use super::id::SessionId;
use super::report::LeftProcess;
use super::text::first_few;

/// Somebody is at work in a worktree that was to go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is in use by {}", worktree.display(), first_few(.processes.iter().map(named)))]
pub struct ProcessInside {
    /// The session.
    pub session: SessionId,
    /// The worktree.
    pub worktree: PathBuf,
    /// Who works there.
    pub processes: Vec<LeftProcess>,
}

/// A process by its number and what it runs.
#[must_use]
pub fn named(process: &LeftProcess) -> String {
    const LONGEST: usize = 60;
    let command = &process.command;
    let shown = match command.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", command.get(..end).unwrap_or_default()),
        None => command.clone(),
    };
    format!("process {} ({shown})", process.pid)
}

impl Diagnostic for ProcessInside {
    fn code(&self) -> Code {
        Code::Refused
    }

    fn hint(&self) -> Option<String> {
        let session = &self.session;
        let pids: Vec<String> = self.processes.iter().map(|p| p.pid.to_string()).collect();
        Some(format!(
            "end it, as with `kill {}`, or give `hub cleanup {session} --force`, which leaves it alone and removes the worktree",
            pids.join(" ")
        ))
    }
}
