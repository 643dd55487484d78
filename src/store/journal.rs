//! `events.jsonl`: a session's append-only list of what was done to it.
//!
//! A line is flushed to disk before what it announces is done. A last line that a crash
//! has cut was never acknowledged: readers pass over it, the next writer takes its place.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::domain::event::{Detail, Event, Operation, Phase};

use super::error::{Error, Result};

/// A journal that can be written to; whoever has one holds the session's lock.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Made with the first line: who only looks leaves no empty journal behind.
    file: Option<File>,
    next: u64,
}

impl Journal {
    /// Opens the journal for writing and returns what it holds so far.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Event>)> {
        let (mut file, mut bytes) = (None, Vec::new());
        match OpenOptions::new().read(true).append(true).open(path) {
            Ok(mut found) => {
                found
                    .read_to_end(&mut bytes)
                    .map_err(Error::io("read", path))?;
                file = Some(found);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("open", path)(error)),
        }
        let (events, whole) = parse(path, &bytes, 1)?;
        if let Some(file) = file.as_mut().filter(|_| whole < bytes.len()) {
            let whole = u64::try_from(whole).unwrap_or(u64::MAX);
            file.set_len(whole).map_err(Error::io("mend", path))?;
        }
        let journal = Self {
            path: path.to_path_buf(),
            file,
            next: events.last().map_or(1, |event| event.seq.saturating_add(1)),
        };
        Ok((journal, events))
    }

    /// Reads a journal without a lock; an absent one is empty.
    pub(super) fn read(path: &Path) -> Result<Vec<Event>> {
        match std::fs::read(path) {
            Ok(bytes) => parse(path, &bytes, 1).map(|(events, _)| events),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    /// Appends one line and flushes it to disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn append(
        &mut self,
        operation: Operation,
        phase: Phase,
        detail: Detail,
        time: DateTime<Utc>,
    ) -> Result<()> {
        let event = Event {
            seq: self.next,
            time,
            pid: std::process::id(),
            operation,
            phase,
            detail,
        };
        let mut line = serde_json::to_vec(&event)
            .map_err(|error| Error::corrupt(&self.path, None, error.to_string()))?;
        line.push(b'\n');
        let path = self.path.clone();
        let file = self.file()?;
        let length = file.metadata().map_err(Error::io("look at", &path))?.len();
        let written = file.write_all(&line).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // A full disk may have taken a part of the line: the next one must not follow on it.
            let _ = file.set_len(length);
            return Err(Error::io("append to", path)(error));
        }
        self.next += 1;
        Ok(())
    }

    fn file(&mut self) -> Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.path)
                .map_err(Error::io("make", &self.path))?,
        };
        Ok(self.file.insert(file))
    }
}

/// The events and the number of bytes that hold whole lines; `first_line` is the number of the first.
pub(super) fn parse(path: &Path, bytes: &[u8], first_line: usize) -> Result<(Vec<Event>, usize)> {
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default();
    let mut events = Vec::new();
    for (number, line) in (first_line..).zip(lines.split(|b| *b == b'\n')) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let event = serde_json::from_slice(line)
            .map_err(|error| Error::corrupt(path, Some(number), error.to_string()))?;
        events.push(event);
    }
    Ok((events, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_crash_has_cut_is_passed_over_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let append = |journal: &mut Journal| {
            journal
                .append(
                    Operation::Update,
                    Phase::Done,
                    Detail::new(),
                    DateTime::UNIX_EPOCH,
                )
                .unwrap();
        };
        let (mut journal, events) = Journal::open(&path).unwrap();
        assert!(events.is_empty());
        append(&mut journal);
        append(&mut journal);
        drop(journal);

        let whole = std::fs::read(&path).unwrap();
        let cut = whole.get(..whole.len() - 9).unwrap();
        super::super::atomic::replace(&path, cut).unwrap();
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
