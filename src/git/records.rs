//! What git keeps of each worktree, held against what stands in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::beneath;

use super::error::Result;
use super::program::failed;
use super::repository::{Repository, path_of, resolved};
use super::worktrees::recorded;

/// What git keeps of a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorktreeRecord {
    /// The folder in which it keeps it.
    pub admin: PathBuf,
    /// The worktree's folder; `None` where the record is not whole.
    pub path: Option<PathBuf>,
    /// What stands there.
    pub link: Link,
    /// When its index was locked; `None` where it is not.
    pub index_locked: Option<SystemTime>,
}

/// What stands where a worktree should, seen from the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The worktree.
    Whole,
    /// Nothing.
    Missing,
    /// A folder that does not lead to the repository, or to where it is not any more.
    Broken,
    /// Something of somebody else's: a symbolic link, a file, another repository, an empty folder.
    Replaced(&'static str),
}

impl Repository {
    /// What git keeps of every worktree but the main one.
    #[must_use]
    pub fn worktree_records(&self) -> Vec<WorktreeRecord> {
        let entries = fs::read_dir(self.common.join("worktrees"));
        let mut found: Vec<WorktreeRecord> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| self.record(entry.path()))
            .collect();
        found.sort_by(|one, other| one.admin.cmp(&other.admin));
        found
    }

    fn record(&self, admin: PathBuf) -> WorktreeRecord {
        let path = recorded_path(&admin);
        let whole = ["HEAD", "commondir"]
            .iter()
            .all(|name| fs::metadata(admin.join(name)).is_ok_and(|meta| meta.len() > 0));
        let path = path.filter(|_| whole);
        let link = path
            .as_deref()
            .map_or(Link::Missing, |path| self.link_at(path, &admin));
        let index_locked = fs::symlink_metadata(admin.join("index.lock"));
        let index_locked = index_locked.and_then(|meta| meta.modified()).ok();
        WorktreeRecord {
            admin,
            path,
            link,
            index_locked,
        }
    }

    fn link_at(&self, path: &Path, admin: &Path) -> Link {
        let Ok(meta) = fs::symlink_metadata(path) else {
            return Link::Missing;
        };
        if meta.is_symlink() {
            return Link::Replaced("a symbolic link");
        }
        if !meta.is_dir() {
            return Link::Replaced("a file");
        }
        let git = path.join(".git");
        if fs::symlink_metadata(&git).is_ok_and(|meta| meta.is_dir()) {
            return Link::Replaced("another repository");
        }
        let named = beneath::read_at_once(&git).ok();
        let named = named
            .as_deref()
            .and_then(|link| link.strip_prefix(b"gitdir: "));
        let Some(named) = named.map(|target| path.join(path_of(target))) else {
            let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            return if empty {
                Link::Replaced("an empty folder")
            } else {
                Link::Broken
            };
        };
        if resolved(&named) == resolved(admin) {
            return Link::Whole;
        }
        if named.exists() {
            // The common folder of another worktree's repository, or another worktree of this.
            let ours = resolved(&named).starts_with(self.common.join("worktrees"));
            return Link::Replaced(if ours {
                "another worktree"
            } else {
                "another repository"
            });
        }
        Link::Broken
    }

    /// Lets a worktree and the repository find each other again.
    ///
    /// # Errors
    /// When git refuses.
    pub fn relink_worktree(&self, path: &Path) -> Result<()> {
        let call = self.git().uninterrupted().args(["worktree", "repair"]);
        let output = call.arg(path).output()?;
        // It complains of the broken link, too, that it has mended.
        let records = self.worktree_records().into_iter();
        let mut ours = records.filter(|record| record.path.as_deref() == Some(path));
        if ours.all(|record| record.link == Link::Whole) {
            return Ok(());
        }
        Err(failed(
            format!("worktree repair {}", path.display()),
            &output,
        ))
    }
}

/// The folder of the worktree that a record names.
fn recorded_path(admin: &Path) -> Option<PathBuf> {
    let link = beneath::read_at_once(&admin.join("gitdir")).ok()?;
    let link = path_of(&link);
    if link.as_os_str().is_empty() {
        return None;
    }
    Some(recorded(admin.join(link).parent()?))
}
