//! Where hub changes something outside of itself, by name; a leaf that any room may use.
//!
//! Each effect runs in [`effect`]. In tests (the feature `fail-points`) that is where hub is
//! killed, held or made to fail, before the effect and after it; else it is the effect and
//! nothing more. `docs/faults.md` tells what is tested by them, and how a new one is added.

use std::io;

#[cfg(feature = "fail-points")]
mod points;

/// A kind of effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A line that is appended to a file and flushed: a journal, the runs of an evaluation, an
    /// inbox.
    Append,
    /// The end of such a file that a killed process has left is cut off.
    Mend,
    /// A file that gets its name later is written beside the place and flushed.
    WriteBeside,
    /// It takes its place, that of an older file or a free one.
    PutInPlace,
    /// A file is made or emptied in its place: what commands print, `.gitignore`.
    MakeFile,
    /// A file or a link is brought from the main worktree into another one.
    Carry,
    /// Some files of a commit, or the index that tells of them, are written into new worktrees.
    Fill,
    /// A folder is made.
    MakeFolder,
    /// A file or a folder gets another name: a draft becomes a session, a log is put aside.
    Rename,
    /// A file is removed.
    RemoveFile,
    /// An empty folder is removed.
    RemoveFolder,
    /// A folder is removed with all that is in it.
    RemoveTree,
    /// Refs are locked, so that what is read of them stays true.
    LockRefs,
    /// Refs that are locked change, all of them.
    ChangeRefs,
    /// git writes an object: a blob, a tree, a tag, a commit that no ref names yet.
    GitObject,
    /// git changes an index: the one of a worktree, or a copy.
    GitIndex,
    /// git changes refs.
    GitRefs,
    /// git makes a commit in a worktree.
    GitCommit,
    /// git merges in a worktree, or brings one forward.
    GitMerge,
    /// git checks another branch or commit out in a worktree.
    GitCheckout,
    /// git makes a worktree.
    GitWorktreeAdd,
    /// git unlocks, locks, moves or mends a worktree's administration.
    GitWorktreeChange,
    /// git removes a worktree.
    GitWorktreeRemove,
    /// A command or an agent is started.
    Start,
    /// A supervisor is started.
    Supervise,
    /// A supervisor gets its job, upon which it starts its agent.
    HandOver,
    /// A signal is sent.
    Signal,
}

impl Point {
    /// Every one, in the order of their declaration.
    pub const ALL: [Self; 27] = [
        Self::Append,
        Self::Mend,
        Self::WriteBeside,
        Self::PutInPlace,
        Self::MakeFile,
        Self::Carry,
        Self::Fill,
        Self::MakeFolder,
        Self::Rename,
        Self::RemoveFile,
        Self::RemoveFolder,
        Self::RemoveTree,
        Self::LockRefs,
        Self::ChangeRefs,
        Self::GitObject,
        Self::GitIndex,
        Self::GitRefs,
        Self::GitCommit,
        Self::GitMerge,
        Self::GitCheckout,
        Self::GitWorktreeAdd,
        Self::GitWorktreeChange,
        Self::GitWorktreeRemove,
        Self::Start,
        Self::Supervise,
        Self::HandOver,
        Self::Signal,
    ];

