//! Bringing a branch, with the worktree that has it checked out, to a commit in one step.

use std::path::{Path, PathBuf};

use crate::domain::refs::{BranchName, CommitId};

use super::error::{Error, Result};
use super::program::{Git, failed};
use super::refs::RefChange;
use super::repository::Repository;

/// A branch that was brought forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advanced {
    /// The worktree that has the branch checked out and now shows the new commit.
    pub checkout: Option<PathBuf>,
}

impl Repository {
    /// Brings `branch` from the commit it is at to one that descends from it.
    ///
    /// Where the branch is checked out, the checkout goes with it; uncommitted files there
    /// that are not touched by the change stay as they are.
    ///
    /// # Errors
    /// When the branch is not at `from` any more, when uncommitted files are in the way, or
    /// when its checkout is in the middle of something, not there, or one of two. Nothing is
    /// changed then.
    pub fn advance(&self, branch: &BranchName, from: &CommitId, to: &CommitId) -> Result<Advanced> {
        let Some(checkout) = self.checkout_of(branch)? else {
            let change = RefChange {
                name: branch.full(),
                from: Some(from.clone()),
                to: Some(to.clone()),
            };
            self.update_refs(&[change], "hub: merge")?;
            return Ok(Advanced { checkout: None });
        };
        self.advance_checkout(&checkout, branch, from, to)?;
        Ok(Advanced {
            checkout: Some(checkout),
        })
    }

    /// The worktree that has `branch` checked out and can go along with it; `None` where none has.
    ///
    /// # Errors
    /// When that worktree is in the middle of something, not there, or one of two.
    pub fn checkout_of(&self, branch: &BranchName) -> Result<Option<PathBuf>> {
        let worktrees = self.worktrees()?;
        let rebased = worktrees
            .iter()
            .find(|worktree| worktree.rebasing.as_ref() == Some(branch));
        if let Some(rebased) = rebased {
            return Err(Error::InProgress {
                checkout: rebased.path.clone(),
                what: "rebase",
            });
        }
        let mut checkouts = worktrees
            .into_iter()
            .filter(|worktree| worktree.branch.as_ref() == Some(branch));
        let Some(checkout) = checkouts.next() else {
            return Ok(None);
        };
        // A checkout that does not go along would show the inverse of the change as staged,
        // and the next commit there would take it back.
        if let Some(other) = checkouts.next() {
            return Err(Error::CheckedOutTwice {
                branch: branch.clone(),
                checkouts: [checkout.path, other.path],
            });
        }
        if checkout.missing {
            return Err(Error::MissingCheckout {
                branch: branch.clone(),
                checkout: checkout.path,
            });
        }
        if checkout.path == self.common {
            return Err(Error::UnknownCheckout {
                branch: branch.clone(),
                repository: checkout.path,
            });
        }
        match checkout.in_progress {
            Some(what) => Err(Error::InProgress {
                checkout: checkout.path,
                what,
            }),
            None => Ok(Some(checkout.path)),
        }
    }

    fn advance_checkout(
        &self,
        checkout: &Path,
        branch: &BranchName,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<()> {
        self.check_at(branch, from)?;
        // git moves the branch from what it finds there, and only where that is an ancestor
        // of `to`: a commit that comes in between is not lost, it is refused.
        let output = Git::new(checkout)
            .durable()
            .uninterrupted()
            .args(["merge", "--ff-only", "--commit", "--no-squash", "--no-stat"])
            // Ignored files are the user's, too.
            .args(["--no-autostash", "--no-overwrite-ignore", to.as_str()])
            .output();
        let output = match output {
            // git has done it, and only its end was not heard of.
            Err(error) if self.branch_tip(branch)?.as_ref() == Some(to) => {
                log::debug!("{error}");
                return Ok(());
            }
            other => other?,
        };
        if output.status.success() {
            return self.check_at(branch, to);
        }
        self.check_at(branch, from)?;
        let in_the_way = overwritten(&String::from_utf8_lossy(&output.stderr));
        if in_the_way.is_empty() {
            return Err(failed(format!("merge --ff-only {to}"), &output));
        }
        Err(Error::FilesInTheWay {
            checkout: checkout.to_path_buf(),
            paths: in_the_way,
        })
    }

    fn check_at(&self, branch: &BranchName, expected: &CommitId) -> Result<()> {
        let found = self.branch_tip(branch)?;
        if found.as_ref() == Some(expected) {
            return Ok(());
        }
        Err(Error::RefMoved {
            name: branch.full(),
            expected: Some(expected.clone()),
            found,
        })
    }
}

/// The files that git names, each on a line that begins with a tab, when it will not overwrite them.
fn overwritten(stderr: &str) -> Vec<PathBuf> {
    let refused = [
        "would be overwritten by merge",
        "would lose untracked files in them",
    ];
    if !refused.iter().any(|words| stderr.contains(words)) {
        return Vec::new();
    }
    stderr
        .lines()
        .filter_map(|line| line.strip_prefix('\t'))
        .map(PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_the_way_are_read_from_gits_words() {
        let said = "error: Your local changes to the following files would be overwritten by merge:\n\tsum.sh\n\ta b\nPlease commit your changes or stash them before you merge.\nAborting\n";
        assert_eq!(
            overwritten(said),
            [PathBuf::from("sum.sh"), PathBuf::from("a b")]
        );
        assert!(overwritten("fatal: Not possible to fast-forward, aborting.\n\tx").is_empty());
    }
}
