//! Whether an agent does anything: whether it prints, or changes a file of its worktree.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::beneath;

/// When something was last changed: seconds and nanoseconds since 1970.
type Changed = (i64, i64);

/// What is known of an agent's last sign of life.
#[derive(Debug)]
pub(super) struct Idle {
    logs: [PathBuf; 2],
    worktree: PathBuf,
    output: [Option<(u64, Changed)>; 2],
    /// The latest change of a file that was seen.
    files: Changed,
    /// The agent's own time when it last gave a sign.
    since: Duration,
}

impl Idle {
    /// An agent that is about to start.
    pub fn new(logs: [PathBuf; 2], worktree: PathBuf) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Self {
            output: [None, None],
            logs,
            worktree,
            files: (seconds, i64::from(now.subsec_nanos())),
            since: Duration::ZERO,
        }
    }

    /// Whether the agent has given no sign for `limit`, at its own time `now`.
    ///
    /// The files are looked at only when it has printed nothing for so long. They count from
    /// that look on: how long before it a file was changed, a clock that was set would tell wrong.
    pub fn is_over(&mut self, limit: Duration, now: Duration) -> bool {
        let output = self.logs.each_ref().map(|log| {
            let metadata = beneath::metadata(log).ok()?;
            Some((metadata.len(), changed(&metadata)))
        });
        if output != self.output {
            self.output = output;
            self.since = now;
        }
        if now.saturating_sub(self.since) < limit {
            return false;
        }
        let mut files = self.files;
        newest(&self.worktree, &mut files);
        if files > self.files {
            self.files = files;
            self.since = now;
            return false;
        }
        true
    }

    /// When the limit will be over if the agent gives no sign until then, as the agent's own time.
    pub fn due(&self, limit: Duration) -> Duration {
        self.since.saturating_add(limit)
    }
}

/// The status change, not the modification: a program can set the latter back.
fn changed(metadata: &Metadata) -> Changed {
    (metadata.ctime(), metadata.ctime_nsec())
}

/// Raises `latest` to the newest change in or below a folder; what cannot be read does not count.
fn newest(folder: &Path, latest: &mut Changed) {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if let Ok(metadata) = fs::symlink_metadata(&folder) {
            *latest = (*latest).max(changed(&metadata));
        }
        let look = |entry: io::Result<fs::DirEntry>| -> io::Result<Option<PathBuf>> {
            let entry = entry?;
            if entry.file_name() == ".git" {
                return Ok(None);
            }
            if entry.file_type()?.is_dir() {
                return Ok(Some(entry.path()));
            }
            *latest = (*latest).max(changed(&entry.metadata()?));
            Ok(None)
        };
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        folders.extend(entries.map(look).filter_map(Result::ok).flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn output_and_files_are_signs_of_life() {
        let folder = tempfile::tempdir().unwrap();
        let (log, worktree) = (folder.path().join("log"), folder.path().join("worktree"));
        fs::create_dir_all(worktree.join("deep/.git")).unwrap();
        let mut idle = Idle::new([log.clone(), folder.path().join("none")], worktree.clone());
        idle.files = (i64::MAX, 0);
        assert!(!idle.is_over(LIMIT, at(9)));
        assert!(idle.is_over(LIMIT, at(10)));

        fs::File::create(&log).unwrap();
        assert!(!idle.is_over(LIMIT, at(10)), "it printed");
        assert_eq!(idle.due(LIMIT), at(20));
        assert!(idle.is_over(LIMIT, at(20)));

        idle.files = (0, 0);
        assert!(!idle.is_over(LIMIT, at(20)), "a file is newer");
        let seen = idle.files;
        assert!(idle.is_over(LIMIT, at(30)), "it is no newer than before");
        assert_eq!(idle.files, seen);
    }

    #[test]
    fn what_git_writes_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        let (mut before, mut after) = ((0, 0), (0, 0));
        newest(folder.path(), &mut before);
        fs::File::create(folder.path().join(".git/index")).unwrap();
        newest(folder.path(), &mut after);
        assert_eq!(before, after);
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::File::create(folder.path().join("src/main.rs")).unwrap();
        newest(folder.path(), &mut after);
        assert!(after >= before);
    }
}
