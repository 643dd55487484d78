//! Signals to whole process groups, and the remains of an agent that left its group.

use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group, wait,
};

/// Sends `signal` to the group that `leader` leads; a group that is gone is no error.
pub(super) fn signal_group(leader: u32, signal: Signal) {
    if let Some(pid) = pid(leader) {
        // ESRCH: nobody is left, which is what was wanted.
        let _ = kill_process_group(pid, signal);
    }
}

/// Sends `signal` to one process.
pub(super) fn signal_process(number: u32, signal: Signal) {
    if let Some(pid) = pid(number) {
        let _ = kill_process(pid, signal);
    }
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
