//! What `hub list` found when it last read the sessions, so that it reads again only what changed.
//!
//! `cache/list-<uid>` is one file for each user, because not every user may read every session.
//! An entry stands for two files of a session, and counts as long as the system says the same of
//! both: device, inode, size, time of the last change of the content and of the last change of
//! any kind, which nobody can set. An entry is kept only when both times are before the moment at
//! which the file was looked at, by the clock of the file system itself: whatever is written
//! later then has another time, however short after (git keeps its index true the same way).
//!
//! A file that is cut, of another version or of another hub counts as none. Nothing else depends
//! on it, and nobody needs to remove it.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{AtFlags, Statx, StatxFlags};
use serde::{Deserialize, Serialize};

use crate::beneath;
use crate::domain::id::SessionId;
use crate::domain::report::{ListedSession, ListedState};
use crate::domain::state::SessionState;

use super::atomic::Beside;

/// Changes with every change of what is read from the files of a session, or of this format.
const FORMAT: &str = concat!("hub list 3 ", env!("CARGO_PKG_VERSION"), "\n");

/// What is read of a cache at most.
const LONGEST: u64 = 1 << 30;

/// A time of the file system: seconds and nanoseconds.
pub(super) type FileTime = (i64, u32);

/// By what a file is known to be as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    device: (u32, u32),
    inode: u64,
    size: u64,
    modified: FileTime,
    changed: FileTime,
}

impl Stamp {
    /// What the system says of a file, seen from an open folder; `None` when it says nothing.
    pub fn of(folder: &File, path: &str) -> Option<Self> {
        let wanted = StatxFlags::INO | StatxFlags::SIZE | StatxFlags::MTIME | StatxFlags::CTIME;
        let found = rustix::fs::statx(folder, path, AtFlags::empty(), wanted).ok()?;
        let all_there = found.stx_mask & wanted.bits() == wanted.bits();
        all_there.then(|| Self::from(found))
    }

    /// Whether a change after `moment` cannot leave the file with this stamp.
    ///
    /// Not where it was changed in the same tick of the clock, or the clock was set back since.
    pub fn is_settled(&self, moment: FileTime) -> bool {
        self.changed < moment && self.modified < moment
    }
}

impl From<Statx> for Stamp {
    fn from(found: Statx) -> Self {
        let time = |time: rustix::fs::StatxTimestamp| (time.tv_sec, time.tv_nsec);
        Self {
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            size: found.stx_size,
            modified: time(found.stx_mtime),
            changed: time(found.stx_ctime),
        }
    }
}

/// The stamps of `config.yaml` and `state.json`.
pub(super) type Stamps = [Stamp; 2];

/// A session as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry<'c> {
    #[serde(borrow)]
    id: Cow<'c, str>,
    stamps: Stamps,
    state: SessionState,
    #[serde(borrow)]
    task: Cow<'c, str>,
    agents: u32,
    created: (i64, u32),
    updated: (i64, u32),
    #[serde(borrow)]
    base_branch: Cow<'c, str>,
    /// `None` where the session is the owner's of its folder: that is looked at each time.
    #[serde(borrow)]
    owner: Option<Cow<'c, str>>,
    #[serde(borrow)]
    parent: Option<Cow<'c, str>>,
}

impl Entry<'_> {
    /// The entry of a session that was read; `None` for one that cannot be read.
    pub fn new(
        listed: &ListedSession,
        state: SessionState,
        owner_is_named: bool,
        stamps: Stamps,
    ) -> Option<Entry<'static>> {
        let text = |text: &str| Cow::Owned(text.to_owned());
        Some(Entry {
            id: text(listed.session_id.as_str()),
            stamps,
            state,
            task: text(listed.task.as_deref()?),
            agents: listed.agents?,
            created: seconds(listed.created?),
            updated: seconds(listed.updated?),
            base_branch: text(listed.base_branch.as_ref()?.as_str()),
            owner: match &listed.owner {
                Some(owner) if owner_is_named => Some(text(owner.as_str())),
                _ => None,
            },
            parent: listed.parent.as_ref().map(|id| text(id.as_str())),
        })
    }

    /// Reads an entry of [`Entries`].
    pub fn of(bytes: &[u8]) -> Option<Entry<'_>> {
        postcard::from_bytes(bytes).ok()
    }

    /// The session.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same of the same files, with other values.
    #[cfg(test)]
    pub fn with_values_of(&self, other: &ListedSession) -> Entry<'static> {
        Entry::new(other, self.state, self.names_owner(), self.stamps).expect("a whole session")
    }

    /// Whether it is of files with these stamps.
    pub fn is_of(&self, stamps: &Stamps) -> bool {
        self.stamps == *stamps
    }

    /// Whether the session's configuration names its owner.
    pub fn names_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// The session as it is listed; its owner only where the configuration names one. `None`
    /// when a value is none that hub wrote.
    pub fn listed(&self, session_id: SessionId) -> Option<ListedSession> {
        let owner = match self.owner.as_deref() {
            Some(owner) => Some(owner.parse().ok()?),
            None => None,
        };
        let parent = match self.parent.as_deref() {
            Some(parent) => Some(parent.parse().ok()?),
            None => None,
        };
        Some(ListedSession {
            session_id,
            state: ListedState::from(self.state),
            task: Some(self.task.clone().into_owned()),
            agents: Some(self.agents),
            created: Some(time(self.created)?),
            updated: Some(time(self.updated)?),
            base_branch: Some(self.base_branch.parse().ok()?),
            owner,
            parent,
            reason: None,
        })
    }
}

fn seconds(time: DateTime<Utc>) -> (i64, u32) {
    (time.timestamp(), time.timestamp_subsec_nanos())
}

