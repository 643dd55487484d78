//! Files that hub writes into a worktree for others to read: below its top, and nowhere else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::{Point, deed};

use super::atomic;
use super::error::{Error, Result};

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

/// Writes a file, with the folders above it; a new program can be run by whoever can read it.
///
/// # Errors
/// When the system refuses; the old file is then untouched.
pub fn put(path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    if let Some(folder) = path.parent() {
        atomic::make_folder(folder)?;
    }
    if executable {
        atomic::replace_program(path, bytes)
    } else {
        atomic::replace(path, bytes)
    }
}

/// Keeps what a file holds beside it, under the first name with `.orig` that is free.
///
/// # Errors
/// When the system refuses.
pub fn keep(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let mut number = 1_u32;
    loop {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".orig");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let copy = path.with_file_name(name);
        if atomic::create_new(&copy, bytes)? {
            return Ok(copy);
        }
        number += 1;
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
