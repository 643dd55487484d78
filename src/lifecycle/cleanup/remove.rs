//! Removing the worktrees of a session, each checked and what only it holds kept.

use std::path::PathBuf;

use serde_json::json;

use crate::domain::cleanup::named;
use crate::domain::effects::{EFFECTS, Effects, Standing, WorktreeMove};
use crate::domain::event::{Operation, Phase, Unfinished};
use crate::domain::report::CleanupReport;
use crate::git::{self, Aside, ChangeKind, Removal, Worktree};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::worktrees::{LeftByEval, Seen, seen, size_of, stamped};
use crate::store::LockedSession;

use super::plan::{Plan, PlanKind};

pub(super) fn worktrees(
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
        for process in &plan.processes {
            let (process, path) = (named(process), plan.path.display());
            hub.warn(format!(
                "{process} works in {path}, which goes; it is left alone"
            ));
        }
        let commits = hub.repository.named_by(&plan.path)?;
        let kept = hub.keep_discarded(session, Operation::Cleanup, plan.agent, &commits)?;
        report.snapshots.extend(kept);
        if matches!(plan.kind, PlanKind::Forget) {
            hub.repository.forget_worktree(&plan.path)?;
            report.forgotten_worktrees.push(plan.path);
        } else {
            take_away(hub, session, left, &plan, report)?;
            report.removed_worktrees.push(plan.path);
        }
        hub.record(session, Operation::Cleanup, Phase::Step, step)?;
    }
    Ok(())
}

/// Removes one worktree, and keeps before what only it holds.
fn take_away(
    hub: &Hub,
    session: &mut LockedSession,
    left: &LeftByEval,
    plan: &Plan,
    report: &mut CleanupReport,
) -> Result<()> {
    let mut standing = plan.standing.clone();
    let mut before = None;
    if matches!(plan.kind, PlanKind::Snapshot) {
        before = Some(seen(hub, &plan.path)?);
        let kept = hub.keep_uncommitted(session, Operation::Cleanup, plan.agent, &plan.path)?;
        if let Some(standing) = &mut standing {
            standing.snapshot = Some(kept.commit.clone());
        }
        report.snapshots.push(kept);
    }
    // A removal that is cut off leaves a folder that looks like somebody's work.
    let effects = gone(plan, standing).told();
    let place = hub.place_aside(&plan.path);
    let aside = place.as_ref().map(|place| &place.aside);
    let removing = json!({ REMOVING: plan.path, ASIDE: aside, EFFECTS: effects });
    hub.record(session, Operation::Cleanup, Phase::Step, removing)?;
    remove(hub, left, plan, place.as_ref(), before)
}

/// What the removal of a worktree comes to.
fn gone(plan: &Plan, standing: Option<Standing>) -> Effects {
    Effects {
        worktrees: vec![WorktreeMove {
            agent: plan.agent,
            path: plan.path.clone(),
            old: standing,
            new: None,
        }],
        ..Effects::default()
    }
}

/// What a step of the journal calls the worktree that is checked and about to be removed.
const REMOVING: &str = "removing";

/// Where its folder is put aside then; null where git removes it.
const ASIDE: &str = "aside";

/// Finishes the removal of a worktree that a kill has cut off, where nothing but gone files is left.
pub(in crate::lifecycle) fn finish_removal(
    hub: &Hub,
    session: &LockedSession,
    unfinished: &Unfinished,
) -> Result<()> {
    let step = unfinished.steps.last();
    let path_of = |name: &str| step?.get(name)?.as_str().map(PathBuf::from);
    let Some(path) = path_of(REMOVING) else {
        return Ok(());
    };
    let _lock = hub.lock_repository("cleanup")?;
    if let Some(aside) = path_of(ASIDE) {
        put_back(
            hub,
            &Aside {
                worktree: path.clone(),
                aside,
            },
        )?;
    }
    let worktrees = hub.worktrees_of_agents(session.session())?;
    let found = worktrees
        .into_iter()
        .find(|found| found.worktree.path == path && !found.worktree.missing);
    let Some(found) = found else {
        return Ok(());
    };
    let path = &found.worktree.path;
    hub.repository.repair_worktree(path)?;
    let left = LeftByEval::of(session.snapshot())?;
    let left = hub.work_in(path, &left, found.agent)?;
    if left.iter().all(|change| change.kind == ChangeKind::Gone) {
        let place = hub.place_aside(path);
        if !put_away(hub, place.as_ref(), |_| Ok(true))? {
            hub.repository.remove_worktree(path, Removal::Snapshotted)?;
        }
    }
    Ok(())
}

/// Puts a folder back that git has not forgotten as a worktree: it may hold work again.
fn put_back(hub: &Hub, place: &Aside) -> Result<()> {
    let known = hub.repository.worktrees()?;
    let waits = |known: &Worktree| known.path == place.worktree && known.missing;
    if known.iter().any(waits) {
        hub.repository.put_back(place)?;
    }
    Ok(())
}

/// git removes ignored files without a word; the user shall have heard of the large ones.
fn tell_ignored(hub: &Hub, plan: &Plan) {
    const LARGE: u64 = 1024 * 1024;
    if matches!(plan.kind, PlanKind::Forget) {
        return;
    }
    let mut large: Vec<(u64, &PathBuf)> = plan
        .ignored
        .iter()
        .map(|path| (size_of(&plan.path.join(path)), path))
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

/// Removes a worktree; what has become of it since the plan was made, or since its snapshot
/// (`before`), is looked at once more.
fn remove(
    hub: &Hub,
    left: &LeftByEval,
    plan: &Plan,
    place: Option<&Aside>,
    before: Option<Seen>,
) -> Result<()> {
    let may_go = |place: &Aside| {
        // Nobody finds it any more by its path.
        let changes = hub.repository.changes_aside(place)?;
        Ok(match &before {
            Some(before) => (changes.clone(), stamped(&place.aside, changes)) == *before,
            None => hub
                .work_of(&place.aside, changes, left, plan.agent)
                .is_empty(),
        })
    };
    if put_away(hub, place, may_go)? {
        return Ok(());
    }
    // A Ctrl-C ends git's look at it, too.
    hub.interrupt.check()?;
    if let Some(before) = before
        && seen(hub, &plan.path)? != before
    {
        // Somebody is at work there: what came after the snapshot would be lost.
        return Err(git::Error::DirtyWorktree(plan.path.clone()).into());
    }
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

/// Puts the folder of a worktree aside, and lets git forget the worktree where `may_go` says so;
/// else it is put back.
fn put_away(
    hub: &Hub,
    place: Option<&Aside>,
    may_go: impl FnOnce(&Aside) -> git::Result<bool>,
) -> Result<bool> {
    let Some(place) = place else {
        return Ok(false);
    };
    if !hub.repository.put_aside(place)? {
        return Ok(false);
    }
    let forgotten = may_go(place).and_then(|may| {
        if may {
            hub.repository.forget_aside(place)?;
        }
        Ok(may)
    });
    if !matches!(forgotten, Ok(true)) {
        hub.repository.put_back(place)?;
    }
    match forgotten {
        Ok(true) => Ok(true),
        // git says what is in the way, or knows another one.
        Ok(false) => Ok(false),
        Err(error) => {
            log::debug!("{} stays as it was: {error}", place.worktree.display());
            Ok(false)
        }
    }
}
