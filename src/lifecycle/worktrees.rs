//! The worktrees of a session's agents, and what they hold beyond commits.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::evaluation::plan::Entrant;
use crate::domain::evaluation::{Evaluation, LeftFile};
use crate::domain::id::AgentId;
use crate::domain::measurement::EvalRun;
use crate::domain::refs::{AttemptBranch, BranchName, CommitId};
use crate::domain::session::Session;
use crate::domain::text::first_few;
use crate::git::{Change, ChangeKind, Worktree};
use crate::store::StoredSession;

use super::error::Result;
use super::hub::Hub;
use super::patience::Patience;

/// A worktree of a session, with the agent it belongs to.
#[derive(Clone, Debug)]
pub(super) struct AgentWorktree {
    pub agent: AgentId,
    pub worktree: Worktree,
}

impl Hub {
    /// The worktrees that git knows of and that belong to agents of a session, by agent.
    ///
    /// One belongs to an agent when the state says so, when it stands where hub makes
    /// them, or when an attempt branch of the session is checked out in it.
    pub(super) fn worktrees_of_agents(&self, session: &Session) -> Result<Vec<AgentWorktree>> {
        let folder = self.worktrees_of(&session.id);
        let owner = |path: &Path, branch: Option<&BranchName>| -> Option<AgentId> {
            let by_state = session
                .agents()
                .iter()
                .find(|(_, record)| record.worktree.as_deref() == Some(path))
                .map(|(agent, _)| *agent);
            let by_place = || {
                let name = path.strip_prefix(&folder).ok()?;
                name.to_str()?.parse().ok()
            };
            let by_branch = || {
                let branch: AttemptBranch = branch?.as_str().parse().ok()?;
                (branch.session == session.id).then_some(branch.agent)
            };
            by_state.or_else(by_place).or_else(by_branch)
        };
        let is_ours = |path: &Path, branch: Option<&BranchName>| owner(path, branch).is_some();
        let worktrees = self.repository.linked_worktrees(is_ours)?;
        let mut found: Vec<AgentWorktree> = worktrees
            .into_iter()
            .filter_map(|worktree| {
                Some(AgentWorktree {
                    agent: owner(&worktree.path, worktree.branch.as_ref())?,
                    worktree,
                })
            })
            .collect();
        // The order of git's administration is that of the file system's folders.
        found.sort_by_key(|found| found.agent);
        Ok(found)
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

    /// What a worktree holds beyond its commit and beyond what hub's own evaluations left in it.
    pub(super) fn work_in(
        &self,
        worktree: &Path,
        left: &LeftByEval,
        agent: AgentId,
    ) -> Result<Vec<Change>> {
        let changes = self.repository.changes(worktree)?;
        Ok(self.work_of(worktree, changes, left, agent))
    }

    /// As [`Hub::work_in`], of changes that were found there.
    pub(super) fn work_of(
        &self,
        worktree: &Path,
        mut changes: Vec<Change>,
        left: &LeftByEval,
        agent: AgentId,
    ) -> Vec<Change> {
        left.forget(self, worktree, agent, &mut changes);
        changes
    }

    /// As [`Hub::work_in`] of several worktrees, which are looked at side by side while
    /// `meanwhile` is done.
    ///
    /// # Errors
    /// When it is interrupted. What went wrong in one worktree stands in its place.
    pub(super) fn work_in_all<T>(
        &self,
        worktrees: &[&AgentWorktree],
        left: &LeftByEval,
        meanwhile: impl FnOnce() -> T,
    ) -> Result<(Vec<Result<Vec<Change>>>, T)> {
        let paths = worktrees.iter().map(|found| found.worktree.path.clone());
        let paths: Vec<PathBuf> = paths.collect();
        let mut patience = Patience::new(self, "looking at worktrees", paths.len());
        let mut watch = |done| patience.goes_on(done);
        let repository = &self.repository;
        let (found, other) = repository.changes_of_all(&paths, meanwhile, &mut watch);
        self.interrupt.check()?;
        let work = found?.into_iter().zip(worktrees).map(|(changes, found)| {
            let mut changes = changes?;
            left.forget(self, &found.worktree.path, found.agent, &mut changes);
            Ok(changes)
        });
        Ok((work.collect(), other))
    }
}

/// What the evaluations of a session left in its worktrees, which is no work of anybody's.
#[derive(Debug)]
pub(super) struct LeftByEval {
    stored: StoredSession,
    evaluation: Option<Evaluation>,
    /// Of one that was broken off; looked up where it matters.
    runs: OnceCell<Vec<EvalRun>>,
}

impl LeftByEval {
    /// Of this session.
    ///
    /// # Errors
    /// When its evaluation cannot be read.
    pub fn of(stored: StoredSession) -> Result<Self> {
        Ok(Self {
            evaluation: stored.evaluation()?,
            stored,
            runs: OnceCell::new(),
        })
    }

