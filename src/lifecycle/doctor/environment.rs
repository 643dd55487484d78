//! git, the user, and the disks.

use std::path::Path;

use crate::domain::diagnostic::Diagnostic;
use crate::domain::report::{Danger, FindingCode};
use crate::lifecycle::hub::user_settings;
use crate::store::access;

use super::found::Found;
use super::view::View;

/// Less than this is soon filled by a worktree or two.
const LITTLE: u64 = 512 * 1024 * 1024;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    if let Some(git) = git(view) {
        // Without git nobody can tell the rest.
        return vec![git];
    }
    let mut found = Vec::new();
    found.extend(identity(view));
    found.extend(home());
    found.extend(room(view));
    found.extend(locks(view));
    found
}

fn git(view: &View<'_>) -> Option<Found> {
    let error = view.hub.repository.check_program().err()?;
    let found = Found::a(FindingCode::Git, error.to_string()).because(
        "git was removed, or is not in one of the folders that PATH names",
        Danger::Blocked,
        "hub makes no worktree, measures nothing and merges nothing without it",
    );
    Some(match error.hint() {
        Some(hint) => found.hint(hint),
        None => found,
    })
}

fn identity(view: &View<'_>) -> Option<Found> {
    // Where git cannot be asked, something else is told.
    if view.hub.repository.knows_identity().unwrap_or(true) {
        return None;
    }
    let found = Found::a(FindingCode::NoIdentity, "git has no name for who commits").because(
        "user.name and user.email are not set for this repository",
        Danger::None,
        "hub commits as `hub <hub@localhost>`; agents that commit by themselves are refused",
    );
    Some(found.hint("`git config --global user.name NAME`, and user.email the same way"))
}

fn home() -> Option<Found> {
    if user_settings().is_some() {
        return None;
    }
    let found = Found::a(FindingCode::NoHome, "the user's home is not known").because(
        "neither HOME nor XDG_CONFIG_HOME is set to an absolute path",
        Danger::Misleading,
        "the user's settings and templates are not seen",
    );
    Some(found.hint("set HOME"))
}

/// The disks on which the hub directory and the worktrees are, each told of once.
fn room(view: &View<'_>) -> Vec<Found> {
    let worktrees = view.hub.worktree_root();
    let mut devices = Vec::new();
    let mut found = Vec::new();
    for path in [view.hub.dir.path(), worktrees.as_path()] {
        let Some(room) = access::room_at(path) else {
            continue;
        };
        if room.free >= LITTLE || devices.contains(&room.device) {
            continue;
        }
        devices.push(room.device);
        let mib = room.free / (1024 * 1024);
        let what = format!("{mib} MiB are free on the disk");
        let full = Found::a(FindingCode::FullDisk, what).because(
            "the disk is nearly full",
            Danger::Blocked,
            "what hub and agents write may fail; what is written already stays whole",
        );
        found.push(
            full.at(path).hint(
                "free some space; `hub cleanup` removes the worktrees of a session at its end",
            ),
        );
    }
    found
}

fn locks(view: &View<'_>) -> Option<Found> {
    let files = view.sessions.iter().map(|looked| looked.dir().lock_file());
    let files: Vec<_> = files.take(1).chain([view.hub.dir.lock_file()]).collect();
    let why = |file: &Path| access::why_no_locks(file);
    let (file, why) = files.iter().find_map(|file| Some((file, why(file)?)))?;
    let what = format!("the file system of the hub directory knows no locks: {why}");
    let found = Found::a(FindingCode::WeakFileSystem, what).because(
        "the repository is on a network or removable disk that does not do what a local one does",
        Danger::Loss,
        "two hubs at work at the same time may take each other's changes back",
    );
    Some(found.at(file).hint("move the repository to a local disk"))
}
