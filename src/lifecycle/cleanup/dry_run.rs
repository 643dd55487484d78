//! What a cleanup would do; nothing is changed.

use crate::domain::diagnostic::Diagnostic;
use crate::domain::report::{
    CleanupPlanReport, PlannedBranch, PlannedRemoval, PlannedWorktree, Refusal,
};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::worktrees::{LeftByEval, size_of};
use crate::store::StoredSession;

use super::branches::{self, Fate};
use super::plan::{self, Look, Plan, PlanKind};

/// The plan of a session's cleanup.
///
/// # Errors
/// When the session is not at its end, or git cannot look.
pub(super) fn of(hub: &Hub, stored: StoredSession, force: bool) -> Result<CleanupPlanReport> {
    let (session, config) = (stored.session.clone(), stored.config.clone());
    let has_teardown = stored
        .launch()?
        .is_some_and(|launch| !launch.ready.teardown.is_empty());
    let how = Look {
        force,
        // What the commands are to end is no obstacle.
        processes: !has_teardown,
    };
    let left = LeftByEval::of(stored)?;
    let worktrees: Vec<PlannedWorktree> = plan::look(hub, &session, &left, how)?
        .into_iter()
        .map(planned)
        .collect();
    let attempts = hub.attempts(&session)?;
    let mut staying = hub.repository.worktrees()?;
    staying.retain(|known| worktrees.iter().all(|one| one.path != known.path));
    let mut planned = Vec::new();
    for attempt in attempts {
        let Some(commit) = attempt.branch_tip.clone() else {
            continue;
        };
        let fate = branches::fate(hub, &config, &attempt, &staying)?;
        planned.push(PlannedBranch {
            branch: attempt.branch(&session.id).name(),
            commit,
            tag: matches!(fate, Fate::Tagged | Fate::Untagged).then(|| attempt.tag(&session.id)),
            stays: match fate {
                Fate::Stays(why) => Some(why),
                _ => None,
            },
        });
    }
    let going = worktrees
        .iter()
        .filter(|one| one.action != PlannedRemoval::Refuse);
    Ok(CleanupPlanReport {
        session_id: session.id.clone(),
        state: session.state(),
        size_bytes: going.map(|one| one.size_bytes).sum(),
        worktrees,
        branches: planned,
    })
}

fn planned(plan: Plan) -> PlannedWorktree {
    PlannedWorktree {
        agent: plan.agent,
        action: match plan.kind {
            _ if !plan.refusals.is_empty() => PlannedRemoval::Refuse,
            PlanKind::Forget => PlannedRemoval::Forget,
            PlanKind::Remove => PlannedRemoval::Remove,
            PlanKind::Snapshot => PlannedRemoval::Snapshot,
        },
        size_bytes: size_of(&plan.path),
        path: plan.path,
        files: plan.work,
        processes: plan.processes,
        refusals: plan.refusals.iter().map(refusal).collect(),
    }
}

/// An error as a document tells it.
pub(super) fn refusal(error: &Error) -> Refusal {
    Refusal {
        code: error.code(),
        message: error.to_string(),
        hint: error.hint(),
    }
}
