//! Worktrees that go without keeping anybody waiting.
//!
//! Deleting a large folder takes seconds, renaming it takes none. So the folder of a worktree is
//! put aside: renamed into a hidden folder beside those of the sessions ([`FOLDER`]). Then git
//! forgets the worktree, and at last its files are deleted, here or by another process.
//!
//! A folder that was put aside still has its link to what git keeps of it. As long as that is
//! there, git has not forgotten the worktree, and nothing is deleted: whoever comes next puts the
//! folder back. The link goes last, so that this can be told at any moment.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::beneath;
use crate::domain::id::SessionId;
use crate::fault::{Point, deed, effect};

use super::changes::{Change, changes_unwatched};
use super::delete::{Allowance, Deleted, delete};
use super::error::{Error, Result};
use super::parallel;
use super::repository::{Repository, path_of, resolved};

/// Where folders are put aside, below the folder of all worktrees.
///
/// One step down, as a session's folder, so that a link by a relative path leads where it led.
const FOLDER: &str = ".removing";

/// A worktree's folder that can be put aside, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Where it stands as a worktree.
    pub worktree: PathBuf,
    /// Where it stands when it was put aside.
    pub aside: PathBuf,
}

/// The right to delete what was put aside; the kernel takes it back when the process ends.
#[derive(Debug)]
#[must_use = "it ends when this is dropped"]
pub struct Claim {
    _folder: Option<fs::File>,
}

impl Repository {
    /// Where the folder of a session's worktree can be put aside; `None` where git is to remove
    /// it: it stands somewhere else, or has submodules, whose repositories know where they are.
    #[must_use]
    pub fn place_aside(&self, root: &Path, worktree: &Path) -> Option<Aside> {
        let session = worktree.parent()?;
        if session.parent()? != root || self.admin_of(worktree)?.join("modules").exists() {
            return None;
        }
        let (session, name) = (session.file_name()?, worktree.file_name()?);
        let name = format!("{}.{}", session.to_str()?, name.to_str()?);
        let free = |number: usize| {
            let place = root.join(FOLDER).join(format!("{name}.{number}"));
            fs::symlink_metadata(&place).is_err().then_some(place)
        };
        Some(Aside {
            worktree: worktree.to_path_buf(),
            aside: (1..).find_map(free)?,
        })
    }

