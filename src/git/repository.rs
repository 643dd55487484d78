//! Finding a repository from any folder of it.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::{BranchName, CommitId};

use super::error::{Error, Result};
use super::program::{self, Git};

/// A repository with all its worktrees.
pub struct Repository {
    /// `None` where libgit2 cannot open it: then git does everything.
    pub(super) library: Option<git2::Repository>,
    /// The folder that all worktrees share: `.git`, or the bare repository.
    pub(super) common: PathBuf,
    home: PathBuf,
    /// The main worktree; `None` for a bare repository. A git directory that is apart from its
    /// worktree does not know where that is: then it stands here itself, unless hub was
    /// started in the worktree.
    pub(super) main: Option<PathBuf>,
    /// Where it was found from: a folder of one of its worktrees, or the bare repository.
    here: PathBuf,
    checked_version: OnceCell<(u32, u32)>,
}

/// The oldest git that does what hub asks of it.
const OLDEST: (u32, u32) = (2, 31);

impl Repository {
    /// Finds the repository around `folder`; inherited `GIT_*` variables do not count.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn discover(folder: &Path) -> Result<Self> {
        // As git does: what an object's bytes are is for `git fsck` to check, not for each reader.
        git2::opts::strict_hash_verification(false);
        let none = &[] as &[&OsStr];
        let opened = git2::Repository::open_ext(folder, git2::RepositoryOpenFlags::empty(), none);
        match opened {
            Ok(library) => Ok(Self::from_library(library, folder)),
            Err(error) => match error.code() {
                git2::ErrorCode::NotFound => Err(Error::NotARepository(folder.to_path_buf())),
                git2::ErrorCode::Owner => Err(Error::ForeignOwner(folder.to_path_buf())),
                _ => Self::from_program(folder, &error),
            },
        }
    }

    fn from_library(library: git2::Repository, folder: &Path) -> Self {
        let common = resolved(library.commondir());
        log::debug!("libgit2: open {}", common.display());
        let config = library.config().ok();
        let bare = config.as_ref().and_then(|c| c.get_bool("core.bare").ok());
        let worktree = config.and_then(|c| c.get_path("core.worktree").ok());
        let bare = bare.unwrap_or(false);
        let home = home_of(&common, bare, worktree);
        let workdir = library.workdir().map(resolved);
        // libgit2 takes any folder around a git directory for its worktree.
        let in_main = workdir
            .clone()
            .filter(|folder| !library.is_worktree() && leads_to(folder, &common));
        Self {
            main: main_of(&common, bare, &home, in_main),
            library: Some(library),
            common,
            home,
            here: workdir.unwrap_or_else(|| folder.to_path_buf()),
            checked_version: OnceCell::new(),
        }
    }

    fn from_program(folder: &Path, refused: &git2::Error) -> Result<Self> {
        log::debug!(
            "libgit2 cannot open it ({}); git does it all",
            refused.message()
        );
        let git = || Git::new(folder);
        let common = git()
            .args(["rev-parse", "--path-format=absolute", "--git-common-dir"])
            .run()
            .map_err(|error| match error {
                // The reason that libgit2 gives is the one that a person can act on.
                Error::Program { .. } => Error::Library {
                    action: "open the repository",
                    source: git2::Error::from_str(refused.message()),
                },
                other => other,
            })?;
        let common = resolved(&path_of(&common));
        let setting = |kind, name| -> Option<PathBuf> {
            let call = git().args(["config", kind, "--get", name]);
            call.run().ok().map(|answer| path_of(&answer))
        };
        let bare = setting("--bool", "core.bare").is_some_and(|value| value == Path::new("true"));
        let home = home_of(&common, bare, setting("--path", "core.worktree"));
        let asked = |what| git().args(["rev-parse", what]).run();
        let in_main = asked("--absolute-git-dir")
            .is_ok_and(|found| resolved(&path_of(&found)) == common)
            .then(|| asked("--show-toplevel").ok())
            .flatten();
        Ok(Self {
            library: None,
            main: main_of(&common, bare, &home, in_main.map(|top| path_of(&top))),
            common,
            home,
            here: folder.to_path_buf(),
            checked_version: OnceCell::new(),
        })
    }

    /// The main worktree, or the folder of a bare repository.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The git directory that all worktrees share.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.common
    }

    /// The top of the worktree around `folder`; `None` where there is none.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn top_of(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let call = Git::new(folder).args(["rev-parse", "--show-toplevel"]);
        let output = call.output()?;
        Ok(output.status.success().then(|| path_of(&output.stdout)))
    }

    /// The branch that is checked out where hub was started; `None` for a detached HEAD.
    ///
    /// # Errors
    /// When HEAD cannot be read.
    pub fn head_branch(&self) -> Result<Option<BranchName>> {
        let name = if let Some(library) = &self.library {
            let head = library
                .find_reference("HEAD")
                .map_err(Error::library("read HEAD"))?;
            head.symbolic_target().ok().flatten().map(str::to_owned)
        } else {
            let call = Git::new(&self.here).args(["symbolic-ref", "--quiet", "HEAD"]);
            let output = call.output()?;
            let found = output.status.success();
            found
                .then(|| program::text(&output.stdout).map(str::to_owned))
                .transpose()?
        };
        let branch = name
            .as_deref()
            .and_then(|name| name.strip_prefix("refs/heads/"));
        Ok(branch.and_then(|name| name.parse().ok()))
    }

    /// A call of git on the whole repository.
    pub(super) fn git(&self) -> Git {
        Git::new(&self.common)
    }

    /// Checks that the git program is there and new enough.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_program(&self) -> Result<()> {
        self.program_version().map(drop)
    }

    /// Checks once that the git program is there and new enough, and returns its version.
    pub(super) fn program_version(&self) -> Result<(u32, u32)> {
        if let Some(version) = self.checked_version.get() {
            return Ok(*version);
        }
        let version = program::version()?;
        if version < OLDEST {
            let (major, minor) = version;
            return Err(Error::OldProgram {
                found: format!("{major}.{minor}"),
            });
        }
        Ok(*self.checked_version.get_or_init(|| version))
    }
}

