//! Calls of the git program, hermetic against what hub inherited.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;

use crate::domain::environment::GIT_LOCAL;
use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::waiting;

/// Settings that hub relies on, whatever the user's configuration says.
const PINNED: [&str; 5] = [
    "core.quotePath=false",
    "color.ui=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "merge.autoStash=false",
];

/// One call of git.
#[derive(Debug)]
#[must_use = "nothing runs before `run`, `output` or `succeeds`"]
pub(super) struct Git {
    settings: Vec<String>,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    input: Option<Vec<u8>>,
    stdin: Option<File>,
    stdout: Option<File>,
    uninterrupted: bool,
    /// Whether others write in the folder, so that git may meet with anything there.
    looked_after: bool,
    folder: OsString,
}

impl Git {
    /// A call in `folder`.
    pub fn new(folder: &Path) -> Self {
        let mut settings: Vec<String> = PINNED.iter().map(|&one| one.to_owned()).collect();
        if folder.join(".git").is_file() {
            // Whoever works in a worktree can write what git would ask for changes there.
            settings.push("core.fsmonitor=false".to_owned());
        }
        Self {
            settings,
            arguments: Vec::new(),
            variables: Vec::new(),
            input: None,
            stdin: None,
            stdout: None,
            uninterrupted: false,
            looked_after: false,
            folder: folder.as_os_str().to_owned(),
        }
    }

    /// A call in the top folder of a worktree: where it is none any more, git shall not find the
    /// repository of somebody else around it.
    pub fn at_top(worktree: &Path) -> Self {
        let mut call = Self::new(worktree);
        call.looked_after = true;
        match worktree.parent() {
            Some(above) => call.variable("GIT_CEILING_DIRECTORIES", above),
            None => call,
        }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// One more `-c name=value`.
    pub fn setting(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// What is written reaches the disk before git ends.
    pub fn durable(self) -> Self {
        self.setting("core.fsync=all")
    }

    /// For checkouts of hub's own, which are nobody's to hook into.
    pub fn without_hooks(self) -> Self {
        self.setting("core.hooksPath=/dev/null")
    }

    pub fn variable(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    /// What git reads from stdin.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// A file that git reads as its stdin, from where it is.
    pub fn fed_by(mut self, file: File) -> Self {
        self.stdin = Some(file);
        self
    }

    /// A file that git writes its stdout to; `run` returns nothing of it then.
    pub fn into_file(mut self, file: File) -> Self {
        self.stdout = Some(file);
        self
    }

    /// In a process group of its own: a Ctrl-C on the terminal ends hub after this call, not
    /// git in the middle of it. For what would leave a half-changed folder.
    pub fn uninterrupted(mut self) -> Self {
        self.uninterrupted = true;
        self
    }

    /// Runs it and returns its stdout.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub fn run(self) -> Result<Vec<u8>> {
        let command = self.shown();
        let output = self.output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(failed(command, &output))
    }

    /// Runs it for a yes (exit status 0) or a no (1).
    ///
    /// # Errors
    /// At any other exit status.
    pub fn succeeds(self) -> Result<bool> {
        let command = self.shown();
        let output = self.output()?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(command, &output)),
        }
    }

