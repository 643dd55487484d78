//! Limits that the system holds a process to: they are set by the shell that starts the command.

use std::fmt::Write as _;
use std::time::Duration;

use crate::domain::launch::Limits;

/// How much later than the request to end (SIGXCPU) the end (SIGKILL) comes, in seconds.
const GRACE_S: u64 = 5;

/// What a shell does before it becomes the command, which is its first argument; `None` where
/// there is no such limit.
///
/// Where the system refuses, it says so on its stderr and ends with 126, as a shell does for
/// what cannot be run.
pub(super) fn script(limits: &Limits) -> Option<String> {
    let mut script =
        String::from("refused() { echo \"hub: the system refuses $1\" >&2; exit 126; }\n");
    let mut become_it = "exec /bin/sh -c \"$1\"".to_owned();
    let unlimited = script.len();
    if let Some(nice) = limits.nice {
        // nice(1) warns and goes on: what has become of it is asked for.
        let _ = write!(
            script,
            "want=$(($(nice) + {nice}))\n\
             [ $want -le 19 ] || want=19\n\
             [ $want -ge -20 ] || want=-20\n\
             [ \"$(nice -n {nice} nice 2>/dev/null)\" = $want ] || refused '--nice {nice}'\n"
        );
        become_it = format!("exec nice -n {nice} /bin/sh -c \"$1\"");
    }
    if let Some(time) = limits.cpu {
        let seconds = whole_seconds(time);
        let hard = seconds.saturating_add(GRACE_S);
        // Where the hard limit cannot be so high, the request and the end come together.
        let _ = writeln!(
            script,
            "(ulimit -t {seconds}) 2>/dev/null || refused '--cpu-time {seconds}'\n\
             if (ulimit -S -t {seconds} && ulimit -H -t {hard}) 2>/dev/null; then\n\
             ulimit -S -t {seconds}; ulimit -H -t {hard}\n\
             else ulimit -t {seconds}; fi"
        );
    }
    if let Some(memory) = limits.memory {
        let kib = memory.bytes().div_ceil(1024);
        // Last: from here on, the shell itself has no more.
        let _ = writeln!(
            script,
            "(ulimit -v {kib}) 2>/dev/null || refused '--memory {memory}'\nulimit -v {kib}"
        );
    }
    (script.len() > unlimited).then(|| script + &become_it)
}

/// The system counts whole seconds, and 0 would be the end at once.
fn whole_seconds(time: Duration) -> u64 {
    let more = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(more).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_needs_no_other_shell() {
        assert_eq!(script(&Limits::default()), None);
    }

    #[test]
    fn a_part_of_a_second_is_a_second() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(2500)), 3);
        assert_eq!(whole_seconds(Duration::from_secs(4)), 4);
    }
}
