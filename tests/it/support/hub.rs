//! One run of `hub`, and what came of it.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

/// A command line of `hub` that is ready to run.
#[derive(Debug)]
#[must_use = "nothing happens until it runs"]
pub struct Hub {
    command: Command,
    stdin: Option<Vec<u8>>,
    stdout: Option<Stdio>,
}

impl Hub {
    /// `command` stands in its folder and has its environment.
    pub(super) fn new(command: Command) -> Self {
        Self {
            command,
            stdin: None,
            stdout: None,
        }
    }

    /// Runs in another folder than the main worktree.
    pub fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it something to read; else its stdin is empty.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Runs it with nobody who reads its stdout.
    pub fn unread(self) -> Answer {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.stdout(writer).run()
    }

    /// Runs what would go on for ever, and goes away with its first lines.
    pub fn first_lines(self, count: usize) -> Vec<String> {
        let (reader, writer) = std::io::pipe().unwrap();
        let running = self.stdout(writer).start();
        let mut lines = std::io::BufReader::new(reader).lines();
        let first = lines.by_ref().take(count).map(Result::unwrap).collect();
        drop(lines);
        let end = running.end().ok();
        assert_eq!(end.stderr, "", "{end}");
        first
    }

    /// The command, for a way to run it that is not here.
    pub(super) fn into_command(self) -> Command {
        self.command
    }

    /// Lets its answer go somewhere else than into [`Answer::stdout`].
    pub fn stdout(mut self, file: impl Into<Stdio>) -> Self {
        self.stdout = Some(file.into());
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Answer {
        self.start().end()
    }

    /// Starts it and lets it run beside the test.
    pub fn start(self) -> Running {
        let Self {
            mut command,
            stdin,
            stdout,
        } = self;
        let shown = shown(&command);
        let input = if stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut child = command
            .stdin(input)
            .stdout(stdout.unwrap_or_else(Stdio::piped))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{shown} does not start: {error}"));
        if let Some(text) = stdin {
            // It may end without having read it all.
            let _ = child.stdin.take().unwrap().write_all(&text);
        }
        Running {
            command: shown,
            child,
        }
    }

    /// Runs it and expects exit status 0.
    pub fn ok(self) -> Answer {
        self.run().ok()
    }

    /// Runs it and expects another exit status.
    pub fn fails(self, code: i32) -> Answer {
        self.run().fails(code)
    }

    /// Runs it, expects exit status 0 and one JSON document on stdout.
    pub fn json(self) -> Value {
        self.run().ok().json()
    }
}

/// A run of `hub` that has not been waited for.
#[derive(Debug)]
#[must_use = "it goes on until its end is waited for"]
pub struct Running {
    command: String,
    child: Child,
}

impl Running {
    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it runs, or was not waited for");
    }

    /// Whether it has a file open: at a lock that somebody holds, it has come to it.
    pub fn has_open(&self, file: &Path) -> bool {
        let Ok(open) = fs::read_dir(format!("/proc/{}/fd", self.pid())) else {
            return false;
        };
        open.flatten()
            .any(|one| fs::read_link(one.path()).is_ok_and(|found| found == file))
    }

    /// Waits for its end.
    pub fn end(self) -> Answer {
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("hub writes UTF-8");
        Answer {
            command: self.command,
            status: output.status,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once("hub".into())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What one run of `hub` came to.
#[derive(Clone, Debug)]
pub struct Answer {
    command: String,
    status: ExitStatus,
    /// The answer.
    pub stdout: String,
    /// The narration, and errors.
    pub stderr: String,
}

impl Answer {
    /// The exit status; 128 and the signal, as shells count, when one ended it.
    pub fn code(&self) -> i32 {
        let signal = || self.status.signal().map(|signal| signal + 128);
        self.status.code().or_else(signal).unwrap()
    }

    /// Expects exit status 0.
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Expects this exit status, which is not 0.
    pub fn fails(self, code: i32) -> Self {
        assert_ne!(code, 0, "that is no failure");
        self.exits(code)
    }

    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "the exit status of {self}");
        self
    }

    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is no JSON document ({error}): {self}"))
    }

    /// The `error` of the JSON document on stderr; stdout is empty beside it.
    pub fn json_error(&self) -> Value {
        assert_eq!(self.stdout, "", "stdout beside an error: {self}");
        let document: Value = serde_json::from_str(&self.stderr)
            .unwrap_or_else(|error| panic!("stderr is no JSON document ({error}): {self}"));
        document["error"].clone()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            status,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "`{command}` ({status})\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---"
        )
    }
}
