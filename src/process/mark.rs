//! Telling a process from a later one that got the same number.

use std::fs;

use crate::domain::session::ProcessMark;

/// The mark of a live process; `None` when there is none, or only its unreaped remains.
///
/// From `/proc/<pid>/stat`, fields 3 (state) and 22 (start time): `proc_pid_stat(5)`.
#[must_use]
pub fn of(pid: u32) -> Option<ProcessMark> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold both of them.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let start_ticks = fields.nth(18)?.parse().ok()?;
    Some(ProcessMark {
        pid,
        start_ticks,
        boot: boot(),
    })
}

/// The mark of this process.
#[must_use]
pub fn own() -> Option<ProcessMark> {
    of(std::process::id())
}

/// Whether the process that was marked is still there.
#[must_use]
pub fn is_alive(mark: &ProcessMark) -> bool {
    of(mark.pid).as_ref() == Some(mark)
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_alive_until_it_ends() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mark = of(child.id()).unwrap();
        assert!(is_alive(&mark));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!is_alive(&mark));
    }

    #[test]
    fn another_start_time_or_boot_is_another_process() {
        let own = own().unwrap();
        assert!(is_alive(&own));
        let reused = ProcessMark {
            start_ticks: own.start_ticks + 1,
            ..own.clone()
        };
        assert!(!is_alive(&reused));
        let before_reboot = ProcessMark {
            boot: "x".into(),
            ..own
        };
        assert!(!is_alive(&before_reboot));
    }
}
