//! Carries a plan out: what has to be there first comes first, and each step can be repeated.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::effects::{Move, WorktreeMove};
use crate::domain::event::{Operation, Phase, RefMove};
use crate::domain::id::AgentId;
use crate::domain::refs::{ArchiveTag, AttemptBranch, CommitId, RefName};
use crate::domain::report::SnapshotReport;
use crate::git::{self, RefChange, Removal, Shift};
use crate::lifecycle::comeback;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::worktrees::seen;
use crate::store::LockedSession;

use super::plan::{Plan, comeback_of, shifted};

const UNDO: Operation = Operation::Undo;

/// Takes back what the plan says; whoever calls it holds the repository's lock. Returns what was
/// kept because nothing else reaches it any more.
///
/// # Errors
/// When something has changed since it was planned, or the system refuses. What was done until
/// then stays, and the rest can be done later.
pub(super) fn apply(
    hub: &Hub,
    session: &mut LockedSession,
    plan: &Plan,
) -> Result<Vec<SnapshotReport>> {
    let _doing = hub.doing("taking it back");
    let mut kept = keep_what_would_be_lost(hub, session, plan)?;
    let (shifts, others): (Vec<&RefMove>, Vec<&RefMove>) = plan
        .todo
        .refs
        .iter()
        .partition(|moved| shifted(moved).is_some());
    for moved in shifts {
        shift(hub, session, moved)?;
    }
    for moved in &plan.todo.worktrees {
        if moved.new.is_none() {
            kept.extend(remove_worktree(hub, session, moved)?);
        }
    }
    let changes: Vec<RefChange> = others.into_iter().map(change_of).collect();
    hub.change_refs(session, UNDO, &changes, "hub: undo")?;
    for moved in &plan.todo.worktrees {
        bring_back(hub, session, moved)?;
    }
    for Move { old, new } in &plan.todo.files {
        session.dir().put(old, new)?;
    }
    change_state(hub, session, plan)?;
    if let Some(folder) = &plan.todo.folder {
        session.relocate(&hub.dir, folder.new)?;
    }
    Ok(kept)
}

fn change_of(moved: &RefMove) -> RefChange {
    RefChange {
        name: moved.r#ref.clone(),
        from: moved.old.clone(),
        to: moved.new.clone(),
    }
}

/// Keeps, before anything moves, the commits that no ref would reach any more.
fn keep_what_would_be_lost(
    hub: &Hub,
    session: &mut LockedSession,
    plan: &Plan,
) -> Result<Vec<SnapshotReport>> {
    let refs = &plan.todo.refs;
    let gone: Vec<RefName> = refs.iter().map(|moved| moved.r#ref.clone()).collect();
    let mut by_agent: BTreeMap<AgentId, Vec<CommitId>> = BTreeMap::new();
    for moved in refs {
        if let (Some(agent), Some(old)) = (agent_of(plan, moved), &moved.old) {
            by_agent.entry(agent).or_default().push(old.clone());
        }
    }
    let mut kept = Vec::new();
    for (agent, commits) in by_agent {
        let commits = hub.repository.unreachable_without(&commits, &gone)?;
        kept.extend(hub.keep_commits(session, UNDO, agent, &commits)?);
    }
    Ok(kept)
}

/// Whose work a ref names; of a merge the first agent that was merged.
fn agent_of(plan: &Plan, moved: &RefMove) -> Option<AgentId> {
    let branch = moved.r#ref.branch();
    let attempt = branch.and_then(|name| name.as_str().parse::<AttemptBranch>().ok());
    let tag = moved.r#ref.as_str().strip_prefix("refs/tags/");
    let tag = tag.and_then(|name| name.parse::<ArchiveTag>().ok());
    let merged = || plan.target.intent.get("agent")?.as_str()?.parse().ok();
    attempt
        .map(|attempt| attempt.agent)
        .or_else(|| tag.map(|tag| tag.agent))
        .or_else(merged)
        .or_else(|| AgentId::new(1))
}

/// Brings a branch of the user's, with its checkout, where it was.
fn shift(hub: &Hub, session: &mut LockedSession, moved: &RefMove) -> Result<()> {
    let Some((branch, from, to)) = shifted(moved) else {
        return Ok(());
    };
    hub.record_moves(session, UNDO, Phase::Step, json!({}), vec![moved.clone()])?;
    let shift = Shift {
        branch: &branch,
        from,
        to,
    };
    hub.repository.shift(shift, "hub: undo")?;
    Ok(())
}

/// Removes a worktree that was found to hold nothing that is not kept.
fn remove_worktree(
    hub: &Hub,
    session: &mut LockedSession,
    moved: &WorktreeMove,
) -> Result<Vec<SnapshotReport>> {
    let path = &moved.path;
    let there = hub.repository.worktrees()?;
    let Some(found) = there.iter().find(|known| known.path == *path) else {
        return Ok(Vec::new());
    };
    let named = hub.repository.named_by(path)?;
    let mut kept = hub.keep_discarded(session, UNDO, moved.agent, &named)?;
    if let Some(branch) = &found.branch {
        let named = hub.repository.branch_reflog(branch)?;
        kept.extend(hub.keep_discarded(session, UNDO, moved.agent, &named)?);
    }
    if found.missing {
        hub.repository.forget_worktree(path)?;
        return Ok(kept);
    }
    // A removal that a kill has cut off took the link to the repository first.
    hub.repository.repair_worktree(path)?;
    let changes = hub.repository.changes(path)?;
    let how = if changes.is_empty() {
        Removal::Checked
    } else {
        // Looked at before; whatever it is by now is kept.
        let before = seen(hub, path)?;
        kept.push(hub.keep_uncommitted(session, UNDO, moved.agent, path)?);
        if seen(hub, path)? != before {
            // Somebody is at work there: what came after the snapshot would be lost.
            return Err(git::Error::DirtyWorktree(path.clone()).into());
        }
        Removal::Snapshotted
    };
    hub.repository.remove_worktree(path, how)?;
    Ok(kept)
}

fn bring_back(hub: &Hub, session: &mut LockedSession, moved: &WorktreeMove) -> Result<()> {
    let Some(standing) = &moved.new else {
        return Ok(());
    };
    let Some(comeback) = comeback_of(hub, moved, standing)? else {
        return Err(Error::FolderInTheWay(moved.path.clone()));
    };
    let plan = comeback::plan(hub, comeback)?;
    if !plan.is_empty() {
        plan.carry_out(hub, session, UNDO)?;
    }
    Ok(())
}

/// Clears away what a kill has left of a worktree that was being brought back, and gives one that
/// was being removed its link to the repository again.
pub(super) fn clear(hub: &Hub, session: &LockedSession, moved: &WorktreeMove) -> Result<()> {
    let Some(standing) = &moved.new else {
        return Ok(hub.repository.repair_worktree(&moved.path)?);
    };
    let Some(comeback) = comeback_of(hub, moved, standing)? else {
        return Ok(());
    };
    let half_made = comeback::Plan {
        comeback,
        makes_branch: false,
        makes_worktree: true,
        puts_work: false,
    };
    half_made.take_back(hub, &session.config().session_id)
}

/// The state and the agents' records, in one replacement of their file.
fn change_state(hub: &Hub, session: &mut LockedSession, plan: &Plan) -> Result<()> {
    let state = plan.todo.state.as_ref().map(|state| state.new);
    let agents = plan.todo.agents.as_ref().map(|agents| agents.new.clone());
    if state.is_none() && agents.is_none() {
        return Ok(());
    }
    let now = hub.now();
    Ok(session.put_back(state, agents, now)?)
}
