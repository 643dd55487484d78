//! Making and removing worktrees by the git program.

use std::fs;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::{BranchName, CommitId};
use crate::fault::{Point, deed};

use super::delete::delete;
use super::error::{Error, Result};
use super::program::{Git, failed};
use super::repository::Repository;

/// A worktree to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewWorktree<'n> {
    /// Its folder, absolute; it may be there when it is empty.
    pub path: &'n Path,
    /// What is checked out.
    pub commit: &'n CommitId,
    /// The branch to make for it; `None` for a checkout of hub's own, with a detached HEAD.
    pub branch: Option<&'n BranchName>,
    /// What others are told while it is locked.
    pub reason: &'n str,
}

/// What is known of a worktree that is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It was looked at; git looks again and refuses what holds work.
    Checked,
    /// Whatever work it holds is kept elsewhere.
    Snapshotted,
    /// It is a checkout of hub's own, or one that was never finished: nobody works in it.
    Scratch,
}

impl Repository {
    /// Makes a worktree, and its branch where one is named.
    ///
    /// It is locked while it is being made, so that nobody prunes it; one without a branch
    /// stays locked until it is removed.
    ///
    /// # Errors
    /// When git refuses; what it had made by then is for [`Repository::remove_worktree`].
    pub fn add_worktree(&self, new: &NewWorktree<'_>) -> Result<()> {
        self.run_add(new, &[])?;
        if new.branch.is_some() {
            self.unlock(new.path)?;
        }
        Ok(())
    }

    /// Makes a worktree that holds no files yet, and its branch; it stays locked.
    pub(super) fn add_unfilled(&self, new: &NewWorktree<'_>) -> Result<()> {
        self.run_add(new, &["--no-checkout"])
    }

    fn run_add(&self, new: &NewWorktree<'_>, options: &[&str]) -> Result<()> {
        let mut call = self.locked_worktree(new.reason)?.args(options);
        call = match new.branch {
            Some(branch) => call.args(["--no-track", "-b", branch.as_str()]),
            None => call.without_hooks().arg("--detach"),
        };
        let call = call.arg("--").arg(new.path).arg(new.commit.as_str());
        call.run().map(drop)
    }

    /// The beginning of a call that makes a worktree which is locked from its first moment.
    pub(super) fn locked_worktree(&self, reason: &str) -> Result<Git> {
        const WITH_REASON: (u32, u32) = (2, 33);
        let call = self.git().args(["worktree", "add", "--quiet", "--lock"]);
        Ok(if self.program_version()? >= WITH_REASON {
            call.args(["--reason", reason])
        } else {
            call
        })
    }

    pub(super) fn unlock(&self, path: &Path) -> Result<()> {
        let call = self.git().args(["worktree", "unlock"]);
        call.arg(path).run().map(drop)
    }

    /// Makes a branch at a commit and checks it out in a worktree that holds no work beyond its
    /// commit; ignored files stay, the branch that was checked out stays where it is.
    ///
    /// # Errors
    /// When the folder is not the worktree that git knows there, or git refuses.
    pub fn switch_to_new(
        &self,
        worktree: &Path,
        branch: &BranchName,
        commit: &CommitId,
    ) -> Result<()> {
        self.check_ours(worktree)?;
        let call = self.guarded(worktree).uninterrupted();
        call.args(["switch", "--quiet", "--no-track", "-c", branch.as_str()])
            .arg(commit.as_str())
            .run()
            .map(drop)
    }

    /// Checks a branch out that is there already, in a worktree without work.
    ///
    /// # Errors
    /// As [`Repository::switch_to_new`].
    pub fn switch_back(&self, worktree: &Path, branch: &BranchName) -> Result<()> {
        self.check_ours(worktree)?;
        let call = self.guarded(worktree).uninterrupted();
        call.args(["switch", "--quiet", branch.as_str()])
            .run()
            .map(drop)
    }

