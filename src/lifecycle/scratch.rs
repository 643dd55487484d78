//! Checkouts of hub's own: merges are made in one, results are measured in others.

use std::path::{Path, PathBuf};

use crate::domain::evaluation::plan::Entrant;
use crate::domain::id::SessionId;
use crate::domain::refs::CommitId;
use crate::git::{NewWorktree, Removal};

use super::error::Result;
use super::hub::Hub;

/// What others are told of such a worktree, which is locked.
pub(super) const REASON: &str = "hub works in it";

/// The name of the folder in which merges are made; what its siblings' names begin with.
const NAME: &str = "scratch";

impl Hub {
    /// Where hub merges; one at a time, under the session's lock.
    pub(super) fn scratch_of(&self, session: &SessionId) -> PathBuf {
        self.worktrees_of(session).join(NAME)
    }

    /// Where an entrant is measured that has no clean worktree of its own.
    pub(super) fn scratch_for(&self, session: &SessionId, entrant: Entrant) -> PathBuf {
        self.worktrees_of(session).join(format!("{NAME}-{entrant}"))
    }

    /// Where a judge finds the base commit.
    pub(super) fn scratch_for_judge(&self, session: &SessionId) -> PathBuf {
        self.worktrees_of(session).join(format!("{NAME}-judge"))
    }

    /// Whether a folder is one of a session's scratch worktrees.
    pub(super) fn is_scratch_of(&self, session: &SessionId, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(NAME));
        path.parent() == Some(&self.worktrees_of(session))
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Checks `commit` out into a scratch worktree.
    pub(super) fn add_scratch(&self, scratch: &Path, commit: &CommitId) -> Result<()> {
        let _lock = self.lock_repository("scratch worktree")?;
        self.repository.add_worktree(&NewWorktree {
            path: scratch,
            commit,
            branch: None,
            reason: REASON,
        })?;
        Ok(())
    }

    /// Removes a scratch worktree, if it is there.
    pub(super) fn remove_scratch(&self, scratch: &Path) -> Result<()> {
        let registered = self
            .repository
            .worktrees()?
            .iter()
            .any(|worktree| worktree.path == scratch);
        if registered || scratch.exists() {
            let _lock = self.lock_repository("scratch worktree")?;
            self.repository.remove_worktree(scratch, Removal::Scratch)?;
        }
        Ok(())
    }

    /// Removes every scratch worktree of a session.
    pub(super) fn remove_scratches(&self, session: &SessionId) -> Result<()> {
        let registered = self.repository.worktrees()?.into_iter();
        let mut found: Vec<PathBuf> = registered.map(|worktree| worktree.path).collect();
        // A git that was killed early has made the folder and nothing else.
        let entries = std::fs::read_dir(self.worktrees_of(session));
        found.extend(entries.into_iter().flatten().flatten().map(|e| e.path()));
        found.retain(|path| self.is_scratch_of(session, path));
        found.sort();
        found.dedup();
        found.iter().try_for_each(|path| self.remove_scratch(path))
    }
}
