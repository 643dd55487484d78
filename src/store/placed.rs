//! Files that hub writes into a worktree for others to read: below its top, and nowhere else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::{Point, deed};

use super::atomic;
use super::error::{Error, Result};

pub use super::drafts::Drafts;

/// What is read of such a file at most.
const LONGEST: u64 = 1024 * 1024;

/// Where a file below `top` really is. A link is followed as long as it stays below `top`.
///
/// # Errors
/// When it leads out of the worktree or into its git directory, or the system refuses.
pub fn place(top: &Path, file: &Path) -> Result<PathBuf> {
    let top = top.canonicalize().map_err(Error::io("look at", top))?;
    let mut path = top.clone();
    let mut link = top.join(file);
    for part in file {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => {
                link.clone_from(&path);
                let dangling = |_| Error::Symlink { path: link.clone() };
                path = path.canonicalize().map_err(dangling)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("look at", path)(error)),
        }
        let inside = path.strip_prefix(&top);
        if inside.is_err() || inside.is_ok_and(|inside| inside.starts_with(".git")) {
            return Err(Error::Symlink { path: link });
        }
    }
    Ok(path)
}

/// What a file holds; `None` where there is none.
///
/// # Errors
/// When it is no regular file, longer than 1 MiB, or cannot be read.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => {
            let kind = io::Error::new(io::ErrorKind::AlreadyExists, "it is no regular file");
            return Err(Error::io("use", path)(kind));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("look at", path)(error)),
    }
    match atomic::read_capped(path, LONGEST) {
        // No file of the hub directory: it is not damaged, only none of hub's.
        Err(Error::Corrupt { path, .. }) => Err(Error::io("use", path)(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it is longer than 1 MiB",
        ))),
        other => other,
    }
}

/// Takes a file away, and the folders above it, up to `top`, that are empty then.
///
/// # Errors
/// When the system refuses.
pub fn remove(top: &Path, path: &Path) -> Result<()> {
    atomic::remove_file(path)?;
    let top = top.canonicalize().map_err(Error::io("look at", top))?;
    let above = path.ancestors().skip(1);
    for folder in above.take_while(|folder| **folder != *top && folder.starts_with(&top)) {
        if deed(Point::RemoveFolder, || fs::remove_dir(folder)).is_err() {
            // Something is in it still.
            break;
        }
    }
    Ok(())
}
