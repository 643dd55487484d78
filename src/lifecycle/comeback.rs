//! Bringing one worktree back: its branch, its checkout, and work that a snapshot keeps.
//!
//! [`plan`] looks at everything and touches nothing; [`Plan::carry_out`] makes what is missing,
//! each step one that can be repeated. What `hub restore`, `hub snapshots restore` and whoever
//! takes a cleanup back have in common. Files that git ignores are kept nowhere and do not come
//! back; copies of those of the main worktree, ports and setup commands are for a spawn.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::effects::{EFFECTS, Effects, Standing, WorktreeMove};
use crate::domain::event::{Detail, Operation, Unfinished};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::restore::RestoreRefused;
use crate::fault::{Point, deed};
use crate::git::{self, RefChange, Removal, Worktree};
use crate::store::LockedSession;

use super::error::{Error, Result};
use super::hub::Hub;
use super::{ready, worktrees};

/// What others are told of a worktree that is being brought back, which is locked.
const REASON: &str = "hub is bringing it back";

/// Under this name a journal's intent holds the plans.
const WORKTREES: &str = "worktrees";

/// Under this name a step holds the path of one that is whole.
const WORKTREE: &str = "worktree";

/// One worktree that is to stand again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Comeback {
    /// Whose it is.
    pub agent: AgentId,
    /// Its folder.
    pub worktree: PathBuf,
    /// What it has checked out; `None` for a detached HEAD.
    pub branch: Option<BranchName>,
    /// The commit that it is at.
    pub commit: CommitId,
    /// What comes on top as uncommitted and untracked files.
    pub snapshot: Option<CommitId>,
}

/// What of a worktree is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "nothing is brought back before it is carried out"]
pub(super) struct Plan {
    #[serde(flatten)]
    pub comeback: Comeback,
    pub makes_branch: bool,
    pub makes_worktree: bool,
    pub puts_work: bool,
}

/// Finds what of a worktree is missing, and whether it can come back; nothing is touched.
///
/// # Errors
/// When the branch stands elsewhere, something else is in the folder, or the worktree holds work
/// that would be overwritten.
pub(super) fn plan(hub: &Hub, comeback: Comeback) -> Result<Plan> {
    // That it is still there: an id may come from a journal.
    hub.repository.commit(&comeback.commit)?;
    let worktrees = hub.repository.worktrees()?;
    let makes_branch = check_branch(hub, &comeback, &worktrees)?;
    let known = worktrees
        .into_iter()
        .find(|known| known.path == comeback.worktree);
    let stands = known.as_ref().filter(|known| !known.missing);
    if let Some(stands) = stands {
        check_shows(&comeback, stands)?;
    } else {
        if let Some(reason) = known.as_ref().and_then(|known| known.locked.clone()) {
            let path = comeback.worktree;
            return Err(git::Error::LockedWorktree { path, reason }.into());
        }
        check_empty(&comeback.worktree)?;
    }
    let puts_work = match (&comeback.snapshot, stands) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(snapshot), Some(stands)) => {
            if let Some(what) = stands.in_progress {
                let worktree = comeback.worktree;
                return Err(Error::WorktreeBusy { worktree, what });
            }
            hub.repository.lacks_work(&stands.path, snapshot)?
        }
    };
    Ok(Plan {
        makes_branch,
        makes_worktree: stands.is_none(),
        puts_work,
        comeback,
    })
}

/// Whether the branch is to be made.
fn check_branch(hub: &Hub, comeback: &Comeback, worktrees: &[Worktree]) -> Result<bool> {
    let Some(branch) = &comeback.branch else {
        return Ok(false);
    };
    let uses = |worktree: &&Worktree| {
        worktree.path != comeback.worktree
            && [&worktree.branch, &worktree.rebasing].contains(&&comeback.branch)
    };
    if let Some(other) = worktrees.iter().find(uses) {
        return Err(RestoreRefused::BranchInUse {
            branch: branch.clone(),
            worktree: other.path.clone(),
        }
        .into());
    }
    match hub.repository.branch_tip(branch)? {
        None => Ok(true),
        Some(tip) if tip == comeback.commit => Ok(false),
        Some(found) => Err(RestoreRefused::BranchElsewhere {
            branch: branch.clone(),
            found,
            wanted: comeback.commit.clone(),
        }
        .into()),
    }
}

