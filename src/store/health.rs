//! Which files of a session cannot be read, or were written by a later hub.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::beneath;
use crate::domain::event::Event;
use crate::domain::id::SessionId;
use crate::domain::session::{Session, SessionConfig};

use super::config_file::ConfigFile;
use super::error::{Error, Result};
use super::evaluation_dir;
use super::hub_dir::SessionDir;
use super::journal::Journal;
use super::state_file::StateFile;
use super::{atomic, evaluation, launch_file, state_file};

/// More than any file of which the version is asked.
const LONGEST: u64 = 16 * 1024 * 1024;

/// What every versioned file has.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    schema_version: u64,
}

impl SessionDir {
    /// Its state alone.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn read_state(&self) -> Result<Session> {
        StateFile::read(&self.state_file(), self.id()).map(|file| file.session)
    }

    /// Its configuration alone.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn read_config(&self) -> Result<SessionConfig> {
        ConfigFile::read(&self.config_file(), self.id()).map(|file| file.config)
    }

    /// Its journal alone, oldest line first.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn read_events(&self) -> Result<Vec<Event>> {
        Journal::read(&self.journal_file())
    }

    /// What is wrong with the files that cannot be read, beside state and configuration.
    #[must_use]
    pub fn unreadable(&self) -> Vec<Error> {
        let read = [
            Journal::read(&self.journal_file()).map(drop),
            launch_file::read(&self.launch_file()).map(drop),
            evaluation::read(&self.evaluation_file()).map(drop),
            evaluation_dir::newest(&self.evaluations()).map(drop),
            evaluation_dir::report(&self.evaluations()).map(drop),
        ];
        let read = read.into_iter().chain(self.inboxes().map(readable_text));
        read.filter_map(Result::err).collect()
    }

    fn inboxes(&self) -> impl Iterator<Item = PathBuf> {
        let agents = beneath::read_dir(&self.path().join("agents"));
        let agents = agents.into_iter().flatten().flatten();
        agents
            .map(|agent| agent.path().join("inbox.md"))
            .filter(|inbox| beneath::metadata(inbox).is_ok())
    }

    /// The files that a later hub has written: this one reads them and writes none of them.
    #[must_use]
    pub fn of_later_hub(&self) -> Vec<Error> {
        let files = [
            (self.state_file(), state_file::VERSION),
            (self.launch_file(), launch_file::VERSION),
            (self.evaluation_file(), evaluation::VERSION),
        ];
        files
            .into_iter()
            .filter_map(|(path, known)| {
                let bytes = atomic::read_capped(&path, LONGEST).ok()??;
                let found: Versioned = serde_json::from_slice(&bytes).ok()?;
                let found = found.schema_version;
                (found > known).then_some(Error::NewerVersion { path, found, known })
            })
            .collect()
    }
}

/// A session's configuration from the names and values that a journal keeps of it.
///
/// # Errors
/// When they are none.
pub fn config_from_values(values: &serde_json::Value, id: &SessionId) -> Result<SessionConfig> {
    // Every JSON document is a YAML document.
    ConfigFile::parse(Path::new("config.yaml"), &values.to_string(), id).map(|file| file.config)
}

/// Whether a file can be read as text; a link is not followed.
fn readable_text(path: PathBuf) -> Result<()> {
    if !beneath::metadata(&path).is_ok_and(|meta| meta.is_file()) {
        return Err(Error::corrupt(path, None, "it is no file"));
    }
    let bytes = beneath::read(&path).map_err(Error::io("read", &path))?;
    match String::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::corrupt(path, None, "it is not UTF-8")),
    }
}
