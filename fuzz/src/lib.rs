//! What the fuzz targets share: a hub directory in memory whose files are the bytes that are tried.

use std::fs;
use std::path::{Path, PathBuf};

use agenthub::domain::id::SessionId;
use agenthub::store::{HubDir, SessionDir};
use tempfile::TempDir;

/// What stands between two files in one input (RS, the record separator): so that an input can be
/// read and written by hand.
pub const BETWEEN: u8 = 0x1e;

/// A hub directory with one session, for as long as the process lives.
pub struct Scene {
    folder: TempDir,
    /// The hub directory.
    pub hub: HubDir,
    /// The session.
    pub session: SessionDir,
}

impl Scene {
    /// A new one, in memory where the system has a place for that.
    pub fn new() -> Self {
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        let folder = folder.expect("there is a place for temporary files");
        let hub = HubDir::unchecked(folder.path());
        let id: SessionId = "20261121-101500".parse().expect("it is an id");
        let session = hub.session(&id);
        fs::create_dir_all(session.path()).expect("it can be made");
        Self {
            folder,
            hub,
            session,
        }
    }

    /// A file beside the hub directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts the parts of an input into files, in their order; what has no part is not there.
    pub fn put(&self, files: &[PathBuf], input: &[u8]) {
        let mut parts = input.splitn(files.len(), |byte| *byte == BETWEEN);
        for file in files {
            match parts.next() {
                Some(part) => write(file, part),
                None => drop(fs::remove_file(file)),
            }
        }
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a file with its folders.
pub fn write(file: &Path, bytes: &[u8]) {
    let folder = file.parent().expect("it stands in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, bytes))
        .expect("it can be written");
}

/// The paths of all that stands below a folder, in order.
pub fn names_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("it can be read") {
            let entry = entry.expect("it can be read");
            let path = entry.path();
            let name = path.strip_prefix(folder).expect("it stands below");
            names.push(name.to_string_lossy().into_owned());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path);
            }
        }
    }
    names.sort();
    names
}

/// Refuses a text that a terminal would obey, but for hub's own colours.
pub fn check_harmless(text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        let (_, from) = rest.split_at(at);
        let style = from
            .strip_prefix("\u{1b}[")
            .map(|style| style.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        match style.and_then(|behind| behind.strip_prefix('m')) {
            Some(behind) => rest = behind,
            None => panic!("{:?} reaches the terminal", from.chars().next()),
        }
    }
}
