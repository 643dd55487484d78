//! How files stand: looked at before an agent runs and after it, and put back as they were.
//!
//! Nothing is followed: a symbolic link counts as itself, and what is no file is not opened.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::beneath;
use crate::domain::id::SessionId;
use crate::domain::outside::files::{digest, digest_of_launch, digest_of_state};
use crate::domain::outside::{FileKind, FileMark, Files, Stamp};

use super::atomic;
use super::error::Result;
use super::hub_dir::{DRAFT, HubDir};

/// More than this of one file is not kept.
const MOST_KEPT: u64 = 256 * 1024;

/// More than this of one file is not read; the system's word on it has to do.
const MOST_READ: u64 = 16 * 1024 * 1024;

/// So deep is looked below a folder.
const DEEPEST: usize = 8;

/// More files than these of one session are runs of evaluations and the like.
const MOST_FILES: usize = 4000;

/// What of a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// What the system says of it.
    Stamp,
    /// What it holds, which is kept.
    Keep,
    /// What counts of a state.
    State,
    /// The same of how agents are run; what it holds is kept, too.
    Launch,
    /// What a journal holds; it may grow.
    Journal,
}

/// Looks through the hub directory: what is everybody's, and the folders of `sessions`; of all
/// `others` only the files that make a session.
///
/// With `before`, what the system says is unchanged since is not read again.
#[must_use]
pub fn of_hub_dir(
    hub: &HubDir,
    sessions: &[SessionId],
    others: &[SessionId],
    before: Option<&Files>,
) -> Files {
    let mut walk = Walk::new(hub.path(), before);
    walk.folder("", 0, &of_hub);
    walk.folder("sessions", 0, &|path| {
        let name = path.strip_prefix("sessions/").unwrap_or(path);
        let below = name.contains('/') || name.parse::<SessionId>().is_ok();
        (!below && !name.starts_with(DRAFT)).then_some(Look::Keep)
    });
    for id in sessions {
        walk.most = walk.found.len() + MOST_FILES;
        walk.folder(&format!("sessions/{id}"), 0, &of_session);
    }
    for id in others {
        for name in [
            "config.yaml",
            "state.json",
            "events.jsonl",
            "evaluation.json",
        ] {
            walk.file(&format!("sessions/{id}/{name}"), Look::Stamp);
        }
    }
    walk.found
}

/// Looks at what git obeys beside objects and refs.
#[must_use]
pub fn of_git_dir(common: &Path, before: Option<&Files>) -> Files {
    let mut walk = Walk::new(common, before);
    for name in ["config", "config.worktree", "objects/info/alternates"] {
        walk.file(name, Look::Keep);
    }
    for folder in ["hooks", "info"] {
        walk.folder(folder, 0, &|_| Some(Look::Keep));
    }
    for admin in beneath::read_dir(&common.join("worktrees"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if let Some(name) = admin.file_name().to_str() {
            walk.file(&format!("worktrees/{name}/config.worktree"), Look::Keep);
        }
    }
    walk.found
}

/// What is looked at of the hub directory beside sessions; `None` for what hub writes as it goes.
fn of_hub(path: &str) -> Option<Look> {
    let volatile = [".lock", ".init.lock", "board/.lock", "board/_index.json"];
    let elsewhere = ["sessions", "undone", "cache"];
    let first = path.split('/').next().unwrap_or(path);
    (!volatile.contains(&path) && !elsewhere.contains(&first)).then_some(Look::Keep)
}

/// What is looked at of a session.
fn of_session(path: &str) -> Option<Look> {
    let mut parts = path.split('/').skip(2);
    let rest: Vec<&str> = parts.by_ref().collect();
    match rest.as_slice() {
        // What a command printed; and what says nothing by itself.
        ["evaluations", _, _, ..] if rest.len() > 3 => None,
        [".lock" | "events.head"] | ["agents", _, "heartbeat"] => None,
        ["state.json"] => Some(Look::State),
        ["launch.json"] => Some(Look::Launch),
        ["events.jsonl"] => Some(Look::Journal),
        ["agents", _, name, ..] if !matches!(*name, "prompt.md" | "inbox.md") => Some(Look::Stamp),
        _ => Some(Look::Keep),
    }
}

struct Walk<'w> {
    root: &'w Path,
    before: Option<&'w Files>,
    found: Files,
    most: usize,
}

impl<'w> Walk<'w> {
    fn new(root: &'w Path, before: Option<&'w Files>) -> Self {
        Self {
            root,
            before,
            found: Files::new(),
            most: MOST_FILES,
        }
    }

    /// Looks through a folder, as deep as `wanted` says that something is looked at.
    fn folder(&mut self, path: &str, depth: usize, wanted: &dyn Fn(&str) -> Option<Look>) {
        let folder = self.root.join(path);
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
        if depth > DEEPEST || !is_folder {
            return;
        }
        for entry in beneath::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = if path.is_empty() {
                name.to_string()
            } else {
                format!("{path}/{name}")
            };
            // On its way to its place, or left on it.
            let Some(look) = wanted(&path).filter(|_| !name.starts_with(atomic::UNFINISHED)) else {
                continue;
            };
            if self.found.len() >= self.most {
                return;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.folder(&path, depth + 1, wanted);
            } else {
                self.file(&path, look);
            }
        }
    }

    fn file(&mut self, path: &str, look: Look) {
        let before = self.before.and_then(|before| before.get(path));
        if let Some(mark) = mark(&self.root.join(path), look, before) {
            self.found.insert(path.to_owned(), mark);
        }
    }
}

