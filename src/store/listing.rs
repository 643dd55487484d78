//! Many sessions at once: what `hub list` tells of each.
//!
//! Sessions are looked at on all processors. From [`WORTH_IT`] sessions on, what was found the
//! last time is used again where both files of a session are as they were then (`list_cache`).

use std::collections::{BinaryHeap, HashSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::thread;

use crate::domain::id::SessionId;
use crate::domain::report::{ListedSession, ListedState};
use crate::domain::state::SessionState;

use super::error::{Error, Result};
use super::hub_dir::HubDir;
use super::list_cache::{self, CacheFile, Draft, Entries, Entry, FileTime, Stamp, Stamps};
use super::owner::owner_of;
use super::session::Files;

/// With how many sessions looking into a cache is worth it: fewer are read in no time.
const WORTH_IT: usize = 128;

/// How many sessions are looked at before the first of them is told of.
const AT_ONCE: usize = 4096;

/// What stands in the folder of sessions under the name of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundSession {
    /// The session.
    pub id: SessionId,
    /// Whether it is a folder, and no link to one.
    is_folder: bool,
}

impl HubDir {
    /// All sessions, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn found_sessions(&self) -> Result<Vec<FoundSession>> {
        let mut found = self.find_all()?;
        found.sort();
        Ok(found)
    }

    /// All sessions, newest first; whoever needs the first few alone does not wait until all
    /// are in their order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest_first(&self) -> Result<impl Iterator<Item = SessionId>> {
        let mut heap = BinaryHeap::from(self.find_all()?);
        Ok(std::iter::from_fn(move || heap.pop()).map(|found| found.id))
    }

    /// All sessions, in no order. What is not named as a session is none.
    fn find_all(&self) -> Result<Vec<FoundSession>> {
        let folder = self.sessions();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", folder)(error)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &folder))?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.parse().ok());
            all.extend(id.map(|id| FoundSession {
                id,
                is_folder: entry.file_type().is_ok_and(|kind| kind.is_dir()),
            }));
        }
        Ok(all)
    }

    /// Tells of each of some sessions, in their order, until `each` has enough.
    ///
    /// Whoever will have enough after a few says how many that are at most. A session whose
    /// files are damaged is `corrupt`, with the reason; one that is gone is passed over.
    pub fn list(
        &self,
        sessions: &[FoundSession],
        at_most: Option<usize>,
        each: impl FnMut(ListedSession) -> ControlFlow<()>,
    ) {
        let looked_at = at_most.map_or(sessions.len(), |most| most.min(sessions.len()));
        let cache = (looked_at >= WORTH_IT).then(|| CacheFile::of(self.path()));
        self.list_with(cache.as_ref(), sessions, each);
    }

    fn list_with(
        &self,
        cache: Option<&CacheFile>,
        sessions: &[FoundSession],
        mut each: impl FnMut(ListedSession) -> ControlFlow<()>,
    ) {
        let bytes = cache.map(CacheFile::read).unwrap_or_default();
        let known = list_cache::parse(&bytes);
        let mut pass = Pass {
            hub: self,
            // Without it nothing is known to be as it was.
            folder: cache.and_then(|_| File::open(self.sessions()).ok()),
            cache,
            known: &known,
            draft: None,
            fresh: Vec::new(),
        };
        for some in sessions.chunks(AT_ONCE) {
            for listed in pass.look_at(some) {
                if each(listed).is_break() {
                    return;
                }
            }
        }
        pass.finish(sessions);
    }
}

/// One pass over the sessions.
struct Pass<'p> {
    hub: &'p HubDir,
    folder: Option<File>,
    cache: Option<&'p CacheFile>,
    known: &'p Entries<'p>,
    draft: Option<Draft>,
    /// Entries of what had to be read.
    fresh: Vec<Entry<'static>>,
}

