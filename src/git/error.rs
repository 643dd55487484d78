//! What can go wrong with a repository.

use std::io;
use std::path::PathBuf;

use crate::domain::diagnostic::{BROKEN_DISK, Code, Diagnostic, FULL_DISK, READ_ONLY_DISK};
use crate::domain::refs::{BranchName, CommitId, RefName};
use crate::domain::text::{first_few, quoted};

/// The result of an operation on a repository.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation on a repository did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no repository around the folder.
    #[error("{} is not in a git repository", .0.display())]
    NotARepository(PathBuf),
    /// The repository belongs to another user, and git does not trust it.
    #[error("{} belongs to another user, and git does not work in it", .0.display())]
    ForeignOwner(PathBuf),
    /// The git program is not there.
    #[error("the git program is not found")]
    NoProgram,
    /// The git program is too old.
    #[error("git {found} is too old")]
    OldProgram {
        /// Its version.
        found: String,
    },
    /// The branch has no commit, as in a repository that was just made.
    #[error("branch {0} has no commit yet")]
    UnbornBranch(BranchName),
    /// A branch of this name is there already.
    #[error("branch {name} is there already")]
    BranchExists {
        /// The branch.
        name: BranchName,
    },
    /// Somebody else moved a ref in between.
    #[error("{name} was moved by somebody else: it was {}, and is {}", shown(.expected.as_ref()), shown(.found.as_ref()))]
    RefMoved {
        /// The ref.
        name: RefName,
        /// The value that was read; `None` when it was not there.
        expected: Option<CommitId>,
        /// The value now.
        found: Option<CommitId>,
    },
    /// A ref is locked by another program.
    #[error("{name} is locked by another program")]
    RefLocked {
        /// The ref.
        name: RefName,
    },
    /// The user locked a worktree.
    #[error("worktree {} is locked{}", path.display(), because(reason))]
    LockedWorktree {
        /// The worktree.
        path: PathBuf,
        /// The reason that was given; may be empty.
        reason: String,
    },
    /// What stands at a worktree's path is something else.
    #[error("{} is not the worktree that git knows there", .0.display())]
    NotTheWorktree(PathBuf),
    /// A worktree has settings of its own by which git would run something.
    #[error("worktree {} has a setting {key} of its own, which the repository does not have", worktree.display())]
    WorktreeSetting {
        /// The worktree.
        worktree: PathBuf,
        /// The file that holds it.
        file: PathBuf,
        /// The setting's name.
        key: String,
    },
    /// Somebody has put a pipe where git reads a file.
    #[error("{} is a pipe, for which git would wait for ever", path.display())]
    WaitedForPipe {
        /// The pipe.
        path: PathBuf,
    },
    /// A worktree holds work that its commit does not hold.
    #[error("worktree {} has changed or new files", .0.display())]
    DirtyWorktree(PathBuf),
    /// A worktree holds another repository, which no commit can hold.
    #[error("{} holds a repository of its own at {}", worktree.display(), path.display())]
    NestedRepository {
        /// The worktree.
        worktree: PathBuf,
        /// The repository in it, relative to it.
        path: PathBuf,
    },
    /// A repository inside of a worktree has commits that no other one has.
    #[error("{} holds commits in {} that were pushed nowhere", worktree.display(), path.display())]
    UnpushedCommits {
        /// The worktree.
        worktree: PathBuf,
        /// The repository in it, relative to it.
        path: PathBuf,
    },
    /// Uncommitted files of a checkout would be overwritten.
    #[error("uncommitted files in {} are in the way: {}", checkout.display(), list(paths))]
    FilesInTheWay {
        /// The checkout.
        checkout: PathBuf,
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A checkout is in the middle of something.
    #[error("{} is in the middle of a {what}", checkout.display())]
    InProgress {
        /// The checkout.
        checkout: PathBuf,
        /// As `rebase`.
        what: &'static str,
    },
    /// A branch is checked out in two worktrees, of which only one could follow it.
    #[error("branch {branch} is checked out in {} and in {}", checkouts[0].display(), checkouts[1].display())]
    CheckedOutTwice {
        /// The branch.
        branch: BranchName,
        /// The worktrees.
        checkouts: [PathBuf; 2],
    },
    /// A branch is checked out in a worktree whose folder is gone or on a disk that is not there.
    #[error("branch {branch} is checked out in {}, which is not there", checkout.display())]
    MissingCheckout {
        /// The branch.
        branch: BranchName,
        /// The worktree.
        checkout: PathBuf,
    },
    /// A branch is checked out where the repository does not say.
    #[error("branch {branch} is checked out in the main worktree, and {} does not say where that is", repository.display())]
    UnknownCheckout {
        /// The branch.
        branch: BranchName,
        /// The git directory, which stands apart from its worktree.
        repository: PathBuf,
    },
    /// Whoever watched it did not want it to go on.
    #[error("it was stopped")]
    Stopped,
    /// The git program refused.
    #[error("`git {command}` failed: {message}")]
    Program {
        /// The subcommand with its arguments.
        command: String,
        /// What it said on stderr.
        message: String,
    },
    /// The git program could not be started or talked to.
    #[error("cannot run git: {0}")]
    Io(#[source] io::Error),
    /// The system refused something beside git.
    #[error("cannot {action} {}: {source}", path.display())]
    Files {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// libgit2 refused.
    #[error("cannot {action}: {source}")]
    Library {
        /// What was tried.
        action: &'static str,
        /// What libgit2 said.
        #[source]
        source: git2::Error,
    },
    /// git answered something that cannot be understood.
    #[error("git answered {answer:?}, which is not {wanted}")]
    Answer {
        /// What was wanted.
        wanted: &'static str,
        /// What came.
        answer: String,
    },
}

impl Error {
    /// Whether the system refused something, and not the repository as it stands.
    #[must_use]
    pub fn is_of_system(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Files { .. } | Self::NoProgram)
    }

    /// For `map_err`: what was tried.
    pub(super) fn library(action: &'static str) -> impl Fn(git2::Error) -> Self {
        move |source| Self::Library { action, source }
    }

    /// For `map_err`: what was tried, on which path.
    pub(super) fn files(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Files {
            action,
            path,
            source,
        }
    }

    pub(super) fn answer(wanted: &'static str, answer: impl AsRef<[u8]>) -> Self {
        Self::Answer {
            wanted,
            answer: String::from_utf8_lossy(answer.as_ref()).into_owned(),
        }
    }
}

/// The arguments of git that end what is in progress and put the worktree back.
#[must_use]
pub fn end_of(what: &str) -> String {
    match what {
        "bisect" => "bisect reset".to_owned(),
        what => format!("{what} --abort"),
    }
}

fn disk_hint(words: &str) -> Option<&'static str> {
    if words.contains("No space left on device") || words.contains("Disk quota exceeded") {
        Some(FULL_DISK)
    } else if words.contains("Input/output error") {
        Some(BROKEN_DISK)
    } else if words.contains("Read-only file system") {
        Some(READ_ONLY_DISK)
    } else {
        None
    }
}

