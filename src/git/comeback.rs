//! Bringing a worktree back: a checkout of what is there already, and work that was kept as a
//! commit put into it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::refs::{BranchName, CommitId};

use super::changes::Index;
use super::error::{Error, Result};
use super::program::Git;
use super::repository::{Repository, printed_id};
use super::worktrees::paths;

/// However two files differ (git-diff(1), `--diff-filter`).
const ANY: &str = "--diff-filter=ACDMRTUXB";

impl Repository {
    /// Makes a worktree that shows a branch that is there already, or without one a commit.
    ///
    /// It stays locked until [`Repository::unlock_worktree`]: nobody prunes it, and one whose
    /// making was cut off can be told.
    ///
    /// # Errors
    /// When git refuses; what it had made by then is for [`Repository::remove_worktree`].
    pub fn add_worktree_again(
        &self,
        path: &Path,
        branch: Option<&BranchName>,
        commit: &CommitId,
        reason: &str,
    ) -> Result<()> {
        let call = self.locked_worktree(reason)?;
        let call = match branch {
            Some(branch) => call.arg("--").arg(path).arg(branch.as_str()),
            None => call.args(["--detach", "--"]).arg(path).arg(commit.as_str()),
        };
        call.run().map(drop)
    }

    /// Unlocks a worktree that is whole.
    ///
    /// # Errors
    /// When git refuses.
    pub fn unlock_worktree(&self, path: &Path) -> Result<()> {
        self.unlock(path)
    }

    /// Gives a worktree what a snapshot changes; its commit and its index stay, so that it is
    /// uncommitted work again. What is there of it already is no obstacle, and neither is other
    /// work.
    ///
    /// # Errors
    /// [`Error::FilesInTheWay`] when it holds other work that would be overwritten: then nothing
    /// was changed.
    pub fn put_work(&self, worktree: &Path, snapshot: &CommitId) -> Result<()> {
        let (index, now) = self.as_it_stands(worktree)?;
        let paths = self.lacking(worktree, &now, snapshot)?;
        let whole = self.grafted_tree(&now, snapshot, &paths)?;
        // git looks at every file once more before it writes it.
        index
            .git(worktree)
            .args(["read-tree", "-m", "-u", "--no-sparse-checkout"])
            .args([now.as_str(), whole.as_str()])
            .run()
            .map(drop)
    }

    /// Whether a worktree lacks something of what a snapshot changes.
    ///
    /// # Errors
    /// As [`Repository::put_work`].
    pub fn lacks_work(&self, worktree: &Path, snapshot: &CommitId) -> Result<bool> {
        let (_, now) = self.as_it_stands(worktree)?;
        Ok(!self.lacking(worktree, &now, snapshot)?.is_empty())
    }

    /// All files of a worktree that git does not ignore, as an index of their own and as a tree.
    fn as_it_stands(&self, worktree: &Path) -> Result<(Index, CommitId)> {
        self.check_ours(worktree)?;
        let index = Index::of(worktree)?;
        index.git(worktree).args(self.add_all()?).run()?;
        let tree = printed_id(&index.git(worktree).arg("write-tree").run()?)?;
        Ok((index, tree))
    }

    /// The paths that a snapshot changes and that the worktree does not have as the snapshot has
    /// them; one that is not as its commit has it either is other work, and refused.
    fn lacking(
        &self,
        worktree: &Path,
        now: &CommitId,
        snapshot: &CommitId,
    ) -> Result<Vec<PathBuf>> {
        let head = Git::at_top(worktree).args(["rev-parse", "HEAD"]).run()?;
        let head = printed_id(&head)?;
        let meant = self.differing(&head, snapshot, ANY)?;
        let other = self.differing(now, snapshot, ANY)?;
        let lacking: Vec<PathBuf> = meant.intersection(&other).cloned().collect();
        let changed = self.differing(&head, now, ANY)?;
        // What git ignores is in no tree.
        let added = self.differing(now, snapshot, "--diff-filter=A")?;
        let is_ignored = |path: &PathBuf| {
            added.contains(path)
                && fs::symlink_metadata(worktree.join(path)).is_ok_and(|m| !m.is_dir())
        };
        let in_the_way = |path: &&PathBuf| changed.contains(*path) || is_ignored(path);
        let taken: Vec<PathBuf> = lacking.iter().filter(in_the_way).cloned().collect();
        if taken.is_empty() {
            return Ok(lacking);
        }
        Err(Error::FilesInTheWay {
            checkout: worktree.to_path_buf(),
            paths: taken,
        })
    }

    /// The paths that two trees do not have alike; `filter` as in git-diff(1).
    fn differing(
        &self,
        one: &CommitId,
        other: &CommitId,
        filter: &str,
    ) -> Result<BTreeSet<PathBuf>> {
        let answer = self
            .git()
            .args(["diff-tree", "-r", "-z", "--name-only", "--no-renames"])
            .args(["--ignore-submodules=none", filter])
            .args([one.as_str(), other.as_str()])
            .run()?;
        Ok(paths(&answer).collect())
    }
}