/// A worktree that stands must show what it would be made to show.
fn check_shows(comeback: &Comeback, stands: &Worktree) -> Result<()> {
    let at = stands.head.as_ref() == Some(&comeback.commit);
    if stands.branch == comeback.branch && at {
        return Ok(());
    }
    let shown = |branch: Option<&BranchName>, commit: Option<&CommitId>| match (branch, commit) {
        (Some(branch), _) => branch.to_string(),
        (None, Some(commit)) => commit.short().to_owned(),
        (None, None) => "nothing".to_owned(),
    };
    Err(RestoreRefused::WorktreeElsewhere {
        worktree: stands.path.clone(),
        found: shown(stands.branch.as_ref(), stands.head.as_ref()),
        wanted: shown(comeback.branch.as_ref(), Some(&comeback.commit)),
    }
    .into())
}

/// Refuses a folder with something in it.
pub(super) fn check_empty(path: &Path) -> Result<()> {
    let taken = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) if error.kind() == ErrorKind::NotADirectory => true,
        Err(error) => return Err(Error::io("look at", path)(error)),
    };
    if taken {
        return Err(Error::FolderInTheWay(path.to_path_buf()));
    }
    Ok(())
}

impl Plan {
    /// Whether all of it is there already.
    pub fn is_empty(&self) -> bool {
        !(self.makes_branch || self.makes_worktree || self.puts_work)
    }

    /// Makes what is missing. Whoever calls it holds the repository's lock and has written
    /// [`intent`] to the journal.
    ///
    /// # Errors
    /// When git refuses; [`Plan::take_back`] takes what is half made away.
    pub fn carry_out(
        &self,
        hub: &Hub,
        session: &mut LockedSession,
        operation: Operation,
    ) -> Result<()> {
        let Comeback {
            agent,
            worktree,
            branch,
            commit,
            snapshot,
        } = &self.comeback;
        if let Some(branch) = branch.as_ref().filter(|_| self.makes_branch) {
            let made = RefChange {
                name: branch.full(),
                from: None,
                to: Some(commit.clone()),
            };
            hub.change_refs(session, operation, &[made], "hub: restore")?;
        }
        if self.makes_worktree {
            let known = hub.repository.worktrees()?;
            if known.iter().any(|known| known.path == *worktree) {
                // Its folder is gone; a commit that its HEAD alone was at is not to be lost.
                let named = hub.repository.named_by(worktree)?;
                hub.keep_discarded(session, operation, *agent, &named)?;
                hub.repository.forget_worktree(worktree)?;
            }
            let branch = branch.as_ref();
            hub.repository
                .add_worktree_again(worktree, branch, commit, REASON)?;
        }
        if let Some(snapshot) = snapshot.as_ref().filter(|_| self.puts_work) {
            hub.repository.put_work(worktree, snapshot)?;
        }
        if self.makes_worktree {
            ready::forget(&session.dir().agent(*agent))?;
            hub.repository.unlock_worktree(worktree)?;
        }
        Ok(())
    }

