//! Snapshots: work that no branch holds, kept under `refs/hub/snapshots/`.
//!
//! Made before hub touches where the work stands; looked at and brought back by
//! `hub snapshots`; given up by `hub snapshots expire` and by nothing else.

mod expire;
mod keep;
mod restore;

use chrono::{DateTime, Utc};

use crate::domain::diff::DiffStat;
use crate::domain::id::SessionSelector;
use crate::domain::refs::{SnapshotLabel, SnapshotRef};
use crate::domain::report::{
    ListedSnapshot, SnapshotFile, SnapshotKind, SnapshotShowReport, SnapshotsReport,
};
use crate::domain::snapshot::{SnapshotName, SnapshotRefused};
use crate::store::StoredSession;

use super::error::Result;
use super::hub::Hub;

pub use expire::{ExpireRequest, Which, run as expire};
pub use restore::{RestoreRequest, run as restore};

/// All of them begin with this.
const PREFIX: &str = "refs/hub/snapshots/";

/// Lists the snapshots, oldest first; those of one session where one is named.
///
/// # Errors
/// When the session that is named is neither there nor has snapshots, or git cannot read one.
pub fn list(hub: &Hub, session: Option<&SessionSelector>) -> Result<SnapshotsReport> {
    let mut snapshots = all(hub)?;
    if let Some(selector) = session {
        let gone = |one: &ListedSnapshot| selector.matches(&one.session_id);
        // A whole id means that one, even where it is gone and `…-2` begins with it.
        let whole = selector.to_string();
        match hub.dir.find(selector) {
            _ if snapshots.iter().any(|one| one.session_id.as_str() == whole) => {
                snapshots.retain(|one| one.session_id.as_str() == whole);
            }
            Ok(id) => snapshots.retain(|one| one.session_id == id),
            // Its snapshots may be all that is left of it.
            Err(_) if *selector != SessionSelector::Latest && snapshots.iter().any(gone) => {
                snapshots.retain(gone);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(SnapshotsReport { snapshots })
}

/// Tells what is in a snapshot.
///
/// # Errors
/// When none, or more than one, is named so.
pub fn show(hub: &Hub, name: &SnapshotName) -> Result<SnapshotShowReport> {
    let snapshot = find(hub, name)?;
    let git = &hub.repository;
    let parents = git.parents(&snapshot.commit)?;
    let files = match &snapshot.parent {
        Some(parent) => git.file_diffs(parent, &snapshot.commit)?,
        None => Vec::new(),
    };
    let diff = match &snapshot.parent {
        Some(parent) => git.diff_stat(parent, &snapshot.commit)?,
        None => DiffStat::default(),
    };
    let name = &snapshot.r#ref;
    let diff_command = match snapshot.parent {
        Some(_) => format!("git diff {name}^1 {name}"),
        None => format!("git show {name}"),
    };
    let is_work = snapshot.kind == SnapshotKind::Uncommitted;
    Ok(SnapshotShowReport {
        staged: parents.into_iter().nth(1).filter(|_| is_work),
        diff,
        files: files
            .into_iter()
            .map(|file| SnapshotFile {
                file: file.path,
                renamed_from: file.renamed_from,
                insertions: file.lines.map(|lines| lines.insertions),
                deletions: file.lines.map(|lines| lines.deletions),
            })
            .collect(),
        diff_command,
        snapshot,
    })
}

/// The one that is named.
fn find(hub: &Hub, name: &SnapshotName) -> Result<ListedSnapshot> {
    let all = all(hub)?;
    let meant = name.find(all.iter().map(|one| (&one.r#ref, &one.commit)))?;
    let found = all.iter().find(|one| one.r#ref == *meant).cloned();
    found.ok_or_else(|| SnapshotRefused::NoSnapshot(name.clone()).into())
}

/// Since when work is kept, as far as that can be told: a commit may be much older than the
/// moment in which it lost its branch, which was not before its session came to its end.
fn kept_since(hub: &Hub, name: &SnapshotRef, committed: i64) -> DateTime<Utc> {
    let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    match name.label {
        SnapshotLabel::Uncommitted(seconds) => time(seconds),
        SnapshotLabel::Discarded(_) => {
            let stored = StoredSession::read(&hub.dir, &name.session);
            let ended = stored.map(|stored| stored.session.updated);
            time(committed).max(ended.unwrap_or_default())
        }
    }
}

fn all(hub: &Hub) -> Result<Vec<ListedSnapshot>> {
    let mut snapshots = Vec::new();
    for found in hub.repository.refs_under(PREFIX)? {
        let Ok(name) = found.name.as_str().parse::<SnapshotRef>() else {
            continue;
        };
        let info = hub.repository.commit(&found.commit)?;
        let parent = hub.repository.parents(&found.commit)?.into_iter().next();
        let diff = parent
            .as_ref()
            .map(|parent| hub.repository.diff_stat(parent, &found.commit))
            .transpose()?;
        snapshots.push(ListedSnapshot {
            session_id: name.session.clone(),
            agent: name.agent,
            kind: match name.label {
                SnapshotLabel::Uncommitted(_) => SnapshotKind::Uncommitted,
                SnapshotLabel::Discarded(_) => SnapshotKind::Discarded,
            },
            time: kept_since(hub, &name, info.time),
            r#ref: name,
            commit: found.commit,
            parent,
            files_changed: diff.map(|diff| diff.files_changed),
            subject: info.subject,
        });
    }
    snapshots.sort_by_key(|one| one.time);
    Ok(snapshots)
}
