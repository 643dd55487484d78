//! The text of a message, from a file or from stdin.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use crate::domain::message::Message;

use super::error::{Error, Result};
use super::hub::Hub;

/// Reads a message from a file, where one is named and is not `-`, or else from stdin.
///
/// # Errors
/// When it cannot be read, or is no message.
pub fn read(hub: &Hub, file: Option<&Path>) -> Result<Message> {
    // Enough to see that it is too long.
    const ENOUGH: u64 = 4 * 1024 * 1024;
    let mut bytes = Vec::new();
    let file = file.filter(|file| *file != Path::new("-"));
    let read = match file {
        Some(file) => File::open(hub.folder().join(file))
            .and_then(|file| file.take(ENOUGH).read_to_end(&mut bytes)),
        None => stdin().take(ENOUGH).read_to_end(&mut bytes),
    };
    let name = file.unwrap_or(Path::new("stdin"));
    read.map_err(Error::io("read", name))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.parse()?),
        // It was cut, and is too long all the same.
        Err(error) if error.as_bytes().len() > Message::LONGEST => {
            Ok(String::from_utf8_lossy(error.as_bytes()).parse()?)
        }
        Err(error) => {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error());
            Err(Error::io("read", name)(error))
        }
    }
}
