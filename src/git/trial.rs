//! Merges that are tried out: they touch no worktree, no index and no ref, and what they make
//! goes into a folder that is gone afterwards.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use tempfile::TempDir;

use crate::domain::diff::FileDiff;
use crate::domain::refs::CommitId;

use super::diff::parse_numstat;
use super::error::{Error, Result};
use super::program::{Git, failed, text};
use super::repository::{Repository, path_from, printed_id};

/// What trying a merge gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The tree that holds both.
    Clean(CommitId),
    /// The files that conflict.
    Conflict(Vec<PathBuf>),
}

/// A place where merges are tried out.
pub struct Trial<'r> {
    repository: &'r Repository,
    objects: TempDir,
    /// Where git finds the objects that are there already.
    known: OsString,
    version: (u32, u32),
}

/// The first git that merges without a worktree (`merge-tree --write-tree`).
const MERGES: (u32, u32) = (2, 38);

/// The first that takes another base for that than the one that the commits have.
const PICKS: (u32, u32) = (2, 40);

impl Repository {
    /// A place to try merges out; `None` where the git program is too old for that.
    ///
    /// # Errors
    /// When there is no room for one.
    pub fn trial(&self) -> Result<Option<Trial<'_>>> {
        let version = self.program_version()?;
        if version < MERGES {
            return Ok(None);
        }
        let objects = tempfile::Builder::new()
            .prefix("hub-trial-")
            .tempdir()
            .map_err(Error::files("make a folder in", std::env::temp_dir()))?;
        Ok(Some(Trial {
            repository: self,
            objects,
            known: quoted(&self.common.join("objects")),
            version,
        }))
    }
}

/// A path as `GIT_ALTERNATE_OBJECT_DIRECTORIES` takes it whatever is in it.
fn quoted(path: &Path) -> OsString {
    let mut text = vec![b'"'];
    for byte in path.as_os_str().as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'"');
    OsString::from_vec(text)
}

