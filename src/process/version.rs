//! Finding programs and asking them for their version.

use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::command::forget_git;
use super::group;

/// How long a program may take to tell its version.
const LIMIT: Duration = Duration::from_secs(10);

/// Where a program is: on the PATH, or, when its name holds a slash, from `folder` on.
#[must_use]
pub fn find(program: &str, folder: &Path) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(folder.join(program)).filter(|path| is_program(path));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_absolute() && is_program(path))
}

fn is_program(path: &Path) -> bool {
    let meta = std::fs::metadata(path);
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What a program prints first of its version; `None` when it fails or takes too long.
pub fn ask<S: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Option<String> {
    const LONGEST: u64 = 4096;
    // A file, so that whatever it leaves running cannot make hub wait.
    let mut output = tempfile::tempfile().ok()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output.try_clone().ok()?)
        .stderr(Stdio::null())
        .process_group(0);
    forget_git(&mut command);
    let mut child = command.spawn().ok()?;
    let until = Instant::now() + LIMIT;
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) | Err(_) => break None,
        }
    };
    if ended.is_none() {
        // It is not reaped yet, so its number cannot be another group's.
        group::signal_group(child.id(), Signal::KILL);
        let _ = child.wait();
    }
    if !ended?.success() {
        return None;
    }
    let mut bytes = Vec::new();
    output.rewind().ok()?;
    output.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name_and_by_path() {
        let root = Path::new("/");
        assert!(find("sh", root).is_some_and(|path| path.ends_with("sh")));
        assert_eq!(find("bin/sh", root), Some("/bin/sh".into()));
        assert_eq!(find("no-such-program-here", root), None);
        assert_eq!(find("etc/passwd", root), None, "it cannot be run");
        assert_eq!(find("./etc", root), None, "it is a folder");
    }

    #[test]
    fn what_a_program_says_counts_only_when_it_succeeds() {
        let shell = Path::new("/bin/sh");
        assert_eq!(ask(shell, ["-c", "echo 1.2"]).as_deref(), Some("1.2\n"));
        assert_eq!(ask(shell, ["-c", "echo 1.2; exit 1"]), None);
        assert_eq!(ask(Path::new("/nonexistent"), ["x"]), None);
        // What goes on in the background is not waited for.
        let said = ask(shell, ["-c", "sleep 1000 & echo $!"]).unwrap();
        let pid = said.trim().parse().unwrap();
        group::signal_process(pid, Signal::KILL);
    }
}
