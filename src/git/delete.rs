//! Deleting a folder with all that is in it, and nothing else.
//!
//! What is deleted is reached from its folder step by step, so that no link is followed, and no
//! other file system is entered that is mounted somewhere in it. A folder that forbids it (those
//! of Go's module cache are read-only) is opened for its owner first.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::fault::{Point, effect};

/// What still tells whose a folder is; it goes last.
const LAST: &[u8] = b".git";

/// From this depth on a folder is brought up first: each level is a folder that is open.
const DEEP: usize = 64;

/// Folders and files that may be deleted; `None` where that is all of them.
pub type Allowance = Option<usize>;

/// What became of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Whole,
    /// Some of it is left: the allowance is used up.
    Part,
}

/// Deletes a folder with all that is in it, as far as the allowance goes.
///
/// What cannot be deleted stays, and does not keep the rest.
///
/// # Errors
/// The first thing that could not be deleted, with its name in it.
pub fn delete(folder: &Path, allowance: &mut Allowance) -> io::Result<Deleted> {
    let top = match open_below(CWD, folder.as_os_str().as_bytes()) {
        Err(Errno::NOENT) => return Ok(Deleted::Whole),
        opened => opened.map_err(|error| at(folder, error))?,
    };
    let mut work = Work {
        top: folder,
        root: top.as_fd(),
        allowance,
        brought_up: 0,
    };
    loop {
        let before = work.brought_up;
        let emptied = work.empty_top();
        if work.brought_up > before {
            continue;
        }
        if emptied? {
            break;
        }
        return Ok(Deleted::Part);
    }
    let gone = |done: Result<(), Errno>| match done {
        Ok(()) | Err(Errno::NOENT) => Ok(Deleted::Whole),
        Err(error) => Err(at(folder, error)),
    };
    effect(
        Point::RemoveFolder,
        |error| error,
        || {
            let _ = rustix::fs::unlinkat(&top, LAST, AtFlags::empty());
            gone(rustix::fs::unlinkat(CWD, folder, AtFlags::REMOVEDIR))
        },
    )
}

/// One folder that is being deleted.
struct Work<'w> {
    top: &'w Path,
    root: BorrowedFd<'w>,
    allowance: &'w mut Allowance,
    /// How many folders were deep and are at the top now.
    brought_up: usize,
}

type Name = CString;

impl Work<'_> {
    /// Deletes what is in the folder itself but its link to the repository; `false` where
    /// something may not be deleted any more.
    fn empty_top(&mut self) -> io::Result<bool> {
        let entries = entries(self.root).map_err(|error| at(self.top, error))?;
        let mut failed = None;
        for (name, kind) in entries {
            if name.as_bytes() == LAST && kind != FileType::Directory {
                continue;
            }
            let path = self.top.join(OsStr::from_bytes(name.as_bytes()));
            let removed = effect(
                Point::RemoveTree,
                |error| error,
                || self.remove(self.root, &name, kind, &path, 0),
            );
            match removed {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(true), Err)
    }

    fn remove(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &Name,
        kind: FileType,
        path: &Path,
        depth: usize,
    ) -> io::Result<bool> {
        if let Some(left) = self.allowance.as_mut() {
            if *left == 0 {
                return Ok(false);
            }
            *left -= 1;
        }
        if kind != FileType::Directory {
            let gone = unlink(folder, name, AtFlags::empty());
            match gone {
                // The system did not say what it is.
                Err(Errno::ISDIR | Errno::PERM) if kind == FileType::Unknown => {}
                gone => return gone.map(|()| true).map_err(|error| at(path, error)),
            }
        }
        if depth >= DEEP {
            self.brought_up += 1;
            let aside = format!(".deep-{}-{}", std::process::id(), self.brought_up);
            let brought = rustix::fs::renameat(folder, name, self.root, aside.as_str());
            return brought.map(|()| true).map_err(|error| at(path, error));
        }
        let below = match open_below(folder, name.as_bytes()) {
            Err(Errno::NOENT) => return Ok(true),
            opened => opened.map_err(|error| at(path, error))?,
        };
        let all = self.empty(below.as_fd(), path, depth + 1)?;
        drop(below);
        if all {
            let gone = unlink(folder, name, AtFlags::REMOVEDIR);
            gone.map_err(|error| at(path, error))?;
        }
        Ok(all)
    }

    fn empty(&mut self, folder: BorrowedFd<'_>, path: &Path, depth: usize) -> io::Result<bool> {
        let mut failed = None;
        for (name, kind) in entries(folder).map_err(|error| at(path, error))? {
            let path = path.join(OsStr::from_bytes(name.as_bytes()));
            match self.remove(folder, &name, kind, &path, depth) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(true), Err)
    }
}

fn entries(folder: BorrowedFd<'_>) -> Result<Vec<(Name, FileType)>, Errno> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if ![&b"."[..], b".."].contains(&name.to_bytes()) {
            found.push((name.to_owned(), entry.file_type()));
        }
    }
    Ok(found)
}

