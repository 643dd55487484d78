//! A journal that is followed as it grows.

use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::beneath;
use crate::domain::event::Event;

use super::error::{Error, Result};
use super::hub_dir::SessionDir;
use super::json_lines;

/// How far a journal was read; nothing is locked.
#[derive(Clone, Debug)]
pub struct Tail {
    path: PathBuf,
    /// The file that was read: one that takes its place is another journal.
    file: Option<(u64, u64)>,
    bytes: u64,
    lines: usize,
}

impl Tail {
    /// The journal of a session, from its first line.
    #[must_use]
    pub fn of(session: &SessionDir) -> Self {
        Self {
            path: session.journal_file(),
            file: None,
            bytes: 0,
            lines: 0,
        }
    }

    /// The whole lines that were not read yet; none of a journal that is not there.
    ///
    /// # Errors
    /// When one of them is damaged; the same lines are read again then.
    pub fn look(&mut self) -> Result<Vec<Event>> {
        let meta = match beneath::metadata(&self.path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("look at", &self.path)(error)),
        };
        if self.file != Some((meta.dev(), meta.ino())) || meta.len() < self.bytes {
            self.file = Some((meta.dev(), meta.ino()));
            (self.bytes, self.lines) = (0, 0);
        }
        if meta.len() == self.bytes {
            return Ok(Vec::new());
        }
        let bytes = match self.rest() {
            Ok(bytes) => bytes,
            // It was taken back between the two looks.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &self.path)(error)),
        };
        let (events, whole) = json_lines::parse(&self.path, &bytes, self.lines + 1)?;
        let read = bytes.get(..whole).unwrap_or_default();
        self.lines += read.split(|byte| *byte == b'\n').count() - 1;
        self.bytes += u64::try_from(whole).unwrap_or(u64::MAX);
        Ok(events)
    }

    fn rest(&self) -> std::io::Result<Vec<u8>> {
        let mut file = beneath::open(&self.path)?;
        file.seek(SeekFrom::Start(self.bytes))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::domain::event::{Detail, Entry, Operation, Phase};
    use crate::store::{HubDir, Journal, atomic};

    fn session() -> (tempfile::TempDir, SessionDir) {
        let folder = tempfile::tempdir().unwrap();
        let hub = HubDir::at(folder.path()).unwrap();
        let session = hub.session(&"20260317-143022".parse().unwrap());
        std::fs::create_dir_all(session.path()).unwrap();
        (folder, session)
    }

    fn append(session: &SessionDir) {
        let (mut journal, _) = Journal::open(&session.journal_file()).unwrap();
        let time = chrono::DateTime::UNIX_EPOCH;
        let entry = Entry {
            operation: Operation::Update,
            phase: Phase::Done,
            detail: Detail::new(),
            refs: Vec::new(),
        };
        journal.append(entry, time).unwrap();
    }

    fn seqs(tail: &mut Tail) -> Vec<u64> {
        let events = tail.look().unwrap();
        events.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn only_whole_lines_that_are_new_are_read() {
        let (_folder, session) = session();
        let mut tail = Tail::of(&session);
        assert!(seqs(&mut tail).is_empty(), "no journal yet");
        append(&session);
        append(&session);
        assert_eq!(seqs(&mut tail), [1, 2]);
        assert!(seqs(&mut tail).is_empty());
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(session.journal_file())
            .unwrap();
        file.write_all(b"{\"seq\":3,").unwrap();
        assert!(seqs(&mut tail).is_empty(), "half a line");
        append(&session);
        assert_eq!(seqs(&mut tail), [3], "the cut line was replaced");
    }

    #[test]
    fn another_journal_in_its_place_is_read_from_its_beginning() {
        let (_folder, session) = session();
        let mut tail = Tail::of(&session);
        append(&session);
        append(&session);
        assert_eq!(seqs(&mut tail), [1, 2]);
        let line = std::fs::read(session.journal_file()).unwrap();
        atomic::replace(&session.journal_file(), &line).unwrap();
        assert_eq!(seqs(&mut tail), [1, 2]);
    }

    #[test]
    fn a_damaged_line_is_named_by_its_number_in_the_file() {
        let (_folder, session) = session();
        let mut tail = Tail::of(&session);
        append(&session);
        assert_eq!(seqs(&mut tail), [1]);
        std::fs::OpenOptions::new()
            .append(true)
            .open(session.journal_file())
            .unwrap()
            .write_all(b"nonsense\n")
            .unwrap();
        let error = tail.look().unwrap_err();
        assert!(
            matches!(error, Error::Corrupt { line: Some(2), .. }),
            "{error}"
        );
    }
}
