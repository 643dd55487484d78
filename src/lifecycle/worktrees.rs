//! The worktrees of a session's agents, and what they hold beyond commits.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::evaluation::Evaluation;
use crate::domain::id::AgentId;
use crate::domain::refs::AttemptBranch;
use crate::domain::session::Session;
use crate::git::{Change, ChangeKind, Worktree};

use super::error::Result;
use super::hub::Hub;

/// A worktree of a session, with the agent it belongs to.
#[derive(Clone, Debug)]
pub(super) struct AgentWorktree {
    pub agent: AgentId,
    pub worktree: Worktree,
}

impl Hub {
    /// The worktrees that git knows of and that belong to agents of a session.
    ///
    /// One belongs to an agent when the state says so, when it stands where hub makes
    /// them, or when an attempt branch of the session is checked out in it.
    pub(super) fn worktrees_of_agents(&self, session: &Session) -> Result<Vec<AgentWorktree>> {
        let folder = self.worktrees_of(&session.id);
        let owner = |worktree: &Worktree| -> Option<AgentId> {
            let by_state = session
                .agents()
                .iter()
                .find(|(_, record)| record.worktree.as_deref() == Some(&worktree.path))
                .map(|(agent, _)| *agent);
            let by_place = || {
                let name = worktree.path.strip_prefix(&folder).ok()?;
                name.to_str()?.parse().ok()
            };
            let by_branch = || {
                let branch: AttemptBranch = worktree.branch.as_ref()?.as_str().parse().ok()?;
                (branch.session == session.id).then_some(branch.agent)
            };
            by_state.or_else(by_place).or_else(by_branch)
        };
        let worktrees = self.repository.worktrees()?;
        Ok(worktrees
            .into_iter()
            .filter(|worktree| !worktree.is_main)
            .filter_map(|worktree| {
                Some(AgentWorktree {
                    agent: owner(&worktree)?,
                    worktree,
                })
            })
            .collect())
    }

    /// Where an agent's worktree is, or should be; `None` when it never had one.
    pub(super) fn worktree_of(&self, session: &Session, agent: AgentId) -> Result<Option<PathBuf>> {
        let record = session.agents().get(&agent);
        if let Some(path) = record.and_then(|record| record.worktree.clone()) {
            return Ok(Some(path));
        }
        let found = self.worktrees_of_agents(session)?;
        Ok(found
            .into_iter()
            .find(|found| found.agent == agent)
            .map(|found| found.worktree.path))
    }

    /// What a worktree holds beyond its commit and beyond what hub's own evaluation left in it.
    pub(super) fn work_in(
        &self,
        worktree: &Path,
        evaluation: Option<&Evaluation>,
        agent: AgentId,
    ) -> Result<Vec<Change>> {
        let mut changes = self.repository.changes(worktree)?;
        let result = evaluation.and_then(|all| Some((all.evaluated, all.of(agent)?)));
        if let Some((evaluated, result)) = result {
            let by_eval = |change: &Change| {
                change.kind == ChangeKind::Untracked
                    && result.left_files.contains(&change.path)
                    && untouched_since(&worktree.join(&change.path), evaluated.timestamp())
            };
            changes.retain(|change| !by_eval(change));
        }
        Ok(changes)
    }
}

/// The bytes of all files at or below `path`; what cannot be read counts nothing.
pub(super) fn size_of(path: &Path) -> u64 {
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        return meta.len();
    }
    std::fs::read_dir(path).map_or(0, |entries| {
        entries.flatten().map(|entry| size_of(&entry.path())).sum()
    })
}

/// Whether nothing at or below `path` was changed after `time`, in seconds since 1970.
///
/// By the time that the kernel itself sets, which a copy or a move cannot bring along.
fn untouched_since(path: &Path, time: i64) -> bool {
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return true;
    };
    // The time of an evaluation is kept in whole seconds.
    let older = meta.ctime() <= time;
    if !older || !meta.is_dir() {
        return older;
    }
    std::fs::read_dir(path).is_ok_and(|entries| {
        entries
            .flatten()
            .all(|entry| untouched_since(&entry.path(), time))
    })
}
