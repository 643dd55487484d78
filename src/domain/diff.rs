//! How much one commit differs from another.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The size of a difference, counted as `git diff --shortstat` counts it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct DiffStat {
    /// Files that differ.
    pub files_changed: usize,
    /// Lines added.
    pub insertions: usize,
    /// Lines removed.
    pub deletions: usize,
    /// Lines added less lines removed.
    pub net_lines: i64,
}

impl DiffStat {
    /// The difference with these counts.
    #[must_use]
    pub fn new(files_changed: usize, insertions: usize, deletions: usize) -> Self {
        let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            files_changed,
            insertions,
            deletions,
            net_lines: signed(insertions).saturating_sub(signed(deletions)),
        }
    }

    /// Lines that were touched at all; what a tie is broken by.
    #[must_use]
    pub fn churn(&self) -> usize {
        self.insertions.saturating_add(self.deletions)
    }
}

/// How much one file differs, counted as `git diff --numstat` counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// Where it is; of a file that is gone, where it was.
    pub path: PathBuf,
    /// Where it was before it was renamed.
    pub renamed_from: Option<PathBuf>,
    /// Its lines; `None` where it is not text.
    pub lines: Option<ChangedLines>,
}

/// The lines of a file that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedLines {
    /// Lines added.
    pub insertions: usize,
    /// Lines removed.
    pub deletions: usize,
}
