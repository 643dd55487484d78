//! How a worktree stands, whole: what is checked out, staged, and in its files.
//!
//! The files are a tree of git's, what is changed and untracked among them; what git ignores is
//! not. Where nothing is changed that is the commit's own tree, and a glance is enough.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::refs::CommitId;

use super::changes::{Change, Index, names, parse_status, status};
use super::error::{Error, Result};
use super::glance::Glance;
use super::parallel;
use super::program::Git;
use super::repository::{Repository, commit_id, printed_id};
use super::worktrees::head_of;

/// A file beyond this is not read; its size and time have to do.
const LARGE: u64 = 32 * 1024 * 1024;

/// How a worktree stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is checked out: `ref: ` and a branch, or a commit.
    pub head: String,
    /// The commit that is checked out; `None` before the first one.
    pub commit: Option<CommitId>,
    /// The tree of what is staged; `None` where a conflict is.
    pub index: Option<CommitId>,
    /// The tree of its files.
    pub files: CommitId,
    /// Changed and new files that are too large for it, each with size and time.
    pub large: Vec<(PathBuf, u64, i64)>,
    /// Whether nothing is changed, staged or new.
    pub clean: bool,
}

/// A worktree that is about to be looked at.
struct Look {
    worktree: PathBuf,
    head: String,
    commit: Option<CommitId>,
    glance: Option<Glance>,
    /// How git stages everything.
    add: Vec<&'static str>,
}

impl Repository {
    /// How worktrees stand, side by side; in their order.
    #[must_use]
    pub fn standings(&self, worktrees: &[PathBuf]) -> Vec<Result<Standing>> {
        let looks = worktrees.iter().map(|path| self.look_at_standing(path));
        let looks = looks.collect();
        let (found, ()) = parallel::each_prepared(looks, Look::standing, || (), &mut |_| true);
        found.unwrap_or_default()
    }

    /// How one worktree stands.
    ///
    /// # Errors
    /// When it is none of this repository's, or git cannot look at it.
    pub fn standing(&self, worktree: &Path) -> Result<Standing> {
        self.look_at_standing(worktree)?.standing()
    }

    fn look_at_standing(&self, worktree: &Path) -> Result<Look> {
        let admin = self.own_admin(worktree)?;
        let glance = self.glance(worktree, &admin);
        let commit = if let Some(glance) = &glance {
            Some(commit_id(glance.commit())?)
        } else {
            let call = Git::new(worktree).args(["rev-parse", "--quiet", "--verify"]);
            let answer = call.arg("HEAD^{commit}").output()?;
            let found = answer.status.success();
            found.then(|| printed_id(&answer.stdout)).transpose()?
        };
        Ok(Look {
            worktree: worktree.to_path_buf(),
            head: head_of(&admin).trim().to_owned(),
            commit,
            glance,
            add: self.add_all()?,
        })
    }

    /// Brings the files of a worktree from one tree to another, with what is not tracked; its
    /// index and HEAD stay. Nothing is overwritten that is not as `from` has it.
    ///
    /// # Errors
    /// When a file is not as `from` has it: then nothing is changed.
    pub fn bring_files(&self, worktree: &Path, from: &CommitId, to: &CommitId) -> Result<()> {
        self.check_ours(worktree)?;
        if from == to {
            return Ok(());
        }
        let (index, found, _) = files_of(
            worktree,
            &changed(Git::new(worktree), None)?,
            &self.add_all()?,
        )?;
        if found != *from {
            return Err(Error::answer("the files that were found", found.as_str()));
        }
        let call = index.git(worktree).durable();
        let call = call.args(["read-tree", "-m", "-u", from.as_str(), to.as_str()]);
        call.run()?;
        // What is as it is staged again shall not look changed.
        let git = Git::new(worktree).uninterrupted();
        git.args(["update-index", "-q", "--refresh"]).output()?;
        Ok(())
    }

    /// Stages a tree, and nothing else.
    ///
    /// # Errors
    /// When git refuses.
    pub fn stage_tree(&self, worktree: &Path, tree: &CommitId) -> Result<()> {
        self.check_ours(worktree)?;
        let git = || Git::new(worktree).uninterrupted().durable();
        git().args(["read-tree", tree.as_str()]).run()?;
        git().args(["update-index", "-q", "--refresh"]).output()?;
        Ok(())
    }