impl Trial<'_> {
    /// A call of git that finds all objects, and leaves new ones in the folder that goes.
    fn git(&self) -> Git {
        let repository = self.repository;
        // Attributes, and with them merge drivers, are read where there is a worktree.
        let folder = repository.main.as_ref().filter(|main| main.exists());
        Git::new(folder.unwrap_or(&repository.common))
            .variable("GIT_OBJECT_DIRECTORY", self.objects.path())
            .variable("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.known)
            // Looking shall not wait for a server.
            .variable("GIT_NO_LAZY_FETCH", "1")
    }

    fn merging(&self, onto: &CommitId, commit: &CommitId) -> Git {
        self.git()
            .args(["merge-tree", "--write-tree", "-z", "--name-only"])
            .args(["--no-messages", onto.as_str(), commit.as_str()])
    }

    /// Merges each commit with `onto`, apart from each other and at the same time; `None` where
    /// git cannot say.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn merges(&self, onto: &CommitId, commits: &[CommitId]) -> Result<Vec<Option<Tried>>> {
        const AT_ONCE: usize = 4;
        let mut all = Vec::new();
        for some in commits.chunks(AT_ONCE) {
            let calls: Vec<Git> = some.iter().map(|one| self.merging(onto, one)).collect();
            let tried: Vec<Result<Option<Tried>>> = std::thread::scope(|scope| {
                let threads: Vec<_> = calls
                    .into_iter()
                    .map(|call| scope.spawn(move || tried(call)))
                    .collect();
                let joined = threads.into_iter().map(ScopedJoinHandle::join);
                joined
                    .map(|tried| tried.unwrap_or_else(|panic| resume_unwind(panic)))
                    .collect()
            });
            for one in tried {
                all.push(one?);
            }
        }
        Ok(all)
    }

    /// Merges one commit with `onto`; `None` where git cannot say.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn merge(&self, onto: &CommitId, commit: &CommitId) -> Result<Option<Tried>> {
        tried(self.merging(onto, commit))
    }

    /// The tree of a merge without conflicts.
    pub(super) fn merged_tree(
        &self,
        onto: &CommitId,
        commit: &CommitId,
    ) -> Result<Option<CommitId>> {
        Ok(match self.merge(onto, commit)? {
            Some(Tried::Clean(tree)) => Some(tree),
            _ => None,
        })
    }

    /// Puts what one commit changes onto `onto`; `None` where git cannot say.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn pick(&self, onto: &CommitId, commit: &CommitId) -> Result<Option<Tried>> {
        if self.version < PICKS {
            return Ok(None);
        }
        tried(
            self.git()
                .args(["merge-tree", "--write-tree", "-z", "--name-only"])
                .args(["--no-messages", &format!("--merge-base={commit}^")])
                .args([onto.as_str(), commit.as_str()]),
        )
    }

    /// A commit of a tree, which goes with the trial.
    ///
    /// # Errors
    /// When git refuses.
    pub fn commit(&self, tree: &CommitId, parents: &[&CommitId]) -> Result<CommitId> {
        let mut call = self.git().args(["commit-tree", tree.as_str()]);
        for parent in parents {
            call = call.args(["-p", parent.as_str()]);
        }
        for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
            call = call.variable(name, "hub");
        }
        for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            call = call.variable(name, "hub@localhost");
        }
        printed_id(&call.input("a trial\n").run()?)
    }

    /// Whether one commit is another or one of its ancestors, real or tried.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn is_ancestor(&self, commit: &CommitId, descendant: &CommitId) -> Result<bool> {
        let call = self.git().args(["merge-base", "--is-ancestor"]);
        call.args([commit.as_str(), descendant.as_str()]).succeeds()
    }

    /// Whether what `commit` has beyond `onto` holds merge commits.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn has_merges(&self, onto: &CommitId, commit: &CommitId) -> Result<bool> {
        let list = self.git().args(["rev-list", "--merges", "--max-count=1"]);
        let answer = list.arg(format!("{onto}..{commit}")).run()?;
        Ok(!answer.is_empty())
    }

    /// The tree of a commit, real or tried.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn tree_of(&self, commit: &CommitId) -> Result<CommitId> {
        let tree = format!("{commit}^{{tree}}");
        printed_id(&self.git().args(["rev-parse", "--verify", &tree]).run()?)
    }

    /// What a replay onto `onto` takes, oldest first: the commits of `commit` that are no merges;
    /// for a rebase those alone whose change `onto` has not.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn replayed(
        &self,
        onto: &CommitId,
        commit: &CommitId,
        rebase: bool,
    ) -> Result<Vec<CommitId>> {
        let mut list = self.git().args(["rev-list", "--reverse", "--topo-order"]);
        list = list.arg("--no-merges");
        let (dots, filter) = if rebase {
            ("...", &["--right-only", "--cherry-pick"][..])
        } else {
            ("..", &[][..])
        };
        let range = format!("{onto}{dots}{commit}");
        let answer = list.args(filter).arg(range).run()?;
        let lines = text(&answer)?.lines();
        lines.map(|line| printed_id(line.as_bytes())).collect()
    }

    /// How much each file differs between two commits, renames found.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn file_diffs(&self, from: &CommitId, to: &CommitId) -> Result<Vec<FileDiff>> {
        let diff = ["diff-tree", "-r", "--numstat", "-z", "--find-renames"];
        let call = self.git().args(diff);
        let answer = call.args([from.as_str(), to.as_str(), "--"]).run()?;
        Ok(parse_numstat(&answer))
    }

    /// The paths that differ between two commits, each with whether it is new there.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn touched(&self, from: &CommitId, to: &CommitId) -> Result<Vec<(PathBuf, bool)>> {
        let diff = ["diff-tree", "-r", "--name-status", "-z", "--no-renames"];
        let call = self.git().args(diff);
        let answer = call.args([from.as_str(), to.as_str(), "--"]).run()?;
        let mut fields = answer.split(|byte| *byte == b'\0');
        let mut touched = Vec::new();
        while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
            touched.push((path_from(path), status == b"A"));
        }
        Ok(touched)
    }
}

/// Runs a `merge-tree`.
fn tried(call: Git) -> Result<Option<Tried>> {
    let output = call.output()?;
    let mut fields = output.stdout.split(|byte| *byte == b'\0');
    let tree = fields.next().unwrap_or_default();
    match output.status.code() {
        Some(0) => printed_id(tree).map(|tree| Some(Tried::Clean(tree))),
        Some(1) => {
            let paths = fields.filter(|path| !path.is_empty()).map(path_from);
            Ok(Some(Tried::Conflict(paths.collect())))
        }
        _ => {
            log::debug!("{}", failed("merge-tree".to_owned(), &output));
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_characters_is_one_path() {
        let path = Path::new("/a:b/\"c\\d");
        assert_eq!(quoted(path), r#""/a:b/\"c\\d""#);
    }
}
