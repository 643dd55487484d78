//! `hub cleanup`: removes the worktrees and branches of a session that is at its end.
//!
//! Everything is checked before anything is removed. What no branch or tag would hold
//! any more is refused, or with `force` kept as a snapshot.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::report::CleanupReport;
use crate::git::{self, ChangeKind, RefChange, Removal};
use crate::store::LockedSession;

use super::attempts::AttemptInfo;
use super::error::{Error, Result};
use super::hub::Hub;
use super::worktrees::{AgentWorktree, LeftByEval, size_of};
use super::{announce, archive, teardown};

/// What to clean up.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that is at its end where none is named.
    pub session: Option<SessionSelector>,
    /// Whether work that nothing else holds is kept as a snapshot instead of refused.
    pub force: bool,
}

/// Removes what a session at its end does not need any more. Nothing to do is no error.
///
/// # Errors
/// When the session is not at its end, or a worktree holds work that would be lost:
/// then nothing was touched.
pub fn run(hub: &Hub, request: &Request) -> Result<CleanupReport> {
    let stored = hub.read(request.session.as_ref(), "merged or archived", |stored| {
        stored.session.state().is_terminal()
    })?;
    let mut session = hub.lock(&stored.config.session_id, "cleanup")?;
    cleanup(hub, &mut session, request.force)
}

pub(super) fn cleanup(
    hub: &Hub,
    session: &mut LockedSession,
    force: bool,
) -> Result<CleanupReport> {
    let state = session.session().state();
    let id = session.config().session_id.clone();
    if !state.is_terminal() {
        return Err(Error::WrongState {
            hint: format!("`hub archive {id}` ends it and keeps its attempts as tags"),
            session: id,
            state,
            wanted: "cleanup is for merged and archived ones",
        });
    }
    let mut report = CleanupReport {
        session_id: id,
        state,
        removed_worktrees: Vec::new(),
        forgotten_worktrees: Vec::new(),
        deleted_branches: Vec::new(),
        archived: Vec::new(),
        snapshots: Vec::new(),
    };
    let left = LeftByEval::of(session.snapshot())?;
    let mut plans = plan(hub, session, &left, force)?;
    if tear_down(hub, session, &plans, force)? {
        // The commands may have changed what stands there.
        plans = plan(hub, session, &left, force)?;
    }
    let branches = branches(hub, session)?;
    if plans.is_empty() && branches.is_empty() {
        hub.drop_empty_folders(&report.session_id);
        return Ok(report);
    }
    let lock = hub.lock_repository("cleanup")?;
    hub.record(
        session,
        Operation::Cleanup,
        Phase::Begin,
        json!({ "force": force }),
    )?;
    let done = remove_worktrees(hub, session, &left, plans, &mut report)
        .and_then(|()| delete_branches(hub, session, &mut report));
    drop(lock);
    hub.drop_empty_folders(&report.session_id);
    if done.is_ok() {
        announce::cleaned(hub, session);
    }
    let (phase, detail) = match &done {
        Ok(()) => (Phase::End, json!({ "deleted": report.deleted_branches })),
        // Each step is whole in itself; the next cleanup does the rest.
        Err(error) => (Phase::TakenBack, json!({ "stopped_by": error.to_string() })),
    };
    hub.record(session, Operation::Cleanup, phase, detail)?;
    done.map(|()| report)
}

/// Runs the teardown commands where something is about to be removed; returns whether any ran.
fn tear_down(hub: &Hub, session: &LockedSession, plans: &[Plan], force: bool) -> Result<bool> {
    let there = plans
        .iter()
        .filter(|plan| !matches!(plan.kind, PlanKind::Forget));
    let there = there.map(|plan| (plan.agent, plan.path.as_path()));
    teardown::run(hub, session, there, force)
}

/// What is done with one worktree.
struct Plan {
    agent: AgentId,
    path: PathBuf,
    kind: PlanKind,
}

enum PlanKind {
    /// Its folder is gone; git forgets it.
    Forget,
    /// Nothing in it would be lost.
    Remove,
    /// What only it holds becomes a snapshot first.
    Snapshot,
}

/// Checks every worktree before any is touched.
fn plan(hub: &Hub, session: &LockedSession, left: &LeftByEval, force: bool) -> Result<Vec<Plan>> {
    let id = &session.config().session_id;
    hub.worktrees_of_agents(session.session())?
        .into_iter()
        .map(|found| {
            let kind = plan_for(hub, id, left, &found, force)?;
            Ok(Plan {
                agent: found.agent,
                path: found.worktree.path,
                kind,
            })
        })
        .collect()
}

fn plan_for(
    hub: &Hub,
    session: &SessionId,
    left: &LeftByEval,
    found: &AgentWorktree,
    force: bool,
) -> Result<PlanKind> {
    let worktree = &found.worktree;
    let path = worktree.path.clone();
    if let Some(reason) = &worktree.locked {
        let reason = reason.clone();
        return Err(git::Error::LockedWorktree { path, reason }.into());
    }
    if worktree.missing {
        check_reached(hub, session, found, force)?;
        return Ok(PlanKind::Forget);
    }
    if let Some(what) = worktree.in_progress
        && !force
    {
        return Err(Error::WorktreeBusy {
            worktree: path,
            what,
        });
    }
    let mut work = hub.work_in(&path, left, found.agent)?;
    work.extend(hub.repository.hidden_changes(&path)?);
    let paths: Vec<PathBuf> = work.into_iter().map(|change| change.path).collect();
    if !paths.is_empty() && !force {
        return Err(Error::UncommittedWork {
            session: session.clone(),
            worktree: path,
            paths,
        });
    }
    hub.repository.check_nested(&path)?;
    check_reached(hub, session, found, force)?;
    Ok(if paths.is_empty() {
        PlanKind::Remove
    } else {
        PlanKind::Snapshot
    })
}

