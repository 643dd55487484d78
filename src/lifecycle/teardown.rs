//! Commands that are run in a worktree before it is removed, as to stop a database.

use std::path::Path;

use crate::domain::id::AgentId;
use crate::process::command::ShellCommand;
use crate::process::logs;
use crate::store::LockedSession;

use super::error::{Error, Result};
use super::hub::Hub;
use super::measure::session_variables;
use super::{ready, walls};

/// Runs the session's teardown commands in each of some worktrees; returns whether there are any.
///
/// # Errors
/// When one fails and `force` is not set: then no worktree may be removed.
pub(super) fn run<'p>(
    hub: &Hub,
    session: &LockedSession,
    worktrees: impl Iterator<Item = (AgentId, &'p Path)>,
    force: bool,
) -> Result<bool> {
    let launch = session.launch()?.unwrap_or_default();
    let commands = launch.ready.teardown;
    for command in &commands {
        hub.check_trust(command.as_str(), &session.dir().launch_file())?;
    }
    if commands.is_empty() {
        return Ok(false);
    }
    let _doing = hub.doing("tearing down");
    for (agent, worktree) in worktrees {
        hub.count(format!("tearing down {agent}"), None);
        for command in &commands {
            let done = run_one(hub, session, agent, worktree, command.as_str());
            match done {
                Err(error @ Error::Teardown { .. }) if force => hub.warn(error.to_string()),
                other => other?,
            }
        }
    }
    Ok(true)
}

fn run_one(
    hub: &Hub,
    session: &LockedSession,
    agent: AgentId,
    worktree: &Path,
    command: &str,
) -> Result<()> {
    let folder = session.dir().agent(agent);
    folder.create()?;
    let log = folder.teardown_log();
    ready::headline(&log, command)?;
    let mut variables = session_variables(hub, session.config());
    variables.push(("HUB_AGENT", agent.to_string().into()));
    if let Some(record) = session.session().agents().get(&agent) {
        let attempt = record.attempt.number().to_string();
        variables.push(("HUB_ATTEMPT", attempt.into()));
    }
    variables.push(("HUB_WORKTREE", worktree.as_os_str().to_owned()));
    let mut shell = ShellCommand {
        command: command.to_owned(),
        folder: worktree.to_path_buf(),
        variables,
        stdout: log.clone(),
        stderr: log.clone(),
        enclosure: None,
    };
    let logs = [log.clone(), log.clone()];
    let walls = walls::around_command(hub, &session.snapshot(), command, worktree, logs)?;
    walls.put_around(&mut shell);
    let finished = shell.run(&hub.interrupt, None)?;
    if finished.exit.success() {
        return Ok(());
    }
    let lines = logs::last_lines(&log, 3);
    let heading = format!("$ {command}");
    // Where it printed less, its heading and the command before it are among them.
    let own = lines.rsplit_once(heading.as_str());
    let own = own.map_or(lines.as_str(), |(_, own)| own.trim_start());
    let lines = own.lines().enumerate().map(|(nth, line)| {
        let mark = if nth == 0 { ": " } else { "; " };
        format!("{mark}{line}")
    });
    Err(Error::Teardown {
        session: session.config().session_id.clone(),
        command: command.to_owned(),
        worktree: worktree.to_path_buf(),
        exit: finished.exit,
        lines: lines.collect(),
    })
}
