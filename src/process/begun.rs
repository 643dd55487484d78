//! In the supervisor: the start of an agent, with its stdin or its terminal.

use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use super::error::Result;
use super::feed::{By, Feed};
use super::terminal::Terminal;
use super::watch::{Input, Job};

/// An agent that was started.
pub(super) struct Begun {
    pub child: Child,
    /// What passes on what is said to it.
    pub feed: Option<Feed>,
    /// Where it runs in one.
    pub terminal: Option<Terminal>,
}

/// Starts the agent with what it finds on its stdin.
pub(super) fn begin(job: &Job<'_>) -> Result<Begun> {
    let within = |stdin| job.command.start_within(job.limits, stdin);
    let (mut child, terminal) = match &job.input {
        Input::None => (within(Stdio::null())?, None),
        Input::Inbox(_) => (within(Stdio::piped())?, None),
        Input::Terminal { socket, .. } => {
            let (child, terminal) = Terminal::start(job.command, job.limits, socket)?;
            (child, Some(terminal))
        }
    };
    let (inbox, agent, by) = match &job.input {
        Input::None => (None, None, By::Lines),
        Input::Inbox(inbox) => {
            let stdin = child.stdin.take().map(OwnedFd::from);
            (Some(inbox), stdin.map(Ok), By::Lines)
        }
        Input::Terminal { inbox, .. } => {
            let keyboard = terminal.as_ref().map(Terminal::keyboard);
            (Some(inbox), keyboard, By::Keys)
        }
    };
    let feed = agent
        .zip(inbox)
        .map(|(agent, inbox)| Feed::new(inbox.clone(), agent?, by))
        .transpose()
        .inspect_err(|error| log::warn!("nothing can be said to the agent: {error}"));
    Ok(Begun {
        child,
        feed: feed.unwrap_or_default(),
        terminal,
    })
}