    /// The last evaluation.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.evaluation.as_ref()
    }

    fn forget(&self, hub: &Hub, worktree: &Path, agent: AgentId, changes: &mut Vec<Change>) {
        let concluded = self.evaluation().and_then(|all| all.of(agent));
        if let Some(result) = concluded {
            forget_left(worktree, changes, &result.left_files);
        }
        let mut untracked = changes.iter();
        if !untracked.any(|change| change.kind == ChangeKind::Untracked) {
            return;
        }
        let runs = self.runs.get_or_init(|| match self.stored.newest_runs() {
            Ok(record) => record
                .filter(|record| !record.concluded)
                .map(|record| record.runs)
                .unwrap_or_default(),
            Err(error) => {
                hub.warn(format!("what an evaluation left counts as work: {error}"));
                Vec::new()
            }
        });
        let entrant = Entrant::Agent(agent);
        let own = runs.iter().filter(|run| run.entrant == entrant);
        if let Some(left) = own.filter_map(|run| run.left_files.as_ref()).next_back() {
            forget_left(worktree, changes, left);
        }
    }
}

/// Takes those untracked files out that an evaluation left, and that are as it left them.
fn forget_left(worktree: &Path, changes: &mut Vec<Change>, left: &[LeftFile]) {
    let by_eval = |change: &Change| {
        let found = left.iter().find(|l| l.path == change.path);
        found.is_some_and(|left| stamp(&worktree.join(&left.path)).as_ref() == Some(&left.stamp))
    };
    changes.retain(|change| change.kind != ChangeKind::Untracked || !by_eval(change));
}

/// What is changed or new in a worktree, and how it stands there.
pub(super) type Seen = (Vec<Change>, Vec<LeftFile>);

/// What is changed or new in a worktree, and how it stands there: two looks that are equal have
/// nobody at work between them.
///
/// # Errors
/// When git cannot look.
pub(super) fn seen(hub: &Hub, worktree: &Path) -> Result<Seen> {
    let changes = hub.repository.changes(worktree)?;
    Ok((changes.clone(), stamped(worktree, changes)))
}

/// Why a worktree that was never finished stays: what somebody has put into it beside what the
/// commits hold that it was being made from.
///
/// # Errors
/// When git cannot look.
pub(super) fn held_beside(
    hub: &Hub,
    worktree: &Path,
    commits: &[&CommitId],
) -> Result<Option<String>> {
    let foreign = hub.repository.foreign_to(worktree, commits)?;
    let names = foreign.iter().map(|path| path.display());
    Ok((!foreign.is_empty()).then(|| format!("somebody has put {} into it", first_few(names))))
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

/// Untracked files as they are now.
pub(super) fn stamped(worktree: &Path, untracked: Vec<Change>) -> Vec<LeftFile> {
    untracked
        .into_iter()
        .filter_map(|Change { path, .. }| {
            let stamp = stamp(&worktree.join(&path))?;
            Some(LeftFile { path, stamp })
        })
        .collect()
}

/// What changes with every write at or below `path`; `None` when it cannot be read.
///
/// The time of a file's last change of any kind is in it, which nobody can set: a file that
/// was moved here, or given an older date, is another one.
fn stamp(path: &Path) -> Option<String> {
    let mut hasher = DefaultHasher::new();
    add_to_stamp(path, &mut hasher).ok()?;
    Some(format!("{:016x}", hasher.finish()))
}

fn add_to_stamp(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let meta = std::fs::symlink_metadata(path)?;
    path.file_name().hash(hasher);
    (meta.dev(), meta.ino(), meta.mode(), meta.size()).hash(hasher);
    (
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    )
        .hash(hasher);
    if meta.is_dir() {
        let entries: std::io::Result<Vec<_>> = std::fs::read_dir(path)?.collect();
        let mut paths: Vec<PathBuf> = entries?.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            add_to_stamp(&path, hasher)?;
        }
    }
    Ok(())
}
