//! Reading what processes printed.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::text::visible;

use super::error::{Error, Result};
use super::log_index;

/// The last `most` bytes of a file as text; what is not UTF-8 is replaced. Empty when it cannot be read.
#[must_use]
pub fn tail(path: &Path, most: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = beneath::open(path)?;
        let length = file.metadata()?.len();
        let from = after_holes(&file, length.saturating_sub(most), length);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// Where the data begins that follows the last hole behind `from`, or `from` itself.
///
/// The middle of a log that is too long is freed while the agent goes on; nobody wants to
/// read its NULs.
fn after_holes(file: &File, mut from: u64, length: u64) -> u64 {
    use rustix::fs::{SeekFrom, seek};

    // Where there is no hole, the file's end is found.
    while let Ok(hole) = seek(file, SeekFrom::Hole(from)) {
        if hole >= length {
            break;
        }
        match seek(file, SeekFrom::Data(hole)) {
            Ok(data) => from = data,
            Err(_) => return length,
        }
    }
    from
}

/// The next data behind `from`, up to the hole or the end behind that.
fn data_from(file: &File, from: u64) -> (u64, u64) {
    use rustix::fs::{SeekFrom, seek};

    // Fails at the end; and where holes are not known, in which case all is data.
    let begin = seek(file, SeekFrom::Data(from)).unwrap_or(from);
    (begin, seek(file, SeekFrom::Hole(begin)).unwrap_or(u64::MAX))
}

/// The last `count` lines that hold something, without what a terminal would obey.
#[must_use]
pub fn last_lines(path: &Path, count: usize) -> String {
    let text = tail(path, 64 * 1024);
    let mut lines: Vec<String> = text
        .lines()
        .rev()
        .map(shown)
        .filter(|line| !line.trim().is_empty())
        .take(count)
        .collect();
    lines.reverse();
    lines.join("\n")
}

/// A log that is read as it grows.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    offset: u64,
}

impl Growing {
    /// From its beginning, or with `last_lines` from so many lines before its end.
    ///
    /// # Errors
    /// When it cannot be read; one that is not there yet is empty.
    pub fn open(path: &Path, last_lines: Option<usize>) -> Result<Self> {
        let offset = match last_lines {
            Some(count) => offset_of_last(path, count).map_err(failed(path))?,
            None => 0,
        };
        Ok(Self {
            path: path.to_path_buf(),
            offset,
        })
    }

    /// Passes over what was printed before a time; returns whether that is known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn skip_before(&mut self, since: DateTime<Utc>) -> Result<bool> {
        let offset = log_index::offset_since(&self.path, since).map_err(failed(&self.path))?;
        self.offset = self.offset.max(offset.unwrap_or_default());
        Ok(offset.is_some())
    }

    /// What came since the last read, at most 1 MiB of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&mut self) -> Result<Vec<u8>> {
        const MOST: u64 = 1024 * 1024;
        let mut bytes = Vec::new();
        let read = beneath::open(&self.path).and_then(|mut file| {
            let (from, until) = data_from(&file, self.offset);
            self.offset = from;
            file.seek(SeekFrom::Start(from))?;
            file.take(MOST.min(until.saturating_sub(from)))
                .read_to_end(&mut bytes)
        });
        match read {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(failed(&self.path)(error));
            }
            _ => {}
        }
        self.offset += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(bytes)
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    Error::io(format!("read {}", path.display()))
}

/// Where the last `count` lines of a file begin, read from its end.
fn offset_of_last(path: &Path, count: usize) -> std::io::Result<u64> {
    const BLOCK: u64 = 64 * 1024;
    let mut file = match beneath::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if count == 0 {
        return Ok(length);
    }
    let mut end = length;
    let mut missing = count;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(end - start).read_to_end(&mut block)?;
        for (index, _) in block
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'\n')
        {
            let after = start + u64::try_from(index).unwrap_or_default() + 1;
            if after == length {
                // It ends the last line and begins none.
                continue;
            }
            missing = missing.saturating_sub(1);
            if missing == 0 {
                return Ok(after);
            }
        }
        end = start;
    }
    Ok(0)
}

/// When something was last written into one of these files; `None` when nothing ever was.
#[must_use]
pub fn last_output(logs: &[PathBuf]) -> Option<DateTime<Utc>> {
    let written = logs.iter().filter_map(|log| beneath::metadata(log).ok());
    let written = written.filter(|metadata| metadata.len() > 0);
    let latest = written
        .filter_map(|metadata| metadata.modified().ok())
        .max();
    latest.map(DateTime::from)
}

/// A line as a person reads it: harmless, and not of any length.
fn shown(line: &str) -> String {
    const LONGEST: usize = 500;
    let line: String = line.trim_end().chars().take(LONGEST).collect();
    visible(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_lines_are_harmless_text() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one\n\n\x1b[31mtwo\x07\n\xff three\r\n\n")
            .unwrap();
        assert_eq!(
            last_lines(file.path(), 2),
            "\u{241b}[31mtwo\u{2407}\n\u{fffd} three"
        );
        assert_eq!(last_lines(Path::new("/nonexistent"), 2), "");
    }

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let long = "x".repeat(100_000);
        write!(file, "one\n{long}\nthree\nfour").unwrap();
        for (count, expected) in [
            (0, 100_015),
            (1, 100_011),
            (2, 100_005),
            (3, 4),
            (4, 0),
            (9, 0),
        ] {
            let found = offset_of_last(file.path(), count).unwrap();
            assert_eq!(found, expected, "{count}");
        }
        file.write_all(b"\n").unwrap();
        assert_eq!(offset_of_last(file.path(), 1).unwrap(), 100_011);
        assert_eq!(offset_of_last(Path::new("/nonexistent"), 1).unwrap(), 0);
    }

    #[test]
    fn what_came_since_is_read_once() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut growing = Growing::open(file.path(), None).unwrap();
        file.write_all(b"one\n").unwrap();
        assert_eq!(growing.read().unwrap(), b"one\n");
        file.write_all(b"two\n").unwrap();
        assert_eq!(growing.read().unwrap(), b"two\n");
        assert_eq!(growing.read().unwrap(), b"");
    }

    #[test]
    fn holes_are_not_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"head\n").unwrap();
        file.seek(SeekFrom::Start(1 << 20)).unwrap();
        file.write_all(b"tail\n").unwrap();
        assert_eq!(tail(file.path(), 1 << 21), "tail\n");
        assert_eq!(last_lines(file.path(), 5), "tail");
        let mut growing = Growing::open(file.path(), None).unwrap();
        let head = growing.read().unwrap();
        assert!(head.starts_with(b"head\n") && head.len() < 1 << 17);
        let mut read = growing.read().unwrap();
        read.extend(growing.read().unwrap());
        assert_eq!(read, b"tail\n");
    }

    #[test]
    fn only_the_end_of_a_large_file_is_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all("é".repeat(1000).as_bytes()).unwrap();
        assert_eq!(tail(file.path(), 4), "éé");
    }
}
