//! A glance at a worktree: which of its paths git must look at to say what is changed.
//!
//! `git status` takes a tracked file for unchanged when the system says of it what its index
//! says; so does a glance, by the same rule or a stricter one, and it holds the names in each
//! folder against the index. What is left over, be it new, gone, changed, or too young to tell,
//! is for git to judge, and it needs to look at nothing else. Where that is only plain files that
//! are new, or of another length than git noted, git is not even asked for its index: the length
//! is enough for its own rule, too, and it says of the new ones which it ignores. Nothing is kept
//! between two glances: each looks at every file.
//!
//! git looks at the whole worktree where a glance cannot tell: staged changes, conflicts,
//! submodules, sparse or split indexes, files that git was told not to look at, replaced commits,
//! another repository inside, and where more than a few paths are left over.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, openat, statat};
use rustix::io::Errno;

use super::index_file::{Entry, IndexFile};
use super::refs_below;
use super::repository::{Repository, oid};
use super::worktrees::{branch_at, head_of};

/// More paths than these are not worth telling apart.
const MOST: usize = 64;

/// How many bytes of names the system is asked for at once.
const BUFFER: usize = 8 * 1024;

/// Where to look, and what to find there.
#[derive(Debug)]
pub(super) struct Glance {
    worktree: PathBuf,
    index: PathBuf,
    /// HEAD, and its tree.
    commit: git2::Oid,
    tree: git2::Oid,
    /// Whether git takes names for the same that differ in the case of letters alone.
    folds_case: bool,
}

/// A path that a glance leaves over, from the top of the worktree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Left {
    pub path: Vec<u8>,
    pub why: Why,
}

/// Why a path is left over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// A file that git calls changed without reading it.
    Resized,
    /// A file or link with a name that the index does not have.
    New,
    /// Only git can say what it is.
    Unclear,
}

impl Repository {
    /// Prepares a glance at a worktree; `None` where git had better look.
    pub(super) fn glance(&self, worktree: &Path, admin: &Path) -> Option<Glance> {
        let library = self.library.as_ref()?;
        let own_settings = admin.join("config.worktree").exists();
        let replaced = refs_below::below(&self.common, "refs/replace/");
        if own_settings || replaced.is_none_or(|replaced| !replaced.is_empty()) {
            return None;
        }
        let head = head_of(admin);
        let head = match branch_at(&head) {
            Some(branch) => self.branch_tip(&branch).ok()??,
            None => head.trim().parse().ok()?,
        };
        let commit = library.find_commit(oid(&head).ok()?).ok()?;
        let folds_case = library.config().ok()?.get_bool("core.ignorecase");
        Some(Glance {
            worktree: worktree.to_path_buf(),
            index: admin.join("index"),
            commit: commit.id(),
            tree: commit.tree_id(),
            folds_case: folds_case.unwrap_or(false),
        })
    }
}

impl Glance {
    /// The commit that is checked out.
    pub fn commit(&self) -> git2::Oid {
        self.commit
    }

    /// Its tree.
    pub fn tree(&self) -> git2::Oid {
        self.tree
    }

    /// The paths that are not known to be unchanged; `None` where that may be any.
    pub fn left_over(&self) -> Option<Vec<Left>> {
        let index = IndexFile::read(&self.index)?;
        if index.tree() != self.tree.as_bytes() {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = rustix::fs::open(&self.worktree, flags, Mode::empty()).ok()?;
        let mut walk = Walk {
            index: &index,
            // A new name may be a known one then.
            new: if self.folds_case {
                Why::Unclear
            } else {
                Why::New
            },
            path: Vec::new(),
            left: Vec::new(),
        };
        walk.folder(&top, index.entries()).ok()?;
        Some(walk.left)
    }
}

/// git looks at everything.
struct GiveUp;

impl From<Errno> for GiveUp {
    fn from(_: Errno) -> Self {
        Self
    }
}

struct Walk<'i> {
    index: &'i IndexFile,
    /// The folder that is looked at, with a slash at its end.
    path: Vec<u8>,
    /// What a plain file with a new name is.
    new: Why,
    left: Vec<Left>,
}