    /// Its name, as tests write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Mend => "mend",
            Self::WriteBeside => "write-beside",
            Self::PutInPlace => "put-in-place",
            Self::MakeFile => "make-file",
            Self::Carry => "carry",
            Self::Fill => "fill",
            Self::MakeFolder => "make-folder",
            Self::Rename => "rename",
            Self::RemoveFile => "remove-file",
            Self::RemoveFolder => "remove-folder",
            Self::RemoveTree => "remove-tree",
            Self::LockRefs => "lock-refs",
            Self::ChangeRefs => "change-refs",
            Self::GitObject => "git-object",
            Self::GitIndex => "git-index",
            Self::GitRefs => "git-refs",
            Self::GitCommit => "git-commit",
            Self::GitMerge => "git-merge",
            Self::GitCheckout => "git-checkout",
            Self::GitWorktreeAdd => "git-worktree-add",
            Self::GitWorktreeChange => "git-worktree-change",
            Self::GitWorktreeRemove => "git-worktree-remove",
            Self::Start => "start",
            Self::Supervise => "supervise",
            Self::HandOver => "hand-over",
            Self::Signal => "signal",
        }
    }

    /// The point of a call of git, by its subcommand and the word after it; `None` where it
    /// only reads.
    #[must_use]
    pub fn of_git(subcommand: &str, next: &str) -> Option<Self> {
        Some(match (subcommand, next) {
            (
                "hash-object" | "write-tree" | "commit-tree" | "mktree" | "mktag" | "index-pack",
                _,
            )
            | ("stash", "create") => Self::GitObject,
            ("read-tree" | "update-index" | "add" | "rm" | "apply", _) => Self::GitIndex,
            ("update-ref" | "branch" | "tag" | "symbolic-ref", word) if word != "--quiet" => {
                Self::GitRefs
            }
            ("commit", _) => Self::GitCommit,
            ("merge" | "rebase" | "cherry-pick" | "revert" | "stash" | "hub-shift", _) => {
                Self::GitMerge
            }
            ("switch" | "checkout" | "reset" | "restore", _) => Self::GitCheckout,
            ("worktree", "add") => Self::GitWorktreeAdd,
            ("worktree", "remove" | "prune") => Self::GitWorktreeRemove,
            ("worktree", "unlock" | "lock" | "repair" | "move") => Self::GitWorktreeChange,
            _ => return None,
        })
    }
}

/// Does what changes something outside of hub.
///
/// In tests it may be killed or held here, or not be done at all: `told` says then how that is
/// told.
///
/// # Errors
/// What `act` says.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn effect<T, E>(
    _point: Point,
    _told: impl FnOnce(io::Error) -> E,
    act: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    act()
}

/// Does what changes something outside of hub and cannot fail, or is given up where it does.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn deed<T>(_point: Point, act: impl FnOnce() -> T) -> T {
    act()
}

/// As without the feature, and whatever a test asked for.
///
/// # Errors
/// What `act` says, or the test.
#[cfg(feature = "fail-points")]
pub fn effect<T, E>(
    point: Point,
    told: impl FnOnce(io::Error) -> E,
    act: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if let Some(error) = points::before(point) {
        points::leave(point);
        return Err(told(error));
    }
    let done = act();
    match points::after(point) {
        Some(error) if done.is_ok() => Err(told(error)),
        _ => done,
    }
}

/// As without the feature, and whatever a test asked for but an error.
#[cfg(feature = "fail-points")]
pub fn deed<T>(point: Point, act: impl FnOnce() -> T) -> T {
    points::before(point);
    let done = act();
    points::after(point);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_point_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
        // The last one in the list is the last one there is.
        assert_eq!(Point::ALL.len() - 1, Point::Signal as usize);
        assert!(Point::ALL.is_sorted());
    }

    #[test]
    fn calls_of_git_that_change_something_are_known() {
        for (subcommand, next, point) in [
            ("worktree", "add", Some(Point::GitWorktreeAdd)),
            ("worktree", "list", None),
            ("update-ref", "--stdin", Some(Point::GitRefs)),
            ("symbolic-ref", "--quiet", None),
            ("symbolic-ref", "HEAD", Some(Point::GitRefs)),
            ("stash", "create", Some(Point::GitObject)),
            ("stash", "push", Some(Point::GitMerge)),
            ("status", "--porcelain", None),
        ] {
            assert_eq!(
                Point::of_git(subcommand, next),
                point,
                "{subcommand} {next}"
            );
        }
    }

    #[test]
    fn an_effect_is_done_once_and_tells_what_it_says() {
        let mut done = 0;
        let said = effect(Point::Append, Error::Injected, || {
            done += 1;
            Err::<(), Error>(Error::Own)
        });
        assert!(matches!(said, Err(Error::Own)));
        assert_eq!((deed(Point::Signal, || 7), done), (7, 1));
    }

    #[derive(Debug)]
    enum Error {
        Own,
        Injected(#[expect(dead_code, reason = "shown when the test fails")] io::Error),
    }
}
