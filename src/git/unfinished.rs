//! What stands in a worktree that was never finished and was not put there by git.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::CommitId;

use super::error::{Error, Result};
use super::program::Git;
use super::repository::Repository;
use super::worktrees::paths;

impl Repository {
    /// What somebody has put into a worktree while it was being made from these commits.
    ///
    /// A checkout that was cut off leaves files out, and of some no more than their beginning:
    /// that is nobody's work. Ignored files are not looked at.
    ///
    /// # Errors
    /// When the folder is not a worktree of this repository, or git cannot look at it.
    pub fn foreign_to(&self, worktree: &Path, commits: &[&CommitId]) -> Result<Vec<PathBuf>> {
        // Its link comes before all else that is in it.
        if !worktree.join(".git").exists() {
            return Ok(Vec::new());
        }
        self.check_ours(worktree)?;
        let mut foreign: Option<BTreeSet<PathBuf>> = None;
        for commit in commits {
            let found = foreign_to(worktree, commit)?;
            foreign = Some(match foreign {
                None => found,
                Some(before) => before.intersection(&found).cloned().collect(),
            });
        }
        Ok(foreign.into_iter().flatten().collect())
    }
}

fn foreign_to(worktree: &Path, commit: &CommitId) -> Result<BTreeSet<PathBuf>> {
    let folder = tempfile::Builder::new()
        .prefix("hub-unfinished-")
        .tempdir()
        .map_err(Error::files("make a folder in", std::env::temp_dir()))?;
    // Its own index is written last, so there may be none; HEAD may lead nowhere yet.
    let index = folder.path().join("index");
    let git = || {
        let git = Git::at_top(worktree).uninterrupted().without_hooks();
        git.variable("GIT_INDEX_FILE", &index)
    };
    git().args(["read-tree", commit.as_str()]).run()?;
    // Says by its exit status that some are not as they were.
    git().args(["update-index", "-q", "--refresh"]).output()?;
    let differ = ["diff-files", "-z", "--name-only", "--diff-filter=MT"];
    let differ = git().args(differ).arg("--ignore-submodules=all").run()?;
    let others = ["ls-files", "-z", "--others", "--exclude-standard"];
    let others = git().args(others).arg("--directory").run()?;
    let mut foreign: BTreeSet<PathBuf> = paths(&others).collect();
    for path in paths(&differ) {
        if !is_begun(worktree, commit, &path)? {
            foreign.insert(path);
        }
    }
    Ok(foreign)
}

/// Whether a file holds no more than the beginning of what a checkout writes there.
fn is_begun(worktree: &Path, commit: &CommitId, path: &Path) -> Result<bool> {
    let place = worktree.join(path);
    if !std::fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_file()) {
        return Ok(false);
    }
    let there = beneath::read_at_once(&place).map_err(Error::files("read", place))?;
    let Some(name) = path.to_str() else {
        // An argument that is no text cannot be told from another one by its parts.
        return Ok(there.is_empty());
    };
    let written = Git::at_top(worktree).args(["cat-file", "--filters"]);
    let written = written.arg(format!("{commit}:{name}")).run()?;
    Ok(written.starts_with(&there))
}
