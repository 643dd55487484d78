//! What goes with worktrees, looked at in several of them at once.

use std::path::{Path, PathBuf};

use super::changes::{Change, hidden_beside};
use super::error::{Error, Result};
use super::nested::check_nested_beside;
use super::parallel;
use super::repository::Repository;

/// What a worktree holds beyond its commit, and what of that is in the way of removing it.
#[derive(Debug)]
pub struct Sight {
    /// What is changed or new; ignored files are not.
    pub changes: Vec<Change>,
    /// What is changed in files that git was told not to look at.
    pub hidden: Vec<Change>,
    /// Paths that git ignores, folders as a whole.
    pub ignored: Vec<PathBuf>,
    /// Why a repository inside of it is in the way.
    pub nested: Result<()>,
}

impl Repository {
    /// Looks into worktrees, on as many threads as there are processors. The answers stand in the
    /// order of the worktrees.
    ///
    /// # Errors
    /// [`Error::Stopped`] when `watch`, which is told how many are done, did not want to go on.
    pub fn look_into(
        &self,
        worktrees: &[PathBuf],
        watch: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<Result<Sight>>> {
        let ours = worktrees
            .iter()
            .map(|path| self.check_ours(path).map(|()| path));
        let look = |path: &&PathBuf| sight(path);
        let (looked, ()) = parallel::each_prepared(ours.collect(), look, || (), watch);
        looked.ok_or(Error::Stopped)
    }
}

fn sight(worktree: &Path) -> Result<Sight> {
    let changes = super::changes::changes_in(worktree)?;
    let ignored = super::changes::ignored_in(worktree)?;
    Ok(Sight {
        hidden: hidden_beside(worktree, &changes)?,
        nested: check_nested_beside(worktree, &changes, &ignored),
        changes,
        ignored,
    })
}
