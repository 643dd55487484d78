//! `events.jsonl`: a session's append-only list of what was done to it.
//!
//! A line is flushed to disk before what it announces is done. Each names the hash of the line
//! before, and `events.head` beside it the last line ([`crate::domain::chain`]): the head is
//! written over in place, after the line is on the disk and without being flushed itself. So it
//! may be behind the journal after a kill, and is never ahead of it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::chain::{self, Broken, Head, LineHash};
use crate::domain::event::{Entry, Event};

use super::error::{Error, Result};
use super::json_lines::JsonLines;
use super::owner::{current_host, current_user};

/// A journal that can be written to; whoever has one holds the session's lock.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    lines: JsonLines,
    /// The line that the next one is written behind; `None` before the first.
    end: Option<Head>,
}

impl Journal {
    /// Opens the journal for writing and returns what it holds so far.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Event>)> {
        let (lines, events, bytes) = JsonLines::open_with_bytes::<Event>(path)?;
        let journal = Self {
            lines,
            end: chain::end_of(&split(&bytes), read_head(path)?.as_ref()),
            path: path.to_path_buf(),
        };
        Ok((journal, events))
    }

    /// Follows the journal to another folder; what is appended goes on in the same file.
    pub(super) fn follow(&mut self, path: &Path) {
        self.path = path.to_path_buf();
    }

    /// Reads a journal without a lock; an absent one is empty.
    pub(super) fn read(path: &Path) -> Result<Vec<Event>> {
        JsonLines::read(path)
    }

    /// What does not fit together in a journal and its head.
    pub(super) fn check(path: &Path) -> Result<Vec<Broken>> {
        let found = Self::look(path)?;
        if found.is_empty() {
            return Ok(found);
        }
        // Somebody may be at the head just now.
        Self::look(path)
    }

    fn look(path: &Path) -> Result<Vec<Broken>> {
        // The head first: a line that comes meanwhile is beyond it then.
        let head = read_head(path)?;
        let bytes = match beneath::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("read", path)(error)),
        };
        Ok(chain::check(split(&bytes), head.as_ref()))
    }

    /// The number of the last line that stands; 0 before the first.
    pub(super) fn last(&self) -> u64 {
        self.end.as_ref().map_or(0, |end| end.seq)
    }

    /// Appends one line and flushes it to disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn append(&mut self, entry: Entry, time: DateTime<Utc>) -> Result<()> {
        let Entry {
            operation,
            phase,
            detail,
            refs,
        } = entry;
        let last = self.last();
        let event = Event {
            seq: last.saturating_add(1),
            time,
            pid: std::process::id(),
            user: Some(current_user()),
            host: Some(current_host()),
            operation,
            phase,
            detail,
            refs,
            previous: self.end.as_ref().map(|end| end.hash.clone()),
        };
        let line = serde_json::to_vec(&event)
            .map_err(|error| Error::corrupt(&self.path, None, error.to_string()))?;
        let end = Head {
            seq: event.seq,
            hash: LineHash::of(&line),
        };
        if let Err(error) = self.lines.append_line(line) {
            // The line may stand all the same: the next one comes behind whatever is there.
            if let (Ok(bytes), Ok(head)) = (beneath::read(&self.path), read_head(&self.path)) {
                self.end = chain::end_of(&split(&bytes), head.as_ref());
            }
            return Err(error);
        }
        if let Err(error) = write_head(&self.path, &end) {
            // The line holds; only a cut behind the older head would not be found.
            log::debug!("cannot write the head of {}: {error}", self.path.display());
        }
        self.end = Some(end);
        Ok(())
    }
}

/// The whole lines; one that a crash has cut was never acknowledged.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.filter_map(|line| line.strip_suffix(b"\n")).collect()
}

/// The file that names the last line of a journal.
fn head_of(journal: &Path) -> PathBuf {
    journal.with_extension("head")
}

fn read_head(journal: &Path) -> Result<Option<Head>> {
    let path = head_of(journal);
    match beneath::read(&path) {
        Ok(bytes) => Ok(Head::read(&bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

fn write_head(journal: &Path, head: &Head) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    let mut file: File = beneath::open_with(&head_of(journal), options)?;
    let text = head.to_string();
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if file.metadata()?.len() != length {
        file.set_len(length)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Detail, Operation, Phase};
    use crate::store::Error;

    fn done() -> Entry {
        Entry {
            operation: Operation::Update,
            phase: Phase::Done,
            detail: Detail::new(),
            refs: Vec::new(),
        }
    }

    #[test]
    fn lines_are_chained_across_writers_and_an_older_hubs_lines_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let older = br#"{"seq":1,"time":"2026-03-17T14:30:22+00:00","pid":3,"operation":"init","phase":"end"}"#;
        super::super::atomic::replace(&path, &[older.as_slice(), b"\n"].concat()).unwrap();
        for _ in 0..2 {
            let (mut journal, _) = Journal::open(&path).unwrap();
            journal.append(done(), DateTime::UNIX_EPOCH).unwrap();
            journal.append(done(), DateTime::UNIX_EPOCH).unwrap();
        }
        let events = Journal::read(&path).unwrap();
        assert_eq!(events.len(), 5);
        assert_eq!(events[0].previous, None);
        assert_eq!(events[1].previous, Some(LineHash::of(older)));
        assert_eq!(events[4].user, Some(current_user()));
        assert_eq!(Journal::check(&path).unwrap(), []);

        let whole = std::fs::read_to_string(&path).unwrap();
        let cut: String = whole.split_inclusive('\n').take(4).collect();
        super::super::atomic::replace(&path, cut.as_bytes()).unwrap();
        let cut = Broken::Cut {
            last: 4,
            written: 5,
        };
        assert_eq!(Journal::check(&path).unwrap(), [cut]);
    }

    #[test]
    fn a_line_that_a_crash_has_cut_is_passed_over_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let append = |journal: &mut Journal| {
            journal.append(done(), DateTime::UNIX_EPOCH).unwrap();
        };
        let (mut journal, events) = Journal::open(&path).unwrap();
        assert!(events.is_empty());
        append(&mut journal);
        let head = std::fs::read(head_of(&path)).unwrap();
        append(&mut journal);
        drop(journal);

        // The crash came before the line was whole, so before the head told of it.
        let whole = std::fs::read(&path).unwrap();
        let cut = whole.get(..whole.len() - 9).unwrap();
        super::super::atomic::replace(&path, cut).unwrap();
        super::super::atomic::replace(&head_of(&path), &head).unwrap();
        assert_eq!(Journal::read(&path).unwrap().len(), 1);

        let (mut journal, events) = Journal::open(&path).unwrap();
        assert_eq!(events.len(), 1);
        append(&mut journal);
        let seqs: Vec<u64> = Journal::read(&path)
            .unwrap()
            .iter()
            .map(|e| e.seq)
            .collect();
        assert_eq!(seqs, [1, 2]);
        assert_eq!(Journal::check(&path).unwrap(), []);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        super::super::atomic::replace(&path, b"\nnonsense\n").unwrap();
        let error = Journal::read(&path).unwrap_err();
        assert!(
            matches!(error, Error::Corrupt { line: Some(2), .. }),
            "{error}"
        );
    }
}
