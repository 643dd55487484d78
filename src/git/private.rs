//! What the administration of one worktree alone names: it goes with the worktree.

use std::fs;
use std::path::Path;

use crate::beneath;
use crate::domain::refs::CommitId;

use super::error::Result;
use super::repository::Repository;

/// Files in which git notes a commit for one worktree (gitrepository-layout(5), git-rebase(1)).
///
/// HEAD is one of them: detached, it may be at a commit that its reflog has forgotten.
const NOTES: [&str; 12] = [
    "HEAD",
    "ORIG_HEAD",
    "MERGE_HEAD",
    "MERGE_AUTOSTASH",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "rebase-merge/autostash",
    "rebase-merge/orig-head",
    "rebase-apply/autostash",
    "rebase-apply/orig-head",
    "sequencer/head",
];

impl Repository {
    /// Every commit that a worktree's own administration names: where its HEAD is and has been, what a
    /// rebase has put aside, refs of its own. Its folder may be gone.
    ///
    /// # Errors
    /// When its reflog cannot be read.
    pub fn named_by(&self, worktree: &Path) -> Result<Vec<CommitId>> {
        let mut named = self.head_reflog(worktree)?;
        if let Some(admin) = self.admin_of(worktree) {
            named.extend(NOTES.iter().flat_map(|name| ids_in(&admin.join(name))));
            add_refs(&admin.join("refs"), &mut named);
        }
        Ok(named)
    }
}

fn add_refs(folder: &Path, named: &mut Vec<CommitId>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            add_refs(&path, named);
        } else {
            named.extend(ids_in(&path));
        }
    }
}

/// The ids of a file, one a line; a line that is something else is passed over.
fn ids_in(file: &Path) -> Vec<CommitId> {
    let text = beneath::read_text_at_once(file).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.trim().parse().ok())
        .collect()
}
