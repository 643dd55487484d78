//! `hub integrate`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::integrate::Integration;

/// What was written for another tool, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntegrateReport {
    /// The other tool.
    pub integration: Integration,
    /// The top of the worktree that it is written into.
    pub worktree: PathBuf,
    /// Whether nothing was done, because only a plan was asked for.
    pub dry_run: bool,
    /// The files.
    pub files: Vec<IntegratedFile>,
}

impl IntegrateReport {
    /// The files that are not as they shall be.
    pub fn changes(&self) -> impl Iterator<Item = &IntegratedFile> {
        let changes =
            |file: &&IntegratedFile| !matches!(file.action, FileAction::Keep | FileAction::Absent);
        self.files.iter().filter(changes)
    }
}

/// One file of an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntegratedFile {
    /// The file.
    pub path: PathBuf,
    /// What is done to it.
    pub action: FileAction,
    /// Where the edited one is kept; null where there is none.
    pub backup: Option<PathBuf>,
    /// What changes, as a unified diff; empty where nothing does.
    pub diff: String,
}

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileAction {
    /// It is not there, and is written.
    Create,
    /// hub wrote it, in another version; of a file that others write in, hub's section.
    Update,
    /// Somebody edited it; with `--force` it is replaced, after a copy.
    Replace,
    /// It is as it shall be.
    Keep,
    /// It goes, or hub's section of it does.
    Remove,
    /// It is not there, and shall not be.
    Absent,
    /// Somebody edited it, so it stays; without `--dry-run` nothing is done then.
    Edited,
}
