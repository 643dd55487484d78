//! What of a repository somebody needs who works in one worktree alone.

use std::fs;
use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::refs::BranchName;

use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::repository::Repository;

/// Folders of a git directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// What is read, by git itself and about others.
    pub read: Vec<PathBuf>,
    /// What git changes when it commits there.
    pub write: Vec<PathBuf>,
}

impl Repository {
    /// Whether each ref is a file, so that one can be held and another not.
    #[must_use]
    pub fn has_ref_files(&self) -> bool {
        !self.git_dir().join("reftable").exists()
    }

    /// What is needed to look into a worktree and, where `branch` is given, to commit in it on the
    /// branches beside that one, which are those of its agent. Their folders are made where all
    /// of them are packed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn reach_of(&self, worktree: &Path, branch: Option<&BranchName>) -> Result<Reach> {
        let common = self.git_dir();
        let objects = common.join("objects");
        let mut reach = Reach {
            read: vec![common.to_path_buf()],
            write: self.admin_of(worktree).into_iter().collect(),
        };
        reach.write.extend(branch.map(|_| objects.clone()));
        if let Some(branch) = branch.filter(|_| self.has_ref_files()) {
            for place in ["refs/heads", "logs/refs/heads"] {
                let branch = common.join(place).join(branch.as_str());
                let Some(folder) = branch.parent() else {
                    continue;
                };
                if !folder.is_dir() {
                    effect(Point::MakeFolder, Error::Io, || {
                        fs::create_dir_all(folder).map_err(Error::Io)
                    })?;
                }
                reach.write.push(folder.to_path_buf());
            }
        }
        let others =
            beneath::read_text_at_once(&objects.join("info/alternates")).unwrap_or_default();
        let others = others.lines().filter(|line| !line.starts_with('#'));
        reach.read.extend(others.map(|line| objects.join(line)));
        Ok(reach)
    }
}
