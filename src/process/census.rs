//! All processes looked at once, for whoever has many to hold against them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::domain::session::ProcessMark;

use super::leftovers::{command_line, own_line};
use super::stat::{self, Stat};
use super::{group, mark};

use rustix::process::Signal;

/// A process, with what tells whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// The process.
    pub mark: ProcessMark,
    /// Its command line.
    pub command: String,
    /// The folder that it works in; `None` where the system does not tell.
    pub folder: Option<PathBuf>,
    /// Those of the variables that were asked for that it has.
    pub variables: BTreeMap<&'static str, OsString>,
    /// Whether somebody is in front of it.
    pub has_terminal: bool,
}

/// Every process but this one and those that started it; of other users' only what they show.
#[must_use]
pub fn look(variables: &[&'static str]) -> Vec<Resident> {
    let own = own_line();
    let mut found: Vec<Resident> = stat::numbers()
        .filter(|pid| !own.contains(pid))
        .filter_map(|pid| {
            let stat = Stat::of(pid)?;
            Some(Resident {
                mark: mark::of(pid)?,
                command: command_line(pid),
                folder: fs::read_link(format!("/proc/{pid}/cwd")).ok(),
                variables: variables_of(pid, variables),
                has_terminal: stat.has_terminal,
            })
        })
        .collect();
    found.sort_by_key(|resident| resident.mark.pid);
    found
}

fn variables_of(pid: u32, names: &[&'static str]) -> BTreeMap<&'static str, OsString> {
    let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let all: Vec<&[u8]> = environ.split(|byte| *byte == 0).collect();
    let value = |name: &&'static str| {
        let mut values = all.iter().filter_map(|variable| {
            let rest = variable.strip_prefix(name.as_bytes())?;
            rest.strip_prefix(b"=")
        });
        Some((*name, OsStr::from_bytes(values.next()?).to_owned()))
    };
    names.iter().filter_map(value).collect()
}

/// A process that watches an agent of a session of the repository at `home`.
#[must_use]
pub fn supervisor_of(home: &Path, session: &str) -> Option<u32> {
    let home = home.as_os_str().as_bytes();
    let named = [b"-C", home, b"supervise", session.as_bytes()];
    stat::numbers().find(|pid| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        words.windows(named.len()).any(|words| words == named)
    })
}

/// Asks processes to end; whoever got one's number meanwhile is not meant.
pub fn ask_to_end(marks: &[ProcessMark]) {
    for mark in marks {
        group::signal_marked(mark, Signal::TERM);
        // One that is stopped would not see the signal before it goes on.
        group::signal_marked(mark, Signal::CONT);
    }
}

/// The process that holds a file's lock, as far as the system tells: `proc_locks(5)`.
#[must_use]
pub fn holder_of(inode: u64) -> Option<u32> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        // One that waits has an arrow before its kind.
        let (kind, _, _, pid, file) = (
            words.next()?,
            words.next()?,
            words.next()?,
            words.next()?,
            words.next()?,
        );
        let found = file.rsplit(':').next()?.parse::<u64>().ok()?;
        (kind == "FLOCK" && found == inode).then(|| pid.parse().ok())?
    })
}

/// The command line of a process; empty where there is none.
#[must_use]
pub fn command_of(pid: u32) -> String {
    command_line(pid)
}

/// Whether a process does nothing until it is told to go on.
#[must_use]
pub fn stands_still(pid: u32) -> bool {
    Stat::of(pid).is_some_and(|stat| stat.stands_still(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn a_process_is_seen_with_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("cat")
            .current_dir(&folder)
            .env("HUB_TEST_CENSUS", "here")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // It is there a moment before the system shows its variables.
        let until = Instant::now() + Duration::from_secs(60);
        let (all, found) = loop {
            let all = look(&["HUB_TEST_CENSUS", "HUB_TEST_NONE"]);
            let found = all.iter().find(|one| one.mark.pid == child.id());
            let found = found.filter(|one| !one.variables.is_empty()).cloned();
            if let Some(found) = found {
                break (all, found);
            }
            assert!(Instant::now() < until, "its variables are not seen");
        };
        assert_eq!(found.folder, folder.path().canonicalize().ok());
        assert_eq!(found.variables.len(), 1);
        assert!(all.iter().all(|one| one.mark.pid != std::process::id()));
        ask_to_end(std::slice::from_ref(&found.mark));
        assert!(!child.wait().unwrap().success());
    }
}
