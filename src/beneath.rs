//! Files below the hub directory, reached without following a link that somebody put there; a
//! leaf that any room may use.
//!
//! Agents can write into the hub directory, unless a wall keeps them out, and may put a link, a
//! pipe or a device where hub reads and writes. The way to the hub directory is the user's own,
//! and may lead over links. From there on none is followed, whenever it was put there: a folder
//! is opened once, and what is done in it is done by its descriptor. What is to be read or written
//! is a file, or it is refused; it is opened in such a way that nobody waits for the other end of
//! a pipe. A path that is not below a hub directory is the user's word, and taken as it is.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, Metadata, OpenOptions, ReadDir};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

mod place;

pub use place::Refused;
use place::{FOLDER, HARMLESS, Place, regular, user_folder};

/// The name of every hub directory.
pub const HUB_DIR: &str = ".agenthub";

/// Opens a file for reading.
///
/// # Errors
/// When the system refuses, or what is there is no file or stands behind a link.
pub fn open(path: &Path) -> io::Result<File> {
    let Some(place) = Place::of(path) else {
        return File::open(path);
    };
    let opened = place.resolve(OFlags::RDONLY | HARMLESS);
    regular(opened.map_err(|error| place.told(error))?.into(), path)
}

/// Opens a file as the options say, which may make it.
///
/// # Errors
/// As [`open`].
pub fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let Some(place) = Place::of(path) else {
        return options.open(path);
    };
    let held = hold(path)?;
    let flags = (OFlags::NOFOLLOW | HARMLESS).bits().cast_signed();
    let opened = options.custom_flags(flags).open(held.path());
    let file = regular(opened.map_err(|error| place.told_of(error))?, path)?;
    // Whoever inherits it need not know how it was opened.
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

/// All that a file holds.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All that a file holds, as text.
///
/// # Errors
/// As [`open`]; when it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a file of a worktree, or of what git keeps of one: wherever it leads, nobody waits.
///
/// # Errors
/// When the system refuses, or what is there is no file.
pub fn open_at_once(path: &Path) -> io::Result<File> {
    let opened = rustix::fs::open(
        path,
        OFlags::RDONLY | HARMLESS | OFlags::CLOEXEC,
        Mode::empty(),
    );
    match opened {
        Ok(file) => regular(file.into(), path),
        // What a socket answers with.
        Err(Errno::NXIO) => Err(Refused::NoFile {
            path: path.to_path_buf(),
            what: "a socket",
        }
        .into()),
        Err(error) => Err(error.into()),
    }
}

/// All that such a file holds.
///
/// # Errors
/// As [`open_at_once`].
pub fn read_at_once(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_at_once(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All that such a file holds, as text.
///
/// # Errors
/// As [`open_at_once`]; when it is not UTF-8.
pub fn read_text_at_once(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_at_once(path)?);
    text.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// What is said of a file or folder; of a link itself where one stands there.
///
/// # Errors
/// When the system refuses, or a link is on the way.
pub fn metadata(path: &Path) -> io::Result<Metadata> {
    match Place::of(path) {
        Some(_) => fs::symlink_metadata(hold(path)?.path()),
        None => fs::metadata(path),
    }
}

/// Opens a folder, to ask or to flush it.
///
/// # Errors
/// When the system refuses, or it is no folder or stands behind a link.
pub fn open_folder(folder: &Path) -> io::Result<File> {
    let Some(place) = Place::of(folder) else {
        return File::open(folder);
    };
    let opened = place.resolve(OFlags::RDONLY | OFlags::DIRECTORY);
    Ok(opened.map_err(|error| place.told(error))?.into())
}

/// What is in a folder.
///
/// # Errors
/// When the system refuses, or the folder is a link or stands behind one.
pub fn read_dir(folder: &Path) -> io::Result<Entries> {
    let held = hold_folder(folder)?;
    Ok(Entries {
        inner: fs::read_dir(held.path())?,
        folder: folder.into(),
    })
}

/// Gives a file or a folder another name.
///
/// # Errors
/// When the system refuses, or a link is on the way.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (hold(from)?, hold(to)?);
    fs::rename(from.path(), to.path())
}

/// Removes a file, or a link itself.
///
/// # Errors
/// As [`rename`].
pub fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(hold(path)?.path())
}

