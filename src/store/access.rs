//! Who may read and write what, and how much room there is.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use rustix::fs::Access;

use crate::domain::owner::UserName;

use super::accounts;
use super::owner::name_of;

/// The bits of a mode (inode(7)).
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why a file or folder cannot be written by this user; `None` when it can.
#[must_use]
pub fn why_not_writable(path: &Path) -> Option<io::Error> {
    rustix::fs::access(path, Access::WRITE_OK)
        .err()
        .map(io::Error::from)
        .filter(|error| error.kind() != io::ErrorKind::NotFound)
}

/// Whether everybody on this machine may change it: a folder in which each may remove only
/// what is his own is none of those.
#[must_use]
pub fn is_open_to_all(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| {
        !meta.is_symlink() && meta.mode() & OTHERS_WRITE != 0 && meta.mode() & STICKY == 0
    })
}

/// Whether another user may change what a file or folder holds, by its mode: everybody, or the
/// members of a group that is not this user's alone.
#[must_use]
pub fn others_can_write(meta: &fs::Metadata) -> bool {
    let mode = meta.mode();
    // In such a folder each may remove only what is his own.
    let kept_apart = meta.is_dir() && mode & STICKY != 0;
    !kept_apart
        && (mode & OTHERS_WRITE != 0 || mode & GROUP_WRITES != 0 && !is_own_group(meta.gid()))
}

/// Whether a group is the one that many systems make for each user, with nobody else in it: it
/// has the user's name.
fn is_own_group(id: u32) -> bool {
    match accounts::group(id) {
        Some(group) => {
            let own = super::owner::current_user();
            group.name == own.as_str() && group.members.iter().all(|name| name == own.as_str())
        }
        // One without a name has no members but those who have it as their first.
        _ => id == rustix::process::getegid().as_raw(),
    }
}

/// Whose a file or folder is; `None` where it cannot be looked at.
#[must_use]
pub fn user_of(path: &Path) -> Option<UserName> {
    Some(name_of(fs::symlink_metadata(path).ok()?.uid()))
}

/// The room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What this user may still fill, in bytes.
    pub free: u64,
    /// All of it.
    pub total: u64,
    /// Which file system it is.
    pub device: u64,
}

/// The room where a path is, or the nearest folder above it that is there.
#[must_use]
pub fn room_at(path: &Path) -> Option<Room> {
    let there = path.ancestors().find(|path| path.exists())?;
    let stat = statvfs(there).ok()?;
    let unit = stat.fragment_size();
    Some(Room {
        free: stat.blocks_available().saturating_mul(unit),
        total: stat.blocks().saturating_mul(unit),
        device: fs::metadata(there).ok()?.dev(),
    })
}

/// Whether a file that is there can be locked; `None` where there is none to try.
///
/// A lock that somebody else holds shows that it can.
#[must_use]
pub fn why_no_locks(file: &Path) -> Option<io::Error> {
    let file = crate::beneath::open(file).ok()?;
    match file.try_lock_shared() {
        Ok(()) | Err(fs::TryLockError::WouldBlock) => None,
        Err(fs::TryLockError::Error(error)) => Some(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn everybodys_right_to_write_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let set = |mode| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        };
        for (mode, open) in [
            (0o755, false),
            (0o775, false),
            (0o777, true),
            (0o1777, false),
        ] {
            set(mode);
            assert_eq!(is_open_to_all(folder.path()), open, "{mode:o}");
        }
    }

    #[test]
    fn what_others_can_write_is_seen_by_the_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::File::create(&file).unwrap();
        let can = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            others_can_write(&fs::metadata(path).unwrap())
        };
        for (mode, expected) in [(0o644, false), (0o600, false), (0o646, true), (0o666, true)] {
            assert_eq!(can(&file, mode), expected, "{mode:o}");
        }
        assert!(can(folder.path(), 0o777));
        assert!(!can(folder.path(), 0o1777));
        assert!(!can(folder.path(), 0o755));
    }

    #[test]
    fn a_group_of_others_is_not_ones_own() {
        let nobodys = 65_533;
        assert!(!is_own_group(nobodys));
    }

    #[test]
    fn there_is_room_above_what_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let room = room_at(&folder.path().join("a/b")).unwrap();
        assert!(room.free <= room.total);
        assert_eq!(
            why_no_locks(&folder.path().join("none")).map(|e| e.kind()),
            None
        );
    }
}
