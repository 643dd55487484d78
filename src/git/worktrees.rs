//! Which worktrees a repository has, and how they stand.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::{BranchName, CommitId, RefName};

use super::error::{Error, Result};
use super::program::Git;
use super::repository::{Repository, path_from, path_of, resolved};

/// One worktree, as the repository knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worktree {
    /// Its folder, absolute and without links.
    pub path: PathBuf,
    /// Whether it is the main one.
    pub is_main: bool,
    /// The commit that is checked out; `None` before the first one.
    pub head: Option<CommitId>,
    /// The branch that is checked out; `None` for a detached HEAD.
    pub branch: Option<BranchName>,
    /// The branch that a rebase under way will move.
    pub rebasing: Option<BranchName>,
    /// Whether its folder is gone.
    pub missing: bool,
    /// The reason (it may be empty) when somebody locked it.
    pub locked: Option<String>,
    /// What is under way in it: `rebase`, `merge` …
    pub in_progress: Option<&'static str>,
}

impl Repository {
    /// All worktrees, the main one first; a bare repository has no main one.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn worktrees(&self) -> Result<Vec<Worktree>> {
        let Some(library) = &self.library else {
            return self.printed_worktrees(|_| true);
        };
        let mut found = Vec::new();
        if let Some(main) = &self.main {
            found.push(self.described(main, &self.common, true, None));
        }
        found.extend(self.listed_worktrees(library, |_, _| true)?);
        Ok(found)
    }

    /// The worktrees, less the main one, that are `wanted` by their path and their branch; the
    /// others are not looked at further, however many there are.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn linked_worktrees(
        &self,
        wanted: impl Fn(&Path, Option<&BranchName>) -> bool,
    ) -> Result<Vec<Worktree>> {
        match &self.library {
            Some(library) => self.listed_worktrees(library, wanted),
            None => self.printed_worktrees(|found| {
                !found.is_main && wanted(&found.path, found.branch.as_ref())
            }),
        }
    }

    fn listed_worktrees(
        &self,
        library: &git2::Repository,
        wanted: impl Fn(&Path, Option<&BranchName>) -> bool,
    ) -> Result<Vec<Worktree>> {
        let failed = Error::library("list worktrees");
        let mut found = Vec::new();
        let names = library.worktrees().map_err(&failed)?;
        for name in names.iter().flatten().flatten() {
            let worktree = match library.find_worktree(name) {
                Ok(worktree) => worktree,
                // It went between the two looks, or was never whole.
                Err(error) => {
                    log::debug!("worktree {name} is passed over: {}", error.message());
                    continue;
                }
            };
            let admin = self.common.join("worktrees").join(name);
            let branch = branch_at(&head_of(&admin));
            if !wanted(&recorded(worktree.path()), branch.as_ref()) {
                continue;
            }
            let locked = match worktree.is_locked().map_err(&failed)? {
                git2::WorktreeLockStatus::Unlocked => None,
                git2::WorktreeLockStatus::Locked(reason) => Some(reason.unwrap_or_default()),
            };
            found.push(self.described(worktree.path(), &admin, false, locked));
        }
        Ok(found)
    }

    /// A worktree by its administration, the folder where its HEAD stands.
    fn described(
        &self,
        path: &Path,
        admin: &Path,
        is_main: bool,
        locked: Option<String>,
    ) -> Worktree {
        let head = head_of(admin);
        let branch = branch_at(&head);
        let head = match &branch {
            // One broken ref shall not hide all worktrees.
            Some(branch) => self.branch_tip(branch).unwrap_or_else(|error| {
                log::debug!("{branch} cannot be read: {error}");
                None
            }),
            None => head.trim().parse().ok(),
        };
        Worktree {
            path: recorded(path),
            is_main,
            head,
            branch,
            rebasing: rebasing(admin),
            missing: !path.exists(),
            locked: locked.map(|reason| reason.trim().to_owned()),
            in_progress: in_progress(admin),
        }
    }

    fn printed_worktrees(&self, wanted: impl Fn(&Worktree) -> bool) -> Result<Vec<Worktree>> {
        const WITH_Z: (u32, u32) = (2, 36);
        let with_z = self.program_version()? >= WITH_Z;
        let mut call = self.git().args(["worktree", "list", "--porcelain"]);
        if with_z {
            call = call.arg("-z");
        }
        let answer = call.run()?;
        let separator = if with_z { b'\0' } else { b'\n' };
        let mut found: Vec<Worktree> = Vec::new();
        for line in answer.split(|byte| *byte == separator) {
            let mut parts = line.splitn(2, |byte| *byte == b' ');
            let (key, value) = (parts.next(), parts.next());
            let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
            if key == b"worktree" {
                found.push(printed_worktree(value, found.is_empty()));
            } else if key == b"bare" {
                found.pop();
            } else if let Some(worktree) = found.last_mut() {
                complete(worktree, key, &String::from_utf8_lossy(value));
            }
        }
        found.retain(wanted);
        for worktree in found.iter_mut().filter(|worktree| !worktree.missing) {
            if let Some(main) = self.main.as_ref().filter(|_| worktree.is_main) {
                // git takes a directory apart from its worktree for the worktree.
                worktree.path.clone_from(main);
            }
            let call = Git::new(&worktree.path).args(["rev-parse", "--absolute-git-dir"]);
            if let Ok(answer) = call.run() {
                let admin = path_of(&answer);
                worktree.in_progress = in_progress(&admin);
                worktree.rebasing = rebasing(&admin);
            }
        }
        Ok(found)
    }

    /// The commit that is checked out in the main worktree, or that a bare repository is at.
    pub(super) fn main_head(&self) -> Result<Option<CommitId>> {
        if self.library.is_some() {
            return Ok(self.described(self.home(), &self.common, true, None).head);
        }
        self.verified("HEAD")
    }

    /// The administration of the worktree that git knows at `path`, whether it is there or not.
    pub(super) fn admin_of(&self, path: &Path) -> Option<PathBuf> {
        let folders = fs::read_dir(self.common.join("worktrees")).ok()?;
        let mut admins = folders.flatten().map(|entry| entry.path());
        admins.find(|admin| {
            let link =
                beneath::read_at_once(&admin.join("gitdir")).map(|link| admin.join(path_of(&link)));
            link.is_ok_and(|link| link.parent().is_some_and(|known| recorded(known) == path))
        })
    }

    /// Refuses a folder that is not the worktree of this repository that git knows there.
    pub(super) fn check_ours(&self, path: &Path) -> Result<()> {
        self.own_admin(path).map(drop)
    }

    /// As [`Repository::check_ours`]; the folder of its administration, where its HEAD stands.
    pub(super) fn own_admin(&self, path: &Path) -> Result<PathBuf> {
        let ours = || -> Option<PathBuf> {
            if fs::symlink_metadata(path).ok()?.is_symlink() {
                return None;
            }
            if Some(path) == self.main.as_deref() {
                return Some(self.common.clone());
            }
            let link = beneath::read_at_once(&path.join(".git")).ok()?;
            let admin = path_of(link.strip_prefix(b"gitdir: ")?);
            let admin = resolved(&path.join(admin));
            if admin.parent()? != self.common.join("worktrees") {
                return None;
            }
            let back = path_of(&beneath::read_at_once(&admin.join("gitdir")).ok()?);
            let back = resolved(admin.join(back).parent()?);
            (back == resolved(path)).then_some(admin)
        };
        let admin = ours().ok_or_else(|| Error::NotTheWorktree(path.to_path_buf()))?;
        if admin != self.common {
            self.check_administration(path, &admin)?;
        }
        Ok(admin)
    }
}

