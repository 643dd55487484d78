//! Many sessions at once: what `hub list` tells of each.
//!
//! Sessions are looked at on all processors. From [`WORTH_IT`] sessions on, what was found the
//! last time is used again where both files of a session are as they were then (`list_cache`).

use std::collections::{BinaryHeap, HashSet};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{AtFlags, FileType, RawDir, statat};
use rustix::io::Errno;

use crate::beneath;
use crate::domain::id::SessionId;
use crate::domain::report::{ListedSession, ListedState};
use crate::domain::state::SessionState;

use super::batches::in_batches;
use super::error::{Error, Result};
use super::hub_dir::HubDir;
use super::list_cache::{CacheFile, Draft, Entries, Entry, FileTime, Stamp, Stamps};
use super::owner::owner_of;
use super::session::Files;

/// With how many sessions looking into a cache is worth it: fewer are read in no time.
const WORTH_IT: usize = 128;

/// How much of the folder of sessions is read at once.
const BUFFER: usize = 64 * 1024;

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
        found.sort_by_cached_key(|found| found.id.rank());
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
        sessions_in(&self.sessions())
    }

    /// Makes something of each of some sessions, in their order, until `each` has enough.
    ///
    /// Any thread makes a part with `make`, of some that stand side by side; `each` is told of
    /// the parts in their order, on this one. Whoever will have enough after a few sessions says
    /// how many that are at most. A session whose files are damaged is `corrupt`, with the
    /// reason; one that is gone is passed over.
    pub fn list<P: Send>(
        &self,
        sessions: &[FoundSession],
        at_most: Option<usize>,
        make: impl Fn(&mut dyn Iterator<Item = ListedSession>) -> P + Sync,
        each: impl FnMut(P) -> ControlFlow<()>,
    ) {
        let looked_at = at_most.map_or(sessions.len(), |most| most.min(sessions.len()));
        let cache = (looked_at >= WORTH_IT).then(|| CacheFile::of(self.path()));
        self.list_with(cache.as_ref(), sessions, make, each);
    }

    fn list_with<P: Send>(
        &self,
        cache: Option<&CacheFile>,
        sessions: &[FoundSession],
        make: impl Fn(&mut dyn Iterator<Item = ListedSession>) -> P + Sync,
        each: impl FnMut(P) -> ControlFlow<()>,
    ) {
        let bytes = cache.map(CacheFile::read).unwrap_or_default();
        let pass = Pass {
            hub: self,
            cache,
            known: Entries::of(&bytes),
            draft: OnceLock::new(),
        };
        let work = |eye: &mut Eye<'_>, sessions: &[FoundSession]| {
            make(&mut sessions.iter().filter_map(|session| eye.look_at(session)))
        };
        if let Some(eyes) = in_batches(sessions, || Eye::of(&pass), work, each) {
            let fresh: Vec<_> = eyes.into_iter().flat_map(|eye| eye.fresh).collect();
            pass.finish(sessions, &fresh);
        }
    }
}

/// The sessions of a folder, in no order; of one that is not there none.
pub(super) fn sessions_in(path: &Path) -> Result<Vec<FoundSession>> {
    let failed = |error: Errno| Error::io("read", path)(io::Error::from(error));
    let folder = match beneath::open_folder(path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let mut buffer = Vec::with_capacity(BUFFER);
    let mut entries = RawDir::new(&folder, buffer.spare_capacity_mut());
    let mut all = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(id) = name.to_str().ok().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let kind = match entry.file_type() {
            // Not every file system tells it with the name.
            FileType::Unknown => statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| {
                    FileType::from_raw_mode(stat.st_mode)
                }),
            kind => kind,
        };
        let is_folder = kind.is_dir();
        all.push(FoundSession { id, is_folder });
    }
    Ok(all)
}

/// One pass over the sessions.
struct Pass<'p> {
    hub: &'p HubDir,
    cache: Option<&'p CacheFile>,
    known: Entries<'p>,
    /// The next cache, begun before the first session is read.
    draft: OnceLock<Option<Draft>>,
}

