//! `inbox.md`: what was said to an agent, message by message.
//!
//! A message is flushed to disk before it counts as sent. The rest of one that was cut by a
//! crash was never acknowledged: readers pass over it, the next writer takes its place.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use crate::beneath;
use crate::domain::message;

use crate::fault::{Point, effect};

use super::error::{Error, Result};
use super::session::LockedSession;

impl LockedSession {
    /// Appends one message to an inbox of this session; whoever reads finds it whole or not at all.
    ///
    /// # Errors
    /// When the system refuses: then the inbox is as it was.
    pub fn append_message(&self, inbox: &Path, entry: &str) -> Result<()> {
        effect(Point::Append, Error::io("append to", inbox), || {
            append(inbox, entry)
        })
    }
}

fn append(inbox: &Path, entry: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create(true);
    let file = beneath::open_with(inbox, options);
    let mut file = file.map_err(Error::io("open", inbox))?;
    let length = mend(&mut file).map_err(Error::io("mend", inbox))?;
    let written = file
        .write_all(entry.as_bytes())
        .and_then(|()| file.sync_data());
    if let Err(error) = written {
        let _ = file.set_len(length);
        return Err(Error::io("append to", inbox)(error));
    }
    Ok(())
}

/// Takes away what is no whole message; returns how long the inbox is then.
fn mend(file: &mut File) -> std::io::Result<u64> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let (_, whole) = message::whole(&bytes);
    let length = u64::try_from(whole).unwrap_or(u64::MAX);
    if whole < bytes.len() {
        file.set_len(length)?;
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_message_that_was_cut_is_taken_away() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"## x\n\none\n\n---\n## y\n\ntw").unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        assert_eq!(mend(&mut file).unwrap(), 15);
        assert_eq!(file.metadata().unwrap().len(), 15);
    }
}