    /// Lets HEAD of a worktree say something else: `ref: ` and a branch, or a commit. The files
    /// and the index stay.
    ///
    /// # Errors
    /// When git refuses.
    pub fn set_head(&self, worktree: &Path, head: &str) -> Result<()> {
        self.check_ours(worktree)?;
        let git = Git::new(worktree).uninterrupted().durable();
        let call = match head.strip_prefix("ref: ") {
            Some(name) => git.args(["symbolic-ref", "-m", "hub: outside", "HEAD", name]),
            None => git.args([
                "update-ref",
                "--no-deref",
                "-m",
                "hub: outside",
                "HEAD",
                head,
            ]),
        };
        call.run().map(drop)
    }
}

impl Look {
    fn standing(&self) -> Result<Standing> {
        let git = Git::new(&self.worktree);
        let glanced = self
            .glance
            .as_ref()
            .map(|glance| (glance, glance.left_over()));
        let tree = glanced.as_ref().map(|(glance, _)| commit_id(glance.tree()));
        let tree = tree.transpose()?;
        let left = glanced.and_then(|(_, left)| left);
        // Where a glance could tell, what is staged is the commit's own tree.
        let staged = tree.clone().filter(|_| left.is_some());
        let changes = match &left {
            Some(left) if left.is_empty() => Vec::new(),
            left => {
                let paths = left.as_ref().map(|left| {
                    let paths = left.iter().map(|one| OsStr::from_bytes(&one.path));
                    paths.map(OsStr::to_owned).collect::<Vec<OsString>>()
                });
                changed(git, paths.as_deref())?
            }
        };
        let standing = |index, files, large| Standing {
            head: self.head.clone(),
            commit: self.commit.clone(),
            index,
            files,
            large,
            clean: changes.is_empty(),
        };
        if changes.is_empty()
            && let Some(tree) = match tree {
                Some(tree) => Some(tree),
                None => self.tree()?,
            }
        {
            return Ok(standing(Some(tree.clone()), tree, Vec::new()));
        }
        let index = match staged {
            Some(staged) => Some(staged),
            None => index_tree(&self.worktree)?,
        };
        let (_, files, large) = files_of(&self.worktree, &changes, &self.add)?;
        Ok(standing(index, files, large))
    }

    fn tree(&self) -> Result<Option<CommitId>> {
        let Some(commit) = &self.commit else {
            return Ok(None);
        };
        let call = Git::new(&self.worktree).args(["rev-parse", &format!("{commit}^{{tree}}")]);
        printed_id(&call.run()?).map(Some)
    }
}

/// What is changed or new, file by file; at these paths alone where they are known.
fn changed(git: Git, at: Option<&[OsString]>) -> Result<Vec<Change>> {
    let git = git.setting("core.fsmonitor=false");
    let call = match at {
        Some(_) => status(git.arg("--literal-pathspecs")),
        None => status(git),
    };
    let call = call.arg("--untracked-files=all");
    let call = match at {
        Some(paths) => call.arg("--").args(paths),
        None => call,
    };
    parse_status(&call.run()?)
}

/// The tree of what is staged; `None` where a conflict is.
fn index_tree(worktree: &Path) -> Result<Option<CommitId>> {
    let index = Index::of(worktree)?;
    let written = index.git(worktree).arg("write-tree").output()?;
    let whole = written.status.success();
    whole.then(|| printed_id(&written.stdout)).transpose()
}

/// The tree of the files of a worktree, and the index that knows them; with what is too large.
#[expect(
    clippy::type_complexity,
    reason = "three things that are found in one look"
)]
fn files_of(
    worktree: &Path,
    changes: &[Change],
    add: &[&str],
) -> Result<(Index, CommitId, Vec<(PathBuf, u64, i64)>)> {
    let index = Index::of(worktree)?;
    let mut large = Vec::new();
    let mut taken = Vec::new();
    for change in changes {
        let path = &change.path;
        // Another repository, which no tree can hold.
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            continue;
        }
        match fs::symlink_metadata(worktree.join(path)) {
            Ok(meta) if meta.is_file() && meta.size() > LARGE => {
                large.push((path.clone(), meta.size(), meta.mtime()));
            }
            _ => taken.push(path.clone()),
        }
    }
    if !taken.is_empty() {
        // All flushed at once, where git knows how.
        let git = index.git(worktree).durable();
        let git = git.setting("core.fsyncMethod=batch");
        let call = git.arg("--literal-pathspecs");
        let call = call
            .args(add)
            .args(["--pathspec-from-file=-", "--pathspec-file-nul"]);
        call.input(names(&taken)).run()?;
    }
    let tree = index.git(worktree).arg("write-tree").run()?;
    let tree = printed_id(&tree)?;
    Ok((index, tree, large))
}
