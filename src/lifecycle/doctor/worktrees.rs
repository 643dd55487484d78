//! The worktrees of agents: whether they stand, on the right branch, free, and at rest.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::domain::event::{self, Operation};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{AttemptBranch, BranchName};
use crate::domain::report::{Danger, FindingCode};
use crate::domain::session::AgentRecord;
use crate::domain::text::quoted;
use crate::git::Worktree;
use crate::lifecycle::comeback::{self, Comeback};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::{restore, spawn};

use super::found::{Found, in_journal};
use super::view::{Looked, View};

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let known: BTreeMap<&Path, &Worktree> = view
        .worktrees
        .iter()
        .map(|worktree| (worktree.path.as_path(), worktree))
        .collect();
    let root = view.hub.worktree_root();
    let root_gone = !root.exists();
    let mut unmounted = 0;
    for looked in view.at_rest() {
        view.hub.interrupt.check()?;
        for (agent, record) in looked.stored.session.agents() {
            if looked.is_at_work(*agent) {
                continue;
            }
            let path = record.worktree.as_deref();
            let worktree = path.and_then(|path| known.get(path).copied());
            let is_missing = worktree.is_none_or(|worktree| worktree.missing);
            if let Some(path) = path.filter(|path| is_missing && !path.exists()) {
                // A session at its end may have been cleaned up.
                let wanted = worktree.is_some() || !looked.state().is_terminal();
                if root_gone && path.starts_with(&root) {
                    unmounted += usize::from(wanted);
                } else if wanted {
                    found.push(missing(view, looked, *agent, record, path, worktree));
                }
            } else if let Some(worktree) = worktree {
                found.extend(standing(view.hub, looked, *agent, record, worktree)?);
            }
        }
    }
    found.extend(shared(view));
    if unmounted > 0 {
        found.insert(0, no_root(&root, unmounted));
    }
    Ok(found)
}

fn no_root(root: &Path, count: usize) -> Found {
    let what = format!("the folder of all worktrees is not there, and with it {count} of them");
    let found = Found::a(FindingCode::RootGone, what).because(
        "a disk is not mounted, the repository or the folder was moved, or somebody removed it",
        Danger::Loss,
        "what was not committed in them is where the folder is now",
    );
    found
        .at(root)
        .hint("mount it or move it back; after a move `git worktree repair NEW-PATH…` finds them")
}

fn missing(
    view: &View<'_>,
    looked: &Looked,
    agent: AgentId,
    record: &AgentRecord,
    path: &Path,
    worktree: Option<&Worktree>,
) -> Found {
    let what = format!("the worktree of {agent} is gone");
    let at_end = looked.state().is_terminal();
    let found = Found::a(FindingCode::MissingWorktree, what).because(
        "the folder was removed or moved by hand",
        if at_end { Danger::None } else { Danger::Loss },
        "its commits are on its branch; what was not committed went with the folder",
    );
    let found = found.of(&looked.id).agent(agent).at(path);
    let reason = worktree.and_then(|worktree| worktree.locked.as_ref());
    if at_end && worktree.is_some() && reason.is_none() {
        let (id, path) = (looked.id.clone(), path.to_path_buf());
        let fix = "lets git forget it; commits that nothing else names are kept as snapshots";
        return found.cured(fix, move |hub| forget(hub, &id, agent, &path));
    }
    if reason.is_some() {
        return found.hint("somebody has locked it: its disk may not be mounted");
    }
    let refs = view.refs_of(&looked.id);
    let branch = refs.branches.get(&(agent, record.attempt));
    let Some(commit) = branch.and_then(|branch| branch.commit.clone()) else {
        return found.hint("if it was moved: `git worktree repair NEW-PATH`");
    };
    let comeback = Comeback {
        agent,
        worktree: path.to_path_buf(),
        branch: Some(record.branch.clone()),
        commit,
        snapshot: None,
    };
    let id = looked.id.clone();
    let question = format!("Make the worktree of {agent} of session {id} again from its branch?");
    let hint = format!(
        "`hub restore {id} {agent}` does the same; if it was moved: `git worktree repair NEW-PATH`"
    );
    let fix = "makes it again from its branch";
    found
        .hint(hint)
        .asks(question, fix, move |hub| bring_back(hub, &id, comeback))
}

fn forget(hub: &Hub, id: &SessionId, agent: AgentId, path: &Path) -> Result<()> {
    in_journal(hub, id, json!({ "mends": "missing_worktree" }), |session| {
        let named = hub.repository.named_by(path)?;
        hub.keep_discarded(session, Operation::Doctor, agent, &named)?;
        Ok(hub.repository.forget_worktree(path)?)
    })?;
    hub.drop_empty_folders(id);
    Ok(())
}

fn bring_back(hub: &Hub, id: &SessionId, comeback: Comeback) -> Result<()> {
    let mut session = hub.lock(id, "doctor")?;
    let _lock = hub.lock_repository("doctor")?;
    let plan = comeback::plan(hub, comeback)?;
    restore::bring_back(hub, &mut session, &[plan])
}