/// What HEAD of a worktree's administration holds.
pub(super) fn head_of(admin: &Path) -> String {
    // Read as a file: libgit2 opens no worktree whose folder is gone.
    beneath::read_text_at_once(&admin.join("HEAD")).unwrap_or_default()
}

/// The branch that a HEAD names.
pub(super) fn branch_at(head: &str) -> Option<BranchName> {
    let name = head.trim().strip_prefix("ref: ")?;
    name.parse::<RefName>().ok()?.branch()
}

/// A worktree's path without links on the way to it; what takes its own place is not followed.
pub(super) fn recorded(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_path_buf(),
    }
}

fn printed_worktree(path: &[u8], is_main: bool) -> Worktree {
    let path = path_from(path);
    Worktree {
        missing: !path.exists(),
        path,
        is_main,
        head: None,
        branch: None,
        rebasing: None,
        locked: None,
        in_progress: None,
    }
}

fn complete(worktree: &mut Worktree, key: &[u8], value: &str) {
    match key {
        b"HEAD" => worktree.head = value.parse().ok().filter(|id: &CommitId| !is_nothing(id)),
        b"branch" => {
            worktree.branch = value.parse::<RefName>().ok().and_then(|name| name.branch());
        }
        b"locked" => worktree.locked = Some(value.to_owned()),
        _ => {}
    }
}

/// The id of all zeros, by which git means that there is none.
fn is_nothing(id: &CommitId) -> bool {
    id.as_str().bytes().all(|digit| digit == b'0')
}

/// What is under way, by the files that git leaves in a worktree's administration.
fn in_progress(admin: &Path) -> Option<&'static str> {
    [
        ("rebase-merge", "rebase"),
        ("rebase-apply/applying", "am"),
        ("rebase-apply", "rebase"),
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("BISECT_LOG", "bisect"),
    ]
    .into_iter()
    .find(|(file, _)| admin.join(file).exists())
    .map(|(_, what)| what)
    .or_else(|| between_picks(admin))
}

/// What a sequence of commits is, between two of them (git's `sequencer/todo`).
fn between_picks(admin: &Path) -> Option<&'static str> {
    let todo = beneath::read_text_at_once(&admin.join("sequencer").join("todo")).ok()?;
    match todo.split_whitespace().next()? {
        "revert" => Some("revert"),
        _ => Some("cherry-pick"),
    }
}

fn rebasing(admin: &Path) -> Option<BranchName> {
    let name = ["rebase-merge", "rebase-apply"]
        .into_iter()
        .find_map(|folder| {
            beneath::read_text_at_once(&admin.join(folder).join("head-name")).ok()
        })?;
    name.trim().parse::<RefName>().ok()?.branch()
}

/// The paths of an answer in which each ends with a NUL.
pub(super) fn paths(answer: &[u8]) -> impl Iterator<Item = PathBuf> + '_ {
    answer
        .split(|byte| *byte == b'\0')
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)))
}
