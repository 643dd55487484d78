//! Deleting the branches of a session: none before something else holds its commits.

use crate::domain::event::Operation;
use crate::domain::report::CleanupReport;
use crate::domain::session::SessionConfig;
use crate::git::{RefChange, Worktree};
use crate::lifecycle::archive;
use crate::lifecycle::attempts::AttemptInfo;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::LockedSession;

/// The attempts whose branch is still there.
pub(super) fn there(hub: &Hub, session: &LockedSession) -> Result<Vec<AttemptInfo>> {
    let mut attempts = hub.attempts(session.session())?;
    attempts.retain(|attempt| attempt.branch_tip.is_some());
    Ok(attempts)
}

/// What becomes of a branch.
pub(super) enum Fate {
    /// It goes: the base branch has its commits.
    InBase,
    /// It goes: its archive tag has them.
    Tagged,
    /// It goes when an archive tag has them, which is to be made.
    Untagged,
    /// It stays, for this reason.
    Stays(String),
}

/// What becomes of the branch of an attempt, beside the worktrees that stay.
pub(super) fn fate(
    hub: &Hub,
    config: &SessionConfig,
    attempt: &AttemptInfo,
    worktrees: &[Worktree],
) -> Result<Fate> {
    let name = attempt.branch(&config.session_id).name();
    let uses = |worktree: &&Worktree| worktree.branch.as_ref() == Some(&name);
    if let Some(other) = worktrees.iter().find(uses) {
        let path = other.path.display();
        return Ok(Fate::Stays(format!("it is checked out in {path}")));
    }
    if attempt.archived == attempt.branch_tip {
        return Ok(Fate::Tagged);
    }
    let base_tip = hub.repository.branch_tip(&config.base_branch)?;
    let in_base = match (&attempt.branch_tip, &base_tip) {
        (Some(tip), Some(base)) => hub.repository.is_ancestor(tip, base)?,
        _ => false,
    };
    Ok(match &attempt.archived {
        _ if in_base => Fate::InBase,
        None => Fate::Untagged,
        Some(_) => Fate::Stays("it has moved since it was archived".to_owned()),
    })
}

/// Deletes the branches whose commits the base branch or an archive tag holds; tags come first.
pub(super) fn delete(
    hub: &Hub,
    session: &mut LockedSession,
    report: &mut CleanupReport,
) -> Result<()> {
    let config = session.config().clone();
    let worktrees = hub.repository.worktrees()?;
    let mut untagged = Vec::new();
    for attempt in there(hub, session)? {
        // Whether it is checked out somewhere is no reason not to keep it.
        if matches!(fate(hub, &config, &attempt, &[])?, Fate::Untagged) {
            untagged.push((attempt.agent, attempt.attempt));
        }
    }
    if !untagged.is_empty() {
        report.archived = archive::tag_attempts(hub, session, Operation::Cleanup, |attempt| {
            untagged.contains(&(attempt.agent, attempt.attempt))
        })?;
    }
    let (mut changes, mut names) = (Vec::new(), Vec::new());
    for attempt in there(hub, session)? {
        let name = attempt.branch(&config.session_id).name();
        match fate(hub, &config, &attempt, &worktrees)? {
            Fate::InBase | Fate::Tagged => {}
            Fate::Stays(why) => {
                hub.warn(format!("{name} stays: {why}"));
                continue;
            }
            // What made the tag has told why not.
            Fate::Untagged => continue,
        }
        let commits = hub.repository.branch_reflog(&name)?;
        let kept = hub.keep_discarded(session, Operation::Cleanup, attempt.agent, &commits)?;
        report.snapshots.extend(kept);
        changes.push(RefChange {
            name: name.full(),
            from: attempt.branch_tip,
            to: None,
        });
        names.push(name);
    }
    hub.change_refs(session, Operation::Cleanup, &changes, "hub: cleanup")?;
    report.deleted_branches = names;
    Ok(())
}