impl Pass<'_> {
    /// What is written after this moment, by the clock of the file system, is seen next time.
    fn moment(&self) -> Option<FileTime> {
        let begin = || self.cache.and_then(CacheFile::draft);
        let draft = self.draft.get_or_init(begin).as_ref();
        draft.map(|draft| draft.begun)
    }

    /// Writes the cache anew where that saves more than it takes.
    fn finish(self, sessions: &[FoundSession], fresh: &[Entry<'static>]) {
        let draft = self.draft.into_inner().flatten();
        let Some(draft) = draft.filter(|_| is_worth_it(fresh.len(), sessions.len())) else {
            return;
        };
        let there: HashSet<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
        let is_fresh: HashSet<&str> = fresh.iter().map(Entry::id).collect();
        let old = self.known.iter();
        let old = old.filter(|(id, _)| there.contains(*id) && !is_fresh.contains(*id));
        let old: Vec<Entry<'_>> = old.filter_map(|(_, bytes)| Entry::of(bytes)).collect();
        if let Err(error) = draft.finish(fresh.iter().chain(&old).collect()) {
            log::debug!("no cache: {error}");
        }
    }
}

/// How one thread looks at sessions.
struct Eye<'p> {
    pass: &'p Pass<'p>,
    /// Its own: threads that ask about the same open folder wait for each other.
    folder: Option<File>,
    path: String,
    /// Where the last session stood among those that are known.
    near: usize,
    /// Entries of what had to be read.
    fresh: Vec<Entry<'static>>,
}

impl<'p> Eye<'p> {
    fn of(pass: &'p Pass<'p>) -> Self {
        // Without a cache nothing is known to be as it was.
        let open = |_| beneath::open_folder(&pass.hub.sessions()).ok();
        Self {
            folder: pass.cache.and_then(open),
            pass,
            path: String::new(),
            near: 0,
            fresh: Vec::new(),
        }
    }

    /// `None` for a session that is gone.
    fn look_at(&mut self, session: &FoundSession) -> Option<ListedSession> {
        match self.recall(session) {
            Some(listed) => Some(listed),
            None => self.read(session),
        }
    }

    /// A session that is as it was when it was last read.
    fn recall(&mut self, session: &FoundSession) -> Option<ListedSession> {
        let known = &self.pass.known;
        let entry = Entry::of(known.find(session.id.as_str(), &mut self.near)?)?;
        if !entry.is_of(&self.stamps(session)?) {
            return None;
        }
        let mut listed = entry.listed(session.id.clone())?;
        if !entry.names_owner() {
            listed.owner = owner_of(self.pass.hub.session(&session.id).path());
        }
        Some(listed)
    }

    fn stamps(&mut self, session: &FoundSession) -> Option<Stamps> {
        let folder = self.folder.as_ref().filter(|_| session.is_folder)?;
        let mut stamp = |name| {
            self.path.clear();
            self.path.extend([session.id.as_str(), "/", name]);
            Stamp::of(folder, &self.path)
        };
        Some([stamp("config.yaml")?, stamp("state.json")?])
    }

    /// Reads a session; `None` for one that is gone. The stamps are from before.
    fn read(&mut self, session: &FoundSession) -> Option<ListedSession> {
        let stamps = self.pass.moment().and_then(|moment| {
            let stamps = self.stamps(session)?;
            let are_settled = stamps.iter().all(|s| s.is_settled(moment));
            are_settled.then_some(stamps)
        });
        match Files::read(self.pass.hub.session(&session.id)) {
            Ok(files) => {
                let owner_is_named = files.config.names_owner();
                let (listed, state) = listed(files);
                let entry =
                    stamps.and_then(|stamps| Entry::new(&listed, state, owner_is_named, stamps));
                self.fresh.extend(entry);
                Some(listed)
            }
            // It was taken back between the two looks.
            Err(Error::NoSession { .. }) => None,
            Err(error) => Some(unreadable(session.id.clone(), error.to_string())),
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

#[cfg(test)]
mod tests;
