//! Bringing a snapshot back: into the agent's worktree, into another one, or as a branch.

use std::path::{Path, PathBuf};

use crate::domain::event::{Operation, Phase};
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::report::{ListedSnapshot, SnapshotKind, SnapshotRestoreReport};
use crate::domain::snapshot::{SnapshotName, SnapshotRefused, short};
use crate::git::{self, RefChange};
use crate::lifecycle::comeback::{self, Comeback};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::restore::{bring_back, place_of};
use crate::store::{self, LockedSession};

/// What is brought back, and where to.
#[derive(Clone, Debug)]
pub struct RestoreRequest {
    /// The snapshot.
    pub snapshot: SnapshotName,
    /// A folder for a worktree of its own; the agent's worktree where none is named.
    pub into: Option<PathBuf>,
    /// A new branch: of that worktree, or by itself where no folder is named.
    pub branch: Option<BranchName>,
}

/// Brings a snapshot back; it stays. Nothing to do is no error.
///
/// # Errors
/// When something would be overwritten, or there is nothing to bring it back to: then nothing
/// was touched.
pub fn run(hub: &Hub, request: &RestoreRequest) -> Result<SnapshotRestoreReport> {
    let snapshot = super::find(hub, &request.snapshot)?;
    let mut session = match hub.lock(&snapshot.session_id, "restore") {
        Ok(session) => Some(session),
        Err(Error::Store(store::Error::NoSession { .. })) => None,
        Err(error) => return Err(error),
    };
    let lock = hub.lock_repository("restore")?;
    let report = match (&request.into, &request.branch, &mut session) {
        (None, Some(branch), session) => as_branch(hub, session.as_mut(), snapshot, branch)?,
        (Some(folder), branch, Some(session)) => {
            let comeback = apart(hub, &snapshot, folder, branch.as_ref())?;
            as_worktree(hub, session, snapshot, comeback)?
        }
        (None, None, Some(session)) => {
            let comeback = in_place(hub, session, &snapshot)?;
            as_worktree(hub, session, snapshot, comeback)?
        }
        (_, _, None) => {
            return Err(SnapshotRefused::SessionGone {
                session: snapshot.session_id,
                name: short(&snapshot.r#ref),
            }
            .into());
        }
    };
    drop(lock);
    Ok(report)
}

/// A branch at the snapshot's own commit.
fn as_branch(
    hub: &Hub,
    session: Option<&mut LockedSession>,
    snapshot: ListedSnapshot,
    branch: &BranchName,
) -> Result<SnapshotRestoreReport> {
    let tip = hub.repository.branch_tip(branch)?;
    let made_branch = tip.is_none();
    if tip.is_some_and(|tip| tip != snapshot.commit) {
        let name = branch.clone();
        return Err(git::Error::BranchExists { name }.into());
    }
    if made_branch {
        let change = RefChange {
            name: branch.full(),
            from: None,
            to: Some(snapshot.commit.clone()),
        };
        if let Some(session) = session {
            let detail = serde_json::json!({
                "snapshot": snapshot.r#ref, "branch": branch, "commit": snapshot.commit,
            });
            hub.record(session, Operation::Restore, Phase::Begin, detail)?;
            let made = hub.change_refs(session, Operation::Restore, &[change], "hub: restore");
            let (phase, detail) = match &made {
                Ok(()) => (Phase::End, serde_json::json!({})),
                Err(error) => {
                    let stopped = serde_json::json!({ "stopped_by": error.to_string() });
                    (Phase::TakenBack, stopped)
                }
            };
            hub.record(session, Operation::Restore, phase, detail)?;
            made?;
        } else {
            hub.repository.update_refs(&[change], "hub: restore")?;
        }
    }
    Ok(SnapshotRestoreReport {
        snapshot,
        worktree: None,
        branch: Some(branch.clone()),
        made_branch,
        made_worktree: false,
        put_work: false,
    })
}

fn as_worktree(
    hub: &Hub,
    session: &mut LockedSession,
    snapshot: ListedSnapshot,
    comeback: Comeback,
) -> Result<SnapshotRestoreReport> {
    let plan = comeback::plan(hub, comeback)?;
    bring_back(hub, session, std::slice::from_ref(&plan))?;
    Ok(SnapshotRestoreReport {
        snapshot,
        made_branch: plan.makes_branch,
        made_worktree: plan.makes_worktree,
        put_work: plan.puts_work,
        worktree: Some(plan.comeback.worktree),
        branch: plan.comeback.branch,
    })
}

/// A worktree of its own, on a new branch or on none.
fn apart(
    hub: &Hub,
    snapshot: &ListedSnapshot,
    folder: &Path,
    branch: Option<&BranchName>,
) -> Result<Comeback> {
    let folder = hub.absolute(folder)?;
    let (commit, work) = match (snapshot.kind, &snapshot.parent) {
        (SnapshotKind::Uncommitted, Some(parent)) => (parent, Some(&snapshot.commit)),
        _ => (&snapshot.commit, None),
    };
    if let Some(name) = branch
        && hub.repository.branch_tip(name)?.is_some()
    {
        let known = hub.repository.worktrees()?;
        // Where the same was done before, there is nothing to do.
        let done = known.iter().any(|one| one.path == folder);
        if !done {
            let name = name.clone();
            return Err(git::Error::BranchExists { name }.into());
        }
    }
    Ok(Comeback {
        agent: snapshot.agent,
        worktree: folder,
        branch: branch.cloned(),
        commit: commit.clone(),
        snapshot: work.cloned(),
    })
}

/// The agent's worktree, at the commit that the snapshot was made on.
fn in_place(hub: &Hub, session: &LockedSession, snapshot: &ListedSnapshot) -> Result<Comeback> {
    let name = short(&snapshot.r#ref);
    let (SnapshotKind::Uncommitted, Some(made_on)) = (snapshot.kind, snapshot.parent.clone())
    else {
        return Err(SnapshotRefused::IsACommit { name }.into());
    };
    let agent = snapshot.agent;
    let place = place_of(hub, session, agent)?;
    let worktrees = hub.repository.worktrees()?;
    let stands = worktrees
        .iter()
        .find(|known| known.path == place && !known.missing);
    let branch = match stands {
        Some(stands) if stands.head.as_ref() == Some(&made_on) => stands.branch.clone(),
        Some(stands) => {
            return Err(SnapshotRefused::MovedOn {
                name,
                worktree: place,
                found: stands.head.clone(),
                made_on,
            }
            .into());
        }
        None => match branch_at(hub, session, snapshot, &made_on)? {
            Some(branch) => Some(branch),
            None => {
                return Err(SnapshotRefused::NoAttempt {
                    name,
                    session: snapshot.session_id.clone(),
                    agent,
                    made_on,
                }
                .into());
            }
        },
    };
    Ok(Comeback {
        agent,
        worktree: place,
        branch,
        commit: made_on,
        snapshot: Some(snapshot.commit.clone()),
    })
}

/// The branch of the agent's attempt that ends at a commit; of one that was merged nothing is
/// left but its name.
fn branch_at(
    hub: &Hub,
    session: &LockedSession,
    snapshot: &ListedSnapshot,
    commit: &CommitId,
) -> Result<Option<BranchName>> {
    let attempts = hub.attempts(session.session())?;
    let mut own = attempts
        .iter()
        .rev()
        .filter(|attempt| attempt.agent == snapshot.agent);
    let ends_there = own.clone().find(|attempt| attempt.tip() == Some(commit));
    let found =
        ends_there.or_else(|| own.find(|attempt| attempt.newest && attempt.tip().is_none()));
    Ok(found.map(|attempt| attempt.branch(&snapshot.session_id).name()))
}
