//! Advisory locks with a time limit.
//!
//! The kernel frees the lock of a process that is gone. The lock file stays when the
//! lock is given back: a second holder could else lock a file that is no longer there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::beneath;

use super::error::{Error, Result};

/// A lock that is held until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct Lock {
    // Closing the file gives the lock back.
    _file: File,
}

impl Lock {
    /// Takes the lock at `path`, waiting for at most `limit`; `purpose` tells others what it is held for.
    ///
    /// # Errors
    /// [`Error::Busy`] names the holder when the time is up.
    pub fn acquire(path: &Path, limit: Duration, purpose: &str) -> Result<Self> {
        let mut file = open(path)?;
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => break,
                // Somebody has put another file in its place while this one was waited for.
                Ok(()) => {
                    file = open(path)?;
                    continue;
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
            }
            let waited = begun.elapsed();
            if waited >= limit {
                return Err(Error::Busy {
                    path: PathBuf::from(path),
                    holder: holder(&mut file),
                    waited,
                });
            }
            thread::sleep(pause.min(limit.saturating_sub(waited)));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        // Only a help for whoever waits: the lock holds without it.
        if let Err(error) = sign(&mut file, purpose) {
            log::debug!("cannot write who holds {}: {error}", path.display());
        }
        Ok(Self { _file: file })
    }

    /// Whether nobody holds the lock at `path` at this moment; one that is not there is free.
    pub(super) fn is_free(path: &Path) -> bool {
        Self::while_free(path, || ()).is_some()
    }

    /// Looks at what the lock at `path` guards while nobody changes it; `None` where somebody
    /// holds it. A lock that is not there is free.
    pub(super) fn while_free<T>(path: &Path, look: impl FnOnce() -> T) -> Option<T> {
        match beneath::open(path) {
            Ok(file) => {
                file.try_lock().ok()?;
                let seen = look();
                // Closing the file gives the lock back, not before.
                drop(file);
                Some(seen)
            }
            Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then(look),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true);
    beneath::open_with(path, options.truncate(false)).map_err(Error::io("open", path))
}

/// Whether `path` leads to this file still.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(found)) = (file.metadata(), beneath::metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (found.dev(), found.ino())
}

/// In one write, and cut after it: whoever looks meanwhile finds a whole first line.
fn sign(file: &mut File, purpose: &str) -> std::io::Result<()> {
    let line = format!("process {} ({purpose})\n", std::process::id());
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(line.len().try_into().unwrap_or(u64::MAX))
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(200).read_to_string(&mut text));
    match (read, text.lines().next()) {
        (Ok(_), Some(line)) if !line.is_empty() => line.to_owned(),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_waits_and_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let held = Lock::acquire(&path, Duration::ZERO, "eval").unwrap();
        let error = Lock::acquire(&path, Duration::from_millis(30), "merge").unwrap_err();
        assert!(error.to_string().contains("(eval)"), "{error}");
        drop(held);
        let _again = Lock::acquire(&path, Duration::ZERO, "merge").unwrap();
        assert!(path.exists());
    }

    #[test]
    fn whoever_waited_for_a_file_that_was_replaced_holds_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let held = Lock::acquire(&path, Duration::ZERO, "init").unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| Lock::acquire(&path, Duration::from_secs(60), "spawn"));
            std::fs::remove_file(&path).unwrap();
            drop(held);
            let lock = waiting.join().unwrap().unwrap();
            let error = Lock::acquire(&path, Duration::ZERO, "eval").unwrap_err();
            assert!(error.to_string().contains("(spawn)"), "{error}");
            drop(lock);
        });
    }
}