    /// Puts the folder of a worktree aside; `false` where the system does not allow it, and
    /// nothing has changed.
    ///
    /// # Errors
    /// When it is locked, or not what git knows there.
    pub fn put_aside(&self, place: &Aside) -> Result<bool> {
        self.check_unlocked(&place.worktree)?;
        self.check_ours(&place.worktree)?;
        let made = effect(
            Point::MakeFolder,
            |error| error,
            || place.aside.parent().map_or(Ok(()), fs::create_dir_all),
        );
        let moved = made.and_then(|()| rename(&place.worktree, &place.aside));
        match moved {
            Err(error) if fs::symlink_metadata(&place.worktree).is_ok() => {
                let from = place.worktree.display();
                log::debug!("{from} is not put aside: {error}");
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// Puts a folder back to where git knows its worktree; nothing happens where it is not aside.
    ///
    /// # Errors
    /// When something else stands there by now.
    pub fn put_back(&self, place: &Aside) -> Result<()> {
        if fs::symlink_metadata(&place.aside).is_err() {
            return Ok(());
        }
        if let Some(folder) = place.worktree.parent() {
            let told = Error::files("make the folder", folder);
            effect(Point::MakeFolder, told, || {
                fs::create_dir_all(folder).map_err(Error::files("make the folder", folder))
            })?;
        }
        let told = Error::files("put back", &place.worktree);
        rename(&place.aside, &place.worktree).map_err(told)
    }

    /// What is changed or new in a folder that was put aside.
    ///
    /// # Errors
    /// When git cannot look at it.
    pub fn changes_aside(&self, place: &Aside) -> Result<Vec<Change>> {
        changes_unwatched(&place.aside)
    }

    /// Lets git forget a worktree whose folder was put aside.
    ///
    /// # Errors
    /// As [`Repository::forget_worktree`].
    pub fn forget_aside(&self, place: &Aside) -> Result<()> {
        let path = &place.worktree;
        match self.forget_worktree(path) {
            // Somebody who let git forget all whose folders are gone was faster.
            Err(_) if self.worktrees()?.iter().all(|known| known.path != *path) => Ok(()),
            forgotten => forgotten,
        }
    }

    /// The folders that were put aside, and where each stood.
    #[must_use]
    pub fn asides(&self, root: &Path) -> Vec<Aside> {
        let entries = fs::read_dir(root.join(FOLDER)).into_iter().flatten();
        let aside = |aside: PathBuf| {
            let below = stood_at(aside.file_name()?.to_str()?)?;
            let is_folder = fs::symlink_metadata(&aside).is_ok_and(|meta| meta.is_dir());
            is_folder.then(|| Aside {
                worktree: root.join(below),
                aside,
            })
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut found: Vec<Aside> = paths.filter_map(aside).collect();
        found.sort_by(|one, other| one.aside.cmp(&other.aside));
        found
    }

    /// The folders of those that git has forgotten as worktrees: nobody needs what is in them.
    #[must_use]
    pub fn forgotten_asides(&self, root: &Path) -> Vec<PathBuf> {
        let mut found = self.asides(root);
        found.retain(|one| self.is_forgotten(one));
        found.into_iter().map(|one| one.aside).collect()
    }

    /// Whether git has forgotten the worktree whose folder this was.
    fn is_forgotten(&self, place: &Aside) -> bool {
        let Aside { worktree, aside } = place;
        let link = match beneath::read_at_once(&aside.join(".git")) {
            Ok(link) => link,
            // It goes last: all else is deleted.
            Err(error) => return error.kind() == ErrorKind::NotFound,
        };
        let Some(admin) = link.strip_prefix(b"gitdir: ").map(path_of) else {
            return false;
        };
        let admin = aside.join(admin);
        let common = admin.parent().and_then(Path::parent).map(resolved);
        if common.as_ref() != Some(&self.common) {
            // Another repository's worktrees may stand here, too.
            return false;
        }
        // The name may belong to another worktree by now, or to one that was made there again.
        self.admin_of(worktree)
            .is_none_or(|known| known.file_name() != admin.file_name())
            || self.check_ours(worktree).is_ok()
    }

    /// Claims what was put aside, so that one process at a time deletes it; `None` while another
    /// one does. It looks once more when it has let go: until then others leave theirs to it.
    #[must_use]
    pub fn claim_asides(&self, root: &Path) -> Option<Claim> {
        let folder = fs::File::open(root.join(FOLDER)).ok();
        let lock =
            |folder: &fs::File| rustix::fs::flock(folder, FlockOperation::NonBlockingLockExclusive);
        match folder.as_ref().map(lock) {
            Some(Err(Errno::WOULDBLOCK)) => None,
            // Where there are no locks, two processes are not in each other's way either.
            _ => Some(Claim { _folder: folder }),
        }
    }

    /// Removes the folder for what was put aside, when nothing is in it.
    pub fn drop_asides(&self, root: &Path) {
        let folder = root.join(FOLDER);
        if fs::symlink_metadata(&folder).is_err() {
            return;
        }
        let removed = deed(Point::RemoveFolder, || fs::remove_dir(&folder));
        // An error means that something is still in there.
        if removed.is_ok() {
            let _ = deed(Point::RemoveFolder, || fs::remove_dir(root));
        }
    }
}

/// Deletes a folder of [`Repository::forgotten_asides`], as far as the allowance goes.
///
/// # Errors
/// When something in it cannot be deleted; the rest is.
pub fn delete_aside(folder: &Path, allowance: &mut Allowance) -> Result<Deleted> {
    delete(folder, allowance).map_err(Error::files("delete", folder))
}

/// Deletes several of them, as a whole, on as many threads as there are processors.
///
/// # Errors
/// The first thing that cannot be deleted; the rest is.
pub fn delete_asides(folders: &[PathBuf]) -> Result<()> {
    let done = parallel::each(
        folders.len(),
        || Ok::<_, Error>(()),
        |(), number| {
            let folder = folders.get(number);
            Ok(folder.map_or(Ok(Deleted::Whole), |one| delete_aside(one, &mut None)))
        },
        &mut |_| true,
    )?;
    let mut done = done.into_iter().flatten();
    done.try_for_each(|deleted| deleted.map(drop))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    effect(Point::Rename, |error| error, || fs::rename(from, to))
}

/// Where the worktree stood whose folder has this name now, below the folder of all worktrees.
fn stood_at(name: &str) -> Option<PathBuf> {
    let (place, number) = name.rsplit_once('.')?;
    let (session, worktree) = place.split_once('.')?;
    let session: SessionId = session.parse().ok()?;
    number.parse::<usize>().ok()?;
    Some(Path::new(session.as_str()).join(worktree))
}
