//! In the supervisor: one attempt of an agent, from its start to the end of all it left running.

use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::domain::launch::Limits;
use crate::domain::resources::{Limit, TimedOut, Usage};
use crate::domain::session::{Exit, ProcessMark};

use super::begun::{self, Begun};
use super::command::{ShellCommand, exit_of};
use super::crowd::Crowd;
use super::error::{Error, Result};
use super::feed::Feed;
use super::heartbeat::Heartbeat;
use super::idle::Idle;
use super::log_index::LogIndex;
use super::log_limit::LogLimit;
use super::requests::{Request, Requests};
use super::stopwatch::Stopwatch;
use super::supervisor::GRACE;
use super::terminal::Terminal;
use super::usage::Meter;
use super::{group, mark};

/// The longest time between two looks at the agent.
const TICK: Duration = Duration::from_secs(1);

/// The time between two looks while the agent prints.
const SHORT: Duration = Duration::from_millis(20);

/// The time between two looks while the agent does not read what is said to it.
const SOON: Duration = Duration::from_millis(100);

/// What is to be run and watched.
#[derive(Clone)]
pub struct Job<'j> {
    /// The agent's command; its folder is the worktree.
    pub command: &'j ShellCommand,
    /// What it may use.
    pub limits: &'j Limits,
    /// How many processes and threads it may have, where nobody else counts them.
    pub processes: Option<u32>,
    /// The file that tells others that the supervisor is there.
    pub heartbeat: PathBuf,
    /// The session that the agent belongs to.
    pub contact: &'j dyn Contact,
    /// What it finds on its stdin.
    pub input: Input,
}

/// What a watch asks of the session that its agent belongs to, and tells it.
pub trait Contact {
    /// How long the agent may go on after it was asked to end; asked for when it is.
    fn grace(&self) -> Duration;

    /// Lets the agent stand still or go on by calling `act`, and writes that down; nobody can
    /// see the one without the other while the session is locked.
    fn record(&self, standing: Standing, act: &dyn Fn(Standing)) -> Recorded;

    /// Does what the agent asks hub for; returns whether it can ask for anything.
    fn serve(&self) -> bool;
}

/// Whether an agent's processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They do.
    AtWork,
    /// They are stopped and can go on.
    Still,
}

/// What became of a change that was to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It was made.
    Done,
    /// Somebody else writes; it can be tried again.
    Busy,
    /// It could not be written down and was not made.
    Refused,
}

/// What a watched agent finds on its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    None,
    /// The messages of this inbox, as they come.
    Inbox(PathBuf),
    /// A terminal, into which they are typed. What is printed there is its stdout.
    Terminal {
        /// The inbox.
        inbox: PathBuf,
        /// Where others attach to it.
        socket: PathBuf,
    },
}

/// How a watched agent ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// Its exit status or signal.
    pub exit: Exit,
    /// Why it was ended, when it did not end by itself.
    pub ended: Option<Ended>,
    /// What it used, with everything that it started; `None` when it could not be started.
    pub usage: Option<Usage>,
}

/// Why an agent was ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// Somebody asked for it.
    Asked,
    /// Its time was over.
    TimedOut(TimedOut),
    /// It had more processes and threads than this.
    TooMany(u32),
}

/// Runs the agent to its end.
///
/// SIGTERM ends the agent's group, with SIGKILL after the job's grace; so does a limit of its
/// time, with the usual one. A second SIGTERM can shorten what is left of it.
/// SIGUSR1 lets the agent stand still with all that it started, and its clock with it; SIGUSR2
/// lets it go on. Whatever the agent leaves running, in its group or out of it, ends with it.
///
/// # Errors
/// When the agent cannot be started.
pub fn watch(
    requests: &Requests,
    job: &Job<'_>,
    started: impl FnOnce(Option<ProcessMark>),
) -> Result<Watched> {
    let meter = Meter::start();
    let begun = begun::begin(job)?;
    started(mark::of(begun.child.id()));
    let mut watch = Watch::new(begun, job);
    let status = watch.run(requests)?;
    Ok(watch.end(requests, status, meter))
}

struct Watch<'j> {
    child: Child,
    limits: &'j Limits,
    crowd: Crowd,
    contact: &'j dyn Contact,
    standing: Standing,
    /// What was asked for last.
    wanted: Standing,
    clock: Stopwatch,
    idle: Idle,
    /// One, where both streams go into the same file.
    logs: Vec<LogLimit>,
    /// How long the next look at the logs can wait: they grow slowly, or fast.
    look_after: Duration,
    heartbeat: Heartbeat,
    feed: Option<Feed>,
    terminal: Option<Terminal>,
    ending: Option<Ending>,
}

