//! Keeping a log at its size while somebody writes into it, and after that.
//!
//! The agent has the file open and goes on writing at its end. While it does, the middle is
//! given back to the file system in place (a hole); when it has ended, the file is replaced by
//! its head, a line that tells what is missing, and its tail.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use crate::beneath;
use crate::fault::{Point, effect};

use super::log_index::{CUT, Cut, LogIndex};

/// One log with its limit.
#[derive(Debug)]
pub(super) struct LogLimit {
    path: PathBuf,
    limit: u64,
    /// How long the file was at the last look.
    length: u64,
    /// What is freed already: up to here.
    freed: u64,
    cannot_punch: bool,
    /// When it had which length, where that is kept.
    index: Option<LogIndex>,
}

impl LogLimit {
    pub fn new(path: PathBuf, limit: u64, index: Option<LogIndex>) -> Self {
        Self {
            index,
            path,
            limit,
            length: 0,
            freed: 0,
            cannot_punch: false,
        }
    }

    /// Frees the middle of the file when it is too long; returns whether it has grown.
    pub fn look(&mut self) -> bool {
        let Ok(metadata) = beneath::metadata(&self.path) else {
            return false;
        };
        let before = std::mem::replace(&mut self.length, metadata.len());
        if let Some(index) = &mut self.index {
            index.note(self.length, Instant::now());
        }
        if self.length < before {
            // The agent has begun it anew.
            self.freed = 0;
        }
        if self.length > self.limit && !self.cannot_punch {
            self.free(metadata.blksize().max(4096));
        }
        self.length != before
    }

    fn free(&mut self, block: u64) {
        let (head, tail) = (self.limit / 2, self.limit / 2);
        let from = head.next_multiple_of(block).max(self.freed);
        let to = self.length.saturating_sub(tail) / block * block;
        if to <= from {
            return;
        }
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let file = beneath::open_with(&self.path, File::options().write(true));
        let freed = file.and_then(|file| Ok(fallocate(&file, flags, from, to - from)?));
        match freed {
            Ok(()) => self.freed = to,
            Err(error) => {
                self.cannot_punch = true;
                let refused = error.raw_os_error() == Some(Errno::OPNOTSUPP.raw_os_error());
                let why = if refused {
                    "the file system cannot make holes".to_owned()
                } else {
                    error.to_string()
                };
                let path = self.path.display();
                log::warn!("{path} is cut at the agent's end only: {why}");
            }
        }
    }

    /// When nobody writes any more: replaces a log that is too long by its two ends.
    pub fn finish(&mut self) {
        if let (Some(index), Ok(metadata)) = (&mut self.index, beneath::metadata(&self.path)) {
            index.end(metadata.len());
        }
        let about_to = |how| {
            if let Some(index) = &mut self.index {
                index.cut(how);
            }
        };
        if let Err(error) = cut(&self.path, self.limit, about_to) {
            log::warn!("cannot cut {}: {error}", self.path.display());
        }
    }
}

/// Leaves of a file that is longer than `limit` its head and its tail, at line ends where there are some.
///
/// `about_to` is told how before the file is replaced.
fn cut(path: &Path, limit: u64, about_to: impl FnOnce(Cut)) -> io::Result<()> {
    let mut file = beneath::open(path)?;
    let metadata = file.metadata()?;
    let length = metadata.len();
    if length <= limit || !metadata.is_file() {
        return Ok(());
    }
    let half = limit / 2;
    let head = head_end(&mut file, half)?;
    let tail = tail_begin(&mut file, length, half)?;
    let missing = tail.saturating_sub(head);
    let line =
        format!("{CUT}{missing} bytes are cut out here; the log's limit is {limit} bytes]\n");
    let folder = beneath::hold_folder(path.parent().unwrap_or(Path::new(".")))?;
    let new = effect(
        Point::WriteBeside,
        |error| error,
        || {
            let mut new = tempfile::Builder::new()
                .prefix(".new-")
                .tempfile_in(folder.path())?;
            file.seek(SeekFrom::Start(0))?;
            io::copy(&mut (&file).take(head), &mut new)?;
            new.write_all(line.as_bytes())?;
            file.seek(SeekFrom::Start(tail))?;
            // What may be written meanwhile is left out: nobody is left to write.
            io::copy(&mut (&file).take(length.saturating_sub(tail)), &mut new)?;
            new.as_file().set_permissions(metadata.permissions())?;
            new.as_file().sync_all()?;
            Ok::<_, io::Error>(new)
        },
    )?;
    about_to(Cut {
        head,
        tail,
        between: u64::try_from(line.len()).unwrap_or_default(),
    });
    effect(
        Point::PutInPlace,
        |error| error,
        || {
            let place = folder.join(path.file_name().unwrap_or_default());
            new.persist(place).map_err(|error| error.error)?;
            Ok(())
        },
    )
}

/// The end of the last whole line within the first `half` bytes, unless that leaves little.
fn head_end(file: &mut File, half: u64) -> io::Result<u64> {
    let begin = half / 2;
    file.seek(SeekFrom::Start(begin))?;
    let mut at = begin;
    let mut end = half;
    for byte in BufReader::new(file.take(half - begin)).bytes() {
        at += 1;
        if byte? == b'\n' {
            end = at;
        }
    }
    Ok(end)
}

/// The begin of the first whole line within the last `half` bytes, unless that leaves little.
fn tail_begin(file: &mut File, length: u64, half: u64) -> io::Result<u64> {
    let begin = length.saturating_sub(half);
    file.seek(SeekFrom::Start(begin))?;
    let mut at = begin;
    for byte in BufReader::new(file.take(half / 2)).bytes() {
        at += 1;
        if byte? == b'\n' {
            return Ok(at);
        }
    }
    Ok(begin)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn log(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
        let path = folder.path().join("log");
        File::create(&path).unwrap().write_all(bytes).unwrap();
        path
    }

    #[test]
    fn a_short_log_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = log(&folder, b"0123456789");
        cut(&path, 10, |_| ()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123456789");
    }

    #[test]
    fn lines_are_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = (1000..2000).map(|n| n.to_string()).collect();
        let text = lines.join("\n") + "\n";
        let path = log(&folder, text.as_bytes());
        cut(&path, 42, |_| ()).unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(
            kept,
            "1000\n1001\n1002\n1003\n\n[hub: 4960 bytes are cut out here; the log's limit is \
             42 bytes]\n1996\n1997\n1998\n1999\n"
        );
    }

    #[test]
    fn without_line_ends_the_halves_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = log(&folder, &[0xff; 1000]);
        cut(&path, 100, |_| ()).unwrap();
        let kept = fs::read(&path).unwrap();
        assert!(kept.starts_with(&[0xff; 50]) && kept.ends_with(&[0xff; 50]));
        let line = b"\n[hub: 900 bytes are cut out here; the log's limit is 100 bytes]\n";
        assert_eq!(kept.len(), 100 + line.len());
        assert_eq!(kept.get(50..50 + line.len()), Some(&line[..]));
    }

    #[test]
    fn a_log_of_any_limit_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        for limit in [1, 2, 3, 5] {
            let path = log(&folder, b"a\nb\nc\nd\n");
            cut(&path, limit, |_| ()).unwrap();
            assert!(fs::read_to_string(&path).unwrap().contains("[hub: "));
        }
    }
}
