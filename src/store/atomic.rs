//! Files that are replaced as a whole, and folders that are there for good.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::beneath::{self, Held};
use crate::fault::{Point, deed, effect};

use super::error::{Error, Result};

/// What the name of a file begins with that is not the one it is to replace yet.
pub(super) const UNFINISHED: &str = ".new-";

/// The modes of new files, before the umask: not the library's 0600 for secrets.
pub(super) const DATA: u32 = 0o666;
pub(super) const PROGRAM: u32 = 0o777;

/// The replacements in a folder that are not in their place yet.
pub(super) fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let entries = beneath::read_dir(folder).into_iter().flatten().flatten();
    let is_one = |name: &OsStr| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
    entries
        .filter(|entry| is_one(&entry.file_name()))
        .map(|entry| entry.path())
        .collect()
}

/// Removes what killed processes have left of their replacements in a folder.
///
/// Whoever calls this is the only one who replaces files there.
pub(super) fn sweep(folder: &Path) {
    for path in unfinished(folder) {
        // It is in nobody's way where it cannot be removed.
        let _ = deed(Point::RemoveFile, || beneath::remove_file(&path));
    }
}

/// Replaces the file at `path`: after a crash there is the old one or the new one.
///
/// The bytes are flushed before the rename and the folder after it; the mode of a file
/// that was there is kept.
///
/// # Errors
/// When the system refuses; the old file is then untouched.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_as(path, bytes, DATA)
}

pub(super) fn replace_as(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = effect(Point::WriteBeside, Error::io("replace", path), || {
        let mut beside = Beside::make(folder, mode)?;
        fill(&mut beside.file, path, bytes)?;
        Ok(beside)
    })?;
    effect(Point::PutInPlace, Error::io("replace", path), || {
        let place = file.place(path);
        file.file
            .persist(place)
            .map_err(|failed| Error::io("replace", path)(failed.error))?;
        flush_folder(folder)
    })
}

/// Replaces whatever file stands at `path` by one with this mode.
///
/// # Errors
/// When the system refuses; what stands there is then untouched.
pub(super) fn replace_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = effect(Point::WriteBeside, Error::io("replace", path), || {
        let mut beside = Beside::make(folder, DATA)?;
        let mode = Permissions::from_mode(mode);
        let file = &mut beside.file;
        file.write_all(bytes)
            .and_then(|()| file.as_file().set_permissions(mode))
            .and_then(|()| file.as_file().sync_all())
            .map_err(Error::io("write", path))?;
        Ok(beside)
    })?;
    effect(Point::PutInPlace, Error::io("replace", path), || {
        let place = beside.place(path);
        let placed = beside.file.persist(place);
        placed.map_err(|failed| Error::io("replace", path)(failed.error))?;
        flush_folder(folder)
    })
}

/// Replaces whatever file stands at `path` by a symbolic link.
///
/// # Errors
/// When the system refuses; what stands there is then untouched.
pub(super) fn replace_by_link(path: &Path, target: &OsStr) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = folder.join(format!("{UNFINISHED}{}", std::process::id()));
    effect(Point::WriteBeside, Error::io("replace", path), || {
        // Left by a process of the same number that is gone.
        let _ = beneath::remove_file(&beside);
        let held = beneath::hold(&beside).map_err(Error::io("replace", path))?;
        std::os::unix::fs::symlink(target, held.path()).map_err(Error::io("replace", path))
    })?;
    effect(Point::PutInPlace, Error::io("replace", path), || {
        beneath::rename(&beside, path).map_err(Error::io("replace", path))?;
        flush_folder(folder)
    })
}

/// Writes what `path` is to hold, with the mode of a file that is there, and flushes it.
pub(super) fn fill(file: &mut tempfile::NamedTempFile, path: &Path, bytes: &[u8]) -> Result<()> {
    if let Ok(old) = beneath::metadata(path)
        && old.is_file()
    {
        file.as_file()
            .set_permissions(old.permissions())
            .map_err(Error::io("replace", path))?;
    }
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(Error::io("write", path))
}

/// Finds out whether files can be put into a folder, without leaving one there.
///
/// # Errors
/// When the system refuses.
pub fn check_folder(folder: &Path) -> Result<()> {
    effect(Point::WriteBeside, Error::io("write into", folder), || {
        Beside::make(folder, DATA).map(drop)
    })
}

/// Puts a new file at `path`, whole from its first moment; returns whether it was made: a file
/// that is there already stays as it is.
///
/// # Errors
/// When the system refuses; nothing is left then.
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = effect(Point::WriteBeside, Error::io("write", path), || {
        let mut beside = Beside::make(folder, DATA)?;
        let file = &mut beside.file;
        file.write_all(bytes)
            .and_then(|()| file.as_file().sync_all())
            .map_err(Error::io("write", path))?;
        Ok(beside)
    })?;
    effect(Point::PutInPlace, Error::io("write", path), || {
        let place = file.place(path);
        match file.file.persist_noclobber(place) {
            Ok(_) => {}
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(failed) => return Err(Error::io("write", path)(failed.error)),
        }
        flush_folder(folder)?;
        Ok(true)
    })
}