/// A worktree that is there.
fn standing(
    hub: &Hub,
    looked: &Looked,
    agent: AgentId,
    record: &AgentRecord,
    worktree: &Worktree,
) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    found.extend(locked(looked, worktree));
    if let Some(what) = worktree.in_progress {
        found.push(halted(worktree, what));
    } else if worktree.branch.as_ref() != Some(&record.branch)
        && !looked.state().is_terminal()
        // What settles an operation puts its worktrees back.
        && event::unfinished(&looked.events).is_none()
    {
        found.push(other_branch(hub, agent, record, worktree)?);
    }
    let whole = found.into_iter();
    Ok(whole
        .map(|one| one.of(&looked.id).agent(agent).at(&worktree.path))
        .collect())
}

fn locked(looked: &Looked, worktree: &Worktree) -> Option<Found> {
    let reason = worktree.locked.as_ref()?;
    let path = worktree.path.clone();
    let risk = "it cannot be removed as long as it is locked";
    if reason == spawn::MAKING {
        let what = "the worktree is locked by a hub that is gone";
        let found = Found::a(FindingCode::LockedWorktree, what).because(
            "hub was killed while it made the worktree",
            Danger::Blocked,
            risk,
        );
        let id = looked.id.clone();
        return Some(found.cured("unlocks it", move |hub| {
            let _session = hub.lock(&id, "doctor")?;
            Ok(hub.repository.unlock_worktree(&path)?)
        }));
    }
    // Whoever locked it meant to; it is in nobody's way before the end.
    if !looked.state().is_terminal() {
        return None;
    }
    let what = match reason.as_str() {
        "" => "the worktree is locked".to_owned(),
        reason => format!("the worktree is locked: {reason}"),
    };
    let found = Found::a(FindingCode::LockedWorktree, what).because(
        "somebody has locked it by hand",
        Danger::Blocked,
        risk,
    );
    Some(found.hint(format!("`git worktree unlock {}`", quoted(&path))))
}

fn halted(worktree: &Worktree, what: &str) -> Found {
    let path = quoted(&worktree.path);
    let sentence = format!("a {what} is under way in the worktree");
    let found = Found::a(FindingCode::HaltedWorktree, sentence).because(
        "a conflict halted it, or whoever began it was ended",
        Danger::Misleading,
        "what is measured there is not what the branch holds, and cleanup refuses it",
    );
    found.hint(match what {
        "bisect" => format!("`git -C {path} bisect reset`"),
        what => format!("`git -C {path} {what} --continue`, or `--abort`"),
    })
}

fn other_branch(
    hub: &Hub,
    agent: AgentId,
    record: &AgentRecord,
    worktree: &Worktree,
) -> Result<Found> {
    let head = worktree.head.as_slice();
    let unreached = !hub.repository.unreachable(head)?.is_empty();
    let on = match (&worktree.branch, head.first()) {
        (Some(branch), _) => format!("on branch {branch}"),
        (None, Some(commit)) => format!("on no branch, at {}", commit.short()),
        (None, None) => "on no branch".to_owned(),
    };
    let own = &record.branch;
    let what = format!("the worktree of {agent} is {on}, and not on {own}");
    let found = Found::a(FindingCode::OtherBranch, what).because(
        "the agent, or somebody else, has checked something else out",
        if unreached {
            Danger::Loss
        } else {
            Danger::Misleading
        },
        if unreached {
            "no ref reaches what was committed there; it is neither measured nor merged"
        } else {
            "what is committed there is neither measured nor merged"
        },
    );
    let path = quoted(&worktree.path);
    let here = match (&worktree.branch, head.first()) {
        (Some(branch), _) => branch.to_string(),
        (None, Some(commit)) => commit.short().to_owned(),
        (None, None) => return Ok(found.hint(format!("`git -C {path} switch {own}`"))),
    };
    Ok(found.hint(format!(
        "`git -C {path} switch {own}`, then `git -C {path} merge {here}` if that is to count"
    )))
}

/// Branches that are checked out in more than one worktree, one of them an agent's.
fn shared(view: &View<'_>) -> Vec<Found> {
    let mut by_branch: BTreeMap<&BranchName, Vec<&Worktree>> = BTreeMap::new();
    for worktree in view.worktrees.iter().filter(|worktree| !worktree.missing) {
        if let Some(branch) = &worktree.branch {
            by_branch.entry(branch).or_default().push(worktree);
        }
    }
    let shared = by_branch.into_iter().filter(|(_, all)| all.len() > 1);
    shared
        .filter_map(|(branch, all)| {
            let attempt: AttemptBranch = branch.as_str().parse().ok()?;
            let only = view.only.as_ref();
            if only.is_some_and(|only| *only != attempt.session) {
                return None;
            }
            let other = all
                .iter()
                .find(|one| view.owner(&one.path).is_none())
                .or(all.last())?;
            let what = format!("{branch} is checked out in {} worktrees", all.len());
            let found = Found::a(FindingCode::SharedBranch, what).because(
                "it was checked out a second time by force",
                Danger::Loss,
                "a commit in one of them is taken back by the next commit in the other",
            );
            let found = found.of(&attempt.session).agent(attempt.agent);
            let hint = format!("`git -C {} switch --detach`", quoted(&other.path));
            Some(
                found
                    .r#ref(branch.full().as_str())
                    .at(&other.path)
                    .hint(hint),
            )
        })
        .collect()
}
