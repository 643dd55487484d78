//! The worktrees that `hub spawn` writes itself, held against those of `git worktree add`.

mod by_git;
mod cut_off;
mod made_up;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::support::{TestRepo, Tree};

/// What `-v` says where hub writes the files.
const AT_ONCE: &str = "worktrees are written at once";
/// What it says where git does.
const BY_GIT: &str = "git makes each worktree by itself: ";
/// What it says where hub began and left the rest to git.
const AFTER_ALL: &str = "git writes the worktrees after all";

/// A worktree as far as it does not differ from one to the next.
#[derive(Debug, PartialEq)]
struct Seen {
    files: Tree,
    status: String,
    /// Modes, ids, stages, sizes and flags of the index.
    entries: Vec<String>,
    /// What git keeps of the worktree, by name.
    admin: Vec<PathBuf>,
    /// What the reflog of its HEAD says was done.
    log: Vec<String>,
}

impl Seen {
    fn of(repo: &TestRepo, worktree: &Path) -> Self {
        let git = |arguments: &[&str]| repo.git_in(worktree, arguments.iter().copied());
        let admin = PathBuf::from(git(&["rev-parse", "--absolute-git-dir"]));
        let told = |line: &str| line.split('\t').nth(1).unwrap_or_default().to_owned();
        // Before git looks at the files, and may write the index anew.
        let entries = entries(repo, worktree);
        let log = repo.read(admin.join("logs/HEAD"));
        Self {
            files: Tree::read(worktree).without(".git"),
            entries,
            log: log.lines().map(told).collect(),
            admin: Tree::read(&admin)
                .paths()
                .into_iter()
                // Of a split index, the name of the shared part is one by itself.
                .filter(|path| !path.to_string_lossy().starts_with("sharedindex."))
                .map(Path::to_path_buf)
                .collect(),
            status: git(&["status", "--porcelain=v2", "--untracked-files=all"]),
        }
    }
}

/// The index's entries without what the system alone knows of a file; that must be as it is.
fn entries(repo: &TestRepo, worktree: &Path) -> Vec<String> {
    let arguments = ["ls-files", "--stage", "--debug", "-z"];
    let mut git = repo.shell("exec git \"$@\"");
    git.arg("sh").args(arguments).current_dir(worktree);
    let output = git.output().unwrap();
    assert!(output.status.success());
    let mut entries = Vec::new();
    let mut rest = output.stdout.as_slice();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0).unwrap();
        let (head, after) = (&rest[..end], &rest[end + 1..]);
        let tab = head.iter().position(|byte| *byte == b'\t').unwrap();
        let after = std::str::from_utf8(&after[..after.len().min(400)])
            .unwrap_or_else(|error| std::str::from_utf8(&after[..error.valid_up_to()]).unwrap());
        let lines: Vec<&str> = after.split_inclusive('\n').take(5).collect();
        let length: usize = lines.iter().map(|line| line.len()).sum();
        check_stamp(&worktree.join(path_of(&head[tab + 1..])), &lines);
        entries.push(format!("{:?} {}", String::from_utf8_lossy(head), lines[4]));
        rest = &rest[end + 1 + length..];
    }
    entries
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// git need not read the file again: the index knows it as it is.
fn check_stamp(path: &Path, lines: &[&str]) {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return; // A submodule, or outside of a sparse checkout.
    };
    if meta.is_dir() {
        return;
    }
    let low = |number: u64| number & u64::from(u32::MAX);
    let expected = [
        format!("  ctime: {}:{}\n", meta.ctime(), meta.ctime_nsec()),
        format!("  mtime: {}:{}\n", meta.mtime(), meta.mtime_nsec()),
        format!("  dev: {}\tino: {}\n", low(meta.dev()), low(meta.ino())),
        format!("  uid: {}\tgid: {}\n", meta.uid(), meta.gid()),
    ];
    assert_eq!(lines[..4], expected, "{}", path.display());
}

/// A session of two agents; what `hub spawn -v` says, and its worktrees.
fn spawned(repo: &TestRepo) -> (String, [PathBuf; 2]) {
    repo.hub(["init", "--task", "t", "--agents", "2"]).ok();
    let id = repo.newest_session();
    let said = repo.hub(["spawn", &id, "--no-start", "-v"]).ok().stderr;
    (said, ["agent-1", "agent-2"].map(|a| repo.worktree(&id, a)))
}

/// Spawns, and expects what `git worktree add` makes; returns what hub said.
fn as_by_git(repo: &TestRepo) -> String {
    let by_git = repo.root().join("by-git");
    let path = by_git.to_str().unwrap();
    let add = ["worktree", "add", "--quiet", "--no-track", "-b", "by-git"];
    repo.git(add.into_iter().chain([path, "main"]));
    let (said, worktrees) = spawned(repo);
    let seen = |worktree: &Path| {
        let mut seen = Seen::of(repo, worktree);
        if said.contains(BY_GIT) {
            // What a filter changes for good is changed or not by the time at which git looks.
            seen.status.clear();
        }
        seen
    };
    let expected = seen(&by_git);
    for worktree in worktrees {
        same(&seen(&worktree), &expected, &said);
    }
    said
}

/// The parts first, so that a failure shows little.
fn same(found: &Seen, expected: &Seen, said: &str) {
    assert_eq!(found.files, expected.files, "{said}");
    assert_eq!(found.entries, expected.entries, "{said}");
    assert_eq!(found, expected, "{said}");
}