fn time((seconds, nanoseconds): (i64, u32)) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, nanoseconds)
}

/// The entries of a cache as their bytes, in the order of their sessions: whoever needs one reads
/// it.
#[derive(Debug, Default)]
pub(super) struct Entries<'c> {
    all: Vec<(&'c str, &'c [u8])>,
}

impl<'c> Entries<'c> {
    /// The entries of a cache; none where it is not whole, or not of this format.
    pub fn of(bytes: &'c [u8]) -> Self {
        Self::parse(bytes).unwrap_or_default()
    }

    fn parse(bytes: &'c [u8]) -> Option<Self> {
        let (found, mut body) = bytes.strip_prefix(FORMAT.as_bytes())?.split_first_chunk()?;
        if sum(body) != u64::from_le_bytes(*found) {
            return None;
        }
        let mut all = Vec::with_capacity(body.len() / USUAL);
        let mut last = "";
        while !body.is_empty() {
            let (length, rest) = body.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (entry, rest) = rest.split_at_checked(length)?;
            // What an entry begins with.
            let (id, _) = postcard::take_from_bytes(entry).ok()?;
            if id <= last {
                return None;
            }
            all.push((id, entry));
            (last, body) = (id, rest);
        }
        Some(Self { all })
    }

    /// The entry of a session; `near` is where the last one was found, which was the one before
    /// or behind this one, most of the time.
    pub fn find(&self, id: &str, near: &mut usize) -> Option<&'c [u8]> {
        let is_here = |place: &usize| self.all.get(*place).is_some_and(|(other, _)| *other == id);
        let neighbours = [near.wrapping_sub(1), near.wrapping_add(1)];
        let place = match neighbours.into_iter().find(is_here) {
            Some(place) => place,
            None => self.all.binary_search_by_key(&id, |(id, _)| id).ok()?,
        };
        *near = place;
        self.all.get(place).map(|(_, entry)| *entry)
    }

    /// All of them, with their sessions.
    pub fn iter(&self) -> impl Iterator<Item = (&'c str, &'c [u8])> {
        self.all.iter().copied()
    }
}

/// Where the cache of one user is.
#[derive(Clone, Debug)]
pub(super) struct CacheFile {
    folder: PathBuf,
    path: PathBuf,
}

impl CacheFile {
    /// The cache of whoever runs this process, in a hub directory.
    pub fn of(hub: &Path) -> Self {
        let folder = hub.join("cache");
        let user = rustix::process::geteuid().as_raw();
        Self {
            path: folder.join(format!("list-{user}")),
            folder,
        }
    }

    /// What stands in it; nothing where it cannot be read.
    pub fn read(&self) -> Vec<u8> {
        let read = super::atomic::read_capped(&self.path, LONGEST);
        read.ok().flatten().unwrap_or_default()
    }

    /// A new file that can take its place; `None` where nothing can be written.
    pub fn draft(&self) -> Option<Draft> {
        let file = self.make_draft().inspect_err(|error| {
            log::debug!("no cache in {}: {error}", self.folder.display());
        });
        let file = file.ok()?;
        let made = file.file.as_file().metadata().ok()?;
        Some(Draft {
            begun: (made.ctime(), u32::try_from(made.ctime_nsec()).ok()?),
            place: self.path.clone(),
            file,
        })
    }

    fn make_draft(&self) -> std::io::Result<Beside> {
        if !beneath::is_folder(&self.folder) {
            beneath::create_dir_all(&self.folder)?;
            // The hub directory of an older tool may not ignore itself.
            let ignore = self.folder.join(".gitignore");
            let mut anew = File::options();
            beneath::open_with(&ignore, anew.write(true).create(true).truncate(true))?
                .write_all(b"*\n")?;
        }
        // The user alone: what the files of a session show to others is their own matter.
        Beside::within(beneath::hold_folder(&self.folder)?, 0o600)
    }
}

/// A cache that is being made.
#[derive(Debug)]
pub(super) struct Draft {
    file: Beside,
    place: PathBuf,
    /// When it was begun, by the clock of the file system.
    pub begun: FileTime,
}

impl Draft {
    /// Puts it in its place with these entries. Nothing is flushed to the disk: what a crash
    /// cuts is told by its sum.
    pub fn finish(mut self, entries: Vec<&Entry<'_>>) -> std::io::Result<()> {
        self.file.file.write_all(&written(entries)?)?;
        let place = self.file.place(&self.place);
        self.file
            .file
            .persist(place)
            .map_err(|failed| failed.error)?;
        Ok(())
    }
}

/// The bytes of a cache: the format, a sum of what follows, the entries in the order of their
/// sessions, each with its length before it.
fn written(mut entries: Vec<&Entry<'_>>) -> std::io::Result<Vec<u8>> {
    entries.sort_unstable_by_key(|entry| entry.id());
    let mut body = Vec::new();
    for entry in entries {
        let entry = postcard::to_stdvec(entry).map_err(std::io::Error::other)?;
        let length = u32::try_from(entry.len()).map_err(std::io::Error::other)?;
        body.extend(length.to_le_bytes());
        body.extend(entry);
    }
    let mut bytes = FORMAT.as_bytes().to_vec();
    bytes.extend(sum(&body).to_le_bytes());
    bytes.extend(body);
    Ok(bytes)
}

/// How long an entry is, more or less.
const USUAL: usize = 150;

/// Differs when a byte does: each step leads from two sums, or two words, to two sums.
fn sum(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let words = words.iter().chain([&last]);
    words.fold(length, |sum, word| {
        let word = u64::from_le_bytes(*word);
        (sum ^ word).wrapping_mul(ODD).rotate_left(29)
    })
}