/// What the index has of one name in a folder.
struct Tracked<'i> {
    name: &'i [u8],
    /// Of a file one, of a folder those below it.
    entries: &'i [Entry],
    is_folder: bool,
    seen: bool,
}

impl<'i> Walk<'i> {
    fn folder(&mut self, folder: &OwnedFd, entries: &'i [Entry]) -> Result<(), GiveUp> {
        let mut tracked = self.tracked(entries);
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut listing = RawDir::new(folder, buffer.spare_capacity_mut());
        while let Some(found) = listing.next() {
            let found = found?;
            let name = found.file_name().to_bytes();
            match name {
                b"." | b".." => continue,
                b".git" if self.path.is_empty() => continue,
                b".git" => return Err(GiveUp),
                _ => {}
            }
            let known = tracked.binary_search_by(|tracked| tracked.name.cmp(name));
            let Some(known) = known.ok().and_then(|place| tracked.get_mut(place)) else {
                let is_plain =
                    matches!(found.file_type(), FileType::RegularFile | FileType::Symlink);
                self.leave(name, if is_plain { self.new } else { Why::Unclear })?;
                continue;
            };
            known.seen = true;
            if known.is_folder {
                if !self.below(folder, name, known.entries, found.file_type())? {
                    self.leave(name, Why::Unclear)?;
                }
                continue;
            }
            let stat = statat(folder, found.file_name(), AtFlags::SYMLINK_NOFOLLOW);
            match (stat, known.entries.first()) {
                (Ok(stat), Some(entry)) if entry.is_as(&stat) => {}
                (Ok(stat), Some(entry)) if entry.is_resized(&stat) => {
                    self.leave(name, Why::Resized)?;
                }
                _ => self.leave(name, Why::Unclear)?,
            }
        }
        for gone in tracked.iter().filter(|tracked| !tracked.seen) {
            self.leave(gone.name, Why::Unclear)?;
        }
        Ok(())
    }

    /// Looks at a tracked folder; no when something else stands in its place.
    fn below(
        &mut self,
        folder: &OwnedFd,
        name: &[u8],
        entries: &'i [Entry],
        kind: FileType,
    ) -> Result<bool, GiveUp> {
        if !matches!(kind, FileType::Directory | FileType::Unknown) {
            return Ok(false);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name_there = OsStr::from_bytes(name);
        let Ok(below) = openat(folder, name_there, flags, Mode::empty()) else {
            return Ok(false);
        };
        let length = self.path.len();
        self.path.extend_from_slice(name);
        self.path.push(b'/');
        self.folder(&below, entries)?;
        self.path.truncate(length);
        Ok(true)
    }

    /// What stands in this folder by the index, by name.
    fn tracked(&self, mut entries: &'i [Entry]) -> Vec<Tracked<'i>> {
        let mut tracked = Vec::new();
        let rest = |entry: &Entry| self.index.name(entry).get(self.path.len()..);
        while let Some(path) = entries.first().and_then(rest) {
            let slash = path.iter().position(|byte| *byte == b'/');
            let (name, below) = path.split_at(slash.unwrap_or(path.len()));
            let count = match slash.and_then(|slash| path.get(..=slash)) {
                Some(prefix) => {
                    let is_below =
                        |entry: &Entry| rest(entry).is_some_and(|path| path.starts_with(prefix));
                    entries.partition_point(is_below)
                }
                None => 1,
            };
            let (these, others) = entries
                .split_at_checked(count.max(1))
                .unwrap_or((entries, &[]));
            tracked.push(Tracked {
                name,
                entries: these,
                is_folder: !below.is_empty(),
                seen: false,
            });
            entries = others;
        }
        tracked.sort_unstable_by_key(|tracked| tracked.name);
        tracked
    }

    fn leave(&mut self, name: &[u8], why: Why) -> Result<(), GiveUp> {
        if self.left.len() >= MOST {
            return Err(GiveUp);
        }
        let path = [&self.path, name].concat();
        self.left.push(Left { path, why });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
