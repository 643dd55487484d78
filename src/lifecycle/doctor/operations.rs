//! Operations and files that a killed hub has left half done.

use crate::domain::event;
use crate::domain::report::{Danger, FindingCode};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::store::{self, StoredSession};

use super::found::Found;
use super::view::{Looked, View};

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    // Whoever holds the lock is about to finish what it has begun.
    for looked in view.at_rest() {
        view.hub.interrupt.check()?;
        found.extend(unfinished(looked));
        found.extend(files(looked));
    }
    if view.only.is_none() {
        found.extend(out_of_sight(view.hub));
    }
    Ok(found)
}

/// Undos of sessions that are not listed any more, or not yet again.
fn out_of_sight(hub: &Hub) -> Vec<Found> {
    let ids = hub.dir.undone_ids().unwrap_or_default().into_iter();
    let stored = ids.filter_map(|id| StoredSession::read_anywhere(&hub.dir, &id).ok());
    stored
        .filter(|stored| stored.dir.is_free())
        .filter(|stored| {
            let events = stored.events().unwrap_or_default();
            event::unfinished(&events).is_some()
        })
        .map(|stored| {
            let id = stored.config.session_id;
            let what = "`hub undo` of its `hub init` was killed in the middle";
            let found = Found::a(FindingCode::UnfinishedOperation, what).because(
                "a kill, a crash or a power cut between two steps of it",
                Danger::Misleading,
                "nothing is lost; the session is not listed",
            );
            let found = found.of(&id).at(stored.dir.journal_file());
            found.cured("finishes it", move |hub| {
                hub.lock_anywhere(&id, "doctor").map(drop)
            })
        })
        .collect()
}

fn unfinished(looked: &Looked) -> Option<Found> {
    let unfinished = event::unfinished(&looked.events)?;
    let operation = unfinished.operation.as_str();
    let what = format!("`hub {operation}` was killed in the middle");
    let found = Found::a(FindingCode::UnfinishedOperation, what).because(
        "a kill, a crash or a power cut between two steps of it",
        Danger::Misleading,
        "nothing is lost; until it is settled some of what it was to change is as before",
    );
    let found = found.of(&looked.id).at(looked.dir().journal_file());
    let fix = "finishes it where its effect stands, else takes it back";
    let id = looked.id.clone();
    Some(found.cured(fix, move |hub| match hub.lock(&id, "doctor") {
        // One whose making was killed is taken back.
        Err(Error::Store(store::Error::NoSession { .. })) => Ok(()),
        other => other.map(drop),
    }))
}

fn files(looked: &Looked) -> Vec<Found> {
    let unfinished = looked.dir().unfinished_files();
    // Somebody may have come, and gone again, since the session was looked at.
    let at_work = !looked.dir().is_free();
    unfinished
        .into_iter()
        .filter(|path| !at_work && path.exists())
        .map(|path| {
            let what = "a file that was being written when hub was killed";
            let found = Found::a(FindingCode::UnfinishedFile, what).because(
                "hub was killed before the file was put in its place",
                Danger::None,
                "the file that it was to replace is whole",
            );
            let id = looked.id.clone();
            found.of(&id).at(path).cured("removes it", move |hub| {
                hub.lock(&id, "doctor")?.sweep();
                Ok(())
            })
        })
        .collect()
}