/// A new file in a folder that has no name of its own yet.
#[derive(Debug)]
pub(super) struct Beside {
    // Dropped first: its path leads through the folder.
    pub file: tempfile::NamedTempFile,
    folder: Held,
}

impl Beside {
    fn make(folder: &Path, mode: u32) -> Result<Self> {
        let held = beneath::hold_folder(folder).map_err(Error::io("write into", folder))?;
        Self::within(held, mode).map_err(Error::io("write into", folder))
    }

    pub(super) fn within(folder: Held, mode: u32) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder.path())?;
        Ok(Self { file, folder })
    }

    /// Where it can take the place of a file of this folder, whatever has become of the folder.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        self.folder.join(path.file_name().unwrap_or_default())
    }
}

/// A file without a name, which is gone when it is closed; it takes room in `folder`.
///
/// # Errors
/// When the system refuses.
pub fn nameless(folder: &Path) -> Result<File> {
    let told = || Error::io("write into", folder);
    effect(Point::WriteBeside, told(), || {
        tempfile::tempfile_in(folder).map_err(told())
    })
}

/// Flushes a folder's entries to disk.
///
/// # Errors
/// When the system refuses. A file system that cannot flush a folder is not an error.
pub fn flush_folder(folder: &Path) -> Result<()> {
    let flushed = beneath::open_folder(folder).and_then(|handle| handle.sync_all());
    match flushed {
        Err(source)
            if !matches!(
                source.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Err(Error::io("flush", folder)(source))
        }
        _ => Ok(()),
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// When the system refuses, or something that is no folder stands in the way.
pub fn make_folder(folder: &Path) -> Result<()> {
    if beneath::is_folder(folder) {
        return Ok(());
    }
    effect(Point::MakeFolder, Error::io("make", folder), || {
        beneath::create_dir_all(folder).map_err(Error::io("make", folder))
    })
}

/// Gives a file or a folder another name.
///
/// # Errors
/// When the system refuses.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    effect(Point::Rename, |error| error, || beneath::rename(from, to))
}

/// Puts a file or a folder elsewhere, and flushes where it was and where it is.
///
/// # Errors
/// When the system refuses.
pub(super) fn relocate(from: &Path, to: &Path) -> Result<()> {
    effect(Point::Rename, Error::io("move", from), || {
        beneath::rename(from, to).map_err(Error::io("move", from))?;
        [to, from]
            .into_iter()
            .filter_map(Path::parent)
            .try_for_each(flush_folder)
    })
}

/// Removes a file; one that is not there is gone already.
///
/// # Errors
/// When the system refuses.
pub fn remove_file(path: &Path) -> Result<()> {
    if beneath::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    effect(
        Point::RemoveFile,
        Error::io("remove", path),
        || match beneath::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("remove", path)(error))
            }
            _ => Ok(()),
        },
    )
}

/// Removes a folder with all that is in it; one that is not there is gone already.
///
/// # Errors
/// When the system refuses.
pub(super) fn remove_tree(folder: &Path) -> Result<()> {
    if beneath::metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    effect(
        Point::RemoveTree,
        Error::io("remove", folder),
        || match beneath::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("remove", folder)(error))
            }
            _ => Ok(()),
        },
    )
}

/// Reads at most `most` bytes; `None` when there is no such file.
///
/// # Errors
/// When the system refuses, or the file is longer.
pub fn read_capped(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let file = match beneath::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let mut bytes = Vec::with_capacity(room_for(&file, most));
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Error::corrupt(
            path,
            None,
            format!("it is longer than {} KiB", most / 1024),
        ));
    }
    Ok(Some(bytes))
}

/// Room for a whole file: what grows while it is read is copied, and asks the system again and
/// again. It may be longer by then.
fn room_for(file: &File, most: u64) -> usize {
    let length = file.metadata().map_or(0, |meta| meta.len());
    // One more, so that its end is seen without growing.
    usize::try_from(length.min(most).saturating_add(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_mode_of_a_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        replace(&path, b"one").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"two").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!((fs::read(&path).unwrap(), mode), (b"two".to_vec(), 0o640));
    }

    #[test]
    fn a_failed_replacement_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"x").is_err());
        let entries = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(entries, 1, "no temporary file stays");
    }

    #[test]
    fn a_new_file_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("001.md");
        assert!(create_new(&path, b"one").unwrap());
        assert!(!create_new(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn too_long_a_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        replace(&path, &[b'x'; 11]).unwrap();
        assert!(matches!(read_capped(&path, 10), Err(Error::Corrupt { .. })));
        assert_eq!(read_capped(&path, 11).unwrap().unwrap().len(), 11);
        assert_eq!(read_capped(&folder.path().join("y"), 10).unwrap(), None);
    }
}
