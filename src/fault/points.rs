//! The fail points themselves; compiled in for tests alone.
//!
//! - `HUB_FAIL`: points with what is to happen there, as the crate `fail` reads it:
//!   `before put-in-place=2*off->1*return(kill)`. Beside the names of the points there is `any`:
//!   `after any=16*off->1*return(ENOSPC)`.
//! - `HUB_FAIL_TRACE`: a file that is there, to which each effect's begin and end is appended.
//!
//! `hub supervise` and `hub sweep` have `HUB_FAIL_SUPERVISOR` and `HUB_FAIL_SUPERVISOR_TRACE` in
//! place of them. What an agent or an eval command calls is not meant.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use super::Point;

/// The file for the trace, where there is one.
struct Asked {
    trace: Option<File>,
    anything: bool,
}

/// What this process was asked for, read once.
fn asked() -> &'static Asked {
    static ASKED: OnceLock<Asked> = OnceLock::new();
    ASKED.get_or_init(|| {
        let supervisor = std::env::args_os().any(|word| word == "supervise" || word == "sweep");
        let inside = !supervisor && std::env::var_os("HUB_AGENT").is_some();
        let [variable, traced] = if supervisor {
            ["HUB_FAIL_SUPERVISOR", "HUB_FAIL_SUPERVISOR_TRACE"]
        } else {
            ["HUB_FAIL", "HUB_FAIL_TRACE"]
        };
        let wanted = std::env::var(variable).ok().filter(|_| !inside);
        for one in wanted.iter().flat_map(|text| text.split(';')) {
            let (name, actions) = one.split_once('=').unwrap_or((one, ""));
            if let Err(problem) = fail::cfg(name.trim(), actions) {
                // A test that asks for nonsense must not pass.
                log::error!("{variable}: {problem}");
                die();
            }
        }
        let trace = std::env::var_os(traced).filter(|_| !inside);
        Asked {
            anything: wanted.is_some(),
            // Not made here: that would be one more step on the disk.
            trace: trace.and_then(|path| OpenOptions::new().append(true).open(path).ok()),
        }
    })
}

/// Before an effect; an error says that it is not to be done.
pub(super) fn before(point: Point) -> Option<io::Error> {
    note('+', point);
    at("before", point)
}

/// After an effect; an error says that it is to be told as one that failed.
pub(super) fn after(point: Point) -> Option<io::Error> {
    leave(point);
    at("after", point)
}

/// An effect is over, or is not done.
pub(super) fn leave(point: Point) {
    note('-', point);
}

/// One line, in one write: the process may have other threads.
fn note(mark: char, point: Point) {
    if let Some(mut file) = asked().trace.as_ref() {
        let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
        let thread = thread.file_name().unwrap_or_default().to_string_lossy();
        let line = format!("{thread} {mark} {}\n", point.name());
        let _ = file.write_all(line.as_bytes());
    }
}

fn at(when: &str, point: Point) -> Option<io::Error> {
    if !asked().anything {
        return None;
    }
    let act = |action: Option<String>| act(&action.unwrap_or_default());
    let of_any = fail::eval(&format!("{when} any"), act).flatten();
    let own = fail::eval(&format!("{when} {}", point.name()), act).flatten();
    of_any.or(own)
}

fn act(action: &str) -> Option<io::Error> {
    let number = match action {
        "ENOSPC" => rustix::io::Errno::NOSPC,
        "EROFS" => rustix::io::Errno::ROFS,
        "EIO" => rustix::io::Errno::IO,
        "kill" => die(),
        _ => {
            let Some(gate) = action.strip_prefix("hold ") else {
                log::error!("{action} is no action of a fail point");
                die();
            };
            hold(Path::new(gate));
            return None;
        }
    };
    Some(io::Error::from(number))
}

/// As a kill from outside: nothing is dropped, nothing is flushed.
fn die() -> ! {
    loop {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// Says that it is there by a file beside the gate, and waits until the gate is there.
fn hold(gate: &Path) {
    let _ = File::create(gate.with_extension("reached"));
    while !gate.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
}
