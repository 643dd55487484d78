//! A path below a hub directory, and how it is opened.

use std::ffi::OsStr;
use std::fs::{self, File, FileType};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::HUB_DIR;

/// Why something below the hub directory was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A symbolic link, which could lead anywhere.
    #[error("{} is a symbolic link; hub does not follow it", .0.display())]
    Link(PathBuf),
    /// Something that is no file, from which could come anything, or nothing for ever.
    #[error("{} is {what}, not a file; hub does not open it", path.display())]
    NoFile {
        /// Where it is.
        path: PathBuf,
        /// What it is: `a pipe`, `a device`, `a socket`.
        what: &'static str,
    },
}

impl Refused {
    /// What was refused, where an error tells of that.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Link(_) => "put a real file or folder in its place",
            Self::NoFile { .. } => {
                "nothing was read or written; see who put it there, and remove it"
            }
        }
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::other(refused)
    }
}

/// Neither waits for the other end of a pipe, nor becomes whose terminal this is.
pub(super) const HARMLESS: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

pub(super) const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);

/// A path below a hub directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    whole: &'p Path,
    /// The folder in which the hub directory is: the user's.
    pub root: &'p Path,
    /// From there on, the hub directory's name first.
    pub below: &'p Path,
}

impl<'p> Place<'p> {
    /// `None` for a path that is not below a hub directory.
    pub fn of(whole: &'p Path) -> Option<Self> {
        // What hub names below it is never called so: the last one counts.
        let hub = whole
            .ancestors()
            .find(|above| above.file_name() == Some(OsStr::new(HUB_DIR)))?;
        let root = hub.parent()?;
        Some(Self {
            whole,
            root,
            below: whole.strip_prefix(root).ok()?,
        })
    }

    /// Opens it, over no link below the root.
    pub fn resolve(&self, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        if self.leads_up() {
            return Err(Errno::XDEV);
        }
        let nowhere = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(CWD, self.whole, flags, Mode::empty(), nowhere) {
            // There is one on the way, perhaps above the root.
            Err(Errno::LOOP) => self.resolve_below(flags),
            // An older kernel, or a container that forbids it.
            Err(Errno::NOSYS | Errno::PERM) => self.step_by_step(flags),
            opened => opened,
        }
    }

    fn leads_up(&self) -> bool {
        self.below
            .components()
            .any(|step| step == Component::ParentDir)
    }

    pub(super) fn resolve_below(&self, flags: OFlags) -> Result<OwnedFd, Errno> {
        let root = user_folder(self.root)?;
        let within =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&root, self.below, flags, Mode::empty(), within)
    }

    /// The same without `openat2`: a folder after the other.
    pub(super) fn step_by_step(&self, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut here = user_folder(self.root)?;
        let mut steps = self.below.components().peekable();
        while let Some(step) = steps.next() {
            let Component::Normal(name) = step else {
                return Err(Errno::XDEV);
            };
            let how = if steps.peek().is_some() {
                FOLDER
            } else {
                flags
            };
            let how = how | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            here = rustix::fs::openat(&here, name, how, Mode::empty())?;
        }
        Ok(here)
    }

    /// What the system said, or what stands in the way.
    pub fn told(&self, error: Errno) -> io::Error {
        self.told_of(error.into())
    }

    pub fn told_of(&self, error: io::Error) -> io::Error {
        let number = error.raw_os_error().map(Errno::from_raw_os_error);
        if !matches!(number, Some(Errno::LOOP | Errno::NOTDIR | Errno::NXIO)) {
            return error;
        }
        let mut here = self.root.to_path_buf();
        for step in self.below.components() {
            here.push(step);
            let Ok(meta) = fs::symlink_metadata(&here) else {
                break;
            };
            if meta.is_symlink() {
                return Refused::Link(here).into();
            }
            if let Some(what) = no_file(meta.file_type()) {
                return Refused::NoFile { path: here, what }.into();
            }
        }
        error
    }
}

pub(super) fn user_folder(folder: &Path) -> Result<OwnedFd, Errno> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    rustix::fs::open(folder, FOLDER | OFlags::CLOEXEC, Mode::empty())
}

/// Passes a file through, and nothing else.
pub(super) fn regular(file: File, path: &Path) -> io::Result<File> {
    let kind = file.metadata()?.file_type();
    if let Some(what) = no_file(kind) {
        let path = path.to_path_buf();
        return Err(Refused::NoFile { path, what }.into());
    }
    if kind.is_dir() {
        return Err(Errno::ISDIR.into());
    }
    Ok(file)
}

/// What it is, where it is neither file nor folder.
fn no_file(kind: FileType) -> Option<&'static str> {
    if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_block_device() || kind.is_char_device() {
        Some("a device")
    } else {
        None
    }
}