/// An agent that was asked to end.
#[derive(Clone, Copy)]
struct Ending {
    why: Ended,
    /// When it is ended without being asked.
    until: Instant,
    /// Whether the shell around it waits, stopped, until the agent has ended.
    shell_waits: bool,
}

impl<'j> Watch<'j> {
    fn new(begun: Begun, job: &Job<'j>) -> Self {
        let command = job.command;
        let logs: [PathBuf; 2] = [command.stdout.clone(), command.stderr.clone()];
        let apart = command.stdout != command.stderr;
        // What setup commands print, both streams of several in one file, has no index.
        let indexed = apart || matches!(job.input, Input::Terminal { .. });
        let index = |log: &PathBuf| indexed.then(|| LogIndex::begin(log)).flatten();
        let limited =
            |log: &PathBuf| LogLimit::new(log.clone(), job.limits.log.bytes(), index(log));
        Self {
            child: begun.child,
            limits: job.limits,
            crowd: Crowd::new(job.processes),
            contact: job.contact,
            standing: Standing::AtWork,
            wanted: Standing::AtWork,
            clock: Stopwatch::started(Instant::now()),
            logs: logs
                .iter()
                .take(1 + usize::from(apart))
                .map(limited)
                .collect(),
            look_after: SHORT,
            idle: Idle::new(logs, command.folder.clone()),
            heartbeat: Heartbeat::new(job.heartbeat.clone()),
            feed: begun.feed,
            terminal: begun.terminal,
            ending: None,
        }
    }

    /// Until the agent's own process has ended.
    fn run(&mut self, requests: &Requests) -> Result<ExitStatus> {
        // One that ends at once had a supervisor, too.
        self.heartbeat.beat(Instant::now());
        loop {
            // It may have ended before the first look.
            let status = self.child.try_wait();
            if let Some(status) = status.map_err(Error::io("wait for the agent"))? {
                return Ok(status);
            }
            self.tick(Instant::now());
            match requests.next_within(self.pause(Instant::now())) {
                Some(Request::End) => self.end_as_asked(),
                Some(Request::Pause) => self.wanted = Standing::Still,
                Some(Request::Resume) => self.wanted = Standing::AtWork,
                Some(Request::Look) | None => {}
            }
        }
    }

    /// What is due by now.
    fn tick(&mut self, now: Instant) {
        self.heartbeat.beat(now);
        self.look_at_logs();
        self.pass_on_messages();
        if self.contact.serve() {
            self.look_after = self.look_after.min(SOON);
        }
        if let Some(most) = self.crowd.is_too_many(now) {
            self.begin_ending(Ended::TooMany(most), Duration::ZERO);
            // They multiply: none may go on while others are being ended.
            group::freeze(self.child.id());
        }
        if let Some(ending) = self.ending {
            if now >= ending.until {
                group::signal_group(self.child.id(), Signal::KILL);
            } else if ending.shell_waits && group::below_leader(self.child.id()).is_empty() {
                group::signal_group(self.child.id(), Signal::TERM);
                group::signal_group(self.child.id(), Signal::CONT);
            }
            return;
        }
        self.change_standing();
        if let Some(reached) = self.time_over(self.clock.at(now)) {
            self.begin_ending(Ended::TimedOut(reached), GRACE);
        }
    }

    /// Lets the agent stand still or go on, as was asked for, as soon as that can be written down.
    fn change_standing(&mut self) {
        if self.wanted == self.standing {
            return;
        }
        let leader = self.child.id();
        let act = |standing| match standing {
            Standing::Still => group::freeze(leader),
            Standing::AtWork => group::thaw(leader, false),
        };
        match self.contact.record(self.wanted, &act) {
            Recorded::Done => self.standing = self.wanted,
            Recorded::Busy => return,
            Recorded::Refused => self.wanted = self.standing,
        }
        match self.standing {
            Standing::Still => self.clock.hold(Instant::now()),
            Standing::AtWork => self.clock.go_on(Instant::now()),
        }
    }

    /// Keeps the logs at their size; looks often while they grow, seldom while they do not.
    fn look_at_logs(&mut self) {
        // Each is looked at, whether or not the one before it has grown.
        let grown = self.logs.iter_mut().map(LogLimit::look);
        let grown = grown.fold(false, |any, one| any | one);
        self.look_after = if grown {
            SHORT
        } else {
            (self.look_after * 2).min(TICK)
        };
    }

