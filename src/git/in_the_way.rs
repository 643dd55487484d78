//! Which uncommitted files of a checkout a change would overwrite, asked before it is made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::changes::ChangeKind;
use super::error::Result;
use super::program::Git;
use super::repository::Repository;
use super::worktrees::paths;

impl Repository {
    /// The uncommitted, untracked and ignored files of a checkout for which git would not bring it
    /// to a commit that has other contents at `touched`: paths, each with whether it is new there.
    ///
    /// # Errors
    /// When git cannot look at the checkout.
    pub fn in_the_way(&self, checkout: &Path, touched: &[(PathBuf, bool)]) -> Result<Vec<PathBuf>> {
        let changes = self.changes(checkout)?.into_iter();
        // What is gone and not staged as such is made anew, and submodules are left alone.
        let is_work = |kind| kind == ChangeKind::Changed;
        let dirty: BTreeSet<PathBuf> = changes
            .filter(|change| is_work(change.kind))
            .map(|change| change.path)
            .collect();
        let mut found = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for (path, is_new) in touched {
            if dirty.contains(path) {
                found.insert(path.clone());
            } else if *is_new && let Some(there) = what_stands_at(checkout, path) {
                taken.insert(there);
            }
        }
        if !taken.is_empty() {
            let untracked = ["--literal-pathspecs", "ls-files", "--others", "-z", "--"];
            let answer = Git::new(checkout).args(untracked).args(&taken).run()?;
            for untracked in paths(&answer) {
                found.extend(taken.iter().find(|one| untracked.starts_with(one)).cloned());
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// What a file at `path` would take the place of: that itself, or what stands where a folder above
/// it would be.
fn what_stands_at(checkout: &Path, path: &Path) -> Option<PathBuf> {
    let mut above: Vec<&Path> = path.ancestors().filter(|p| *p != Path::new("")).collect();
    above.reverse();
    for one in above {
        let meta = checkout.join(one).symlink_metadata().ok()?;
        if one == path || !meta.is_dir() {
            return Some(one.to_path_buf());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_the_place_of_what_is_there_or_above() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::File::create(root.join("a/file")).unwrap();
        for (path, expected) in [
            ("a/file", Some("a/file")),
            ("a/file/below", Some("a/file")),
            ("a/b", Some("a/b")),
            ("a/new", None),
            ("x/y/z", None),
        ] {
            let found = what_stands_at(root, Path::new(path));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{path}");
        }
    }
}
