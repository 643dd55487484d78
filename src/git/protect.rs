//! Paths of one commit as another commit has them.

use std::path::{Path, PathBuf};

use crate::domain::protect::PathGlob;
use crate::domain::refs::CommitId;

use super::changes::names;
use super::error::{Error, Result};
use super::repository::{Repository, printed_id};
use super::worktrees::paths;

impl Repository {
    /// The paths at which two commits differ, of those that a glob matches; in git's order.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn changed_paths(
        &self,
        base: &CommitId,
        tip: &CommitId,
        globs: &[PathGlob],
    ) -> Result<Vec<PathBuf>> {
        if globs.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .git()
            .args(["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff"])
            .args([base.as_str(), tip.as_str(), "--"])
            .args(globs.iter().map(|glob| format!(":(top,glob){glob}")))
            .run()?;
        Ok(paths(&answer).collect())
    }

    /// A commit on top of `tip` in which `paths` are as `source` has them; those that it does
    /// not have are not there. No ref names it, and nothing is checked out.
    ///
    /// # Errors
    /// When a commit cannot be read, or git refuses.
    pub fn commit_with_paths_of(
        &self,
        source: &CommitId,
        tip: &CommitId,
        paths: &[PathBuf],
        message: &str,
    ) -> Result<CommitId> {
        let folder = tempfile::Builder::new()
            .prefix("hub-index-")
            .tempdir()
            .map_err(Error::files("make a folder in", std::env::temp_dir()))?;
        let index = folder.path().join("index");
        let git = || self.git().variable("GIT_INDEX_FILE", &index);
        git().args(["read-tree", tip.as_str()]).run()?;
        let entries = self.index_entries(source, paths)?;
        git()
            .args(["update-index", "-z", "--index-info"])
            .input(entries)
            .run()?;
        let tree = printed_id(&git().arg("write-tree").run()?)?;
        let mut commit = self
            .git()
            .args(["commit-tree", tree.as_str(), "-p", tip.as_str(), "-F", "-"])
            .input(message);
        for (name, value) in self.stand_in_identity()? {
            commit = commit.variable(name, value);
        }
        printed_id(&commit.run()?)
    }

    /// What makes an index hold some paths as a commit has them: git-update-index(1),
    /// `--index-info`. Each path goes first, so that a file can take a folder's place.
    fn index_entries(&self, commit: &CommitId, paths: &[PathBuf]) -> Result<Vec<u8>> {
        let nothing = format!("0 {}\t", "0".repeat(commit.as_str().len()));
        // The whole tree: a pathspec of thousands of paths does not fit a command line.
        let answer = self
            .git()
            .args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()])
            .run()?;
        let wanted: std::collections::BTreeSet<&Path> =
            paths.iter().map(PathBuf::as_path).collect();
        let entries = answer.split(|byte| *byte == b'\0');
        let meant = entries.filter(|entry| {
            let tab = entry.iter().position(|byte| *byte == b'\t');
            let path = tab.and_then(|tab| entry.get(tab + 1..));
            path.is_some_and(|path| wanted.contains(super::repository::path_from(path).as_path()))
        });
        let mut lines = Vec::new();
        for name in names(paths).split_inclusive(|byte| *byte == b'\0') {
            lines.extend_from_slice(nothing.as_bytes());
            lines.extend_from_slice(name);
        }
        for entry in meant {
            lines.extend_from_slice(entry);
            lines.push(b'\0');
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::program::Git;

    /// A repository with two commits; the second changes, adds and deletes.
    fn repository() -> (tempfile::TempDir, Repository, CommitId, CommitId) {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let call = Git::new(folder.path())
                .variable("GIT_CONFIG_GLOBAL", "/dev/null")
                .variable("GIT_CONFIG_NOSYSTEM", "1");
            let call = ["user.name=A", "user.email=a@example.com"]
                .iter()
                .fold(call, |call, setting| call.setting(setting));
            let answer = call.args(arguments).run().unwrap();
            String::from_utf8(answer).unwrap().trim().to_owned()
        };
        let write = |name: &str, text: &str| {
            use std::io::Write;
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = std::fs::File::create(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        for name in ["bench/run", "bench/deep/data", "src/sum", "a*b"] {
            write(name, "base\n");
        }
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "base"]);
        let base = git(&["rev-parse", "HEAD"]);
        write("bench/run", "mine\n");
        write("bench/new", "mine\n");
        write("src/sum", "mine\n");
        git(&["rm", "--quiet", "bench/deep/data"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "tip"]);
        let tip = git(&["rev-parse", "HEAD"]);
        let repository = Repository::discover(folder.path()).unwrap();
        (
            folder,
            repository,
            base.parse().unwrap(),
            tip.parse().unwrap(),
        )
    }

    fn globs(globs: &[&str]) -> Vec<PathGlob> {
        globs.iter().map(|glob| glob.parse().unwrap()).collect()
    }

    #[test]
    fn changed_paths_are_those_that_a_glob_matches() {
        let (_folder, repository, base, tip) = repository();
        for (patterns, expected) in [
            (
                &["bench/**"][..],
                &["bench/deep/data", "bench/new", "bench/run"][..],
            ),
            (&["bench/*"], &["bench/new", "bench/run"]),
            (&["bench"], &["bench/deep/data", "bench/new", "bench/run"]),
            (&["src/sum", "bench/n*"], &["bench/new", "src/sum"]),
            (&["docs/**"], &[]),
            (&[], &[]),
        ] {
            let found = repository
                .changed_paths(&base, &tip, &globs(patterns))
                .unwrap();
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(found, expected, "{patterns:?}");
        }
    }

    #[test]
    fn a_commit_takes_paths_from_another_and_keeps_the_rest() {
        let (_folder, repository, base, tip) = repository();
        let protected = repository
            .changed_paths(&base, &tip, &globs(&["bench"]))
            .unwrap();
        let made = repository
            .commit_with_paths_of(&base, &tip, &protected, "measure")
            .unwrap();
        let differs = |from| {
            let all = globs(&["**"]);
            repository.changed_paths(from, &made, &all).unwrap()
        };
        assert_eq!(differs(&base), [PathBuf::from("src/sum")]);
        assert_eq!(differs(&tip), protected);
    }
}