    /// Gives the agent what was said to it; looks again soon while it does not take all of it.
    fn pass_on_messages(&mut self) {
        let waits = self.feed.as_mut().is_some_and(Feed::pass_on);
        if waits {
            self.look_after = self.look_after.min(SOON);
        }
    }

    /// The limit of its time that the agent has reached, if it has.
    fn time_over(&mut self, ran: Duration) -> Option<TimedOut> {
        let over = |limit, after: Duration| TimedOut {
            limit,
            after_s: after.as_secs_f64(),
        };
        if let Some(limit) = self.limits.timeout.filter(|limit| ran >= *limit) {
            return Some(over(Limit::Timeout, limit));
        }
        let limit = self.limits.idle_timeout?;
        let idle = self.idle.is_over(limit, ran);
        idle.then(|| over(Limit::IdleTimeout, limit))
    }

    /// How long nothing is due.
    fn pause(&self, now: Instant) -> Duration {
        if let Some(ending) = self.ending {
            let left = ending.until.saturating_duration_since(now);
            // Nobody tells when what is below a shell has ended.
            let look = if ending.shell_waits {
                SOON
            } else {
                self.look_after
            };
            return left.clamp(Duration::from_millis(10), look.max(SHORT));
        }
        if self.wanted != self.standing {
            return SHORT;
        }
        if self.standing == Standing::Still {
            return self.look_after;
        }
        let ran = self.clock.at(now);
        let idle = self.limits.idle_timeout.map(|limit| self.idle.due(limit));
        let due = [self.limits.timeout, idle].into_iter().flatten();
        due.map(|due| due.saturating_sub(ran))
            .fold(self.look_after, Duration::min)
            .max(Duration::from_millis(10))
    }

    /// Begins to end the agent; where that has begun, its end can come sooner, never later.
    fn end_as_asked(&mut self) {
        let grace = self.contact.grace();
        match &mut self.ending {
            Some(ending) => ending.until = ending.until.min(Instant::now() + grace),
            None => self.begin_ending(Ended::Asked, grace),
        }
    }

    fn begin_ending(&mut self, why: Ended, grace: Duration) {
        if self.ending.is_some() {
            return;
        }
        let leader = self.child.id();
        let mut ending = Ending {
            why,
            until: Instant::now() + grace,
            shell_waits: false,
        };
        // With no grace it is killed at the next tick, which is now.
        if !grace.is_zero() {
            if self.terminal.is_some() && is_shell_around(leader) {
                ending.shell_waits = group::ask_below(leader);
            }
            if !ending.shell_waits {
                group::signal_group(leader, Signal::TERM);
                // One that stands still would not see the signal before it goes on.
                group::signal_group(leader, Signal::CONT);
            }
            if self.standing == Standing::Still {
                group::thaw(leader, ending.shell_waits);
            }
        }
        self.ending = Some(ending);
    }

    /// The shell around the agent ends at once; the agent itself may be about to.
    fn await_group(&mut self, requests: &Requests) {
        const LOOK: Duration = Duration::from_millis(5);
        while let Some(ending) = self.ending {
            let now = Instant::now();
            if now >= ending.until || group::is_empty(self.child.id()) {
                return;
            }
            self.heartbeat.beat(now);
            if requests.next_within(LOOK) == Some(Request::End) {
                self.end_as_asked();
            }
        }
    }

    /// Ends whatever the agent has left.
    fn end(mut self, requests: &Requests, status: ExitStatus, meter: Meter) -> Watched {
        let leader = self.child.id();
        self.await_group(requests);
        group::signal_group(leader, Signal::KILL);
        group::end_orphans(GRACE);
        // Nobody is left who could print there.
        drop(self.feed);
        if let Some(terminal) = self.terminal {
            terminal.finish();
        }
        self.logs.iter_mut().for_each(LogLimit::finish);
        Watched {
            exit: exit_of(status),
            ended: self.ending.map(|ending| ending.why),
            usage: Some(meter.read()),
        }
    }
}

/// Whether a process is the shell that a command was given to, and not the command itself.
fn is_shell_around(leader: u32) -> bool {
    let words = std::fs::read(format!("/proc/{leader}/cmdline")).unwrap_or_default();
    words.starts_with(b"/bin/sh\0-c\0")
}