/// Removes a name from a folder, which is opened for its owner where it forbids that.
fn unlink(folder: BorrowedFd<'_>, name: &Name, flags: AtFlags) -> Result<(), Errno> {
    let gone = match rustix::fs::unlinkat(folder, name, flags) {
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(folder, Mode::RWXU)?;
            rustix::fs::unlinkat(folder, name, flags)
        }
        gone => gone,
    };
    match gone {
        Err(Errno::NOENT) => Ok(()),
        gone => gone,
    }
}

/// Opens a folder, no link and nothing that is mounted there.
fn open_below(above: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    match open_as_it_is(above, name, OFlags::RDONLY) {
        Err(Errno::ACCESS) => {
            let found = open_as_it_is(above, name, OFlags::PATH)?;
            // One that cannot be read can be given a mode by its place among the open files only.
            let place = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
            rustix::fs::chmod(&place, Mode::RWXU)?;
            open_as_it_is(above, name, OFlags::RDONLY)
        }
        opened => opened,
    }
}

fn open_as_it_is(above: BorrowedFd<'_>, name: &[u8], how: OFlags) -> Result<OwnedFd, Errno> {
    let flags = how | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let is_absolute = name.starts_with(b"/");
    if !is_absolute {
        let within = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        match rustix::fs::openat2(above, name, flags, Mode::empty(), within) {
            // An older kernel, or a container that forbids it.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
    }
    let opened = rustix::fs::openat(above, name, flags, Mode::empty())?;
    let is_elsewhere =
        || Ok::<_, Errno>(rustix::fs::fstat(above)?.st_dev != rustix::fs::fstat(&opened)?.st_dev);
    if !is_absolute && is_elsewhere()? {
        return Err(Errno::XDEV);
    }
    Ok(opened)
}

/// An error of the system with what it is about.
fn at(path: &Path, error: Errno) -> io::Error {
    let error = io::Error::from(error);
    let why = if error.raw_os_error() == Some(Errno::XDEV.raw_os_error()) {
        "another file system is mounted there".to_owned()
    } else {
        error.to_string()
    };
    io::Error::new(error.kind(), format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn write(path: impl AsRef<Path>, text: &str) {
        fs::File::create(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .unwrap();
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("folder");
        fs::create_dir(&folder).unwrap();
        write(folder.join(".git"), "gitdir: x\n");
        (above, folder)
    }

    #[test]
    fn everything_goes_but_what_links_lead_to() {
        let (above, folder) = folder();
        let theirs = above.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        write(theirs.join("file"), "theirs");
        fs::create_dir_all(folder.join("a/b/.git")).unwrap();
        write(folder.join("a/b/new\nline"), "x");
        symlink(&theirs, folder.join("a/link")).unwrap();
        symlink("nowhere", folder.join("broken")).unwrap();
        assert_eq!(delete(&folder, &mut None).unwrap(), Deleted::Whole);
        assert!(!folder.exists());
        assert_eq!(fs::read(theirs.join("file")).unwrap(), b"theirs");
        // Once more there is nothing to do.
        assert_eq!(delete(&folder, &mut None).unwrap(), Deleted::Whole);
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let (above, folder) = folder();
        let link = above.path().join("link");
        symlink(&folder, &link).unwrap();
        assert!(delete(&link, &mut None).is_err());
        assert!(folder.join(".git").exists());
    }

    #[test]
    fn the_allowance_is_kept_and_the_link_goes_last() {
        let (_above, folder) = folder();
        for number in 0..10 {
            fs::create_dir_all(folder.join(format!("{number}"))).unwrap();
            write(folder.join(format!("{number}/file")), "x");
        }
        let mut allowance = Some(13);
        assert_eq!(delete(&folder, &mut allowance).unwrap(), Deleted::Part);
        assert_eq!(allowance, Some(0));
        assert!(folder.join(".git").exists());
        let left = fs::read_dir(&folder).unwrap().count();
        assert!((4..=5).contains(&left), "{left}");
        assert_eq!(delete(&folder, &mut Some(100)).unwrap(), Deleted::Whole);
    }

    #[test]
    fn a_deep_tree_goes() {
        let (_above, folder) = folder();
        let mut here = folder.clone();
        for _ in 0..700 {
            here.push("deep");
        }
        fs::create_dir_all(&here).unwrap();
        write(here.join("file"), "x");
        assert_eq!(delete(&folder, &mut None).unwrap(), Deleted::Whole);
        assert!(!folder.exists());
    }

    #[test]
    fn folders_that_forbid_it_are_opened() {
        let (_above, folder) = folder();
        let closed = folder.join("closed");
        fs::create_dir_all(closed.join("inner")).unwrap();
        write(closed.join("file"), "x");
        for (path, mode) in [(closed.join("inner"), 0), (closed, 0o500)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(delete(&folder, &mut None).unwrap(), Deleted::Whole);
        assert!(!folder.exists());
    }

    #[test]
    fn what_cannot_be_deleted_is_named_and_keeps_its_link() {
        let (above, folder) = folder();
        write(folder.join("file"), "x");
        let file = above.path().join("folder/file");
        assert!(
            delete(&file, &mut None)
                .unwrap_err()
                .to_string()
                .contains("folder/file")
        );
        assert!(folder.join(".git").exists());
    }
}