    /// Takes away what was made of it and is not whole: a worktree that is still locked as one
    /// that is being made, and then its branch.
    ///
    /// # Errors
    /// When git refuses.
    pub fn take_back(&self, hub: &Hub, session: &SessionId) -> Result<()> {
        let path = &self.comeback.worktree;
        let standing = |worktrees: &[Worktree]| {
            let found = worktrees.iter().find(|known| known.path == *path);
            found.map(|known| known.locked.clone())
        };
        let known = standing(&hub.repository.worktrees()?);
        if self.makes_worktree {
            match known {
                // An older git keeps no reason.
                Some(Some(reason)) if reason == REASON || reason.is_empty() => {
                    let commits = [Some(&self.comeback.commit), self.comeback.snapshot.as_ref()];
                    let commits: Vec<&CommitId> = commits.into_iter().flatten().collect();
                    if let Some(held) = worktrees::held_beside(hub, path, &commits)? {
                        hub.warn(format!("{} stays: {held}", path.display()));
                        return Ok(());
                    }
                    hub.repository.remove_worktree(path, Removal::Scratch)?;
                }
                Some(_) => return Ok(()),
                // A git that was killed early has made the folder, and perhaps its link.
                None if path.join(".git").is_file() => {
                    hub.repository.remove_worktree(path, Removal::Scratch)?;
                }
                None => {
                    let _ = deed(Point::RemoveFolder, || std::fs::remove_dir(path));
                }
            }
            hub.drop_empty_folders(session);
        }
        let Some(branch) = self.comeback.branch.as_ref().filter(|_| self.makes_branch) else {
            return Ok(());
        };
        let worktrees = hub.repository.worktrees()?;
        let used = worktrees
            .iter()
            .any(|known| known.branch.as_ref() == Some(branch));
        // Where it has moved, it is somebody's work.
        let tip = hub.repository.branch_tip(branch)?;
        if !used && tip.as_ref() == Some(&self.comeback.commit) {
            let gone = RefChange {
                name: branch.full(),
                from: tip,
                to: None,
            };
            hub.repository
                .update_refs(&[gone], "hub: restore taken back")?;
        }
        Ok(())
    }
}

/// What the journal is told before anything is made.
///
/// # Errors
/// When a path is no text.
pub(super) fn intent(plans: &[Plan]) -> Result<Detail> {
    let effects = effects(plans).told();
    let plans = serde_json::to_value(plans).map_err(|error| {
        let path = plans
            .iter()
            .map(|plan| &plan.comeback.worktree)
            .find(|path| path.to_str().is_none());
        Error::io("name in the journal", path.cloned().unwrap_or_default())(error.into())
    })?;
    Ok(Detail::from_iter([
        (WORKTREES.to_owned(), plans),
        (EFFECTS.to_owned(), effects),
    ]))
}

/// What plans come to, beyond the refs.
fn effects(plans: &[Plan]) -> Effects {
    let one = |plan: &Plan| {
        let stands = |snapshot| Standing {
            branch: plan.comeback.branch.clone(),
            commit: plan.comeback.commit.clone(),
            snapshot,
        };
        WorktreeMove {
            agent: plan.comeback.agent,
            path: plan.comeback.worktree.clone(),
            old: (!plan.makes_worktree).then(|| stands(None)),
            new: Some(stands(plan.comeback.snapshot.clone())),
        }
    };
    let moves = plans.iter().map(one).filter(|one| one.old != one.new);
    Effects {
        worktrees: moves.collect(),
        ..Effects::default()
    }
}

/// What the journal is told of one that is whole.
pub(super) fn step(plan: &Plan) -> serde_json::Value {
    serde_json::json!({ WORKTREE: plan.comeback.worktree.to_string_lossy() })
}

/// Takes back what a killed hub left half made of the plans in its intent.
///
/// # Errors
/// When git refuses.
pub(super) fn settle(hub: &Hub, session: &SessionId, unfinished: &Unfinished) -> Result<()> {
    let plans = unfinished.intent.get(WORKTREES).cloned();
    let plans: Vec<Plan> = plans
        .and_then(|plans| serde_json::from_value(plans).ok())
        .unwrap_or_default();
    let done = |plan: &Plan| {
        let path = plan.comeback.worktree.to_str();
        let mut steps = unfinished.steps.iter();
        steps.any(|step| step.get(WORKTREE).and_then(|value| value.as_str()) == path)
    };
    let _lock = hub.lock_repository("taking back a restore")?;
    plans
        .iter()
        .filter(|plan| !done(plan))
        .try_for_each(|plan| plan.take_back(hub, session))
}
