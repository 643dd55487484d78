//! What is there now, held against what taking an operation back wants: done already, to be
//! done, or in the way.

use crate::domain::effects::{Effects, Place, Standing, WorktreeMove};
use crate::domain::event::RefMove;
use crate::domain::refs::{AttemptBranch, BranchName, CommitId};
use crate::git::{ChangeKind, Shift, Worktree};
use crate::lifecycle::agents::Seen;
use crate::lifecycle::comeback::{self, Comeback};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::worktrees::LeftByEval;
use crate::store::StoredSession;

use super::{Obstacle, Plan};

/// The state, the agents' records and the folder of the session.
pub(super) fn at_state(plan: &mut Plan, stored: &StoredSession, wanted: &Effects) -> Result<()> {
    let id = stored.config.session_id.clone();
    let state = stored.session.state();
    if let Some(moved) = wanted.state.clone() {
        if state == moved.old {
            plan.todo.state = Some(moved);
        } else if state != moved.new {
            let (name, old) = (plan.name, moved.old);
            plan.obstacle(
                format!("session {id} is {state}, not {old} as `hub {name}` left it"),
                format!("`hub events {id}` shows what was done since"),
            );
        }
    }
    if let Some(moved) = wanted.agents.clone() {
        let now = stored.agents_document()?;
        if now == moved.old {
            plan.todo.agents = Some(moved);
        } else if now != moved.new {
            plan.obstacle(
                format!("the agents of session {id} are others by now"),
                format!("`hub status {id}` shows them"),
            );
        }
    }
    if let Some(moved) = wanted.folder.clone()
        && stored.dir.place() == moved.old
    {
        plan.todo.folder = Some(moved);
    }
    Ok(())
}

