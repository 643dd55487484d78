//! Worktrees of sessions that nobody needs any more.

use std::path::Path;

use crate::domain::id::SessionId;
use crate::domain::report::{Danger, FindingCode};
use crate::git::Worktree;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::scratch;
use crate::lifecycle::worktrees::LeftByEval;
use crate::store;

use super::found::Found;
use super::view::View;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let hub = view.hub;
    let root = hub.worktree_root();
    let mut found = Vec::new();
    for worktree in view.worktrees.iter().filter(|worktree| !worktree.is_main) {
        let Ok(below) = worktree.path.strip_prefix(&root) else {
            continue;
        };
        let session = session_of(below);
        if view.only.is_some() && view.only != session {
            continue;
        }
        match session {
            Some(id) if hub.is_scratch_of(&id, &worktree.path) => {
                found.extend(stale(hub, &id, worktree));
            }
            Some(id) => found.extend(spent(view, &id, worktree)),
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
fn stale(hub: &Hub, id: &SessionId, worktree: &Worktree) -> Option<Found> {
    // An older git keeps no reason.
    let by_hub = worktree
        .locked
        .as_deref()
        .is_some_and(|reason| reason == scratch::REASON || reason.is_empty());
    let dir = hub.dir.session(id);
    let at_work = dir.path().exists() && !dir.is_free();
    if !by_hub || at_work {
        return None;
    }
    let what = "a checkout of hub's own that nobody uses any more";
    let found = Found::a(FindingCode::StaleScratch, what).because(
        "hub was killed while it merged or measured",
        Danger::None,
        "it takes some space; nobody works in it",
    );
    let (session, path) = (id.clone(), worktree.path.clone());
    let found = found.of(id).at(&worktree.path);
    Some(found.cured("removes it", move |hub| remove(hub, &session, &path)))
}

fn remove(hub: &Hub, id: &SessionId, path: &Path) -> Result<()> {
    let _session = match hub.lock(id, "doctor") {
        Ok(session) => Some(session),
        // Nobody is left who could work in it.
        Err(Error::Store(store::Error::NoSession { .. })) => None,
        Err(error) => return Err(error),
    };
    hub.remove_scratch(path)?;
    hub.drop_empty_folders(id);
    Ok(())
}

/// A worktree of a session at its end without work in it.
fn spent(view: &View<'_>, id: &SessionId, worktree: &Worktree) -> Option<Found> {
    let looked = view.session(id).filter(|looked| looked.free)?;
    let (_, agent) = view.owner(&worktree.path)?;
    if !looked.state().is_terminal() || worktree.missing {
        return None;
    }
    let left = LeftByEval::of(looked.stored.clone()).ok()?;
    let work = view.hub.work_in(&worktree.path, &left, *agent);
    if !work.is_ok_and(|work| work.is_empty()) {
        return None;
    }
    let what = format!(
        "session {id} is {}, and the worktree holds no work",
        looked.state()
    );
    let found = Found::a(FindingCode::SpentWorktree, what).because(
        "the session came to its end and was not cleaned up",
        Danger::None,
        "it takes some space",
    );
    let hint = format!("`hub cleanup {id}` removes it");
    Some(found.of(id).agent(*agent).at(&worktree.path).hint(hint))
}
