//! The files of worktrees that are gone, deleted after the command that removed them.
//!
//! A few are deleted before the command ends, more of them by a hub in the background. What that
//! leaves behind, because it was killed or because of the system, is gone on with by the next
//! command that changes something.

use std::io;
use std::path::{Path, PathBuf};

use crate::git::{self, Aside, Deleted};
use crate::process::background;

use super::error::{Error, Result};
use super::hub::Hub;

/// So many files and folders are deleted before the command ends.
const AT_ONCE: usize = 2000;

/// What became of the folders that were put aside.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// Those that are being deleted in the background.
    pub going: Vec<PathBuf>,
    /// Those of which something cannot be deleted, and why.
    pub failed: Vec<(PathBuf, git::Error)>,
}

impl Hub {
    /// Where the folder of a worktree can be put aside; `None` where git is to remove it.
    pub(super) fn place_aside(&self, worktree: &Path) -> Option<Aside> {
        self.repository.place_aside(&self.worktree_root(), worktree)
    }

    /// Deletes the files of worktrees that git has forgotten, or has them deleted.
    pub(super) fn sweep(&self) -> Swept {
        let root = self.worktree_root();
        let found = || self.repository.forgotten_asides(&root);
        let mut swept = Swept::default();
        let Some(claim) = self.repository.claim_asides(&root) else {
            swept.going = found();
            return swept;
        };
        let mut allowance = Some(AT_ONCE);
        for folder in found() {
            match git::delete_aside(&folder, &mut allowance) {
                Ok(Deleted::Whole) => {}
                Ok(Deleted::Part) => swept.going.push(folder),
                Err(error) => swept.failed.push((folder, error)),
            }
        }
        self.repository.drop_asides(&root);
        drop(claim);
        // What others have put aside meanwhile, they have left to this one.
        let mut left = found();
        left.retain(|folder| swept.failed.iter().all(|(failed, _)| failed != folder));
        if !left.is_empty()
            && let Err(error) = self.delete_in_background()
        {
            let why = error.to_string();
            let stays = std::mem::take(&mut swept.going).into_iter();
            let failed = |folder| (folder, git::Error::Io(io::Error::other(why.clone())));
            swept.failed.extend(stays.map(failed));
        }
        swept
    }

    /// Goes on with what a hub that was killed has left of it; whoever wants to know what stays
    /// asks `hub doctor`.
    pub(super) fn go_on_sweeping(&self) {
        for (folder, error) in self.sweep().failed {
            log::debug!("{} stays: {error}", folder.display());
        }
    }

    fn delete_in_background(&self) -> Result<()> {
        let program = std::env::current_exe().map_err(Error::io("find", "hub itself"))?;
        let home = self.repository.home().as_os_str();
        Ok(background::start(
            &program,
            &["-C".as_ref(), home, "sweep".as_ref()],
        )?)
    }
}

/// In the background: deletes all that can be deleted.
///
/// # Errors
/// The first thing that cannot be.
pub fn run(hub: &Hub) -> Result<()> {
    let root = hub.worktree_root();
    let mut tried: Vec<PathBuf> = Vec::new();
    let mut failed = None;
    // Whoever claims it has all of it.
    while let Some(_claim) = hub.repository.claim_asides(&root) {
        let mut folders = hub.repository.forgotten_asides(&root);
        folders.retain(|folder| !tried.contains(folder));
        if folders.is_empty() {
            hub.repository.drop_asides(&root);
            break;
        }
        failed = failed.or(git::delete_asides(&folders).err());
        tried.extend(folders);
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
