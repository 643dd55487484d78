//! Locks of sessions that are held by nobody who could give them back.

use std::os::unix::fs::MetadataExt;

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::report::{Danger, FindingCode, LeftProcess};
use crate::domain::time;
use crate::process::{census, mark};

use super::found::Found;
use super::view::{Looked, View};

/// A lock is held no longer than this by whoever does something short.
const LONG_S: u64 = 600;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let held = view.sessions.iter().filter(|looked| !looked.free);
    held.filter_map(|looked| held_lock(view, looked)).collect()
}

/// A lock that was taken long ago, and whose holder stands still or is another than has signed.
fn held_lock(view: &View<'_>, looked: &Looked) -> Option<Found> {
    let path = looked.dir().lock_file();
    let meta = beneath::metadata(&path).ok()?;
    let since = meta.modified().ok()?;
    if view.age_s(since) < LONG_S {
        return None;
    }
    let holder = census::holder_of(meta.ino())?;
    let signed = beneath::read_to_string(&path).unwrap_or_default();
    let signed = signed.lines().next().unwrap_or_default().to_owned();
    let stopped = census::stands_still(holder);
    let has_signed = signed.starts_with(&format!("process {holder} "));
    if has_signed && mark::of(holder).is_some() && !stopped {
        return None;
    }
    let since = time::format(&DateTime::<Utc>::from(since));
    let what = format!("its lock is held by process {holder} since {since}");
    let cause = if stopped {
        format!("a hub was stopped in the middle: {signed}")
    } else {
        format!("a process has kept the lock of a hub that is gone: {signed}")
    };
    let mut found = Found::a(FindingCode::HeldLock, what).because(
        cause,
        Danger::Blocked,
        "whatever changes the session waits for the lock and gives up",
    );
    found.finding.processes.push(LeftProcess {
        pid: holder,
        command: census::command_of(holder),
    });
    let hint = if stopped {
        format!("`kill -CONT {holder}` lets it go on, `kill -KILL {holder}` ends it")
    } else {
        format!("`kill {holder}` ends it, if it is of no use")
    };
    Some(found.of(&looked.id).at(path).hint(hint))
}