/// How one file stands; `None` where there is none.
fn mark(path: &Path, look: Look, before: Option<&FileMark>) -> Option<FileMark> {
    let meta = fs::symlink_metadata(path).ok()?;
    let nanoseconds =
        |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let mut mark = FileMark {
        kind: match meta.file_type() {
            kind if kind.is_file() => FileKind::File,
            kind if kind.is_symlink() => FileKind::Link,
            kind if kind.is_dir() => return None,
            _ => FileKind::Other,
        },
        mode: meta.mode() & 0o7777,
        size: meta.size(),
        stamp: Stamp {
            inode: meta.ino(),
            written: nanoseconds(meta.mtime(), meta.mtime_nsec()),
            touched: nanoseconds(meta.ctime(), meta.ctime_nsec()),
        },
        digest: None,
        content: None,
    };
    if let Some(known) = before.filter(|known| known.stamp == mark.stamp && known.size == mark.size)
    {
        mark.digest.clone_from(&known.digest);
        mark.content.clone_from(&known.content);
        return Some(mark);
    }
    if look == Look::Stamp || mark.kind == FileKind::Other || mark.size > MOST_READ {
        return Some(mark);
    }
    let bytes = match mark.kind {
        FileKind::Link => fs::read_link(path).ok()?.as_os_str().as_bytes().to_vec(),
        _ => read(path)?,
    };
    mark.digest = Some(match (look, before) {
        (Look::State, _) => digest_of_state(&bytes),
        (Look::Launch, _) => digest_of_launch(&bytes),
        // What was there before still stands at its beginning.
        (Look::Journal, Some(before)) => {
            let length = usize::try_from(before.size).unwrap_or(usize::MAX);
            digest(bytes.get(..length).unwrap_or(&bytes))
        }
        _ => digest(&bytes),
    });
    let keeps = matches!(look, Look::Keep | Look::Launch) && mark.size <= MOST_KEPT;
    mark.content = keeps.then_some(bytes);
    Some(mark)
}

/// The content of a file, which is none of what a link leads to or what makes whoever opens it wait.
fn read(path: &Path) -> Option<Vec<u8>> {
    let of_hub = path.iter().any(|name| name == beneath::HUB_DIR);
    let opened = if of_hub {
        beneath::open(path)
    } else {
        beneath::open_at_once(path)
    };
    let mut bytes = Vec::new();
    opened.ok()?.take(MOST_READ).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// How the file at a path stands now, with what it holds.
#[must_use]
pub fn now(path: &Path) -> Option<FileMark> {
    mark(path, Look::Keep, None)
}

/// Puts a file back as it was, in one step; the folders above it are made.
///
/// # Errors
/// When the system refuses: then what stands there stays.
pub fn put_back(path: &Path, kind: FileKind, mode: u32, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        atomic::make_folder(folder)?;
    }
    match kind {
        FileKind::Link => atomic::replace_by_link(path, OsStr::from_bytes(bytes)),
        _ => atomic::replace_with_mode(path, bytes, mode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outside::files;

    fn changed(before: &Files, after: &Files) -> Vec<String> {
        files::changes(before, after)
            .map(|(path, ..)| path.to_owned())
            .collect()
    }

    #[test]
    fn what_git_obeys_is_looked_at_without_following_anything() {
        let folder = tempfile::tempdir().unwrap();
        let common = folder.path();
        for name in ["config", "hooks/pre-commit", "info/exclude"] {
            fs::create_dir_all(common.join(name).parent().unwrap()).unwrap();
            atomic::replace(&common.join(name), name.as_bytes()).unwrap();
        }
        let before = of_git_dir(common, None);
        assert_eq!(before.len(), 3);
        assert_eq!(
            changed(&before, &of_git_dir(common, Some(&before))),
            [""; 0]
        );
        // Written anew with the same bytes it holds the same.
        atomic::replace(&common.join("config"), b"config").unwrap();
        atomic::replace(&common.join("hooks/pre-commit"), b"other").unwrap();
        fs::remove_file(common.join("info/exclude")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", common.join("info/attributes")).unwrap();
        let after = of_git_dir(common, Some(&before));
        let expected = ["hooks/pre-commit", "info/attributes", "info/exclude"];
        assert_eq!(changed(&before, &after), expected);
        let link = after["info/attributes"].content.as_deref();
        assert_eq!(link, Some(b"/etc/passwd".as_slice()));
        for (name, mark) in &before {
            let content = mark.content.as_deref().unwrap();
            put_back(&common.join(name), mark.kind, mark.mode, content).unwrap();
        }
        atomic::remove_file(&common.join("info/attributes")).unwrap();
        assert_eq!(changed(&before, &of_git_dir(common, None)), [""; 0]);
    }

    #[test]
    fn a_journal_may_grow_and_a_pipe_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let hub = HubDir::at(folder.path()).unwrap();
        let id: SessionId = "20260317-143022".parse().unwrap();
        let session = hub.path().join("sessions").join(id.as_str());
        fs::create_dir_all(&session).unwrap();
        let journal = session.join("events.jsonl");
        atomic::replace(&journal, b"one\n").unwrap();
        let look = |before| of_hub_dir(&hub, std::slice::from_ref(&id), &[], before);
        let before = look(None);
        atomic::replace(&journal, b"one\ntwo\n").unwrap();
        assert_eq!(changed(&before, &look(Some(&before))), [""; 0]);
        atomic::replace(&journal, b"owe\ntwo\n").unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            session.join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let names = ["events.jsonl", "pipe"].map(|name| format!("sessions/{id}/{name}"));
        assert_eq!(changed(&before, &look(Some(&before))), names);
    }
}