/// Refs, and the checkouts that go along with branches.
pub(super) fn at_refs(plan: &mut Plan, hub: &Hub, wanted: &Effects) -> Result<()> {
    for moved in &wanted.refs {
        let found = hub.repository.ref_value(&moved.r#ref)?;
        if found == moved.new {
            continue;
        }
        if found != moved.old {
            let at = |id: &Option<CommitId>| match id {
                Some(id) => format!("at {}", id.short()),
                None => "gone".to_owned(),
            };
            let (name, left) = (&moved.r#ref, at(&moved.old));
            let what = format!("{name} is {}, not {left}", at(&found));
            plan.obstacle(what, hint_for_ref(moved, found.as_ref()));
            continue;
        }
        if let Some(new) = moved.new.as_ref()
            && !hub.repository.has_object(new)?
        {
            let what = format!(
                "{} cannot be at {} again: git has removed that object",
                moved.r#ref,
                new.short()
            );
            plan.obstacle(what, format!("`hub {}` makes it anew", plan.name));
            continue;
        }
        if let Some((branch, from, to)) = shifted(moved)
            && let Err(error) = hub.repository.check_shift(Shift {
                branch: &branch,
                from,
                to,
            })
        {
            if error.is_of_system() {
                return Err(error.into());
            }
            plan.obstacles.push(Obstacle::of(&Error::from(error)));
            continue;
        }
        plan.todo.refs.push(moved.clone());
    }
    Ok(())
}

/// A branch of the user's that is moved, not made or removed: its checkout goes along.
pub(in crate::lifecycle::undo) fn shifted(
    moved: &RefMove,
) -> Option<(BranchName, &CommitId, &CommitId)> {
    let branch = moved.r#ref.branch()?;
    Some((branch, moved.old.as_ref()?, moved.new.as_ref()?))
}

fn hint_for_ref(moved: &RefMove, found: Option<&CommitId>) -> String {
    let name = &moved.r#ref;
    match (found, &moved.old) {
        (Some(_), Some(old)) => format!("`git log {}..{name}` shows what came since", old.short()),
        (Some(_), None) => format!("`git log {name}` shows what it is"),
        (None, Some(old)) => format!("`git update-ref {name} {}` brings it back", old.short()),
        (None, None) => String::new(),
    }
}

/// Worktrees that come back or go.
pub(super) fn at_worktrees(
    plan: &mut Plan,
    hub: &Hub,
    stored: &StoredSession,
    wanted: &Effects,
) -> Result<()> {
    if wanted.worktrees.is_empty() {
        return Ok(());
    }
    let there = hub.repository.worktrees()?;
    let left = LeftByEval::of(stored.clone())?;
    for moved in &wanted.worktrees {
        let found = there.iter().find(|worktree| worktree.path == moved.path);
        match (&moved.old, &moved.new) {
            (None, Some(standing)) => at_return(plan, hub, moved, standing)?,
            (Some(standing), None) => {
                if let Some(found) = found {
                    at_removal(plan, hub, &left, moved, standing, found)?;
                }
            }
            _ => {
                let path = moved.path.display();
                plan.obstacle(
                    format!("work was put into {path}, which hub does not take out of it again"),
                    format!("`git -C {path} stash -u` takes it away and keeps it"),
                );
            }
        }
    }
    let comes_back = |one: &WorktreeMove| one.new.is_some();
    if plan.todo.worktrees.iter().any(comes_back) {
        let note = "files that git ignores are kept nowhere and do not come back";
        plan.notes.push(note.to_owned());
    }
    Ok(())
}

/// Where a worktree comes back to.
pub(in crate::lifecycle::undo) fn comeback_of(
    hub: &Hub,
    moved: &WorktreeMove,
    standing: &Standing,
) -> Result<Option<Comeback>> {
    if let Some(snapshot) = &standing.snapshot
        && !hub.repository.has_object(snapshot)?
    {
        return Ok(None);
    }
    Ok(Some(Comeback {
        agent: moved.agent,
        worktree: moved.path.clone(),
        branch: standing.branch.clone(),
        commit: standing.commit.clone(),
        snapshot: standing.snapshot.clone(),
    }))
}

fn at_return(plan: &mut Plan, hub: &Hub, moved: &WorktreeMove, standing: &Standing) -> Result<()> {
    let Some(comeback) = comeback_of(hub, moved, standing)? else {
        let snapshot = standing.snapshot.as_ref().map(CommitId::short);
        plan.obstacle(
            format!(
                "the uncommitted work of {} is not there any more: {} is gone",
                moved.path.display(),
                snapshot.unwrap_or_default()
            ),
            "it was removed by hand or had expired",
        );
        return Ok(());
    };
    match comeback::plan(hub, comeback) {
        Ok(back) if back.is_empty() => {}
        Ok(_) => plan.todo.worktrees.push(moved.clone()),
        Err(Error::Git(error)) if error.is_of_system() => return Err(error.into()),
        Err(
            error @ (Error::Git(_)
            | Error::Restore(_)
            | Error::WorktreeBusy { .. }
            | Error::FolderInTheWay(_)),
        ) => plan.obstacles.push(Obstacle::of(&error)),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn at_removal(
    plan: &mut Plan,
    hub: &Hub,
    left: &LeftByEval,
    moved: &WorktreeMove,
    standing: &Standing,
    found: &Worktree,
) -> Result<()> {
    let path = found.path.display().to_string();
    if let Some(reason) = &found.locked {
        let reason = if reason.is_empty() {
            ""
        } else {
            &format!(": {reason}")
        };
        plan.obstacle(
            format!("worktree {path} is locked{reason}"),
            format!("`git worktree unlock {path}`"),
        );
        return Ok(());
    }
    if found.missing {
        plan.todo.worktrees.push(moved.clone());
        return Ok(());
    }
    if let Some(what) = found.in_progress {
        plan.obstacle(
            format!("worktree {path} is in the middle of a {what}"),
            format!("finish or abort it there: `git -C {path} status`"),
        );
        return Ok(());
    }
    let same_branch = found.branch == standing.branch;
    if !same_branch || found.head.as_ref() != Some(&standing.commit) {
        let at = found.head.as_ref().map_or("nothing", CommitId::short);
        let on = found
            .branch
            .as_ref()
            .map_or("a detached HEAD", BranchName::as_str);
        let what = format!(
            "worktree {path} is at {at} on {on}, not at {}: somebody has worked there",
            standing.commit.short()
        );
        let id = &plan.id;
        let hint = format!("`hub archive {id}` ends the session and keeps its commits as tags");
        plan.obstacle(what, hint);
        return Ok(());
    }
    let mut work = hub.work_in(&found.path, left, moved.agent)?;
    work.extend(hub.repository.hidden_changes(&found.path)?);
    // The commit has what is gone; a removal that was cut off leaves nothing else.
    work.retain(|change| change.kind != ChangeKind::Gone);
    if !work.is_empty() && !is_kept(hub, standing, found)? {
        let first = work.first().map(|change| change.path.display().to_string());
        plan.obstacle(
            format!(
                "worktree {path} has uncommitted work: {}",
                first.unwrap_or_default()
            ),
            format!("look at it: `git -C {path} status`; `git -C {path} stash -u` takes it away and keeps it"),
        );
        return Ok(());
    }
    plan.todo.worktrees.push(moved.clone());
    Ok(())
}

/// Whether what a worktree holds beyond its commit is what a snapshot keeps.
fn is_kept(hub: &Hub, standing: &Standing, found: &Worktree) -> Result<bool> {
    let Some(kept) = &standing.snapshot else {
        return Ok(false);
    };
    let now = hub.repository.snapshot(&found.path, "what is there now")?;
    Ok(hub.repository.has_object(kept)? && hub.repository.same_content(kept, &now)?)
}

/// Files of the session's folder.
pub(super) fn at_files(plan: &mut Plan, stored: &StoredSession, wanted: &Effects) {
    let folder = stored.dir.path();
    for moved in &wanted.files {
        let (old, new) = (folder.join(&moved.old), folder.join(&moved.new));
        match (old.exists(), new.exists()) {
            (true, false) => plan.todo.files.push(moved.clone()),
            (true, true) => plan.obstacle(
                format!("{} is there already", new.display()),
                "put it elsewhere by hand",
            ),
            (false, _) => {}
        }
    }
}

/// Nobody may be at work in the session.
pub(super) fn at_agents(plan: &mut Plan, hub: &Hub, stored: &StoredSession) -> Result<()> {
    // Nothing runs in one whose making was taken back, and most of these have no agents.
    if stored.session.agents().is_empty() || stored.dir.place() == Place::Undone {
        return Ok(());
    }
    let seen = Seen::look(&hub.dir, stored.clone())?;
    for (agent, record) in seen.stored.session.agents() {
        let lost = seen.is_lost(*agent);
        if !(record.status().is_active() || seen.is_at_work(*agent) || lost) {
            continue;
        }
        let id = plan.id.clone();
        let what = if lost {
            format!("{agent} is lost, and may have left something running")
        } else {
            format!("{agent} runs")
        };
        plan.obstacle(what, format!("`hub stop {id} --agent {agent}`"));
    }
    Ok(())
}

/// What others may have fetched already is not taken from under them without a yes.
pub(super) fn at_remotes(plan: &mut Plan, hub: &Hub) -> Result<()> {
    let moved: Vec<(BranchName, CommitId, CommitId)> = plan
        .todo
        .refs
        .iter()
        .filter_map(|moved| {
            let (branch, from, to) = shifted(moved)?;
            let own = branch.as_str().parse::<AttemptBranch>().is_ok();
            (!own).then(|| (branch, from.clone(), to.clone()))
        })
        .collect();
    for (branch, from, to) in moved {
        // Forth again is no loss for anybody.
        if hub.repository.is_ancestor(&from, &to)? {
            continue;
        }
        for remote in hub.repository.refs_under("refs/remotes/")? {
            if !hub.repository.is_ancestor(&from, &remote.commit)? {
                continue;
            }
            let name = remote.name.as_str().trim_start_matches("refs/remotes/");
            plan.questions.push(Obstacle {
                what: format!("{branch} was pushed with it: {name} holds {}", from.short()),
                hint: Some(format!("`hub undo {} --yes` does it all the same; `git revert -m 1 {}` undoes a merge for everybody", plan.id, from.short())),
            });
        }
    }
    Ok(())
}
