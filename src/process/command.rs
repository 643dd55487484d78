//! One shell command, run to its end in a process group of its own.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use crate::beneath;
use crate::domain::environment::GIT_LOCAL;
use crate::domain::launch::Limits;
use crate::domain::session::Exit;
use crate::fault::{Point, effect};

use super::allowance;
use super::error::{Error, Result};
use super::group;
use super::interrupt::Interrupt;
use super::terminal;
use super::walls::Enclosure;

/// A command for `sh -c`, where it runs, with what, and where its output goes.
#[derive(Clone, Debug)]
pub struct ShellCommand {
    /// What the shell is given.
    pub command: String,
    /// The folder it runs in.
    pub folder: PathBuf,
    /// Variables that are set, beside those of hub itself.
    pub variables: Vec<(&'static str, OsString)>,
    /// The file its stdout goes to, from its beginning.
    pub stdout: PathBuf,
    /// The file its stderr goes to, from its beginning; where it is that of stdout, both are
    /// appended to what is there.
    pub stderr: PathBuf,
    /// What it is behind; nothing where that is not said.
    pub enclosure: Option<Enclosure>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finished {
    /// Its exit status or signal.
    pub exit: Exit,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether it was ended because its time was over.
    pub timed_out: bool,
}

impl ShellCommand {
    /// Starts it as the leader of a new process group.
    ///
    /// # Errors
    /// When the shell or one of the files cannot be opened.
    pub fn start(&self) -> Result<Child> {
        self.start_within(&Limits::default(), Stdio::null())
    }

    /// The same, with limits that the system holds each of its processes to, and something to read.
    pub(super) fn start_within(&self, limits: &Limits, stdin: Stdio) -> Result<Child> {
        let (stdout, stderr) = self.outputs()?;
        effect(Point::Start, Error::io(self.starting()), || {
            self.shell(limits)
                .stdin(stdin)
                .stdout(stdout)
                .stderr(stderr)
                .process_group(0)
                .spawn()
                .map_err(Error::io(self.starting()))
        })
    }

    /// The same in a terminal of its own, as the leader of a session and so of a process group;
    /// returns the terminal's other side too, and the file for what is printed there.
    pub(super) fn start_in_terminal(&self, limits: &Limits) -> Result<(Child, OwnedFd, File)> {
        let starting = |error: pty_process::Error| {
            let error = match error {
                pty_process::Error::Io(error) => error,
                pty_process::Error::Rustix(error) => error.into(),
            };
            Error::io(self.starting())(error)
        };
        let log = output(&self.stdout)?;
        let (master, terminal) = pty_process::blocking::open().map_err(starting)?;
        terminal::first_size(&master);
        let mut shell = self.shell(limits);
        if std::env::var_os("TERM").is_none_or(|name| name.is_empty()) {
            shell.env("TERM", "xterm-256color");
        }
        let shell = pty_process::blocking::Command::from(shell);
        let child = effect(Point::Start, Error::io(self.starting()), || {
            shell.spawn(terminal).map_err(starting)
        })?;
        Ok((child, master.into(), log))
    }

    fn starting(&self) -> String {
        let folder = self.folder.display();
        format!("start {:?} in {folder}", self.command)
    }

    /// The shell with its arguments, folder and variables.
    fn shell(&self, limits: &Limits) -> Command {
        let limiting = allowance::script(limits);
        let script = match &limiting {
            Some(script) => vec!["/bin/sh", "-c", script, "sh", &self.command],
            None => vec!["/bin/sh", "-c", &self.command],
        };
        let mut command = if let Some(enclosure) = &self.enclosure {
            enclosure.around(&script)
        } else {
            let mut command = Command::new("/bin/sh");
            command.args(script.iter().skip(1));
            command
        };
        command.current_dir(&self.folder);
        forget_git(&mut command);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    fn outputs(&self) -> Result<(File, File)> {
        if self.stdout != self.stderr {
            return Ok((output(&self.stdout)?, output(&self.stderr)?));
        }
        let writing = || format!("write {}", self.stdout.display());
        let both = effect(Point::MakeFile, Error::io(writing()), || {
            let mut options = OpenOptions::new();
            let options = options.create(true).append(true);
            let both = beneath::open_with(&self.stdout, options);
            both.map_err(Error::io(writing()))
        })?;
        let again = both.try_clone().map_err(Error::io(writing()))?;
        Ok((both, again))
    }

    /// Runs it to its end, or until `limit` is over. What it leaves running in its group is
    /// killed then.
    ///
    /// # Errors
    /// When it cannot be started, or [`Error::Interrupted`] when a signal came: its
    /// whole group is gone by then.
    pub fn run(&self, interrupt: &Interrupt, limit: Option<Duration>) -> Result<Finished> {
        self.run_reading(Stdio::null(), interrupt, limit)
    }

    /// The same with something to read on its stdin.
    ///
    /// # Errors
    /// As [`ShellCommand::run`].
    pub fn run_reading(
        &self,
        stdin: Stdio,
        interrupt: &Interrupt,
        limit: Option<Duration>,
    ) -> Result<Finished> {
        let begun = Instant::now();
        let mut child = self.start_within(&Limits::default(), stdin)?;
        let leader = child.id();
        let ended = Wait::begin(leader).until_end(interrupt, limit);
        let elapsed = begun.elapsed();
        // The leader is not reaped yet, so its number cannot be another group's.
        group::signal_group(leader, Signal::KILL);
        let status = child
            .wait()
            .map_err(Error::io(format!("wait for {:?}", self.command)))?;
        Ok(Finished {
            exit: exit_of(status),
            elapsed,
            timed_out: ended? == Ended::TimedOut,
        })
    }
}

/// Makes a command find the repository that it stands in, whoever started hub.
pub(super) fn forget_git(command: &mut Command) {
    for name in GIT_LOCAL {
        command.env_remove(name);
    }
}

/// An empty file that is written at its end, also when somebody empties it meanwhile.
fn output(path: &Path) -> Result<File> {
    let writing = || format!("write {}", path.display());
    effect(Point::MakeFile, Error::io(writing()), || {
        let mut anew = File::options();
        beneath::open_with(path, anew.write(true).create(true).truncate(true))
            .and_then(|_| beneath::open_with(path, File::options().append(true)))
            .map_err(Error::io(writing()))
    })
}

/// How long a command may go on after it was asked to end because its time is over.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    ByItself,
    TimedOut,
}

/// Waiting for the end of a group's leader without reaping it, so that its number stays its own.
struct Wait {
    leader: u32,
    told: Receiver<()>,
}

impl Wait {
    fn begin(leader: u32) -> Self {
        let (tell, told) = channel();
        let pid = i32::try_from(leader).ok().and_then(Pid::from_raw);
        std::thread::spawn(move || {
            if let Some(pid) = pid {
                // An error (ECHILD) cannot happen before the caller reaps; it too ends the wait.
                let _ = waitid(
                    WaitId::Pid(pid),
                    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                );
            }
            let _ = tell.send(());
        });
        Self { leader, told }
    }

    /// Waits for the end; when the time is over the group is asked to end, and killed soon after.
    fn until_end(&self, interrupt: &Interrupt, limit: Option<Duration>) -> Result<Ended> {
        let until = limit.map(|limit| Instant::now() + limit);
        if self.ended_by(until, interrupt)? {
            return Ok(Ended::ByItself);
        }
        group::signal_group(self.leader, Signal::TERM);
        if !self.ended_by(Some(Instant::now() + GRACE), interrupt)? {
            group::signal_group(self.leader, Signal::KILL);
            self.ended_by(None, interrupt)?;
        }
        Ok(Ended::TimedOut)
    }

    /// Whether it has ended when `until` comes.
    fn ended_by(&self, until: Option<Instant>, interrupt: &Interrupt) -> Result<bool> {
        const LOOK: Duration = Duration::from_millis(50);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            match self.told.recv_timeout(left.unwrap_or(LOOK).min(LOOK)) {
                Err(RecvTimeoutError::Timeout) => interrupt.check()?,
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(true),
            }
        }
    }
}

/// How a process ended, in the words of the domain.
pub(super) fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(folder: &Path, command: &str) -> ShellCommand {
        ShellCommand {
            command: command.to_owned(),
            folder: folder.to_path_buf(),
            variables: vec![("HUB_TASK", "a 'task'".into())],
            stdout: folder.join("out"),
            stderr: folder.join("err"),
            enclosure: None,
        }
    }

