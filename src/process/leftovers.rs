//! What an agent whose supervisor is gone has left running.
//!
//! A supervisor sees all that its agent starts. Without it there are two signs: the process
//! group, as long as the process that leads it lives, and the variables of the environment,
//! which a process inherits wherever it goes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::domain::session::ProcessMark;

use super::stat::{self, Stat};
use super::supervisor::GRACE;
use super::{group, mark};

/// By what an agent's processes are known.
#[derive(Clone, Debug)]
pub struct Signs {
    /// Variables that all of them have in their environment.
    pub variables: Vec<(&'static str, OsString)>,
    /// The agent's own process, which leads a group.
    pub leader: Option<ProcessMark>,
    /// Those that are none of the agent's all the same: supervisors of others.
    pub except: Vec<ProcessMark>,
    /// Whether this process has started whoever started them: then who began before it is none.
    pub began_here: bool,
}

/// A process that an agent has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The process.
    pub mark: ProcessMark,
    /// Its command line.
    pub command: String,
}

/// The processes that run, by their number.
///
/// Neither this process nor those that started it are among them, nor whoever has a terminal:
/// somebody works there.
#[must_use]
pub fn find(signs: &Signs) -> Vec<Left> {
    let own = own_line();
    let group = signs.leader.as_ref().filter(|mark| mark::is_alive(mark));
    let group = group.map(|mark| mark.pid);
    let begun = signs.began_here.then(|| Stat::of(std::process::id()));
    let begun = begun.flatten().map_or(0, |stat| stat.start_ticks);
    let mut found: Vec<Left> = stat::numbers()
        .filter(|pid| !own.contains(pid))
        .filter_map(|pid| {
            let stat = Stat::of(pid)?;
            let in_group = group == Some(stat.group);
            // Looking into the environment of all processes takes longer than a short command.
            let marked = || {
                stat.start_ticks >= begun && !stat.has_terminal && has_all(pid, &signs.variables)
            };
            if !in_group && !marked() {
                return None;
            }
            let mark = mark::of(pid).filter(|mark| !signs.except.contains(mark))?;
            let command = command_line(pid);
            Some(Left { mark, command })
        })
        .collect();
    found.sort_by_key(|left| left.mark.pid);
    found
}

/// The end of what an agent has left.
#[derive(Debug)]
pub struct Ending<'s> {
    signs: &'s Signs,
    /// Whoever leaves a group whose leader has ended is known from the time before.
    known: BTreeMap<u32, ProcessMark>,
}

impl<'s> Ending<'s> {
    /// Of the processes with these signs.
    #[must_use]
    pub fn of(signs: &'s Signs) -> Self {
        Self {
            signs,
            known: BTreeMap::new(),
        }
    }

    /// Sends SIGTERM and waits until none is left, `grace` is over, or `goes_on` says no.
    ///
    /// What they start from then on is part of how they end, and is let do its work.
    pub fn ask(&mut self, grace: Duration, goes_on: impl FnMut() -> bool) {
        self.look();
        for mark in self.known.values() {
            group::signal_marked(mark, Signal::TERM);
            // One that is stopped would not see the signal before it goes on.
            group::signal_marked(mark, Signal::CONT);
        }
        self.until_none(grace, goes_on, |_| ());
    }

    /// Sends SIGKILL to those that are there, until none is.
    pub fn kill(&mut self) {
        let mut told: Vec<ProcessMark> = Vec::new();
        let kill = |known: &BTreeMap<u32, ProcessMark>| {
            for mark in known.values().filter(|mark| !told.contains(mark)) {
                group::signal_marked(mark, Signal::KILL);
            }
            told = known.values().cloned().collect();
        };
        self.until_none(GRACE, || true, kill);
    }

    fn until_none(
        &mut self,
        time: Duration,
        mut goes_on: impl FnMut() -> bool,
        mut each_look: impl FnMut(&BTreeMap<u32, ProcessMark>),
    ) {
        const LONGEST_PAUSE: Duration = Duration::from_millis(500);
        let until = Instant::now() + time;
        let mut pause = Duration::from_millis(20);
        while self.look() {
            each_look(&self.known);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !goes_on() {
                return;
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Looks who is there; returns whether anybody is.
    fn look(&mut self) -> bool {
        let found = find(self.signs).into_iter();
        self.known
            .extend(found.map(|left| (left.mark.pid, left.mark)));
        self.known.retain(|_, mark| mark::is_alive(mark));
        !self.known.is_empty()
    }
}

/// This process and those that started it.
pub(super) fn own_line() -> Vec<u32> {
    let mut line = vec![std::process::id()];
    while let Some(parent) = line.last().and_then(|pid| Stat::of(*pid)).map(|s| s.parent) {
        if parent == 0 || line.contains(&parent) {
            break;
        }
        line.push(parent);
    }
    line
}

/// Whether a process has all of the variables; not when it is another user's.
fn has_all(pid: u32, variables: &[(&'static str, OsString)]) -> bool {
    let Ok(environ) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    let all: Vec<&[u8]> = environ.split(|byte| *byte == 0).collect();
    !variables.is_empty()
        && variables.iter().all(|(name, value)| {
            let variable = [name.as_bytes(), b"=", value.as_bytes()].concat();
            all.contains(&variable.as_slice())
        })
}

pub(super) fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
    text.trim_end().to_owned()
}
