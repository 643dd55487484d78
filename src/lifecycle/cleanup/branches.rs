//! Deleting the branches of a session: none before something else holds its commits.

use crate::domain::event::Operation;
use crate::domain::report::CleanupReport;
use crate::git::RefChange;
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

/// Deletes the branches whose commits the base branch or an archive tag holds; tags come first.
pub(super) fn delete(
    hub: &Hub,
    session: &mut LockedSession,
    report: &mut CleanupReport,
) -> Result<()> {
    let id = session.config().session_id.clone();
    let base_tip = hub.repository.branch_tip(&session.config().base_branch)?;
    let in_base = |attempt: &AttemptInfo| -> Result<bool> {
        match (&attempt.branch_tip, &base_tip) {
            (Some(tip), Some(base)) => Ok(hub.repository.is_ancestor(tip, base)?),
            _ => Ok(false),
        }
    };
    let mut untagged = Vec::new();
    for attempt in there(hub, session)? {
        if attempt.archived.is_none() && !in_base(&attempt)? {
            untagged.push((attempt.agent, attempt.attempt));
        }
    }
    if !untagged.is_empty() {
        report.archived = archive::tag_attempts(hub, session, Operation::Cleanup, |attempt| {
            untagged.contains(&(attempt.agent, attempt.attempt))
        })?;
    }
    let worktrees = hub.repository.worktrees()?;
    let (mut changes, mut names) = (Vec::new(), Vec::new());
    for attempt in there(hub, session)? {
        let name = attempt.branch(&id).name();
        if let Some(other) = worktrees.iter().find(|w| w.branch.as_ref() == Some(&name)) {
            let path = other.path.display();
            hub.warn(format!("{name} stays: it is checked out in {path}"));
        } else if attempt.archived == attempt.branch_tip || in_base(&attempt)? {
            let commits = hub.repository.branch_reflog(&name)?;
            let kept = hub.keep_discarded(session, Operation::Cleanup, attempt.agent, &commits)?;
            report.snapshots.extend(kept);
            changes.push(RefChange {
                name: name.full(),
                from: attempt.branch_tip,
                to: None,
            });
            names.push(name);
        } else {
            hub.warn(format!("{name} stays: it has moved since it was archived"));
        }
    }
    hub.change_refs(session, Operation::Cleanup, &changes, "hub: cleanup")?;
    report.deleted_branches = names;
    Ok(())
}
