//! Repositories inside of a worktree: no commit of the outer one holds what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use super::changes::{Change, ChangeKind};
use super::error::{Error, Result};
use super::program::Git;
use super::repository::path_from;

/// Refuses a worktree with a repository inside whose work is nowhere else; `changes` and
/// `ignored` are what is new and what git ignores in it.
///
/// One that is clean and was pushed stays out of the way where it is a submodule or
/// stands in an ignored folder, as those that build tools clone.
///
/// # Errors
/// [`Error::NestedRepository`] and [`Error::UnpushedCommits`].
pub(super) fn check_nested_beside(
    worktree: &Path,
    changes: &[Change],
    ignored: &[PathBuf],
) -> Result<()> {
    let untracked = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Untracked);
    for Change { path, .. } in untracked {
        if let Some(path) = repositories_at(worktree, path).into_iter().next() {
            return Err(Error::NestedRepository {
                worktree: worktree.to_path_buf(),
                path,
            });
        }
    }
    for path in ignored {
        for inner in repositories_at(worktree, path) {
            check_kept_elsewhere(worktree, &inner)?;
        }
    }
    check_links(worktree, Path::new(""))
}

/// Checks the repositories that the commit of the one at `outer` links to.
fn check_links(worktree: &Path, outer: &Path) -> Result<()> {
    let folder = worktree.join(outer);
    let answer = Git::new(&folder)
        .args(["ls-files", "--stage", "-z"])
        .run()?;
    for entry in answer.split(|byte| *byte == b'\0') {
        let tab = entry.iter().position(|byte| *byte == b'\t');
        let (Some(tab), true) = (tab, entry.starts_with(b"160000 ")) else {
            continue;
        };
        let inner = outer.join(path_from(entry.get(tab + 1..).unwrap_or_default()));
        if worktree.join(&inner).join(".git").exists() {
            check_kept_elsewhere(worktree, &inner)?;
        }
    }
    Ok(())
}

/// Refuses the repository at `inner` unless it is clean and a remote has all its commits.
fn check_kept_elsewhere(worktree: &Path, inner: &Path) -> Result<()> {
    let git = || Git::new(&worktree.join(inner));
    let status = git().args(["status", "--porcelain", "-z"]);
    let status = status.args(["--untracked-files=normal", "--ignore-submodules=none"]);
    if !status.run()?.is_empty() {
        return Err(Error::NestedRepository {
            worktree: worktree.to_path_buf(),
            path: inner.to_path_buf(),
        });
    }
    let unpushed = git().args(["rev-list", "--max-count=1", "--all", "--not", "--remotes"]);
    if !unpushed.run()?.is_empty() {
        return Err(Error::UnpushedCommits {
            worktree: worktree.to_path_buf(),
            path: inner.to_path_buf(),
        });
    }
    check_links(worktree, inner)
}

/// The repositories at or below a path, relative to the worktree; links are not followed.
fn repositories_at(worktree: &Path, path: &Path) -> Vec<PathBuf> {
    let folder = worktree.join(path);
    let is_folder = fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
    if !is_folder {
        return Vec::new();
    }
    if fs::symlink_metadata(folder.join(".git")).is_ok() {
        return vec![path.components().collect()];
    }
    let Ok(entries) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    let entries = entries.flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    let below = names
        .into_iter()
        .flat_map(|name| repositories_at(worktree, &path.join(name)));
    below.collect()
}
