//! Ignored files of the main worktree, for new ones: git says which there are.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::domain::carry::{Found, How, Linkable, Pattern};
use crate::fault::{Point, effect};

use super::changes::names;
use super::error::{Error, Result};
use super::program::Git;
use super::repository::Repository;
use super::worktrees::paths;

/// The file at a repository's root that names what is copied, in the syntax of gitignore(5).
pub const INCLUDE_FILE: &str = ".worktreeinclude";

impl Repository {
    /// What there is in the main worktree of what [`INCLUDE_FILE`] and the patterns name, among
    /// what git does not track. A bare repository has nothing.
    ///
    /// # Errors
    /// When git cannot look.
    pub fn carriable(&self, copy: &[Pattern], link: &[Pattern]) -> Result<Found> {
        let Some(main) = &self.main else {
            return Ok(Found::default());
        };
        let mut found = Found::default();
        let include = main.join(INCLUDE_FILE);
        let include = include.is_file().then_some(include);
        if include.is_some() || !copy.is_empty() {
            let mut call = listing(main, copy);
            if let Some(file) = include {
                call = call.arg("--exclude-from").arg(file);
            }
            let answer = call.run()?;
            // A folder stands for itself only where it is a repository of its own.
            found
                .copy
                .extend(paths(&answer).filter(|path| !is_folder(path)));
        }
        if !link.is_empty() {
            let answer = listing(main, link).arg("--directory").run()?;
            for path in paths(&answer) {
                let path: PathBuf = path.components().collect();
                let entries = entries_of(main, &path);
                found.link.push(Linkable { path, entries });
            }
        }
        Ok(found)
    }

    /// Those of some paths that git ignores in the main worktree and in another one alike.
    ///
    /// # Errors
    /// When git cannot look.
    pub fn ignored_in_both<'p>(
        &self,
        worktree: &Path,
        paths: impl Iterator<Item = &'p Path>,
    ) -> Result<HashSet<PathBuf>> {
        let asked: Vec<PathBuf> = paths.map(Path::to_path_buf).collect();
        let (Some(main), false) = (&self.main, asked.is_empty()) else {
            return Ok(HashSet::new());
        };
        let there = ignored_of(worktree, &asked)?;
        let mut both = ignored_of(main, &asked)?;
        both.retain(|path| there.contains(path));
        Ok(both)
    }

    /// Brings one path from the main worktree into another one; returns whether it is new there.
    ///
    /// What stands there stays. No link is followed, on neither side.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn carry(&self, worktree: &Path, path: &Path, how: How) -> Result<bool> {
        let Some(main) = &self.main else {
            return Ok(false);
        };
        let (from, to) = (main.join(path), worktree.join(path));
        let meta = match fs::symlink_metadata(&from) {
            Ok(meta) => meta,
            Err(error) if is_gone(&error) => return Ok(false),
            Err(error) => return Err(Error::files("look at", from)(error)),
        };
        effect(Point::Carry, Error::files("copy", &from), || {
            if !make_folders(main, worktree, path)? {
                return Ok(false);
            }
            bring(&from, &to, &meta, how)
        })
    }
}

/// Copies a file or a link, or makes a link to it; see [`Repository::carry`].
fn bring(from: &Path, to: &Path, meta: &fs::Metadata, how: How) -> Result<bool> {
    let done = if how == How::Link {
        symlink(from, to)
    } else if meta.is_symlink() {
        fs::read_link(from).and_then(|target| symlink(target, to))
    } else if meta.is_file() {
        copy_file(from, to, meta)
    } else {
        // A socket, a pipe: of no use to another process.
        return Ok(false);
    };
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::files("copy", from)(error)),
    }
}

/// git's list of what is not tracked and fits patterns.
fn listing(main: &Path, patterns: &[Pattern]) -> Git {
    let mut call = Git::new(main).args(["ls-files", "-z", "--others", "--ignored"]);
    for pattern in patterns {
        call = call.arg(format!("--exclude={pattern}"));
    }
    call
}

fn ignored_of(worktree: &Path, asked: &[PathBuf]) -> Result<HashSet<PathBuf>> {
    let mut linked = HashMap::new();
    let mut asked = asked.to_vec();
    // git refuses the whole question for one path below a link.
    asked.retain(|path| !is_below_link(worktree, path, &mut linked));
    let call = Git::new(worktree).args(["check-ignore", "-z", "--stdin"]);
    let output = call.input(names(&asked)).output()?;
    match output.status.code() {
        // 1: none of them.
        Some(0 | 1) => Ok(paths(&output.stdout).collect()),
        _ => Err(super::program::failed("check-ignore".to_owned(), &output)),
    }
}

/// Whether a folder above the path is a symbolic link; `known` saves a second look.
fn is_below_link(worktree: &Path, path: &Path, known: &mut HashMap<PathBuf, bool>) -> bool {
    let Some(above) = path.parent().filter(|path| !path.as_os_str().is_empty()) else {
        return false;
    };
    if let Some(answer) = known.get(above) {
        return *answer;
    }
    let is_link = fs::symlink_metadata(worktree.join(above)).is_ok_and(|meta| meta.is_symlink());
    let answer = is_link || is_below_link(worktree, above, known);
    known.insert(above.to_path_buf(), answer);
    answer
}

fn is_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// What is in a folder, relative to the worktree; nothing where it is none.
fn entries_of(main: &Path, path: &Path) -> Vec<PathBuf> {
    let folder = main.join(path);
    if !fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir()) {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| path.join(entry.file_name())).collect()
}

/// Makes the folders above a path as they are in the main worktree; `false` where something
/// else stands in their place, a link among it.
fn make_folders(main: &Path, worktree: &Path, path: &Path) -> Result<bool> {
    let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
    above.reverse();
    for folder in above
        .into_iter()
        .filter(|path| !path.as_os_str().is_empty())
    {
        let (from, to) = (main.join(folder), worktree.join(folder));
        let Some(meta) = fs::symlink_metadata(&from)
            .ok()
            .filter(fs::Metadata::is_dir)
        else {
            return Ok(false);
        };
        match fs::symlink_metadata(&to) {
            Ok(found) if found.is_dir() => continue,
            Ok(_) => return Ok(false),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(Error::files("look at", to)(error)),
        }
        // One that its owner may not write to could not be filled.
        let mode = Permissions::from_mode((meta.mode() & 0o777) | 0o700);
        fs::create_dir(&to)
            .and_then(|()| fs::set_permissions(&to, mode))
            .map_err(Error::files("make", to))?;
    }
    Ok(true)
}

/// A copy with the mode and the times of the file; the file system shares the bytes where it can.
fn copy_file(from: &Path, to: &Path, meta: &fs::Metadata) -> io::Result<()> {
    // What was a file when it was looked at may be something else by now.
    let mut source = File::options()
        .read(true)
        .custom_flags(
            OFlags::NONBLOCK
                .union(OFlags::NOFOLLOW)
                .bits()
                .cast_signed(),
        )
        .open(from)?;
    if !source.metadata()?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    if rustix::fs::ioctl_ficlone(&copy, &source).is_err() {
        io::copy(&mut source, &mut copy)?;
    }
    copy.set_permissions(Permissions::from_mode(meta.mode() & 0o777))?;
    let mut times = FileTimes::new();
    if let Ok(modified) = meta.modified() {
        times = times.set_modified(modified);
    }
    if let Ok(accessed) = meta.accessed() {
        times = times.set_accessed(accessed);
    }
    copy.set_times(times)
}
