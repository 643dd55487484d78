//! Commands that make a new worktree ready, run by the agent's supervisor before the agent.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::beneath;
use crate::domain::environment;
use crate::domain::ready::{Ready, ShellLine};
use crate::domain::session::ProcessMark;
use crate::fault::{Point, effect};
use crate::process::command::ShellCommand;
use crate::process::ports::{self, PortBlock};
use crate::process::requests::Requests;
use crate::process::watch::{self, Ended, Input, Job, Watched};
use crate::store::{AgentDir, LockedSession, atomic};

use super::error::{Error, Result};
use super::hub::Hub;
use super::measure::Variables;

/// What the settings ask for.
fn settings(hub: &Hub) -> Ready {
    let settings = &hub.settings;
    Ready {
        setup: settings.setup.clone().unwrap_or_default().0,
        teardown: settings.teardown.clone().unwrap_or_default().0,
        ports: settings.ports,
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

/// The ports that agents and eval commands get; reserved at the first call.
pub(super) fn ports<'b>(ready: &Ready, block: &'b mut Option<PortBlock>) -> Result<&'b [u16]> {
    let count = ready.ports.unwrap_or_default().get();
    if block.is_none() && count > 0 {
        let folder = ports::folder().ok_or(Error::NoPortsFolder)?;
        *block = Some(PortBlock::reserve(&folder, count)?);
    }
    Ok(block.as_ref().map(PortBlock::ports).unwrap_or_default())
}

/// The variables that tell of the ports.
pub(super) fn port_variables(ports: &[u16]) -> Variables {
    let names = environment::PORTS.iter().copied();
    let values = ports.iter().map(|port| port.to_string().into());
    names.zip(values).collect()
}

/// A setup command that did not come to a good end.
pub(super) struct Unready {
    pub watched: Watched,
    pub reason: String,
}

/// In the supervisor: runs the setup commands where they were not run to a good end before;
/// the first that fails is the last. `agent` is what runs afterwards in the same folder, and
/// each of them is held to its limits.
pub(super) fn prepare(
    requests: &Requests,
    agent: &Job<'_>,
    folder: &AgentDir,
    setup: &[ShellLine],
    started: impl Fn(Option<ProcessMark>),
) -> Result<Option<Unready>> {
    let done = serde_json::to_vec(setup).unwrap_or_default();
    if setup.is_empty() || beneath::read(&folder.setup_done()).is_ok_and(|before| before == done) {
        return Ok(None);
    }
    let log = folder.setup_log();
    atomic::remove_file(&log)?;
    for line in setup {
        headline(&log, line.as_str())?;
        let command = ShellCommand {
            command: line.to_string(),
            stdout: log.clone(),
            stderr: log.clone(),
            ..agent.command.clone()
        };
        let job = Job {
            command: &command,
            input: Input::None,
            ..agent.clone()
        };
        let watched = watch::watch(requests, &job, &started)?;
        if watched.ended.is_some() || !watched.exit.success() {
            let line = line.as_str();
            let reason = match watched.ended {
                Some(Ended::TimedOut(reached)) => format!("setup command {line:?}: {reached}"),
                _ => format!("setup command {line:?} ended with {}", watched.exit),
            };
            return Ok(Some(Unready { watched, reason }));
        }
    }
    atomic::replace(&folder.setup_done(), &done)?;
    Ok(None)
}

/// Writes into a log which command prints what follows.
pub(super) fn headline(log: &Path, command: &str) -> Result<()> {
    effect(Point::Append, Error::io("write", log), || {
        let mut options = fs::OpenOptions::new();
        let file = beneath::open_with(log, options.create(true).append(true));
        file.and_then(|mut file| writeln!(file, "$ {command}"))
            .map_err(Error::io("write", log))
    })
}

/// The worktree is a new one, in which nothing was run.
pub(super) fn forget(folder: &AgentDir) -> Result<()> {
    Ok(atomic::remove_file(&folder.setup_done())?)
}
