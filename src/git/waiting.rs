//! A git that waits for a pipe which somebody has put where git reads a file.
//!
//! git opens `.gitignore` and `.gitattributes` of every folder, and what it keeps itself, without
//! asking what they are. Whoever can write there can so let it wait for ever. A git that takes
//! long is looked after: where there is such a pipe, it is ended.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::beneath;

use super::repository::path_of;

/// How long git may take before it is looked after for the first time.
const PATIENCE: Duration = Duration::from_secs(1);

/// What git opens in every folder of a worktree.
const READ: [&str; 2] = [".gitignore", ".gitattributes"];

/// A process by which it cannot be taken for a later one; `None` where the system has no such.
pub(super) fn handle(child: &Child) -> Option<OwnedFd> {
    let pid = Pid::from_raw(child.id().try_into().ok()?)?;
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

/// Looks after a git that works in `worktree` until `over` is closed; returns the pipe for which
/// it was ended.
pub(super) fn look_after(git: &OwnedFd, worktree: &Path, over: &Receiver<()>) -> Option<PathBuf> {
    let mut pause = PATIENCE;
    while over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let is_over = || over.try_recv() == Err(TryRecvError::Disconnected);
        if let Some(pipe) = pipe_that_git_reads(worktree, &is_over) {
            // It takes its lock files away.
            let _ = pidfd_send_signal(git, Signal::TERM);
            return Some(pipe);
        }
        pause *= 4;
    }
    None
}

fn pipe_that_git_reads(worktree: &Path, is_over: &dyn Fn() -> bool) -> Option<PathBuf> {
    let kept = kept_by_git(worktree);
    let mut kept = kept.iter().flat_map(|folder| entries(folder));
    if let Some((path, _)) = kept.find(|(_, kind)| kind.is_fifo()) {
        return Some(path);
    }
    let mut folders = vec![worktree.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if is_over() {
            return None;
        }
        for (path, kind) in entries(&folder) {
            let name = path.file_name().and_then(|name| name.to_str());
            if kind.is_fifo() && name.is_some_and(|name| READ.contains(&name)) {
                return Some(path);
            }
            if kind.is_dir() && name != Some(".git") {
                folders.push(path);
            }
        }
    }
    None
}

/// The folders in which git keeps what it reads for a worktree.
fn kept_by_git(worktree: &Path) -> Vec<PathBuf> {
    let Ok(link) = beneath::read_at_once(&worktree.join(".git")) else {
        return Vec::new();
    };
    let Some(admin) = link.strip_prefix(b"gitdir: ").map(path_of) else {
        return Vec::new();
    };
    let admin = worktree.join(admin);
    let common = admin.join("../..");
    vec![admin.join("info"), common.join("info"), common, admin]
}

/// What is in a folder, by what it is itself.
fn entries(folder: &Path) -> Vec<(PathBuf, fs::FileType)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.file_type().ok()?)))
        .collect()
}
