//! Refs as files: locks that nobody gave back, and refs that a crash has cut.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::beneath;
use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::repository::Repository;
use super::survey::PLACES;

/// What is wrong among the files of a repository's refs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefFiles {
    /// Locks in the places that are hub's own, each with the time it was made.
    pub own_locks: Vec<(PathBuf, SystemTime)>,
    /// Locks elsewhere in the git directory.
    pub other_locks: Vec<(PathBuf, SystemTime)>,
    /// Refs of hub's own, by their full names, whose file holds no id.
    pub broken: Vec<String>,
}

impl Repository {
    /// Looks through the files of refs; a repository that keeps its refs otherwise has none.
    #[must_use]
    pub fn ref_files(&self) -> RefFiles {
        let mut found = RefFiles::default();
        for name in ["HEAD", "config", "index", "packed-refs", "shallow"] {
            let lock = self.common.join(format!("{name}.lock"));
            if let Some(made) = made(&lock) {
                found.other_locks.push((lock, made));
            }
        }
        self.look_below(Path::new("refs"), &mut found);
        found.own_locks.sort();
        found.other_locks.sort();
        found.broken.sort();
        found
    }

    fn look_below(&self, folder: &Path, found: &mut RefFiles) {
        let entries = fs::read_dir(self.common.join(folder));
        for entry in entries.into_iter().flatten().flatten() {
            let name = folder.join(entry.file_name());
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                self.look_below(&name, found);
                continue;
            }
            let own = PLACES.iter().any(|place| name.starts_with(place));
            // No ref can have such a name (git-check-ref-format(1)).
            if name.extension().is_some_and(|end| end == "lock") {
                let locks = if own {
                    &mut found.own_locks
                } else {
                    &mut found.other_locks
                };
                locks.extend(made(&entry.path()).map(|made| (entry.path(), made)));
            } else if own && !is_whole(&entry.path()) {
                found.broken.push(name.to_string_lossy().into_owned());
            }
        }
    }

    /// Removes a lock that was found, if it is the same still: its maker is gone.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_lock(&self, lock: &Path, found: SystemTime) -> Result<()> {
        if made(lock) != Some(found) || !lock.starts_with(&self.common) {
            return Ok(());
        }
        log::debug!("{} was left by a process that is gone", lock.display());
        remove(lock)
    }

    /// Takes away a ref whose file holds no id, so that one can stand in its place.
    ///
    /// # Errors
    /// When it holds one, or cannot be removed.
    pub fn remove_broken_ref(&self, name: &str) -> Result<()> {
        let path = self.common.join(name);
        let own = PLACES
            .iter()
            .any(|place| Path::new(name).starts_with(place));
        if !own || is_whole(&path) {
            return Ok(());
        }
        remove(&path)
    }
}

fn remove(file: &Path) -> Result<()> {
    effect(Point::RemoveFile, Error::files("remove", file), || {
        fs::remove_file(file).map_err(Error::files("remove", file))
    })
}

fn made(lock: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(lock).ok()?.modified().ok()
}

/// Whether a file holds what a ref can hold; one that went meanwhile does.
fn is_whole(path: &Path) -> bool {
    let Ok(bytes) = beneath::read_at_once(path) else {
        return true;
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end();
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_nothing = text.bytes().all(|digit| digit == b'0');
    text.starts_with("ref: ") || is_id && !is_nothing
}
