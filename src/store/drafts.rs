//! Files of a worktree while they are written: out of it, so that a hub that is killed leaves
//! nothing there.
//!
//! A draft stands in the git directory, under a name that nobody else uses, and whoever writes
//! it holds its lock. What is there and not held was left by a process that is gone.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::fault::{Point, deed, effect};

use super::atomic::{self, DATA, PROGRAM};
use super::error::{Error, Result};

/// What the name of a draft begins with.
const DRAFT: &str = "hub-draft-";

/// Where drafts stand.
#[derive(Clone, Debug)]
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// In a git directory; what killed processes have left there goes.
    #[must_use]
    pub fn in_git_dir(folder: &Path) -> Self {
        let folder = folder.to_path_buf();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(DRAFT.as_bytes()) {
                sweep(&entry.path());
            }
        }
        Self { folder }
    }

    /// Writes a file, with the folders above it; a new program can be run by whoever can read it.
    ///
    /// # Errors
    /// When the system refuses; the old file is then untouched.
    pub fn put(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        if let Some(folder) = path.parent() {
            atomic::make_folder(folder)?;
        }
        let mode = if executable { PROGRAM } else { DATA };
        let file = self.write(path, bytes, mode)?;
        let elsewhere = effect(Point::PutInPlace, Error::io("replace", path), || match file
            .persist(path)
        {
            Ok(_) => atomic::flush_folder(parent(path)).map(|()| false),
            Err(failed) if failed.error.kind() == io::ErrorKind::CrossesDevices => Ok(true),
            Err(failed) => Err(Error::io("replace", path)(failed.error)),
        })?;
        if elsewhere {
            return atomic::replace_as(path, bytes, mode);
        }
        Ok(())
    }

    /// Keeps what a file holds beside it, under the first name with `.orig` that is free.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn keep(&self, path: &Path, bytes: &[u8]) -> Result<PathBuf> {
        let mut number = 1_u32;
        loop {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".orig");
            if number > 1 {
                name.push(format!("-{number}"));
            }
            let copy = path.with_file_name(name);
            if self.make(&copy, bytes)? {
                return Ok(copy);
            }
            number += 1;
        }
    }

    /// Makes a new file, whole from its first moment; one that is there stays, and it is said so.
    fn make(&self, path: &Path, bytes: &[u8]) -> Result<bool> {
        if fs::symlink_metadata(path).is_ok() {
            return Ok(false);
        }
        let file = self.write(path, bytes, DATA)?;
        let made = effect(Point::PutInPlace, Error::io("write", path), || {
            match file.persist_noclobber(path) {
                Ok(_) => atomic::flush_folder(parent(path)).map(|()| Some(true)),
                Err(failed) => match failed.error.kind() {
                    io::ErrorKind::AlreadyExists => Ok(Some(false)),
                    io::ErrorKind::CrossesDevices => Ok(None),
                    _ => Err(Error::io("write", path)(failed.error)),
                },
            }
        })?;
        made.map_or_else(|| atomic::create_new(path, bytes), Ok)
    }

    /// A draft of what `path` is to hold, flushed to disk.
    fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<NamedTempFile> {
        effect(Point::WriteBeside, Error::io("write", path), || {
            let mut file = self.held(mode).map_err(Error::io("write", path))?;
            atomic::fill(&mut file, path, bytes)?;
            Ok(file)
        })
    }

    /// A new draft, which nobody sweeps away.
    fn held(&self, mode: u32) -> io::Result<NamedTempFile> {
        loop {
            let file = tempfile::Builder::new()
                .prefix(DRAFT)
                .permissions(Permissions::from_mode(mode))
                .tempfile_in(&self.folder)?;
            // A file system without locks has nobody who sweeps either.
            let _ = file.as_file().lock();
            // Another hub may have come between the two.
            if file.as_file().metadata()?.nlink() > 0 {
                return Ok(file);
            }
        }
    }
}

/// Removes a draft that nobody holds.
fn sweep(path: &Path) {
    let Ok(file) = File::open(path) else {
        return;
    };
    if file.try_lock().is_ok() {
        // It is in nobody's way where it cannot be removed.
        let _ = deed(Point::RemoveFile, || fs::remove_file(path));
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_draft_that_somebody_holds_stays_and_one_that_was_left_goes() {
        let git_dir = tempfile::tempdir().unwrap();
        let drafts = Drafts::in_git_dir(git_dir.path());
        let held = drafts.held(DATA).unwrap();
        let left = drafts.held(DATA).unwrap().into_temp_path().keep().unwrap();
        assert_eq!(names(git_dir.path()).len(), 2);
        let _ = Drafts::in_git_dir(git_dir.path());
        assert!(held.path().exists());
        assert!(!left.exists());
    }

    #[test]
    fn a_file_is_put_and_kept_and_nothing_is_left() {
        let (git_dir, top) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let drafts = Drafts::in_git_dir(git_dir.path());
        let path = top.path().join("a/b.sh");
        drafts.put(&path, b"one", true).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        for copy in ["b.sh.orig", "b.sh.orig-2"] {
            let kept = drafts.keep(&path, b"one").unwrap();
            assert_eq!(kept, path.with_file_name(copy));
        }
        drafts.put(&path, b"two", true).unwrap();
        let mode = fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!((fs::read(&path).unwrap(), mode), (b"two".to_vec(), 0o640));
        assert_eq!(names(git_dir.path()), [""; 0]);
        assert_eq!(names(path.parent().unwrap()).len(), 3);
    }
}
