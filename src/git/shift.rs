//! Bringing a branch to another commit, back or forth, together with its checkout.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::refs::{BranchName, CommitId, RefName};

use super::error::{Error, Result};
use super::program::{Git, failed};
use super::refs::RefChange;
use super::repository::Repository;
use super::worktrees::paths;

/// A branch and the two commits that it is brought between.
#[derive(Clone, Copy, Debug)]
pub struct Shift<'s> {
    /// The branch.
    pub branch: &'s BranchName,
    /// Where it is.
    pub from: &'s CommitId,
    /// Where it is to be.
    pub to: &'s CommitId,
}

impl Repository {
    /// Refuses what [`Repository::shift`] would refuse; changes nothing.
    ///
    /// # Errors
    /// As that.
    pub fn check_shift(&self, shift: Shift<'_>) -> Result<()> {
        match self.checkout_of(shift.branch)? {
            Some(checkout) => shift_files(&checkout, shift, true),
            None => Ok(()),
        }
    }

    /// Brings a branch from one commit to another. Where it is checked out, the checkout goes
    /// first: its tracked files and its index; uncommitted changes that are not in the way stay,
    /// and so does every file that git does not track.
    ///
    /// Can be done again after a kill: a checkout that went along already stays as it is.
    ///
    /// # Errors
    /// When the branch is not where it is said to be, when files are in the way, or when the
    /// checkout is in the middle of something, not there, or one of two. Nothing is changed then.
    pub fn shift(&self, shift: Shift<'_>, message: &str) -> Result<Option<PathBuf>> {
        let Some(checkout) = self.checkout_of(shift.branch)? else {
            let change = RefChange {
                name: shift.branch.full(),
                from: Some(shift.from.clone()),
                to: Some(shift.to.clone()),
            };
            self.update_refs(&[change], message)?;
            return Ok(None);
        };
        shift_files(&checkout, shift, true)?;
        // By one process: a kill of hub in between would leave the inverse of the change staged.
        let both = "alias.hub-shift=!git read-tree -m -u \"$2\" \"$3\" && \
            git update-ref --create-reflog -m \"$4\" \"$1\" \"$3\" \"$2\" && :";
        let name = shift.branch.full();
        let output = Git::new(&checkout)
            .uninterrupted()
            .durable()
            .setting(both)
            .args(["hub-shift", name.as_str(), shift.from.as_str()])
            .args([shift.to.as_str(), message])
            .output();
        let output = match output {
            // git has done it, and only its end was not heard of.
            Err(error) if self.branch_tip(shift.branch)?.as_ref() == Some(shift.to) => {
                log::debug!("{error}");
                return Ok(Some(checkout));
            }
            other => other?,
        };
        if output.status.success() {
            return Ok(Some(checkout));
        }
        let found = self.branch_tip(shift.branch)?;
        if found.as_ref() == Some(shift.from) {
            let said = in_the_way(&String::from_utf8_lossy(&output.stderr));
            if said.is_empty() {
                return Err(failed(format!("hub-shift {name} {}", shift.to), &output));
            }
            return Err(Error::FilesInTheWay {
                checkout,
                paths: said,
            });
        }
        // Somebody has committed in between: his checkout shall show his branch.
        let back = Shift {
            from: shift.to,
            to: shift.from,
            ..shift
        };
        if let Err(error) = shift_files(&checkout, back, false) {
            log::warn!("{} shows {}: {error}", checkout.display(), shift.to);
        }
        Err(Error::RefMoved {
            name,
            expected: Some(shift.from.clone()),
            found,
        })
    }

