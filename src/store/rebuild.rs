//! A file of a session made anew in the place of one that cannot be read.
//!
//! The bytes of the damaged one are kept beside it, whatever they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::event::{Detail, Entry, Operation, Phase};
use crate::domain::session::{Session, SessionConfig};

use super::atomic;
use super::config_file::ConfigFile;
use super::error::{Error, Result};
use super::hub_dir::SessionDir;
use super::journal::Journal;
use super::lock::Lock;
use super::state_file::StateFile;

/// What the name of a kept file has behind the name of the damaged one.
pub(super) const KEPT: &str = ".damaged-";

/// What a file is made anew with.
#[derive(Clone, Copy, Debug)]
pub enum Rebuilt<'r> {
    /// `state.json`.
    State(&'r Session),
    /// `config.yaml`.
    Config(&'r SessionConfig),
}

impl SessionDir {
    /// Makes a damaged file anew under the session's lock; one that can be read stays.
    ///
    /// `detail` goes into the journal, where that can be written, beside what is told here.
    ///
    /// # Errors
    /// When the lock cannot be had within `limit`, or the system refuses: the file is then as
    /// it was.
    pub fn rebuild(
        &self,
        rebuilt: Rebuilt<'_>,
        mut detail: Detail,
        limit: Duration,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let _lock = Lock::acquire(&self.lock_file(), limit, "doctor")?;
        let (path, found) = match rebuilt {
            Rebuilt::State(_) => (self.state_file(), self.read_state().map(drop)),
            Rebuilt::Config(_) => (self.config_file(), self.read_config().map(drop)),
        };
        match found {
            // Somebody else has mended it.
            Ok(()) => return Ok(()),
            Err(Error::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
        if let Some(kept) = keep(&path, now)? {
            detail.insert("kept".to_owned(), kept.display().to_string().into());
        }
        detail.insert("file".to_owned(), path.display().to_string().into());
        match Journal::open(&self.journal_file()) {
            Ok((mut journal, _)) => {
                let entry = Entry {
                    operation: Operation::Doctor,
                    phase: Phase::Done,
                    detail,
                    refs: Vec::new(),
                };
                journal.append(entry, now)?;
            }
            // It is damaged itself, and evidence: nothing is written behind the damage.
            Err(error) => log::debug!("not in the journal: {error}"),
        }
        match rebuilt {
            Rebuilt::State(session) => StateFile::new(session.clone()).write(&path),
            Rebuilt::Config(config) => ConfigFile::new(config.clone()).write(&path),
        }
    }
}

/// Keeps the bytes of a file beside it; returns where, and `None` when there is no file.
fn keep(path: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>> {
    let bytes = match beneath::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let mut time = now.timestamp();
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("{KEPT}{time}"));
        let kept = PathBuf::from(name);
        if atomic::create_new(&kept, &bytes)? || beneath::read(&kept).is_ok_and(|old| old == bytes)
        {
            return Ok(Some(kept));
        }
        // Two in one second; what tells them apart is the name, not the time.
        time += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::id::SessionId;
    use crate::store::HubDir;

    #[test]
    fn a_damaged_state_is_kept_and_a_whole_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let hub = HubDir::at(folder.path()).unwrap();
        let id: SessionId = "20260317-143022".parse().unwrap();
        let dir = hub.session(&id);
        atomic::make_folder(dir.path()).unwrap();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let session = Session::new(id, now);
        let mend = || dir.rebuild(Rebuilt::State(&session), Detail::new(), Duration::ZERO, now);
        for bytes in [&b"{\"state\": "[..], b"\0\0\0"] {
            atomic::replace(&dir.state_file(), bytes).unwrap();
            mend().unwrap();
            assert_eq!(dir.read_state().unwrap(), session);
        }
        mend().unwrap();
        let kept = |time: i64| fs::read(dir.path().join(format!("state.json{KEPT}{time}")));
        assert_eq!(kept(now.timestamp()).unwrap(), b"{\"state\": ");
        assert_eq!(kept(now.timestamp() + 1).unwrap(), b"\0\0\0");
        let events = Journal::read(&dir.journal_file()).unwrap();
        assert_eq!(events.len(), 2, "what can be read is left alone");
    }
}