/// Refuses a worktree on a commit of its own; with force it is kept like every commit that
/// only the reflog still names.
fn check_reached(hub: &Hub, session: &SessionId, found: &AgentWorktree, force: bool) -> Result<()> {
    let head = found.worktree.head.as_slice();
    match hub.repository.unreachable(head)?.into_iter().next() {
        Some(commit) if !force => Err(Error::UnreachedCommit {
            session: session.clone(),
            worktree: found.worktree.path.clone(),
            commit,
        }),
        _ => Ok(()),
    }
}

fn remove_worktrees(
    hub: &Hub,
    session: &mut LockedSession,
    left: &LeftByEval,
    plans: Vec<Plan>,
    report: &mut CleanupReport,
) -> Result<()> {
    let _doing = hub.doing("removing worktrees");
    let all = plans.len();
    for (done, plan) in plans.into_iter().enumerate() {
        hub.interrupt.check()?;
        hub.count("removing worktrees", Some((done, all)));
        let step = json!({ "worktree": plan.path });
        tell_ignored(hub, &plan);
        let named = hub.repository.head_reflog(&plan.path)?;
        let kept = hub.keep_discarded(session, Operation::Cleanup, plan.agent, &named)?;
        report.snapshots.extend(kept);
        if matches!(plan.kind, PlanKind::Forget) {
            hub.repository.forget_worktree(&plan.path)?;
            report.forgotten_worktrees.push(plan.path);
        } else {
            if matches!(plan.kind, PlanKind::Snapshot) {
                let kept =
                    hub.keep_uncommitted(session, Operation::Cleanup, plan.agent, &plan.path)?;
                report.snapshots.push(kept);
            }
            // A removal that is cut off leaves a folder that looks like somebody's work.
            let removing = json!({ REMOVING: plan.path });
            hub.record(session, Operation::Cleanup, Phase::Step, removing)?;
            remove(hub, left, &plan)?;
            report.removed_worktrees.push(plan.path);
        }
        hub.record(session, Operation::Cleanup, Phase::Step, step)?;
    }
    Ok(())
}

/// What a step of the journal calls the worktree that is checked and about to be removed.
const REMOVING: &str = "removing";

/// Finishes the removal of a worktree that a kill has cut off, where nothing but gone files is left.
pub(super) fn finish_removal(
    hub: &Hub,
    session: &LockedSession,
    unfinished: &Unfinished,
) -> Result<()> {
    let Some(path) = unfinished
        .steps
        .last()
        .and_then(|step| step.get(REMOVING)?.as_str())
    else {
        return Ok(());
    };
    let worktrees = hub.worktrees_of_agents(session.session())?;
    let found = worktrees
        .into_iter()
        .find(|found| found.worktree.path == Path::new(path) && !found.worktree.missing);
    let Some(found) = found else {
        return Ok(());
    };
    let _lock = hub.lock_repository("cleanup")?;
    let path = &found.worktree.path;
    hub.repository.repair_worktree(path)?;
    let left = LeftByEval::of(session.snapshot())?;
    let left = hub.work_in(path, &left, found.agent)?;
    if left.iter().all(|change| change.kind == ChangeKind::Gone) {
        hub.repository.remove_worktree(path, Removal::Snapshotted)?;
    }
    Ok(())
}

/// git removes ignored files without a word; the user shall have heard of the large ones.
fn tell_ignored(hub: &Hub, plan: &Plan) {
    const LARGE: u64 = 1024 * 1024;
    if matches!(plan.kind, PlanKind::Forget) {
        return;
    }
    let Ok(ignored) = hub.repository.ignored(&plan.path) else {
        return;
    };
    let mut large: Vec<(u64, PathBuf)> = ignored
        .into_iter()
        .map(|path| (size_of(&plan.path.join(&path)), path))
        .filter(|(size, _)| *size >= LARGE)
        .collect();
    large.sort_by(|a, b| b.cmp(a));
    let names: Vec<String> = large
        .iter()
        .take(5)
        .map(|(size, path)| format!("{} ({} MiB)", path.display(), size / LARGE))
        .collect();
    if !names.is_empty() {
        hub.note(format!(
            "with {} go ignored files: {}",
            plan.agent,
            names.join(", ")
        ));
    }
}

fn remove(hub: &Hub, left: &LeftByEval, plan: &Plan) -> Result<()> {
    let how = match plan.kind {
        PlanKind::Snapshot => Removal::Snapshotted,
        // git would refuse the files that an evaluation left. Looked at once more:
        // a file may have appeared since the plan was made.
        _ if !hub.repository.changes(&plan.path)?.is_empty()
            && hub.work_in(&plan.path, left, plan.agent)?.is_empty() =>
        {
            Removal::Snapshotted
        }
        _ => Removal::Checked,
    };
    Ok(hub.repository.remove_worktree(&plan.path, how)?)
}

/// The attempts whose branch is still there.
fn branches(hub: &Hub, session: &LockedSession) -> Result<Vec<AttemptInfo>> {
    let mut attempts = hub.attempts(session.session())?;
    attempts.retain(|attempt| attempt.branch_tip.is_some());
    Ok(attempts)
}

/// Deletes the branches whose commits the base branch or an archive tag holds; tags come first.
fn delete_branches(
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
    for attempt in branches(hub, session)? {
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
    for attempt in branches(hub, session)? {
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
