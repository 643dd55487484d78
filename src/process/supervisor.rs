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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::domain::session::{Exit, ProcessMark};

use super::command::{ShellCommand, exit_of};
use super::error::{Error, Result};
use super::{group, mark};

/// How long an agent may go on after it was asked to end.
pub const GRACE: Duration = Duration::from_secs(5);

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
    let complaints = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(Error::io(format!("write {}", log.display())))?;
    let mut child = Command::new(program)
        .args(arguments)
        // It must not keep any folder from being removed.
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .spawn()
        .map_err(Error::io(starting()))?;
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
        self.input
            .write_all(job.as_bytes())
            .and_then(|()| self.input.flush())
            .map_err(Error::io("hand the job to the supervisor"))
    }
}

/// In the supervisor: leaves the terminal, tells that it is ready, and waits for the job.
///
/// Returns `None` when whoever started it is gone before it handed the job over.
///
/// # Errors
/// When the system refuses.
pub fn await_go() -> Result<Option<String>> {
    // Fails only where it leads a group already, and then nothing is to be left.
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))
        .map_err(|error| Error::io("become a subreaper")(error.into()))?;
    // The terminal's end and a stray Ctrl-C are not for the supervisor.
    for signal in [SIGHUP, SIGINT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))
            .map_err(Error::io("ignore signals"))?;
    }
    let mut output = std::io::stdout();
    writeln!(output, "{READY}")
        .and_then(|()| output.flush())
        .map_err(Error::io("tell that the supervisor is ready"))?;
    let mut job = String::new();
    std::io::stdin()
        .read_to_string(&mut job)
        .map_err(Error::io("read the supervisor's job"))?;
    detach_streams()?;
    Ok((!job.is_empty()).then_some(job))
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
///
/// # Errors
/// When the system refuses.
pub fn rest(time: Duration) -> Result<bool> {
    let asked = Arc::new(AtomicBool::new(false));
    let caught = signal_hook::flag::register(SIGTERM, Arc::clone(&asked))
        .map_err(Error::io("catch signals"))?;
    let until = Instant::now() + time;
    while !asked.load(Ordering::SeqCst) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
    signal_hook::low_level::unregister(caught);
    Ok(asked.load(Ordering::SeqCst))
}

/// How a watched agent ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// Its exit status or signal.
    pub exit: Exit,
    /// Whether somebody had asked for its end.
    pub cancelled: bool,
}

/// In the supervisor: runs the agent to its end.
///
/// SIGTERM ends the agent's group, with SIGKILL after [`GRACE`]. Whatever the agent
/// leaves running, in its group or out of it, ends with it.
///
/// # Errors
/// When the agent cannot be started.
pub fn watch(agent: &ShellCommand, started: impl FnOnce(Option<ProcessMark>)) -> Result<Watched> {
    // Before the agent starts: its end must not be missed.
    let mut signals = Signals::new([SIGTERM, SIGCHLD]).map_err(Error::io("catch signals"))?;
    let mut child = agent.start()?;
    let leader = child.id();
    started(mark::of(leader));
    let ended = Arc::new(AtomicBool::new(false));
    let mut cancelled = None;
    // The agent may have ended before the first look, which then sees it at once.
    let status = loop {
        let status = child.try_wait().map_err(Error::io("wait for the agent"))?;
        if let Some(status) = status {
            break status;
        }
        for signal in signals.wait() {
            if signal == SIGTERM && cancelled.is_none() {
                cancelled = Some(Instant::now());
                end_group(leader, &ended);
            }
        }
    };
    if let Some(asked) = cancelled {
        // The shell around the agent ends at once; the agent itself may be about to.
        group::await_empty(leader, asked + GRACE);
    }
    ended.store(true, Ordering::SeqCst);
    group::signal_group(leader, Signal::KILL);
    group::end_orphans(GRACE);
    Ok(Watched {
        exit: exit_of(status),
        cancelled: cancelled.is_some(),
    })
}

fn end_group(leader: u32, ended: &Arc<AtomicBool>) {
    group::signal_group(leader, Signal::TERM);
    // A stopped group would not see the signal before it goes on.
    group::signal_group(leader, Signal::CONT);
    let ended = Arc::clone(ended);
    std::thread::spawn(move || {
        std::thread::sleep(GRACE);
        if !ended.load(Ordering::SeqCst) {
            group::signal_group(leader, Signal::KILL);
        }
    });
}

/// Asks a supervisor to end its agent; nothing happens when it is gone.
pub fn ask_to_end(supervisor: &ProcessMark) {
    if mark::is_alive(supervisor) {
        group::signal_process(supervisor.pid, Signal::TERM);
    }
}
