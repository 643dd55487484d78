//! `hub events`: the journal of a session, or of all of them, as it is or as it grows.

use std::collections::BTreeMap;

use crate::domain::event;
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::owner::UserName;
use crate::domain::report::{
    AllEventsReport, CorruptSession, EventsReport, FollowedEvent, JournalReport,
};
use crate::store::{self, Tail, current_host, current_user};

use super::error::Result;
use super::hub::Hub;
use super::undo;

/// Who reads: whose lines need no name.
#[must_use]
pub fn reader() -> (UserName, String) {
    (current_user(), current_host())
}

/// Reads the journal of a session; the newest session's where none is named.
///
/// # Errors
/// When the session or its journal cannot be read.
pub fn run(hub: &Hub, session: Option<&SessionSelector>) -> Result<EventsReport> {
    let stored = hub.read(session, "", |_| true)?;
    let events = stored.events()?;
    let undo = match event::unfinished(&events) {
        // Whoever is at it, or settles it, decides what there is to take back.
        Some(_) => None,
        None => undo::undoable(hub, &stored, &events).unwrap_or_else(|error| {
            hub.warn(format!("what can be taken back is not known: {error}"));
            None
        }),
    };
    Ok(EventsReport {
        session_id: stored.config.session_id,
        events,
        undo,
    })
}

/// Reads the journals of all sessions, oldest first.
///
/// # Errors
/// When the hub directory cannot be read at all.
pub fn all(hub: &Hub) -> Result<AllEventsReport> {
    let (mut sessions, mut corrupt) = (Vec::new(), Vec::new());
    for session_id in hub.dir.session_ids()? {
        match Tail::of(&hub.dir.session(&session_id)).look() {
            Ok(events) => sessions.push(JournalReport { session_id, events }),
            Err(error) => corrupt.push(CorruptSession {
                session_id,
                reason: error.to_string(),
            }),
        }
    }
    Ok(AllEventsReport { sessions, corrupt })
}

/// Journals that are followed.
#[derive(Debug)]
pub struct Follow {
    /// Whether sessions that are made later are followed, too.
    all: bool,
    journals: BTreeMap<SessionId, Followed>,
}

#[derive(Debug)]
enum Followed {
    Read(Tail),
    /// It is damaged, which was said.
    PassedOver,
}

/// Begins to follow the journal of a session; the newest session's where none is named.
///
/// # Errors
/// When the session cannot be read.
pub fn follow(hub: &Hub, session: Option<&SessionSelector>) -> Result<Follow> {
    let stored = hub.read(session, "", |_| true)?;
    let tail = Followed::Read(Tail::of(&stored.dir));
    Ok(Follow {
        all: false,
        journals: BTreeMap::from([(stored.config.session_id, tail)]),
    })
}

/// Begins to follow the journals of all sessions, those that are made later among them.
#[must_use]
pub fn follow_all() -> Follow {
    Follow {
        all: true,
        journals: BTreeMap::new(),
    }
}

impl Follow {
    /// What was written since the last look, in the order of time.
    ///
    /// A session that is taken back is forgotten. Among all sessions, one whose journal is
    /// damaged is passed over with a warning.
    ///
    /// # Errors
    /// When the hub directory, or the journal of the one session, cannot be read.
    pub fn look(&mut self, hub: &Hub) -> Result<Vec<FollowedEvent>> {
        if self.all {
            let there = hub.dir.session_ids()?;
            self.journals
                .retain(|id, _| there.binary_search(id).is_ok());
            for id in there {
                let dir = hub.dir.session(&id);
                let new = || Followed::Read(Tail::of(&dir));
                self.journals.entry(id).or_insert_with(new);
            }
        }
        let mut found = Vec::new();
        for (id, journal) in &mut self.journals {
            let Followed::Read(tail) = journal else {
                continue;
            };
            match tail.look() {
                Ok(events) => found.extend(events.into_iter().map(|event| FollowedEvent {
                    session_id: id.clone(),
                    event,
                })),
                Err(error @ store::Error::Corrupt { .. }) if self.all => {
                    hub.warn(format!("session {id} is passed over: {error}"));
                    *journal = Followed::PassedOver;
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Stable: within a session the journal's own order stays.
        found.sort_by_key(|followed| followed.event.time);
        Ok(found)
    }
}
