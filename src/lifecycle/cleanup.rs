//! `hub cleanup`: removes the worktrees and branches of a session that is at its end.
//!
//! Everything is checked before anything is removed. What no branch or tag would hold
//! any more is refused, or with `force` kept as a snapshot.

mod all;
mod branches;
mod dry_run;
mod plan;
mod remove;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::domain::effects::{EFFECTS, Effects};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::SessionSelector;
use crate::domain::report::{CleanupPlanReport, CleanupReport};
use crate::domain::session::Session;
use crate::process::inside;
use crate::store::LockedSession;

use super::error::{Error, Result};
use super::hub::Hub;
use super::worktrees::LeftByEval;
use super::{announce, outside, teardown};
use plan::{Look, Plan, PlanKind};

pub use all::{AllRequest, all};
pub(super) use remove::finish_removal;

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

/// Tells what [`run`] would do; nothing is changed.
///
/// # Errors
/// When the session is not at its end, or git cannot look. What would be refused is in the plan.
pub fn dry_run(hub: &Hub, request: &Request) -> Result<CleanupPlanReport> {
    let stored = hub.read(request.session.as_ref(), "merged or archived", |stored| {
        stored.session.state().is_terminal()
    })?;
    check_state(&stored.session)?;
    dry_run::of(hub, stored, request.force)
}

fn check_state(session: &Session) -> Result<()> {
    let (id, state) = (session.id.clone(), session.state());
    if state.is_terminal() {
        return Ok(());
    }
    Err(Error::WrongState {
        hint: format!("`hub archive {id}` ends it and keeps its attempts as tags"),
        session: id,
        state,
        wanted: "cleanup is for merged and archived ones",
    })
}

pub(super) fn cleanup(
    hub: &Hub,
    session: &mut LockedSession,
    force: bool,
) -> Result<CleanupReport> {
    check_state(session.session())?;
    let mut report = CleanupReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        removed_worktrees: Vec::new(),
        deleting: Vec::new(),
        forgotten_worktrees: Vec::new(),
        deleted_branches: Vec::new(),
        archived: Vec::new(),
        snapshots: Vec::new(),
    };
    let left = LeftByEval::of(session.snapshot())?;
    let plans = plans(hub, session, &left, force)?;
    let branches = branches::there(hub, session)?;
    if plans.is_empty() && branches.is_empty() {
        hub.drop_empty_folders(&report.session_id);
        return Ok(report);
    }
    let lock = hub.lock_repository("cleanup")?;
    hub.record(
        session,
        Operation::Cleanup,
        Phase::Begin,
        json!({ "force": force, EFFECTS: Effects::default().told() }),
    )?;
    let done = remove::worktrees(hub, session, &left, plans, &mut report)
        .and_then(|()| branches::delete(hub, session, &mut report))
        .and_then(|()| outside::forget(hub, session, Operation::Cleanup));
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
    report.deleting = delete_files(hub);
    done.map(|()| report)
}

/// Deletes the files of what was removed; returns the folders that are deleted in the background.
fn delete_files(hub: &Hub) -> Vec<PathBuf> {
    let swept = hub.sweep();
    for (folder, error) in swept.failed {
        hub.warn(format!(
            "what is left of a removed worktree stays in {}: {error}; `hub doctor --fix` tries again",
            folder.display()
        ));
    }
    match swept.going.len() {
        0 => {}
        1 => hub.note("the files of 1 worktree are being deleted in the background"),
        count => hub.note(format!(
            "the files of {count} worktrees are being deleted in the background"
        )),
    }
    swept.going
}

/// What a command has just ended goes a moment later.
fn wait_for_leaving(hub: &Hub, plans: &[Plan]) -> Result<()> {
    const LONGEST: Duration = Duration::from_secs(2);
    const PAUSE: Duration = Duration::from_millis(20);
    let until = Instant::now() + LONGEST;
    let in_use = || {
        plans
            .iter()
            .any(|plan| !inside::find(&plan.path).is_empty())
    };
    while in_use() && Instant::now() < until {
        hub.pause(PAUSE)?;
    }
    Ok(())
}

/// What is to become of each worktree, when the teardown commands have run in them.
fn plans(hub: &Hub, session: &LockedSession, left: &LeftByEval, force: bool) -> Result<Vec<Plan>> {
    let id = &session.config().session_id;
    let look = |processes| -> Result<Vec<Plan>> {
        let how = Look { force, processes };
        let mut plans = plan::look(hub, session.session(), left, how)?;
        plan::check(id, &mut plans)?;
        Ok(plans)
    };
    let launch = session.launch()?.unwrap_or_default();
    if launch.ready.teardown.is_empty() {
        return look(true);
    }
    // Whoever works there now may be what they are to end.
    let plans = look(false)?;
    let there = plans.iter().filter(|plan| plan.kind != PlanKind::Forget);
    let there = there.map(|plan| (plan.agent, plan.path.as_path()));
    teardown::run(hub, session, there, force)?;
    wait_for_leaving(hub, &plans)?;
    // They may have changed what stands there.
    look(true)
}
