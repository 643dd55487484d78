//! The small process that watches one agent, seen from both its ends.
//!
//! ```text
//! hub spawn                         supervisor                      agent
//!   launch ──────── exec ──────────►  detach (setsid, subreaper)
//!          ◄─────── "ready" ────────  await_go
//!   (writes `running` with the supervisor's mark into the state)
//!   go ──────────── job ───────────►  watch ───── sh -c ──────────►  …
//! ```
//!
//! The agent starts only when the state tells of its supervisor: a hub that dies in
//! between leaves a supervisor that reads the end of its input and goes.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::beneath;
use crate::domain::resources::Grace;
use crate::domain::session::ProcessMark;
use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::requests::{Request, Requests};
use super::watch::Standing;
use super::{group, mark};

/// How long an agent may go on after it was asked to end, where nothing else was said.
pub const GRACE: Duration = Grace::USUAL.duration();

const READY: &str = "ready";

/// A supervisor that waits for its job.
#[derive(Debug)]
#[must_use = "the supervisor goes when this is dropped"]
pub struct Launched {
    /// The supervisor's process.
    pub mark: ProcessMark,
    input: ChildStdin,
}

/// Starts a supervisor: `program` with `arguments`, its complaints appended to `log`.
///
/// # Errors
/// When it cannot be started, or ends before it is ready.
pub fn launch(program: &Path, arguments: &[String], log: &Path) -> Result<Launched> {
    let starting = || format!("start the supervisor {}", program.display());
    let writing = || format!("write {}", log.display());
    let complaints = effect(Point::MakeFile, Error::io(writing()), || {
        let mut options = std::fs::OpenOptions::new();
        beneath::open_with(log, options.create(true).append(true)).map_err(Error::io(writing()))
    })?;
    // Whoever waits for the end of a pipe that hub was given must not wait for the agents.
    close_fds::set_fds_cloexec(3, &[]);
    let mut child = effect(Point::Supervise, Error::io(starting()), || {
        Command::new(program)
            .args(arguments)
            // It must not keep any folder from being removed.
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .map_err(Error::io(starting()))
    })?;
    let not_ready = || Error::Supervisor {
        log: log.to_path_buf(),
    };
    let mut line = String::new();
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(not_ready());
    };
    BufReader::new(output)
        .read_line(&mut line)
        .map_err(Error::io(starting()))?;
    if line.trim_end() != READY {
        // It is gone, or not what it should be; either way nobody else reaps it.
        let _ = child.kill();
        let _ = child.wait();
        return Err(not_ready());
    }
    let mark = mark::of(child.id()).ok_or_else(not_ready)?;
    Ok(Launched { mark, input })
}

impl Launched {
    /// Hands over the job, upon which the supervisor starts its agent.
    ///
    /// # Errors
    /// When the supervisor is gone.
    pub fn go(mut self, job: &str) -> Result<()> {
        let handing = "hand the job to the supervisor";
        effect(Point::HandOver, Error::io(handing), move || {
            self.input
                .write_all(job.as_bytes())
                .and_then(|()| self.input.flush())
                .map_err(Error::io(handing))
        })
    }
}

/// In the supervisor: leaves the terminal, tells that it is ready, and waits for the job.
///
/// Returns what is asked of it from now on, or `None` when whoever started it is gone before it handed the job over.
///
/// # Errors
/// When the system refuses.
pub fn await_go() -> Result<Option<Requests>> {
    // Fails only where it leads a group already, and then nothing is to be left.
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))
        .map_err(|error| Error::io("become a subreaper")(error.into()))?;
    let requests = Requests::catch()?;
    let mut output = std::io::stdout();
    writeln!(output, "{READY}")
        .and_then(|()| output.flush())
        .map_err(Error::io("tell that the supervisor is ready"))?;
    let mut job = String::new();
    std::io::stdin()
        .read_to_string(&mut job)
        .map_err(Error::io("read the supervisor's job"))?;
    detach_streams()?;
    Ok((!job.is_empty()).then_some(requests))
}

/// Lets go of the pipes to whoever started the supervisor.
fn detach_streams() -> Result<()> {
    let nothing = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map_err(Error::io("open /dev/null"))?;
    rustix::stdio::dup2_stdin(&nothing)
        .and_then(|()| rustix::stdio::dup2_stdout(&nothing))
        .map_err(|error| Error::io("leave the terminal")(error.into()))
}

/// In the supervisor: waits between two attempts; returns whether somebody asked for the end.
#[must_use]
pub fn rest(requests: &Requests, time: Duration) -> bool {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        if requests.next_within(left) == Some(Request::End) {
            return true;
        }
    }
}

/// Asks a supervisor to look at once whether something was said to its agent.
pub fn ask_to_look(supervisor: &ProcessMark) {
    if mark::is_alive(supervisor) {
        // It looks at everything when a process below it may have ended.
        group::signal_process(supervisor.pid, Signal::CHILD);
    }
}

/// Asks a supervisor to end its agent; nothing happens when it is gone.
pub fn ask_to_end(supervisor: &ProcessMark) {
    if mark::is_alive(supervisor) {
        group::signal_process(supervisor.pid, Signal::TERM);
    }
}

/// Asks a supervisor to let its agent stand still, or go on; nothing happens when it is gone.
pub fn ask_for(supervisor: &ProcessMark, standing: Standing) {
    let signal = match standing {
        Standing::Still => Signal::USR1,
        Standing::AtWork => Signal::USR2,
    };
    if mark::is_alive(supervisor) {
        group::signal_process(supervisor.pid, signal);
    }
}