    /// Runs it, whatever it ends with.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn output(self) -> Result<Output> {
        match self.point() {
            Some(point) => effect(point, Error::Io, || self.finished()),
            None => self.finished(),
        }
    }

    /// What it changes, if it changes anything.
    fn point(&self) -> Option<Point> {
        let words = self.arguments.iter().filter_map(|word| word.to_str());
        let mut words = words.skip_while(|word| word.starts_with('-'));
        Point::of_git(words.next()?, words.next().unwrap_or_default())
    }

    fn finished(&self) -> Result<Output> {
        log::debug!("git {}", self.shown());
        let mut command = self.command();
        if let Some(file) = &self.stdin {
            command.stdin(file.try_clone().map_err(Error::Io)?);
        }
        if let Some(file) = &self.stdout {
            command.stdout(file.try_clone().map_err(Error::Io)?);
        }
        let started = command.spawn();
        let mut child = started.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::NoProgram,
            _ => Error::Io(error),
        })?;
        let stdin = child.stdin.take();
        std::thread::scope(|scope| {
            if let (Some(input), Some(mut stdin)) = (&self.input, stdin) {
                // Beside reading: git may answer before it has read all.
                scope.spawn(move || {
                    // A git that ends before it has read all says why by itself.
                    let _ = stdin.write_all(input);
                });
            }
            let git = self.looked_after.then(|| waiting::handle(&child)).flatten();
            let after = git.map(|git| {
                let (goes_on, over) = mpsc::channel();
                let look = move || waiting::look_after(&git, Path::new(&self.folder), &over);
                (goes_on, scope.spawn(look))
            });
            let output = child.wait_with_output().map_err(Error::Io);
            if let Some((goes_on, look)) = after {
                drop(goes_on);
                if let Ok(Some(path)) = look.join() {
                    return Err(Error::WaitedForPipe { path });
                }
            }
            output
        })
    }

    /// Runs it and returns the first `most` bytes of its stdout, and how many there are of it.
    ///
    /// # Errors
    /// When it fails; what it complains about is not told.
    pub fn run_at_most(self, most: usize) -> Result<(Vec<u8>, u64)> {
        let shown = self.shown();
        log::debug!("git {shown}");
        let mut command = self.command();
        let mut child = command.stderr(Stdio::null()).spawn().map_err(Error::Io)?;
        let mut first = Vec::new();
        let mut read = Ok(0);
        if let Some(mut stdout) = child.stdout.take() {
            let most = u64::try_from(most).unwrap_or(u64::MAX);
            let begin = stdout.by_ref().take(most).read_to_end(&mut first);
            read = begin.and_then(|_| std::io::copy(&mut stdout, &mut std::io::sink()));
        }
        let output = child.wait_with_output().map_err(Error::Io)?;
        if !output.status.success() {
            return Err(failed(shown, &output));
        }
        let more = read.map_err(Error::Io)?;
        let total = u64::try_from(first.len()).unwrap_or(u64::MAX);
        Ok((first, total.saturating_add(more)))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        for name in GIT_LOCAL {
            command.env_remove(name);
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_EDITOR", ":")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .arg("-C")
            .arg(&self.folder);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let stdin = match self.input {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        };
        command
            .args(&self.arguments)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.uninterrupted {
            command.process_group(0);
        }
        command
    }

    /// The subcommand and its arguments, for people.
    fn shown(&self) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|a| a.to_string_lossy()).collect();
        arguments.join(" ")
    }
}

/// The error of a call that failed.
pub(super) fn failed(command: String, output: &Output) -> Error {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let message: Vec<&str> = stderr.lines().map(str::trim).collect();
    let message = message.join(" ");
    Error::Program {
        command,
        message: match message.trim() {
            "" => output.status.to_string(),
            message => message.to_owned(),
        },
    }
}

/// git's answer as text, without the final line feed.
pub(super) fn text(answer: &[u8]) -> Result<&str> {
    std::str::from_utf8(answer)
        .map(|text| text.trim_end_matches('\n'))
        .map_err(|_| Error::answer("UTF-8", answer))
}

/// The version of the program, as `(2, 47)`.
pub(super) fn version() -> Result<(u32, u32)> {
    let answer = Git::new(Path::new("/")).arg("--version").run()?;
    parse_version(text(&answer)?).ok_or_else(|| Error::answer("a version", &answer))
}

fn parse_version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.strip_prefix("git version ")?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_builds_are_read() {
        for (answer, version) in [
            ("git version 2.47.3", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39))),
            ("git version 2.31.0.windows.1", Some((2, 31))),
            ("no", None),
        ] {
            assert_eq!(parse_version(answer), version, "{answer}");
        }
    }

    #[test]
    fn a_failure_names_the_call_and_what_git_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = Git::new(folder.path())
            .args(["rev-parse", "--verify", "nothing"])
            .run()
            .unwrap_err()
            .to_string();
        assert!(error.contains("rev-parse --verify nothing"), "{error}");
        assert!(error.contains("fatal: "), "{error}");
    }

    #[test]
    fn variables_of_a_hook_are_not_handed_on() {
        let folder = tempfile::tempdir().unwrap();
        let found = Git::new(folder.path())
            .args(["-c", "alias.show=!echo ${GIT_DIR-none}", "show"])
            .command()
            .get_envs()
            .any(|(name, value)| name == "GIT_DIR" && value.is_none());
        assert!(found, "GIT_DIR is taken out of the environment");
    }
}
