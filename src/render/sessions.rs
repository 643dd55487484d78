//! The document of `hub list`, as JSON that several threads make.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::domain::report::{CorruptSession, ListPart, ListReport, ListedSession};

/// How long the bytes of a part are, more or less.
const USUAL: usize = 96 * 1024;

/// A part of the sessions, as the document has them: each behind a comma.
#[derive(Debug, Default)]
pub struct SessionsAsJson {
    bytes: Vec<u8>,
    /// Where each session ends.
    ends: Vec<usize>,
    failed: Option<io::Error>,
}

impl SessionsAsJson {
    fn write(&mut self, session: &ListedSession) -> io::Result<()> {
        let mut formatter = PrettyFormatter::new();
        // In a list, which is in an object.
        formatter.begin_object(&mut io::sink())?;
        formatter.begin_array(&mut io::sink())?;
        self.bytes.extend_from_slice(b",\n    ");
        session.serialize(&mut Serializer::with_formatter(&mut self.bytes, formatter))?;
        self.ends.push(self.bytes.len());
        Ok(())
    }
}

impl ListPart for SessionsAsJson {
    fn add(&mut self, session: ListedSession) {
        if self.bytes.is_empty() {
            self.bytes.reserve(USUAL);
        }
        if let Err(error) = self.write(&session) {
            self.failed.get_or_insert(error);
        }
    }

    fn count(&self) -> usize {
        self.ends.len()
    }

    fn cut(&mut self, most: usize) {
        self.ends.truncate(most);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// Writes the document to stdout.
///
/// # Errors
/// When stdout cannot be written. A reader that went away is no error.
pub fn write(parts: Vec<SessionsAsJson>, corrupt: &[CorruptSession]) -> io::Result<()> {
    const AT_ONCE: usize = 64 * 1024;
    let stdout = io::stdout().lock();
    // Past the buffer of stdout, which would look for the end of each line. There is no colour in
    // a document that would have to be taken out.
    let stdout = File::from(stdout.as_fd().try_clone_to_owned()?);
    let mut stdout = io::BufWriter::with_capacity(AT_ONCE, stdout);
    let written = write_to(&mut stdout, parts, corrupt).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer has no reader.
            drop(stdout.into_parts());
            Ok(())
        }
        other => other,
    }
}

fn write_to(
    to: &mut impl Write,
    mut parts: Vec<SessionsAsJson>,
    corrupt: &[CorruptSession],
) -> io::Result<()> {
    if let Some(error) = parts.iter_mut().find_map(|part| part.failed.take()) {
        return Err(error);
    }
    let without = serde_json::to_string_pretty(&ListReport {
        sessions: Vec::new(),
        corrupt: corrupt.to_vec(),
    })?;
    parts.retain(|part| part.count() > 0);
    match (parts.split_first(), without.split_once("[]")) {
        (Some((first, others)), Some((before, behind))) => {
            to.write_all(before.as_bytes())?;
            to.write_all(b"[")?;
            to.write_all(first.bytes.get(1..).unwrap_or_default())?;
            for part in others {
                to.write_all(&part.bytes)?;
            }
            to.write_all(b"\n  ]")?;
            to.write_all(behind.as_bytes())?;
        }
        _ => to.write_all(without.as_bytes())?,
    }
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::ListedState;

    fn session(number: u32) -> ListedSession {
        let readable = !number.is_multiple_of(3);
        ListedSession {
            session_id: format!("20260317-1430{number:02}").parse().unwrap(),
            state: if readable {
                ListedState::Running
            } else {
                ListedState::Corrupt
            },
            task: readable.then(|| format!("Say \"[]\" {number}\n  times")),
            agents: readable.then_some(number),
            created: readable.then(|| "2026-03-17T14:30:22Z".parse().unwrap()),
            updated: None,
            base_branch: readable.then(|| "main".parse().unwrap()),
            owner: readable.then(|| "größer".parse().unwrap()),
            parent: None,
            reason: (!readable).then(|| "[]".to_owned()),
        }
    }

    fn part(numbers: std::ops::Range<u32>) -> SessionsAsJson {
        let mut part = SessionsAsJson::default();
        numbers.for_each(|number| part.add(session(number)));
        part
    }

    fn corrupt(count: u32) -> Vec<CorruptSession> {
        let one = |number| CorruptSession {
            session_id: session(number).session_id,
            reason: "[] is none".to_owned(),
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn parts_are_the_document_that_is_made_at_once() {
        for cuts in [
            vec![],
            vec![0],
            vec![1],
            vec![0, 7],
            vec![3, 3, 4],
            vec![2, 9, 0, 12],
        ] {
            let (mut parts, mut begin) = (Vec::new(), 0);
            for count in cuts {
                parts.push(part(begin..begin + count));
                begin += count;
            }
            for damaged in [0, 2] {
                let whole = ListReport {
                    sessions: (0..begin).map(session).collect(),
                    corrupt: corrupt(damaged),
                };
                let again = std::mem::take(&mut parts);
                let mut bytes = Vec::new();
                write_to(&mut bytes, again, &corrupt(damaged)).unwrap();
                let wanted = serde_json::to_string_pretty(&whole).unwrap() + "\n";
                assert_eq!(String::from_utf8(bytes).unwrap(), wanted);
                parts = vec![part(0..begin)];
            }
        }
    }

    #[test]
    fn a_part_that_is_cut_is_as_if_it_had_no_more() {
        for most in 0..6 {
            let mut cut = part(0..5);
            cut.cut(most);
            let wanted = part(0..5.min(u32::try_from(most).unwrap()));
            assert_eq!((cut.bytes, cut.ends), (wanted.bytes, wanted.ends));
        }
    }
}
