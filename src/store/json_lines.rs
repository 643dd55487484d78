//! Files of one JSON document a line that are only ever appended to.
//!
//! A line is flushed to disk before it counts as written. A last line that a crash has cut was
//! never acknowledged: readers pass over it, the next writer takes its place.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::beneath;
use crate::fault::{Point, effect};

use super::error::{Error, Result};

/// A file that can be appended to; whoever has one is its only writer.
#[derive(Debug)]
pub(super) struct JsonLines {
    path: PathBuf,
    /// Made with the first line: who only looks leaves no empty file behind.
    file: Option<File>,
}

impl JsonLines {
    /// Opens a file for appending and returns what it holds so far.
    pub fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>)> {
        Self::open_with_bytes(path).map(|(lines, documents, _)| (lines, documents))
    }

    /// The same, with the bytes of the whole lines.
    pub fn open_with_bytes<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>, Vec<u8>)> {
        let (mut file, mut bytes) = (None, Vec::new());
        match beneath::open_with(path, OpenOptions::new().read(true).append(true)) {
            Ok(mut found) => {
                found
                    .read_to_end(&mut bytes)
                    .map_err(Error::io("read", path))?;
                file = Some(found);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("open", path)(error)),
        }
        let (documents, whole) = parse(path, &bytes, 1)?;
        if let Some(file) = file.as_mut().filter(|_| whole < bytes.len()) {
            let length = u64::try_from(whole).unwrap_or(u64::MAX);
            effect(Point::Mend, Error::io("mend", path), || {
                file.set_len(length).map_err(Error::io("mend", path))
            })?;
        }
        bytes.truncate(whole);
        let lines = Self {
            path: path.to_path_buf(),
            file,
        };
        Ok((lines, documents, bytes))
    }

    /// Reads a file without opening it for writing; an absent one is empty.
    pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
        match beneath::read(path) {
            Ok(bytes) => parse(path, &bytes, 1).map(|(documents, _)| documents),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    /// Appends one line and flushes it to disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn append<T: Serialize>(&mut self, document: &T) -> Result<()> {
        let line = serde_json::to_vec(document)
            .map_err(|error| Error::corrupt(&self.path, None, error.to_string()))?;
        self.append_line(line)
    }

    /// Appends the bytes of one line and flushes it to disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn append_line(&mut self, mut line: Vec<u8>) -> Result<()> {
        line.push(b'\n');
        let told = Error::io("append to", self.path.clone());
        effect(Point::Append, told, || self.write(&line))
    }

    fn write(&mut self, line: &[u8]) -> Result<()> {
        let path = self.path.clone();
        let file = self.file()?;
        let length = file.metadata().map_err(Error::io("look at", &path))?.len();
        let written = file.write_all(line).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // A full disk may have taken a part of the line: the next one must not follow on it.
            let _ = file.set_len(length);
            return Err(Error::io("append to", path)(error));
        }
        Ok(())
    }

    fn file(&mut self) -> Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => beneath::open_with(&self.path, OpenOptions::new().append(true).create(true))
                .map_err(Error::io("make", &self.path))?,
        };
        Ok(self.file.insert(file))
    }
}

/// The documents and the number of bytes that hold whole lines; `first_line` is the number of the first.
pub(super) fn parse<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    first_line: usize,
) -> Result<(Vec<T>, usize)> {
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default();
    let mut documents = Vec::new();
    for (number, line) in (first_line..).zip(lines.split(|b| *b == b'\n')) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let document = serde_json::from_slice(line)
            .map_err(|error| Error::corrupt(path, Some(number), error.to_string()))?;
        documents.push(document);
    }
    Ok((documents, whole))
}
