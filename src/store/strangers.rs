//! What is in the hub directory and was not put there by hub.

use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::board::Channel;
use crate::domain::id::{AgentId, SessionId};

use super::atomic::UNFINISHED;
use super::hub_dir::{DRAFT, HubDir};
use super::rebuild::KEPT;

/// What the hub directory itself holds.
const OF_HUB: [&str; 9] = [
    ".gitignore",
    ".init.lock",
    ".lock",
    "board",
    "cache",
    "config.yaml",
    "sessions",
    "templates",
    "undone",
];

/// What the folder of a session holds.
const OF_SESSION: [&str; 14] = [
    ".lock",
    "agents",
    "baseline",
    "config.yaml",
    "evaluation.json",
    "evaluations",
    "events.head",
    "events.jsonl",
    "import",
    "imported.json",
    "launch.json",
    "state.json",
    "undone",
    "verify",
];

/// What the board holds beside its channels.
const OF_BOARD: [&str; 2] = [".lock", "_index.json"];

impl HubDir {
    /// The folders of the hub directory that are there, beside those of sessions.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let board = self.path().join("board");
        let channels = entries(&board).into_iter().map(|name| board.join(name));
        let mut folders: Vec<PathBuf> = channels.collect();
        folders.extend([self.sessions(), self.templates(), board]);
        folders.retain(|folder| is_folder(folder));
        folders.sort();
        folders
    }

    /// The names in each folder that are none of hub's; folders without such are left out.
    #[must_use]
    pub fn strangers(&self) -> Vec<(PathBuf, Vec<String>)> {
        let board = self.path().join("board");
        let sessions = self.sessions();
        let is_channel =
            |name: &str| name.parse::<Channel>().is_ok() && is_folder(&board.join(name));
        let is_session = |name: &str| name.parse::<SessionId>().is_ok() || name.starts_with(DRAFT);
        let mut found = vec![
            strange(self.path(), |name| OF_HUB.contains(&name)),
            strange(&board, |name| OF_BOARD.contains(&name) || is_channel(name)),
            strange(&sessions, is_session),
        ];
        let ids = entries(&sessions).into_iter();
        for id in ids.filter(|name| name.parse::<SessionId>().is_ok()) {
            let session = sessions.join(id);
            found.push(strange(&session, of_session));
            found.push(strange(&session.join("agents"), |name| {
                name.parse::<AgentId>().is_ok()
            }));
        }
        found.retain(|(_, names)| !names.is_empty());
        found
    }
}

fn is_folder(path: &Path) -> bool {
    beneath::is_folder(path)
}

fn of_session(name: &str) -> bool {
    let kept = ["state.json", "config.yaml"].into_iter();
    let mut kept = kept.filter_map(|file| name.strip_prefix(file)?.strip_prefix(KEPT));
    OF_SESSION.contains(&name) || kept.any(|time| time.bytes().all(|b| b.is_ascii_digit()))
}

fn strange(folder: &Path, known: impl Fn(&str) -> bool) -> (PathBuf, Vec<String>) {
    let mut names = entries(folder);
    names.retain(|name| !known(name) && !name.starts_with(UNFINISHED));
    (folder.to_path_buf(), names)
}

/// The names in a folder; none in what a link leads to.
fn entries(folder: &Path) -> Vec<String> {
    if !is_folder(folder) {
        return Vec::new();
    }
    let entries = beneath::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