    /// Of `commits`, those that no ref would reach if some refs were not there.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn unreachable_without(
        &self,
        commits: &[CommitId],
        gone: &[RefName],
    ) -> Result<Vec<CommitId>> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = self.git().args(["rev-list", "--no-walk=unsorted"]);
        call = call.args(commits.iter().map(CommitId::as_str));
        // A commit that others reach comes out of a walk that is cut off at them.
        let mut walk = self.git().args(["rev-list", "--topo-order"]);
        walk = walk.args(commits.iter().map(CommitId::as_str)).arg("--not");
        for name in gone {
            walk = walk.arg(format!("--exclude={name}"));
        }
        let unreached = walk.arg("--glob=refs/").run()?;
        let unreached = String::from_utf8_lossy(&unreached).into_owned();
        let unreached: BTreeSet<&str> = unreached.lines().collect();
        // Of an annotated tag the commit that it tags.
        let peeled = String::from_utf8_lossy(&call.run()?).into_owned();
        let peeled = peeled.lines().filter(|id| unreached.contains(id));
        Ok(peeled.filter_map(|id| id.parse().ok()).collect())
    }

    /// Whether an object is still in the repository.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn has_object(&self, id: &CommitId) -> Result<bool> {
        let call = self.git().args(["cat-file", "-e", id.as_str()]);
        Ok(call.output()?.status.success())
    }
}

/// Brings the tracked files of a checkout and its index from one commit to another.
fn shift_files(checkout: &Path, shift: Shift<'_>, only_look: bool) -> Result<()> {
    let untracked = untracked_in_the_way(checkout, shift)?;
    if !untracked.is_empty() {
        return Err(Error::FilesInTheWay {
            checkout: checkout.to_path_buf(),
            paths: untracked,
        });
    }
    // What only was touched is no change; the answer says whether there is any.
    let git = || Git::new(checkout).uninterrupted().durable();
    git().args(["update-index", "-q", "--refresh"]).output()?;
    let mut call = git().args(["read-tree", "-m", "-u"]);
    if only_look {
        call = call.arg("--dry-run");
    }
    let (from, to) = (shift.from.as_str(), shift.to.as_str());
    let output = call.args([from, to]).output()?;
    if output.status.success() {
        return Ok(());
    }
    let paths = in_the_way(&String::from_utf8_lossy(&output.stderr));
    if paths.is_empty() {
        return Err(failed(format!("read-tree -m -u {from} {to}"), &output));
    }
    Err(Error::FilesInTheWay {
        checkout: checkout.to_path_buf(),
        paths,
    })
}

/// Files that git does not track, ignored ones too, where the other commit has something.
///
/// git looks for those that it does not ignore itself; newer ones overwrite ignored files.
fn untracked_in_the_way(checkout: &Path, shift: Shift<'_>) -> Result<Vec<PathBuf>> {
    let added = Git::new(checkout)
        .args(["diff-tree", "-r", "-z", "--name-only", "--no-renames"])
        .args(["--diff-filter=AT", shift.from.as_str(), shift.to.as_str()])
        .run()?;
    let added: BTreeSet<PathBuf> = paths(&added).collect();
    if added.is_empty() {
        return Ok(Vec::new());
    }
    let others = Git::new(checkout).args(["ls-files", "-z", "--others"]);
    let others = paths(&others.run()?).collect::<Vec<_>>();
    let collides = |other: &PathBuf| {
        let above = other.ancestors().any(|above| added.contains(above));
        let mut below = added.range(other.clone()..);
        above || below.next().is_some_and(|path| path.starts_with(other))
    };
    Ok(others.into_iter().filter(collides).collect())
}

/// The files that git names when it will not overwrite them (git-read-tree(1)).
fn in_the_way(stderr: &str) -> Vec<PathBuf> {
    let quoted = |line: &str| {
        let rest = line.strip_prefix("error: ")?;
        let known = [
            "not uptodate. Cannot merge.",
            "would be overwritten by merge.",
            "would be removed by merge.",
        ];
        let known = known.iter().any(|words| rest.contains(words));
        let (_, rest) = rest.split_once('\'').filter(|_| known)?;
        rest.rsplit_once('\'').map(|(path, _)| PathBuf::from(path))
    };
    stderr.lines().filter_map(quoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_the_way_are_read_from_gits_words() {
        let said = "error: Entry 'a b' not uptodate. Cannot merge.\nerror: Entry 'it's' would be overwritten by merge. Cannot merge.\nerror: Untracked working tree file 'new' would be overwritten by merge.\n";
        let expected = ["a b", "it's", "new"].map(PathBuf::from);
        assert_eq!(in_the_way(said), expected);
        assert!(in_the_way("fatal: not a tree 'x'\n").is_empty());
    }
}
