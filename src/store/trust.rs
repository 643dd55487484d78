//! What a user trusts, in a folder of the user's own: one file a command, named by its id.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::time;
use crate::domain::trust::TrustId;
use crate::fault::{Point, effect};

use super::atomic;
use super::error::{Error, Result};

/// What is read of such a file at most: a command, in JSON.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A command that a user trusts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trusted {
    /// The home of the repository that it is of.
    pub repository: PathBuf,
    /// All of it.
    pub command: String,
    /// Since when.
    #[serde(with = "time")]
    pub time: DateTime<Utc>,
}

impl Trusted {
    /// What it is known by.
    #[must_use]
    pub fn id(&self) -> TrustId {
        TrustId::of(&self.repository, &self.command)
    }
}

/// The folder of what a user trusts.
#[derive(Clone, Debug)]
pub struct TrustDir {
    root: PathBuf,
}

impl TrustDir {
    /// The folder at `root`, which need not be there.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    fn file(&self, id: &TrustId) -> PathBuf {
        self.root.join(id.as_str())
    }

    /// Whether a command is trusted. The name of the file alone is not enough: it must be this
    /// user's, and hold the very command.
    #[must_use]
    pub fn has(&self, repository: &Path, command: &str) -> bool {
        let id = TrustId::of(repository, command);
        read(&self.file(&id))
            .is_some_and(|found| found.repository == repository && found.command == command)
    }

    /// Trusts a command.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&self, trusted: &Trusted) -> Result<()> {
        atomic::make_folder(&self.root)?;
        let path = self.file(&trusted.id());
        let text = serde_json::to_string_pretty(trusted);
        let text = text.map_err(|error| Error::json(path.clone(), &error))? + "\n";
        atomic::replace(&path, text.as_bytes())
    }

    /// Trusts a command no more; nothing where it was not trusted.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove(&self, id: &TrustId) -> Result<()> {
        let path = self.file(id);
        let told = Error::io("remove", &path);
        effect(Point::RemoveFile, told, || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("remove", &path)(error))
            }
            _ => Ok(()),
        })
    }

    /// What is trusted of a repository, oldest first.
    #[must_use]
    pub fn of(&self, repository: &Path) -> Vec<Trusted> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut found: Vec<Trusted> = entries
            .filter_map(|entry| {
                let trusted = read(&entry.path())?;
                let id = trusted.id();
                let named = entry.file_name() == id.as_str();
                (named && trusted.repository == repository).then_some(trusted)
            })
            .collect();
        found.sort_by(|one, other| (one.time, &one.command).cmp(&(other.time, &other.command)));
        found
    }
}

/// What one file holds, if it is a file of this user's that nobody else can write.
fn read(path: &Path) -> Option<Trusted> {
    let meta = fs::symlink_metadata(path).ok()?;
    let own = rustix::process::geteuid().as_raw();
    if !meta.is_file() || meta.uid() != own || super::access::others_can_write(&meta) {
        return None;
    }
    let bytes = atomic::read_capped(path, LONGEST).ok()??;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn trusted(command: &str) -> Trusted {
        Trusted {
            repository: "/r".into(),
            command: command.to_owned(),
            time: "2026-03-01T12:00:00Z".parse().unwrap(),
        }
    }

    fn dir() -> (tempfile::TempDir, TrustDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = TrustDir::at(folder.path().join("a/trust"));
        (folder, dir)
    }

    #[test]
    fn what_was_added_is_trusted_until_it_is_removed() {
        let (_folder, dir) = dir();
        let one = trusted("make \"b\"\n\u{1b}[2Jx");
        assert!(!dir.has(&one.repository, &one.command));
        assert_eq!(dir.of(&one.repository), []);
        dir.add(&one).unwrap();
        assert!(dir.has(&one.repository, &one.command));
        assert!(!dir.has(&one.repository, "make \"b\""));
        assert!(!dir.has(Path::new("/other"), &one.command));
        assert_eq!(dir.of(&one.repository), std::slice::from_ref(&one));
        dir.remove(&one.id()).unwrap();
        dir.remove(&one.id()).unwrap();
        assert!(!dir.has(&one.repository, &one.command));
    }

    #[test]
    fn a_file_of_the_right_name_with_something_else_in_it_trusts_nothing() {
        let (_folder, dir) = dir();
        let (one, other) = (trusted("one"), trusted("other"));
        dir.add(&one).unwrap();
        fs::rename(dir.file(&one.id()), dir.file(&other.id())).unwrap();
        assert!(!dir.has(&other.repository, "other"));
        assert_eq!(dir.of(&one.repository), []);
        for text in ["", "{", "[]", "\0\0"] {
            atomic::replace(&dir.file(&one.id()), text.as_bytes()).unwrap();
            assert!(!dir.has(&one.repository, "one"), "{text}");
        }
    }

    #[test]
    fn a_file_that_others_can_write_or_a_link_trusts_nothing() {
        let (folder, dir) = dir();
        let one = trusted("one");
        dir.add(&one).unwrap();
        let path = dir.file(&one.id());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!dir.has(&one.repository, "one"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(dir.has(&one.repository, "one"));
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(!dir.has(&one.repository, "one"));
    }
}