    /// Lets a worktree leave its branch and stay at its commit, with whatever is changed in it.
    ///
    /// # Errors
    /// As [`Repository::switch_to_new`].
    pub fn detach(&self, worktree: &Path) -> Result<()> {
        self.check_ours(worktree)?;
        let call = self.guarded(worktree).uninterrupted();
        call.args(["switch", "--quiet", "--detach"]).run().map(drop)
    }

    /// Removes a worktree's folder and its administration; branches stay.
    ///
    /// # Errors
    /// When it is locked, holds work, or is not what git knows there. Nothing is removed then.
    pub fn remove_worktree(&self, path: &Path, how: Removal) -> Result<()> {
        if how == Removal::Scratch {
            return self.remove_scratch(path);
        }
        self.check_unlocked(path)?;
        self.check_ours(path)?;
        let call = || self.git().uninterrupted().args(["worktree", "remove"]);
        if how == Removal::Snapshotted {
            return call().arg("--force").arg(path).run().map(drop);
        }
        let output = call().arg(path).output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("submodules") && self.changes(path)?.is_empty() {
            // git refuses all worktrees with submodules, clean ones too; this one is.
            return call().arg("--force").arg(path).run().map(drop);
        }
        if said.contains("modified or untracked files") {
            return Err(Error::DirtyWorktree(path.to_path_buf()));
        }
        Err(failed(
            format!("worktree remove {}", path.display()),
            &output,
        ))
    }

    /// Gives a worktree its link to the repository back, where a removal that was cut off took it.
    ///
    /// # Errors
    /// When git refuses.
    pub fn repair_worktree(&self, path: &Path) -> Result<()> {
        if path.join(".git").exists() || !path.exists() {
            return Ok(());
        }
        let call = self.git().uninterrupted().args(["worktree", "repair"]);
        call.arg(path).run().map(drop)
    }

    /// Lets git forget one worktree whose folder is gone, and no other.
    ///
    /// # Errors
    /// When it is locked, or its folder is there again.
    pub fn forget_worktree(&self, path: &Path) -> Result<()> {
        self.check_unlocked(path)?;
        if path.exists() {
            return Err(Error::NotTheWorktree(path.to_path_buf()));
        }
        let call = self.git().uninterrupted().args(["worktree", "remove"]);
        call.arg(path).run().map(drop)
    }

    pub(super) fn check_unlocked(&self, path: &Path) -> Result<()> {
        let worktrees = self.worktrees()?;
        let locked = worktrees
            .into_iter()
            .find(|worktree| worktree.path == path)
            .and_then(|worktree| worktree.locked);
        match locked {
            Some(reason) => Err(Error::LockedWorktree {
                path: path.to_path_buf(),
                reason,
            }),
            None => Ok(()),
        }
    }

    fn remove_scratch(&self, path: &Path) -> Result<()> {
        let known = self
            .worktrees()?
            .into_iter()
            .find(|worktree| worktree.path == path);
        let Some(known) = known else {
            return self.remove_unknown(path);
        };
        // A git that was killed early has made the folder and nothing in it.
        if known.missing || deed(Point::RemoveFolder, || fs::remove_dir(path)).is_ok() {
            log::debug!("{} is gone already", path.display());
        } else {
            self.check_ours(path)?;
        }
        // Twice: locked, too. Were it unlocked first, a kill after that would leave what looks
        // like somebody's worktree.
        let call = self
            .git()
            .uninterrupted()
            .args(["worktree", "remove", "--force", "--force"]);
        call.arg(path).run().map(drop)
    }

    /// A folder that git does not know as a worktree: removed only when it never became one.
    fn remove_unknown(&self, path: &Path) -> Result<()> {
        let link = path.join(".git");
        let leftover = match beneath::read_text_at_once(&link) {
            Ok(text) => text
                .strip_prefix("gitdir: ")
                .map(|admin| PathBuf::from(admin.trim()))
                .is_some_and(|admin| admin.starts_with(self.common.join("worktrees"))),
            Err(_) => !link.exists(),
        };
        if !leftover {
            return Err(Error::NotTheWorktree(path.to_path_buf()));
        }
        let removed = delete(path, &mut None).map(drop);
        removed.map_err(Error::files("remove", path))
    }
}
