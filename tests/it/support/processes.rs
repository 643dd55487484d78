//! The processes that a test's repository has started, and the guard that none outlives the test.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long what ends by itself may take on a slow machine.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A process that has not ended.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    /// Its command line.
    pub command: String,
}

/// All processes with this home: `hub`, its supervisors, agents, and whatever these leave behind.
///
/// Every test has a home of its own, and what it starts inherits that: `proc_pid_environ(5)`.
pub(super) fn with_home(home: &Path) -> Vec<Process> {
    let variable = [b"HOME=", home.as_os_str().as_bytes()].concat();
    let of_home = |folder: &Path| -> Option<Process> {
        // Another user's processes cannot be read, and one may end while it is looked at.
        let environ = fs::read(folder.join("environ")).ok()?;
        let has_it = environ.split(|byte| *byte == 0).any(|one| one == variable);
        let command = fs::read(folder.join("cmdline")).ok()?;
        let shown = String::from_utf8_lossy(&command).replace('\0', " ");
        has_it.then_some(Process {
            pid: folder.file_name()?.to_str()?.parse().ok()?,
            command: shown.trim_end().to_owned(),
        })
    };
    fs::read_dir("/proc")
        .expect("the tests run on Linux")
        .filter_map(|entry| of_home(&entry.ok()?.path()))
        .collect()
}

/// Waits until no process has this home any more, and fails the test that leaves one.
///
/// A supervisor goes a moment after it has told of its agent's end. What does not go is
/// killed: nothing may go on in a folder that is about to be removed.
///
/// # Panics
/// When one is left; not when the test has failed already.
pub(super) fn check_gone(home: &Path, limit: Duration) {
    let begun = Instant::now();
    let mut seen_none = false;
    let left = loop {
        let left = with_home(home);
        // One that is just becoming another program has no variables to be seen: two looks.
        if left.is_empty() && seen_none {
            return;
        }
        seen_none = left.is_empty();
        if !seen_none && (std::thread::panicking() || begun.elapsed() > limit) {
            break left;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    for process in &left {
        let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
        // It may have ended by now.
        let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
    }
    assert!(
        std::thread::panicking(),
        "the test leaves processes: {left:#?}"
    );
}

#[test]
fn a_test_that_leaves_a_process_fails_and_the_process_goes() {
    use std::os::unix::process::ExitStatusExt;

    let repo = super::TestRepo::new();
    let mut left = repo.shell("exec sleep 1000").spawn().unwrap();
    // While it becomes the command, its environment cannot be read.
    let is_there = |process: Process| process.command == "sleep 1000";
    super::wait_until(LIMIT, "the command is there", || {
        with_home(&repo.home()).into_iter().any(is_there)
    });
    let check = || check_gone(&repo.home(), Duration::from_millis(50));
    let problem = std::panic::catch_unwind(check).unwrap_err();
    let message = problem.downcast_ref::<String>().unwrap();
    assert!(message.contains("sleep 1000"), "{message}");
    assert_eq!(left.wait().unwrap().signal(), Some(9));
    check();
}
