//! Telling a process from a later one that got the same number.

use std::fs;

use crate::domain::session::ProcessMark;

use super::stat::Stat;

/// The mark of a live process; `None` when there is none, or only its unreaped remains.
///
/// Its start time comes from `/proc/<pid>/stat`.
#[must_use]
pub fn of(pid: u32) -> Option<ProcessMark> {
    let stat = Stat::of(pid).filter(|stat| !stat.has_ended())?;
    Some(ProcessMark {
        pid,
        start_ticks: stat.start_ticks,
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
