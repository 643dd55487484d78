//! A commit that has some paths of another one.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::domain::refs::CommitId;

use super::error::{Error, Result};
use super::program::Git;
use super::repository::{Repository, path_of, printed_id};

impl Repository {
    /// Where `folder` is below the top of its worktree; empty in a bare repository.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn prefix_of(&self, folder: &Path) -> Result<PathBuf> {
        let answer = Git::new(folder)
            .args(["rev-parse", "--show-prefix"])
            .run()?;
        Ok(path_of(&answer))
    }

    /// Whether a commit has a file or a folder of this name, from the top of its tree.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn holds(&self, commit: &CommitId, path: &Path) -> Result<bool> {
        Ok(!self
            .listed(commit, std::slice::from_ref(&path.to_path_buf()))?
            .is_empty())
    }

    /// A commit on top of `onto` that has the named paths as `from` has them, and the others as
    /// `onto` has them; `None` when that is no change. No branch and no worktree is touched.
    ///
    /// hub is its author. Reaches the disk.
    ///
    /// # Errors
    /// When git refuses.
    pub fn graft(
        &self,
        onto: &CommitId,
        from: &CommitId,
        paths: &[PathBuf],
        message: &str,
    ) -> Result<Option<CommitId>> {
        let tree = self.grafted_tree(onto, from, paths)?;
        let before = format!("{onto}^{{tree}}");
        let before = printed_id(&self.git().args(["rev-parse", &before]).run()?)?;
        if tree == before {
            return Ok(None);
        }
        let mut commit = self
            .git()
            .durable()
            .args(["commit-tree", tree.as_str(), "-p", onto.as_str(), "-F", "-"])
            .input(message);
        for (name, value) in self.stand_in_identity()? {
            commit = commit.variable(name, value);
        }
        commit = commit
            .variable("GIT_AUTHOR_NAME", "hub")
            .variable("GIT_AUTHOR_EMAIL", "hub@localhost");
        printed_id(&commit.run()?).map(Some)
    }

    /// The tree of `onto`, a commit or a tree, with the named paths as `from` has them.
    pub(super) fn grafted_tree(
        &self,
        onto: &CommitId,
        from: &CommitId,
        paths: &[PathBuf],
    ) -> Result<CommitId> {
        let folder = tempfile::Builder::new()
            .prefix("hub-graft-")
            .tempdir()
            .map_err(Error::files("make a folder in", std::env::temp_dir()))?;
        let index = folder.path().join("index");
        let git = || {
            let whole = self.git().setting("core.splitIndex=false");
            whole.setting("index.sparse=false").durable()
        };
        let with_index = || git().variable("GIT_INDEX_FILE", &index);
        with_index().args(["read-tree", onto.as_str()]).run()?;
        let mut entries = Vec::new();
        for line in self.listed(onto, paths)? {
            let tab = line.iter().position(|byte| *byte == b'\t');
            let (_, path) = line.split_at(tab.unwrap_or(line.len()));
            // Mode 0 takes a path out (git-update-index(1)).
            entries.extend(format!("0 {}", "0".repeat(onto.as_str().len())).bytes());
            entries.extend_from_slice(path);
            entries.push(b'\0');
        }
        for line in self.listed(from, paths)? {
            entries.extend(line);
            entries.push(b'\0');
        }
        let update = ["update-index", "--add", "--replace", "-z", "--index-info"];
        with_index().args(update).input(entries).run()?;
        printed_id(&with_index().arg("write-tree").run()?)
    }

    /// The entries of a commit's tree at and below some paths, as `ls-tree -r` prints them.
    fn listed(&self, commit: &CommitId, paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
        // A command line holds only so much.
        const AT_ONCE: usize = 256;
        let parts = paths
            .chunks(AT_ONCE)
            .map(|part| self.listed_at_once(commit, part));
        Ok(parts.collect::<Result<Vec<_>>>()?.concat())
    }

    fn listed_at_once(&self, commit: &CommitId, paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
        let call = self.git().arg("--literal-pathspecs");
        let call = call.args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str(), "--"]);
        let answer = call.args(paths).run()?;
        let entries = answer.split(|byte| *byte == b'\0');
        let whole = |path: &[u8]| paths.iter().any(|named| is_within(path, named));
        Ok(entries
            .filter(|entry| {
                let path = entry.splitn(2, |byte| *byte == b'\t').nth(1);
                path.is_some_and(whole)
            })
            .map(<[u8]>::to_vec)
            .collect())
    }
}

/// Whether a path of a tree is the named one or below it.
fn is_within(path: &[u8], named: &Path) -> bool {
    let rest = path.strip_prefix(named.as_os_str().as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_or_a_folder_and_no_beginning_of_another() {
        for (path, named, expected) in [
            ("src/a.rs", "src", true),
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/a", false),
            ("srcs/a.rs", "src", false),
            ("a", "*", false),
        ] {
            let found = is_within(path.as_bytes(), Path::new(named));
            assert_eq!(found, expected, "{path} {named}");
        }
    }
}
