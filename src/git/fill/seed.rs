//! The index of a worktree that was just written, for git to begin with.
//!
//! It says which files are there and how the system knows them, so that git need not read what
//! was written. git holds it against the commit and the files, and replaces it by its own.

use std::path::Path;

use git2::{Index, IndexEntry, IndexTime};

use super::content::Content;
use super::write::Written;

/// Writes the index of the worktree that stands as number `worktree` in what was written.
pub fn plant(
    admin: &Path,
    content: &Content,
    written: &Written,
    worktree: usize,
) -> Result<(), git2::Error> {
    let mut index = Index::open(&admin.join("index"))?;
    for (number, file) in content.files.iter().enumerate() {
        let Some(stamp) = written.stamp(number, worktree) else {
            continue;
        };
        index.add(&IndexEntry {
            ctime: IndexTime::new(stamp.changed.0, stamp.changed.1),
            mtime: IndexTime::new(stamp.modified.0, stamp.modified.1),
            dev: stamp.device,
            ino: stamp.inode,
            mode: file.kind.mode(),
            uid: stamp.user,
            gid: stamp.group,
            file_size: stamp.size,
            id: file.blob,
            flags: 0,
            flags_extended: 0,
            path: content.path(file),
        })?;
    }
    index.write()
}