    #[test]
    fn output_status_and_variables() {
        let folder = tempfile::tempdir().unwrap();
        let command = shell(folder.path(), "echo \"$HUB_TASK\"; echo oops >&2; exit 3");
        let finished = command.run(&Interrupt::default(), None).unwrap();
        assert_eq!(finished.exit, Exit::Code(3));
        assert_eq!(
            std::fs::read_to_string(&command.stdout).unwrap(),
            "a 'task'\n"
        );
        assert_eq!(std::fs::read_to_string(&command.stderr).unwrap(), "oops\n");
    }

    #[test]
    fn one_file_for_both_streams_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = shell(folder.path(), "echo one; echo two >&2; echo three");
        command.stderr.clone_from(&command.stdout);
        for _ in 0..2 {
            command.run(&Interrupt::default(), None).unwrap();
        }
        let text = std::fs::read_to_string(&command.stdout).unwrap();
        assert_eq!(text, "one\ntwo\nthree\n".repeat(2));
    }

    #[test]
    fn a_command_whose_time_is_over_is_asked_and_then_killed() {
        let folder = tempfile::tempdir().unwrap();
        for (script, exit) in [
            ("echo ready; sleep 1000", Exit::Signal(15)),
            (
                "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done",
                Exit::Code(7),
            ),
            (
                "trap '' TERM; echo ready; while :; do sleep 0.01; done",
                Exit::Signal(9),
            ),
        ] {
            let command = shell(folder.path(), script);
            let mut child = command.start().unwrap();
            let until = Instant::now() + Duration::from_secs(60);
            while std::fs::read(&command.stdout).unwrap().is_empty() {
                assert!(Instant::now() < until, "{script} does not begin");
                std::thread::yield_now();
            }
            let limit = Some(Duration::from_millis(10));
            let ended = Wait::begin(child.id()).until_end(&Interrupt::default(), limit);
            assert_eq!(ended.unwrap(), Ended::TimedOut, "{script}");
            assert_eq!(exit_of(child.wait().unwrap()), exit, "{script}");
        }
    }

    #[test]
    fn a_command_that_ends_in_time_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let limit = Some(Duration::from_secs(1000));
        let command = shell(folder.path(), "exit 4");
        let finished = command.run(&Interrupt::default(), limit).unwrap();
        assert_eq!((finished.exit, finished.timed_out), (Exit::Code(4), false));
    }

    #[test]
    fn a_signal_is_told_from_a_status() {
        let folder = tempfile::tempdir().unwrap();
        let finished = shell(folder.path(), "kill -9 $$")
            .run(&Interrupt::default(), None)
            .unwrap();
        assert_eq!(finished.exit, Exit::Signal(9));
    }

    #[test]
    fn what_is_left_running_in_the_group_ends_with_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let command = shell(folder.path(), "sleep 1000 & echo $!");
        command.run(&Interrupt::default(), None).unwrap();
        let pid: u32 = std::fs::read_to_string(&command.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while super::super::mark::of(pid).is_some() {
            assert!(Instant::now() < until, "process {pid} goes on");
            std::thread::yield_now();
        }
    }
}