/// Where the main worktree is, from what all worktrees agree on.
fn home_of(common: &Path, bare: bool, worktree: Option<PathBuf>) -> PathBuf {
    if bare {
        return common.to_path_buf();
    }
    if let Some(worktree) = worktree {
        // A relative one starts at the git directory (git-config(1), core.worktree).
        return resolved(&common.join(worktree));
    }
    match common.parent() {
        Some(parent) if common.file_name() == Some(OsStr::new(".git")) => parent.to_path_buf(),
        // A git directory apart from its worktree does not know where that is.
        _ => common.to_path_buf(),
    }
}

/// The main worktree, from what is known of it and from where hub was started.
fn main_of(common: &Path, bare: bool, home: &Path, in_main: Option<PathBuf>) -> Option<PathBuf> {
    if bare {
        return None;
    }
    let known = (home != common).then(|| home.to_path_buf());
    Some(known.or(in_main).unwrap_or_else(|| common.to_path_buf()))
}

/// Whether the `.git` file of a worktree names this git directory.
fn leads_to(worktree: &Path, common: &Path) -> bool {
    let Ok(link) = beneath::read_at_once(&worktree.join(".git")) else {
        return false;
    };
    link.strip_prefix(b"gitdir: ")
        .is_some_and(|target| resolved(&worktree.join(path_of(target))) == common)
}

/// A path without links and dots, as git records them; as it is where it cannot be resolved.
pub(super) fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A path that git printed.
pub(super) fn path_of(answer: &[u8]) -> PathBuf {
    let path = answer.strip_suffix(b"\n").unwrap_or(answer);
    PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()))
}

/// A path inside a repository, as git holds it.
pub(super) fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// The domain's id of what libgit2 found.
pub(super) fn commit_id(oid: git2::Oid) -> Result<CommitId> {
    let text = oid.to_string();
    text.parse()
        .map_err(|_| Error::answer("an object id", text))
}

/// libgit2's id of an object.
pub(super) fn oid(commit: &CommitId) -> Result<git2::Oid> {
    git2::Oid::from_str(commit.as_str()).map_err(Error::library("read an object id"))
}

/// An object id that git printed.
pub(super) fn printed_id(answer: &[u8]) -> Result<CommitId> {
    let text = program::text(answer)?.trim();
    text.parse()
        .map_err(|_| Error::answer("an object id", text))
}
