//! Making several worktrees of one commit at once: each file's content is read from the
//! repository once and written into all of them.
//!
//! git makes the branches and the administration, and git ends it: it looks at every file that
//! was written here, mends what is not as it must be, and writes the index in the form that the
//! repository asks for. What is done here is what takes it long: inflating and writing files. So
//! the worktrees are those that `git worktree add` makes, where nothing stands between a blob and
//! its file. [`plain`] checks that; elsewhere git does it all.

mod content;
mod plain;
mod seed;
mod write;

use std::path::{Path, PathBuf};

use crate::domain::refs::CommitId;
use crate::fault::{Point, effect};

use super::checkout::NewWorktree;
use super::error::{Error, Result};
use super::parallel;
use super::program::Git;
use super::repository::{Repository, oid};

use content::Content;
use write::{Halt, Written};

/// How far the making of worktrees is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// Worktrees that stand, of all.
    Worktrees(usize, usize),
    /// Files that are written into all worktrees, of all.
    Files(usize, usize),
}

/// Is told how far it is, and says whether to go on.
pub type Watch<'w> = &'w mut dyn FnMut(Making) -> bool;

/// So many worktrees are written at once: each takes open folders of each thread.
const AT_ONCE: usize = 32;

impl Repository {
    /// Makes worktrees and their branches, as [`Repository::add_worktree`] makes each of them.
    ///
    /// # Errors
    /// [`Error::Stopped`] when `watch` said so, and when git or the system refuses; what was made
    /// by then is for [`Repository::remove_worktree`].
    pub fn add_worktrees(&self, new: &[NewWorktree<'_>], watch: Watch<'_>) -> Result<()> {
        match self.plain_content(new)? {
            Ok(content) => {
                log::debug!("{} worktrees are written at once", new.len());
                let mut groups = new.chunks(AT_ONCE);
                groups.try_for_each(|group| self.add_filled(group, &content, watch))
            }
            Err(reason) => {
                log::debug!("git makes each worktree by itself: {reason}");
                for (done, one) in new.iter().enumerate() {
                    go_on(watch(Making::Worktrees(done, new.len())))?;
                    self.add_worktree(one)?;
                }
                Ok(())
            }
        }
    }

    /// What is in the one commit of all worktrees, or why git must write it.
    fn plain_content(
        &self,
        new: &[NewWorktree<'_>],
    ) -> Result<std::result::Result<Content, String>> {
        let Some(first) = new.first() else {
            return Ok(Err("there are none".to_owned()));
        };
        if new
            .iter()
            .any(|one| one.branch.is_none() || one.commit != first.commit)
        {
            return Ok(Err("they are not of one commit".to_owned()));
        }
        if let Some(reason) = self.in_the_way_of_filling()? {
            return Ok(Err(reason));
        }
        Ok(self.content_of(first.commit))
    }

    fn content_of(&self, commit: &CommitId) -> std::result::Result<Content, String> {
        let library = self.library.as_ref().ok_or("libgit2 cannot open it")?;
        let id = oid(commit).map_err(|error| error.to_string())?;
        content::read(library, id)
    }

    fn add_filled(
        &self,
        new: &[NewWorktree<'_>],
        content: &Content,
        watch: Watch<'_>,
    ) -> Result<()> {
        let mut places = Vec::new();
        for (done, one) in new.iter().enumerate() {
            go_on(watch(Making::Worktrees(done, new.len())))?;
            self.add_unfilled(one)?;
            self.check_ours(one.path)?;
            let admin = self.admin_of(one.path);
            let admin = admin.ok_or_else(|| Error::NotTheWorktree(one.path.to_path_buf()))?;
            places.push(Place {
                folder: one.path.to_path_buf(),
                admin,
            });
        }
        let folders: Vec<&Path> = places.iter().map(|place| place.folder.as_path()).collect();
        let written = match write::write(&self.common, content, &folders, watch) {
            Ok(written) => Some(written),
            Err(Halt::Failed(error)) => return Err(error),
            Err(Halt::LeftToGit(reason)) => {
                log::debug!("git writes the worktrees after all: {reason}");
                None
            }
        };
        let all = content.files.len();
        let ended = parallel::each(
            places.len(),
            || Ok::<_, Error>(()),
            |(), number| match places.get(number) {
                Some(place) => end(place, number, content, written.as_ref()),
                None => Ok(()),
            },
            &mut |_| watch(Making::Files(all, all)),
        );
        ended?.ok_or(Error::Stopped)?;
        new.iter().try_for_each(|one| self.unlock(one.path))
    }
}

/// A worktree that git knows and that holds nothing yet.
struct Place {
    folder: PathBuf,
    /// What git keeps of it.
    admin: PathBuf,
}

/// Tells git what was written, and lets it do the rest, as `git worktree add` does it.
fn end(place: &Place, number: usize, content: &Content, written: Option<&Written>) -> Result<()> {
    if let Some(written) = written {
        let told = |error: std::io::Error| git2::Error::from_str(&error.to_string());
        let planted = effect(Point::Fill, told, || {
            seed::plant(&place.admin, content, written, number)
        });
        if let Err(error) = planted {
            log::debug!("git writes it once more: {}", error.message());
        }
    }
    let call = Git::at_top(&place.folder).args(["reset", "--hard", "--quiet"]);
    call.arg("--no-recurse-submodules").run().map(drop)
}

fn go_on(wanted: bool) -> Result<()> {
    wanted.then_some(()).ok_or(Error::Stopped)
}
