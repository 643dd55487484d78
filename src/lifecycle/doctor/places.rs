//! The git program, the hub directory, and the worktrees beside it.

use std::path::Path;

use crate::domain::diagnostic::Diagnostic;
use crate::domain::id::SessionId;
use crate::domain::report::FindingCode;
use crate::git::Worktree;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::scratch;
use crate::lifecycle::worktrees::LeftByEval;
use crate::store::{HubDir, StoredSession};

use super::{Cure, Found};

/// git, and the hub directory as a whole.
pub(super) fn of_installation(hub: &Hub) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    if let Err(error) = hub.repository.check_program() {
        let finding = Found::new(FindingCode::Git, error.to_string());
        found.push(match error.hint() {
            Some(hint) => finding.hint(hint),
            None => finding,
        });
        // Without git nobody can tell what it ignores.
        return Ok(found);
    }
    if !hub.dir.path().exists() {
        return Ok(found);
    }
    if !hub.repository.ignores(&hub.dir.path().join("sessions"))? {
        let finding = Found::new(
            FindingCode::NotIgnored,
            "git does not ignore the hub directory",
        );
        let ignore = hub.dir.path().join(".gitignore");
        let fix = format!("writes `*` into {}", ignore.display());
        let finding = finding.at(hub.dir.path());
        let absent = !std::fs::metadata(&ignore).is_ok_and(|meta| meta.len() > 0);
        found.push(if hub.repository.tracks(Path::new(HubDir::NAME))? {
            finding
                .hint("`git rm -r --cached .agenthub` and a commit take it out of the repository")
        } else if absent {
            finding.cured(Cure::MakeDirectory, fix)
        } else {
            finding.hint(format!("write a line `*` into {}", ignore.display()))
        });
    }
    for path in hub.dir.dead_drafts() {
        let what = "a session that was being made, or removed, when hub was killed";
        let finding = Found::new(FindingCode::DeadDraft, what).at(path);
        found.push(finding.cured(Cure::RemoveDrafts, "removes the folder"));
    }
    Ok(found)
}

/// Whether the hub directory is ignored by now.
pub(super) fn check_ignored(hub: &Hub) -> Result<()> {
    if hub.repository.ignores(&hub.dir.path().join("sessions"))? {
        return Ok(());
    }
    let ignore = hub.dir.path().join(".gitignore");
    Err(Error::io("make git ignore", hub.dir.path())(
        std::io::Error::other(format!("{} does not", ignore.display())),
    ))
}

/// The worktrees in hub's folder that nobody needs.
pub(super) fn worktrees(hub: &Hub) -> Vec<Found> {
    let root = hub.worktree_root();
    let worktrees = match hub.repository.worktrees() {
        Ok(worktrees) => worktrees,
        Err(error) => {
            hub.warn(format!("the worktrees cannot be looked at: {error}"));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for worktree in worktrees.into_iter().filter(|worktree| !worktree.is_main) {
        let below = worktree.path.strip_prefix(&root).ok();
        let session = below.and_then(session_of);
        match session {
            Some(id) if hub.is_scratch_of(&id, &worktree.path) => {
                found.extend(scratch(hub, &id, &worktree));
            }
            Some(id) => found.extend(of_session(hub, &id, &worktree)),
            None if below.is_some() => found.push(unknown(&worktree)),
            None => {}
        }
    }
    found
}

/// The session whose folder a path below the root stands in.
fn session_of(below: &Path) -> Option<SessionId> {
    let mut names = below.components();
    let session = names.next()?.as_os_str().to_str()?.parse().ok()?;
    names.next().map(|_| session)
}

/// hub's own checkout: it stays only where hub was killed.
fn scratch(hub: &Hub, id: &SessionId, worktree: &Worktree) -> Option<Found> {
    // An older git keeps no reason.
    let by_hub = worktree
        .locked
        .as_deref()
        .is_some_and(|reason| reason == scratch::REASON || reason.is_empty());
    let at_work = hub.dir.session(id).path().exists() && !hub.dir.session(id).is_free();
    if !by_hub || at_work {
        return None;
    }
    let what = "a checkout of hub's own that nobody uses any more";
    let cure = Cure::RemoveScratch(id.clone(), worktree.path.clone());
    let finding = Found::new(FindingCode::StaleScratch, what)
        .of(id)
        .at(&worktree.path);
    Some(finding.cured(cure, "removes it"))
}

/// A worktree in the folder of a session: there must be the session, and something to do in it.
fn of_session(hub: &Hub, id: &SessionId, worktree: &Worktree) -> Option<Found> {
    if !hub.dir.session(id).path().exists() {
        return Some(unknown(worktree));
    }
    // One that is corrupt is told of as such.
    let stored = StoredSession::read(&hub.dir, id).ok()?;
    if !stored.session.state().is_terminal() {
        return None;
    }
    let of_agents = hub.worktrees_of_agents(&stored.session).ok()?;
    let owner = of_agents
        .into_iter()
        .find(|one| one.worktree == *worktree)?;
    let left = LeftByEval::of(stored.clone()).ok()?;
    let spent = worktree.missing
        || hub
            .work_in(&worktree.path, &left, owner.agent)
            .is_ok_and(|work| work.is_empty());
    spent.then(|| {
        let state = stored.session.state();
        let what = format!("session {id} is {state}, and the worktree holds no work");
        let mut found = Found::new(FindingCode::SpentWorktree, what)
            .of(id)
            .at(&worktree.path)
            .hint(format!("`hub cleanup {id}` removes it"));
        found.finding.agent = Some(owner.agent);
        found
    })
}

fn unknown(worktree: &Worktree) -> Found {
    let path = worktree.path.display().to_string();
    let path = shell_words::quote(&path).into_owned();
    let what = "a worktree in hub's folder that belongs to no session";
    let hint = format!("`git worktree remove {path}` removes it, unless it holds work");
    Found::new(FindingCode::UnknownWorktree, what)
        .at(&worktree.path)
        .hint(hint)
}
