//! The folder by which an agent behind walls and its supervisor speak: files, for sockets may be
//! denied.
//!
//! ```text
//! <id>.request    written by hub inside of the walls, as .<id>.new before it is whole
//! <id>.answer     written by the supervisor, in the same way
//! ```
//!
//! The agent can do anything in it. So the supervisor holds the folder open from before the agent
//! began, opens nothing that is no plain file, and reads little of it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, renameat, unlinkat};

use super::error::{Error, Result};

/// A request is no longer than this.
const LONGEST: u64 = 256 * 1024;

const REQUEST: &str = ".request";
const ANSWER: &str = ".answer";

/// The supervisor's side.
#[derive(Debug)]
pub struct Outbox {
    folder: OwnedFd,
}

/// A request as it was found.
#[derive(Debug)]
pub struct Found {
    /// What its answer is known by.
    pub id: String,
    /// What is in it; why it cannot be read where that is so.
    pub bytes: std::result::Result<Vec<u8>, &'static str>,
}

impl Outbox {
    /// Holds the folder.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags, Mode::empty());
        let folder = folder.map_err(|error| Error::io("open", path)(error.into()))?;
        Ok(Self { folder })
    }

    /// The first requests that are there.
    #[must_use]
    pub fn requests(&self, most: usize) -> Vec<Found> {
        let Ok(entries) = Dir::read_from(&self.folder) else {
            return Vec::new();
        };
        let names = entries.flatten().filter_map(|entry| {
            let name = entry.file_name().to_str().ok()?;
            let id = name.strip_suffix(REQUEST).filter(|id| is_id(id))?;
            Some(id.to_owned())
        });
        names
            .take(most)
            .map(|id| Found {
                bytes: self.read(&format!("{id}{REQUEST}")),
                id,
            })
            .collect()
    }

    fn read(&self, name: &str) -> std::result::Result<Vec<u8>, &'static str> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.folder, name, flags, Mode::empty());
        let file = file.map_err(|_| "it cannot be opened")?;
        let kind = fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode));
        if kind != Ok(FileType::RegularFile) {
            return Err("it is no file");
        }
        let mut bytes = Vec::new();
        let read = File::from(file).take(LONGEST + 1).read_to_end(&mut bytes);
        match read {
            Ok(_) if bytes.len() as u64 <= LONGEST => Ok(bytes),
            Ok(_) => Err("it is too long"),
            Err(_) => Err("it cannot be read"),
        }
    }

    /// Answers a request, which is gone then.
    pub fn answer(&self, id: &str, bytes: &[u8]) {
        let new = format!(".{id}.new");
        let write = || -> std::io::Result<()> {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mode = Mode::RUSR | Mode::WUSR;
            let file = openat(&self.folder, &new, flags | OFlags::NOFOLLOW, mode)?;
            File::from(file).write_all(bytes)?;
            Ok(renameat(
                &self.folder,
                &new,
                &self.folder,
                format!("{id}{ANSWER}"),
            )?)
        };
        // Whoever asked waits no longer than for a while.
        if let Err(error) = write() {
            log::warn!("cannot answer {id}: {error}");
            let _ = unlinkat(&self.folder, &new, AtFlags::empty());
        }
        let request = format!("{id}{REQUEST}");
        if unlinkat(&self.folder, &request, AtFlags::empty()).is_err() {
            // A folder of this name: it would be found again and again.
            let _ = unlinkat(&self.folder, &request, AtFlags::REMOVEDIR);
        }
    }
}

fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}

/// Inside of the walls: puts a request into the folder and waits for the answer.
///
/// # Errors
/// When it cannot be written, or no answer comes in time.
pub fn ask(folder: &Path, request: &[u8], limit: Duration) -> Result<Vec<u8>> {
    const LOOK: Duration = Duration::from_millis(10);
    let writing = || Error::io("write in", folder);
    let file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".new")
        .rand_bytes(12)
        .tempfile_in(folder)
        .map_err(writing())?;
    let name = file
        .path()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let id = name
        .trim_start_matches('.')
        .trim_end_matches(".new")
        .to_owned();
    file.as_file().write_all(request).map_err(writing())?;
    let place = folder.join(format!("{id}{REQUEST}"));
    file.persist(&place)
        .map_err(|error| writing()(error.error))?;
    let answer = folder.join(format!("{id}{ANSWER}"));
    let until = Instant::now() + limit;
    loop {
        match fs::read(&answer) {
            Ok(bytes) => {
                let _ = fs::remove_file(&answer);
                return Ok(bytes);
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("read", answer)(error));
            }
            Err(_) if Instant::now() >= until => {
                let _ = fs::remove_file(&place);
                let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
                return Err(Error::io("wait for", answer)(late));
            }
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_request_gets_its_answer_and_both_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        let answer = std::thread::scope(|scope| {
            let asked = scope.spawn(|| ask(folder.path(), b"hello", Duration::from_secs(60)));
            while !asked.is_finished() {
                for found in outbox.requests(8) {
                    assert_eq!(found.bytes.unwrap(), b"hello");
                    outbox.answer(&found.id, b"there");
                }
            }
            asked.join().unwrap()
        });
        assert_eq!(answer.unwrap(), b"there");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_plain_file_is_not_read_and_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        symlink("/etc/passwd", place("link.request")).unwrap();
        fs::create_dir(place("folder.request")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, place("pipe.request"), Mode::RWXU).unwrap();
        File::create(place("not an id.request")).unwrap();
        let long = File::create(place("long.request")).unwrap();
        long.set_len(LONGEST + 1).unwrap();
        let victim = outside.path().join("victim");
        symlink(&victim, place(".pipe.new")).unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        let found = outbox.requests(10);
        assert_eq!(found.len(), 4);
        for found in found {
            assert!(found.bytes.is_err(), "{}", found.id);
            outbox.answer(&found.id, b"no");
        }
        assert!(!victim.exists());
        assert_eq!(outbox.requests(10).len(), 0);
        // The folder that is held is not the one that stands there later.
        let moved = outside.path().join("moved");
        fs::rename(folder.path(), &moved).unwrap();
        symlink("/etc", folder.path()).unwrap();
        outbox.answer("x", b"y");
        assert!(moved.join("x.answer").exists());
        fs::remove_file(folder.path()).unwrap();
        fs::rename(&moved, folder.path()).unwrap();
    }
}