fn shown(commit: Option<&CommitId>) -> &str {
    commit.map_or("not there", CommitId::short)
}

fn because(reason: &str) -> String {
    match reason.trim() {
        "" => String::new(),
        reason => format!(": {reason}"),
    }
}

fn list(paths: &[PathBuf]) -> String {
    first_few(paths.iter().map(|path| path.display()))
}

impl Diagnostic for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotARepository(_) | Self::UnbornBranch(_) => Code::NotFound,
            Self::BranchExists { .. }
            | Self::RefMoved { .. }
            | Self::ForeignOwner(_)
            | Self::LockedWorktree { .. }
            | Self::NotTheWorktree(_)
            | Self::WorktreeSetting { .. }
            | Self::DirtyWorktree(_)
            | Self::WaitedForPipe { .. }
            | Self::NestedRepository { .. }
            | Self::UnpushedCommits { .. }
            | Self::FilesInTheWay { .. }
            | Self::InProgress { .. }
            | Self::CheckedOutTwice { .. }
            | Self::MissingCheckout { .. }
            | Self::UnknownCheckout { .. } => Code::Refused,
            Self::RefLocked { .. } => Code::Busy,
            Self::NoProgram
            | Self::OldProgram { .. }
            | Self::Program { .. }
            | Self::Io(_)
            | Self::Files { .. }
            | Self::Library { .. }
            | Self::Stopped
            | Self::Answer { .. } => Code::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotARepository(_) => {
                "go into a repository, give -C PATH, or make one with `git init`".to_owned()
            }
            Self::ForeignOwner(path) => format!(
                "if you trust it: `git config --global --add safe.directory {}`",
                quoted(path)
            ),
            Self::NoProgram | Self::OldProgram { .. } => {
                "install git 2.31 or later and put it on the PATH".to_owned()
            }
            Self::UnbornBranch(_) => {
                "make a first one: `git commit --allow-empty -m 'start'`".to_owned()
            }
            Self::BranchExists { name } => {
                format!(
                    "look at it with `git log {name}`, then rename it: `git branch -m {name} OTHER`"
                )
            }
            Self::RefMoved { .. } => "nothing was changed; do it again".to_owned(),
            Self::RefLocked { name } => format!(
                "nothing was changed; do it again, and if it stays so see what holds {name}.lock"
            ),
            Self::LockedWorktree { path, .. } => {
                format!("`git worktree unlock {}` unlocks it", quoted(path))
            }
            Self::NotTheWorktree(path) => format!(
                "nothing was touched; look at {}, move it away if it is to stay, then do it again",
                quoted(path)
            ),
            Self::WorktreeSetting { file, key, .. } => format!(
                "git would run what it says, and whoever worked there may have written it; look at it, then `git config --file {} --unset-all {key}`",
                quoted(file)
            ),
            Self::WaitedForPipe { path } => {
                format!("see who put {} there, and remove it", quoted(path))
            }
            Self::DirtyWorktree(path) => {
                format!("`git -C {} status` shows them", quoted(path))
            }
            Self::NestedRepository { worktree, path } => format!(
                "nothing was touched; move {} somewhere else first",
                quoted(&worktree.join(path))
            ),
            Self::UnpushedCommits { worktree, path } => format!(
                "nothing was touched; push them, as with `git -C {} push origin HEAD:refs/heads/NAME`, or move the folder somewhere else first",
                quoted(&worktree.join(path))
            ),
            Self::FilesInTheWay { checkout, .. } => format!(
                "nothing was changed; commit them, or `git -C {} stash --include-untracked`, then do it again",
                quoted(checkout)
            ),
            Self::InProgress { checkout, what } => format!(
                "finish it there, or `git -C {} {}`",
                quoted(checkout),
                end_of(what)
            ),
            Self::CheckedOutTwice { checkouts, .. } => format!(
                "nothing was changed; leave the branch in one of them, as with `git -C {} switch --detach`, then do it again",
                quoted(&checkouts[1])
            ),
            Self::MissingCheckout { checkout, .. } => format!(
                "nothing was changed; bring it back, or let git forget it with `git worktree remove {}`, then do it again",
                quoted(checkout)
            ),
            Self::UnknownCheckout { .. } => {
                "nothing was changed; do it again in the main worktree".to_owned()
            }
            Self::Program { message, .. } => disk_hint(message)
                .unwrap_or("`-v` shows every call of git")
                .to_owned(),
            // libgit2 keeps the system's words only.
            Self::Library { source, .. } => return disk_hint(source.message()).map(str::to_owned),
            Self::Io(source) | Self::Files { source, .. } => {
                return disk_hint(&source.to_string()).map(str::to_owned);
            }
            Self::Stopped | Self::Answer { .. } => return None,
        })
    }
}