impl Pass<'_> {
    fn look_at(&mut self, sessions: &[FoundSession]) -> Vec<ListedSession> {
        let mut found = on_all_processors(sessions, |session| self.recall(session));
        let unknown: Vec<(usize, &FoundSession)> = found
            .iter()
            .zip(sessions)
            .enumerate()
            .filter(|(_, (found, _))| found.is_none())
            .map(|(place, (_, session))| (place, session))
            .collect();
        let moment = self.moment(unknown.len());
        let read = on_all_processors(&unknown, |(_, session)| self.read(session, moment));
        for ((place, _), (listed, entry)) in unknown.into_iter().zip(read) {
            self.fresh.extend(entry);
            if let Some(slot) = found.get_mut(place) {
                *slot = listed;
            }
        }
        found.into_iter().flatten().collect()
    }

    /// A session that is as it was when it was last read.
    fn recall(&self, session: &FoundSession) -> Option<ListedSession> {
        let entry = Entry::of(self.known.get(session.id.as_str())?)?;
        if !entry.is_of(&self.stamps(session)?) {
            return None;
        }
        let mut listed = entry.listed(session.id.clone())?;
        if !entry.names_owner() {
            listed.owner = owner_of(self.hub.session(&session.id).path());
        }
        Some(listed)
    }

    /// What is written after this moment, by the clock of the file system, is seen next time.
    fn moment(&mut self, unknown: usize) -> Option<FileTime> {
        if unknown > 0 && self.draft.is_none() {
            self.draft = self.cache.and_then(CacheFile::draft);
        }
        self.draft.as_ref().map(|draft| draft.begun)
    }

    fn stamps(&self, session: &FoundSession) -> Option<Stamps> {
        let folder = self.folder.as_ref().filter(|_| session.is_folder)?;
        let stamp = |name| Stamp::of(folder, &format!("{}/{name}", session.id));
        Some([stamp("config.yaml")?, stamp("state.json")?])
    }

    /// Reads a session; `None` for one that is gone. The stamps are from before.
    fn read(
        &self,
        session: &FoundSession,
        moment: Option<FileTime>,
    ) -> (Option<ListedSession>, Option<Entry<'static>>) {
        let stamps = moment.and_then(|moment| {
            let stamps = self.stamps(session)?;
            stamps
                .iter()
                .all(|s| s.is_settled(moment))
                .then_some(stamps)
        });
        match Files::read(self.hub.session(&session.id)) {
            Ok(files) => {
                let owner_is_named = files.config.names_owner();
                let (listed, state) = listed(files);
                let entry =
                    stamps.and_then(|stamps| Entry::new(&listed, state, owner_is_named, stamps));
                (Some(listed), entry)
            }
            // It was taken back between the two looks.
            Err(Error::NoSession { .. }) => (None, None),
            Err(error) => (
                Some(unreadable(session.id.clone(), error.to_string())),
                None,
            ),
        }
    }

    /// Writes the cache anew where that saves more than it takes.
    fn finish(self, sessions: &[FoundSession]) {
        let Some(draft) = self
            .draft
            .filter(|_| is_worth_it(self.fresh.len(), sessions.len()))
        else {
            return;
        };
        let there: HashSet<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
        let fresh: HashSet<&str> = self.fresh.iter().map(Entry::id).collect();
        let old = self.known.iter();
        let old = old.filter(|(id, _)| there.contains(*id) && !fresh.contains(*id));
        let old: Vec<Entry<'_>> = old.filter_map(|(_, bytes)| Entry::of(bytes)).collect();
        let entries: Vec<&Entry<'_>> = self.fresh.iter().chain(&old).collect();
        if let Err(error) = draft.finish(entries.into_iter()) {
            log::debug!("no cache: {error}");
        }
    }
}

/// Whether as much had to be read as it takes to write the cache: the few that are at work
/// change all the time.
fn is_worth_it(fresh: usize, sessions: usize) -> bool {
    fresh > sessions / 64
}

fn listed(files: Files) -> (ListedSession, SessionState) {
    let (config, session) = (files.config.config, files.state.session);
    let state = session.state();
    let listed = ListedSession {
        session_id: config.session_id,
        state: state.into(),
        task: Some(config.task.to_string()),
        agents: Some(config.agent_count),
        created: Some(config.created),
        updated: Some(session.updated),
        base_branch: Some(config.base_branch),
        owner: config.owner,
        parent: config.parent,
        reason: None,
    };
    (listed, state)
}

fn unreadable(session_id: SessionId, reason: String) -> ListedSession {
    ListedSession {
        session_id,
        state: ListedState::Corrupt,
        task: None,
        agents: None,
        created: None,
        updated: None,
        base_branch: None,
        owner: None,
        parent: None,
        reason: Some(reason),
    }
}

/// What `work` makes of each, in their order.
fn on_all_processors<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    /// Fewer are done before another thread has begun.
    const TOO_FEW: usize = 32;
    let most = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    let threads = most.min(all.len() / TOO_FEW);
    if threads < 2 {
        return all.iter().map(work).collect();
    }
    let share = all.len().div_ceil(threads);
    let work = &work;
    thread::scope(|scope| {
        let parts: Vec<_> = all
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()))
            .collect();
        let done = parts.into_iter().map(|part| match part.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.flatten().collect()
    })
}

#[cfg(test)]
mod tests;