/// Removes a folder with all that is in it; links in it go, and lead nowhere.
///
/// # Errors
/// As [`rename`].
pub fn remove_dir_all(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(hold(folder)?.path())
}

/// Makes a folder and those above it that are below the hub directory, too.
///
/// # Errors
/// When the system refuses, or a link or a file is on the way.
pub fn create_dir_all(folder: &Path) -> io::Result<()> {
    let Some(place) = Place::of(folder) else {
        return fs::create_dir_all(folder);
    };
    let mut here = place.root.to_path_buf();
    let steps: Vec<_> = place.below.components().collect();
    for step in steps {
        here.push(step);
        let held = hold(&here)?;
        match fs::create_dir(held.path()) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    // What stands there may be something else.
    hold_folder(folder).map(drop)
}

/// Whether a folder is there, and no link to one.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// A name in a folder that is held open: it stays in this folder, whatever takes the folder's
/// place.
#[derive(Debug)]
pub struct Held {
    /// Closed when this is dropped; then the path leads nowhere.
    _folder: Option<OwnedFd>,
    path: PathBuf,
}

impl Held {
    /// A path that leads there as long as this is kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something in it, where it is a folder.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

/// Holds the folder in which something stands, or is to stand.
///
/// # Errors
/// When the folder is not there, or a link is on the way to it.
pub fn hold(path: &Path) -> io::Result<Held> {
    let (Some(_), Some(folder), Some(name)) = (Place::of(path), path.parent(), path.file_name())
    else {
        return Ok(Held::of_user(path));
    };
    match Place::of(folder) {
        // The hub directory itself, in the user's folder.
        None => Ok(Held::of_descriptor(user_folder(folder)?, Some(name))),
        Some(_) => Ok(hold_folder(folder)?.with(name)),
    }
}

/// Holds a folder itself.
///
/// # Errors
/// As [`hold`], and when it is no folder.
pub fn hold_folder(folder: &Path) -> io::Result<Held> {
    let Some(place) = Place::of(folder) else {
        return Ok(Held::of_user(folder));
    };
    let opened = place.resolve(FOLDER).map_err(|error| place.told(error))?;
    Ok(Held::of_descriptor(opened, None))
}

impl Held {
    fn of_user(path: &Path) -> Self {
        Self {
            _folder: None,
            path: path.to_path_buf(),
        }
    }

    fn of_descriptor(folder: OwnedFd, name: Option<&OsStr>) -> Self {
        let place = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
        let held = Self {
            _folder: Some(folder),
            path: place,
        };
        match name {
            Some(name) => held.with(name),
            None => held,
        }
    }

    fn with(self, name: &OsStr) -> Self {
        Self {
            path: self.path.join(name),
            ..self
        }
    }
}

/// The entries of a folder.
#[derive(Debug)]
pub struct Entries {
    inner: ReadDir,
    folder: Rc<Path>,
}

impl Iterator for Entries {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let inner = self.inner.next()?;
        Some(inner.map(|inner| Entry {
            inner,
            folder: Rc::clone(&self.folder),
        }))
    }
}

/// One of them.
#[derive(Debug)]
pub struct Entry {
    inner: fs::DirEntry,
    folder: Rc<Path>,
}

impl Entry {
    /// Its name.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.inner.file_name()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(self.inner.file_name())
    }

    /// What it is; a link is a link.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn file_type(&self) -> io::Result<FileType> {
        self.inner.file_type()
    }

    /// What is said of it; of a link itself.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.inner.metadata()
    }
}

#[cfg(test)]
mod tests;
