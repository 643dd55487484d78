//! `events.jsonl`: a session's append-only list of what was done to it.
//!
//! A line is flushed to disk before what it announces is done.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::domain::event::{Detail, Event, Operation, Phase};

use super::error::Result;
use super::json_lines::JsonLines;

/// A journal that can be written to; whoever has one holds the session's lock.
#[derive(Debug)]
pub struct Journal {
    lines: JsonLines,
    next: u64,
}

impl Journal {
    /// Opens the journal for writing and returns what it holds so far.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Event>)> {
        let (lines, events) = JsonLines::open::<Event>(path)?;
        let journal = Self {
            lines,
            next: events.last().map_or(1, |event| event.seq.saturating_add(1)),
        };
        Ok((journal, events))
    }

    /// Reads a journal without a lock; an absent one is empty.
    pub(super) fn read(path: &Path) -> Result<Vec<Event>> {
        JsonLines::read(path)
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
        self.lines.append(&event)?;
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Error;

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
