//! Signals to whole process groups, and the remains of an agent that left its group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal, test_kill_process_group, wait,
};

use crate::domain::session::ProcessMark;
use crate::fault::{Point, deed};

use super::mark;
use super::stat::{self, Stat};

/// Sends `signal` to the group that `leader` leads; a group that is gone is no error.
pub(super) fn signal_group(leader: u32, signal: Signal) {
    if let Some(pid) = pid(leader) {
        // ESRCH: nobody is left, which is what was wanted.
        let _ = deed(Point::Signal, || kill_process_group(pid, signal));
    }
}

/// Sends `signal` to one process.
pub(super) fn signal_process(number: u32, signal: Signal) {
    if let Some(pid) = pid(number) {
        let _ = deed(Point::Signal, || kill_process(pid, signal));
    }
}

/// Sends `signal` to this process, and to no later one of the same number.
pub(super) fn signal_marked(mark: &ProcessMark, signal: Signal) {
    let handle = pid(mark.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    if let Some(handle) = handle.filter(|_| mark::is_alive(mark)) {
        // It may end at this moment.
        let _ = deed(Point::Signal, || pidfd_send_signal(&handle, signal));
    }
}

/// Lets the group that `leader` leads stand still, and all that runs below this process in
/// other groups.
///
/// While some are being stopped, others may still start new ones: until all stand still, or
/// for a second. One that the system does not let stop is left.
pub(super) fn freeze(leader: u32) {
    let until = Instant::now() + Duration::from_secs(1);
    let mut told = BTreeSet::new();
    signal_group(leader, Signal::STOP);
    loop {
        let below = below_this();
        let moving = below
            .iter()
            .filter(|(pid, stat)| !stat.stands_still(told.contains(*pid)));
        let moving: Vec<u32> = moving.map(|(pid, _)| *pid).collect();
        if moving.is_empty() || Instant::now() >= until {
            return;
        }
        for mark in moving.iter().filter_map(|pid| mark::of(*pid)) {
            signal_marked(&mark, Signal::STOP);
        }
        told.extend(moving);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lets all go on that runs below this process, and the group that `leader` leads; the leader
/// itself not when it `waits`.
pub(super) fn thaw(leader: u32, waits: bool) {
    let below = below_this().into_keys();
    let below = below.filter(|number| !waits || *number != leader);
    for mark in below.filter_map(mark::of) {
        signal_marked(&mark, Signal::CONT);
    }
    if !waits {
        signal_group(leader, Signal::CONT);
    }
}

/// Asks what runs in the group of `leader` to end, but for the leader, which stands still
/// meanwhile; returns whether there was anybody.
///
/// For a shell that leads a terminal's session: when it ends, the system hangs the terminal up,
/// and what it had started would lose the time that it is given. If it went on, it would start
/// the next of its commands.
pub(super) fn ask_below(leader: u32) -> bool {
    signal_process(leader, Signal::STOP);
    let members = below_leader(leader);
    for mark in &members {
        signal_marked(mark, Signal::TERM);
        signal_marked(mark, Signal::CONT);
    }
    if members.is_empty() {
        signal_process(leader, Signal::CONT);
    }
    !members.is_empty()
}

/// What runs in the group of `leader`, below this process, but for the leader.
pub(super) fn below_leader(leader: u32) -> Vec<ProcessMark> {
    let below = below_this().into_iter();
    let members = below.filter(|(number, stat)| *number != leader && stat.group == leader);
    members.filter_map(|(number, _)| mark::of(number)).collect()
}

/// The processes that have this one above them, as far as they have not ended.
fn below_this() -> BTreeMap<u32, Stat> {
    let all = stat::numbers().filter_map(|pid| Some((pid, Stat::of(pid)?)));
    let mut others: BTreeMap<u32, Stat> = all.filter(|(_, stat)| !stat.has_ended()).collect();
    let mut found = BTreeMap::new();
    let mut above = BTreeSet::from([std::process::id()]);
    while !above.is_empty() {
        let (next, rest) = others
            .into_iter()
            .partition(|(_, stat)| above.contains(&stat.parent));
        others = rest;
        above = BTreeMap::keys(&next).copied().collect();
        found.extend(next);
    }
    found
}

/// How many threads run in the processes below this one.
pub(super) fn threads_below() -> u64 {
    below_this().values().map(|stat| stat.threads).sum()
}

fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Whether nobody is left in the group that `leader` led.
///
/// Its members come to this process, which must be a subreaper, when their parents end.
pub(super) fn is_empty(leader: u32) -> bool {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
    pid(leader).is_none_or(|group| test_kill_process_group(group).is_err())
}

/// Ends every process that was reparented to this one, which must be a subreaper.
///
/// A child that left the agent's group (a double fork with setsid) comes here when its
/// parent ends. New ones may appear while others are being ended: until none is left,
/// or `limit` is over.
pub(super) fn end_orphans(limit: Duration) {
    let until = Instant::now() + limit;
    while Instant::now() < until {
        let orphans = children();
        for orphan in &orphans {
            signal_process(*orphan, Signal::KILL);
        }
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                // ECHILD: there is none any more.
                Err(_) => return,
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The children of this process, from all its threads.
fn children() -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}
