//! Commands that make a new worktree ready, run by the agent's supervisor before the agent.

use std::fs;
use std::io::{ErrorKind, Write};

use crate::domain::ready::{Ready, ShellLine};
use crate::domain::session::ProcessMark;
use crate::process::command::ShellCommand;
use crate::process::supervisor::{self, Watched};
use crate::store::{AgentDir, LockedSession, atomic};

use super::error::{Error, Result};
use super::hub::Hub;

/// What the settings ask for.
fn settings(hub: &Hub) -> Ready {
    let setup = hub.settings.setup.clone();
    Ready {
        setup: setup.unwrap_or_default().0,
    }
}

/// Refuses commands that this user did not write, before anything is made.
pub(super) fn check(hub: &Hub, asked: &Ready) -> Result<()> {
    let wanted = asked.clone().over(settings(hub));
    for command in wanted.commands() {
        hub.check_setting_trust(command.as_str())?;
    }
    Ok(())
}

/// What is done for the worktrees of a session: what was asked for now, else when it was
/// spawned, else by the settings.
pub(super) fn wanted(hub: &Hub, session: &LockedSession, asked: &Ready) -> Result<Ready> {
    let before = session.launch()?.map(|launch| launch.ready);
    let before = before.unwrap_or_default();
    for command in before.commands() {
        hub.check_trust(command.as_str(), &session.dir().launch_file())?;
    }
    Ok(asked.clone().over(before).over(settings(hub)))
}

/// A setup command that did not come to a good end.
pub(super) struct Unready {
    pub watched: Watched,
    pub reason: String,
}

/// In the supervisor: runs the setup commands where they were not run to a good end before;
/// the first that fails is the last. `agent` is what runs afterwards in the same folder.
pub(super) fn prepare(
    agent: &ShellCommand,
    folder: &AgentDir,
    setup: &[ShellLine],
    started: impl Fn(Option<ProcessMark>),
) -> Result<Option<Unready>> {
    let done = serde_json::to_vec(setup).unwrap_or_default();
    if setup.is_empty() || fs::read(folder.setup_done()).is_ok_and(|before| before == done) {
        return Ok(None);
    }
    let log = folder.setup_log();
    remove(&log)?;
    for line in setup {
        headline(&log, line)?;
        let command = ShellCommand {
            command: line.to_string(),
            stdout: log.clone(),
            stderr: log.clone(),
            ..agent.clone()
        };
        let watched = supervisor::watch(&command, &started)?;
        if watched.cancelled || !watched.exit.success() {
            let reason = format!(
                "setup command {:?} ended with {}",
                line.as_str(),
                watched.exit
            );
            return Ok(Some(Unready { watched, reason }));
        }
    }
    atomic::replace(&folder.setup_done(), &done)?;
    Ok(None)
}

/// Which command prints what follows.
fn headline(log: &std::path::Path, line: &ShellLine) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let file = options.create(true).append(true).open(log);
    file.and_then(|mut file| writeln!(file, "$ {line}"))
        .map_err(Error::io("write", log))
}

/// The worktree is a new one, in which nothing was run.
pub(super) fn forget(folder: &AgentDir) -> Result<()> {
    remove(&folder.setup_done())
}

fn remove(file: &std::path::Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", file)(error)),
        _ => Ok(()),
    }
}
