//! The hub directory as a whole: who may write it, what git sees of it, what is in it.

use std::path::{Path, PathBuf};

use crate::beneath;
use crate::domain::report::{Danger, FindingCode};
use crate::domain::text::{first_few, quoted};
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::store::{HubDir, access, current_user};

use super::found::Found;
use super::view::View;

pub(super) fn check(view: &View<'_>) -> Result<Vec<Found>> {
    let hub = view.hub;
    if !hub.dir.path().exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    found.extend(foreign_owner(hub));
    found.extend(not_writable(view));
    found.extend(open_to_others(view));
    found.extend(not_ignored(hub)?);
    found.extend(foreign_files(hub));
    for path in hub.dir.dead_drafts() {
        let what = "a session that was being made, or removed, when hub was killed";
        let draft = Found::a(FindingCode::DeadDraft, what).because(
            "hub was killed between two steps",
            Danger::None,
            "it takes some space",
        );
        found.push(
            draft
                .at(path)
                .cured("removes the folder", |hub| Ok(hub.dir.create()?)),
        );
    }
    Ok(found)
}

fn foreign_owner(hub: &Hub) -> Option<Found> {
    let owner = access::user_of(hub.dir.path())?;
    let around = access::user_of(hub.repository.home())?;
    if owner == around {
        return None;
    }
    let what = format!("the hub directory is {owner}'s, and the repository is {around}'s");
    let found = Found::a(FindingCode::ForeignOwner, what).because(
        format!("hub was run as {owner}, with sudo perhaps"),
        Danger::Blocked,
        format!("{around} may not be able to write it, and commands of its settings are not run"),
    );
    Some(found.at(hub.dir.path()).hint(format!(
        "`sudo chown -R {around} {}`",
        quoted(hub.dir.path())
    )))
}

fn not_writable(view: &View<'_>) -> Option<Found> {
    let hub = view.hub;
    let mut paths = vec![hub.dir.path().to_path_buf()];
    paths.extend(hub.dir.folders());
    let of_me = view.sessions.iter().filter(|looked| {
        let owner = looked.stored.config.owner.as_ref();
        owner.is_none_or(|owner| *owner == current_user())
    });
    paths.extend(of_me.map(|looked| looked.dir().path().to_path_buf()));
    let mut refused = paths
        .iter()
        .filter_map(|path| Some((path, access::why_not_writable(path)?)));
    let (path, why) = refused.next()?;
    let more = match refused.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let what = format!("this folder{more} cannot be written: {why}");
    let found = Found::a(FindingCode::NotWritable, what).because(
        "its mode, its owner or the way the disk is mounted keeps you from it",
        Danger::Blocked,
        "hub can read what is there and change nothing",
    );
    Some(
        found
            .at(path)
            .hint("make it writable for you, or work on a copy"),
    )
}

/// What everybody on the machine can change, and with it what hub runs and believes.
fn open_to_others(view: &View<'_>) -> Option<Found> {
    let hub = view.hub;
    let mut paths = vec![hub.dir.path().to_path_buf(), hub.dir.settings_file()];
    paths.extend(hub.dir.folders());
    for looked in &view.sessions {
        let dir = looked.dir();
        paths.extend([
            dir.path().to_path_buf(),
            dir.config_file(),
            dir.state_file(),
            dir.launch_file(),
        ]);
    }
    paths.retain(|path| access::is_open_to_all(path));
    let first = paths.first()?.clone();
    let names = first_few(paths.iter().map(|path| path.display()));
    let what = format!("everybody on this machine can change {names}");
    let found = Found::a(FindingCode::OpenToOthers, what).because(
        "it was made with a umask of 000, or somebody has opened it",
        Danger::Loss,
        "another user can change the commands that hub runs as you, and what it believes",
    );
    let hint = format!("`chmod o-w {}`", quoted(&first));
    Some(found.at(first).hint(hint))
}

fn not_ignored(hub: &Hub) -> Result<Option<Found>> {
    if hub.repository.ignores(&hub.dir.path().join("sessions"))? {
        return Ok(None);
    }
    let ignore = hub.dir.path().join(".gitignore");
    let absent = !beneath::metadata(&ignore).is_ok_and(|meta| meta.len() > 0);
    let tracked = hub.repository.tracks(Path::new(HubDir::NAME))?;
    let cause = if tracked {
        "the hub directory was added to the repository"
    } else if absent {
        "its .gitignore was removed, or an older tool made none"
    } else {
        "its .gitignore was edited"
    };
    let found = Found::a(
        FindingCode::NotIgnored,
        "git does not ignore the hub directory",
    )
    .because(
        cause,
        Danger::Misleading,
        "`git add --all` takes it into a commit, and `git clean` removes it",
    )
    .at(hub.dir.path());
    Ok(Some(if tracked {
        found.hint("`git rm -r --cached .agenthub` and a commit take it out of the repository")
    } else if absent {
        found.cured(format!("writes `*` into {}", ignore.display()), |hub| {
            hub.dir.create()?;
            check_ignored(hub)
        })
    } else {
        found.hint(format!("write a line `*` into {}", ignore.display()))
    }))
}

/// Whether the hub directory is ignored by now.
fn check_ignored(hub: &Hub) -> Result<()> {
    if hub.repository.ignores(&hub.dir.path().join("sessions"))? {
        return Ok(());
    }
    let ignore = hub.dir.path().join(".gitignore");
    Err(Error::io("make git ignore", hub.dir.path())(
        std::io::Error::other(format!("{} does not", ignore.display())),
    ))
}

/// What hub did not put there, folder by folder.
fn foreign_files(hub: &Hub) -> Vec<Found> {
    let by_folder = |(folder, names): (PathBuf, Vec<String>)| {
        let what = format!("it holds what is not of hub: {}", first_few(names.iter()));
        let found = Found::a(FindingCode::ForeignFile, what).because(
            "somebody, or another tool, has put it there",
            Danger::None,
            "hub neither reads nor removes it",
        );
        found.at(folder).hint("move it elsewhere if it is yours")
    };
    hub.dir.strangers().into_iter().map(by_folder).collect()
}
