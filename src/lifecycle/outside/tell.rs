//! Keeps what stood there before, and says what was found.

use std::collections::BTreeSet;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::outside::{FileChanged, FileMark, Found, KeptFile, Told};
use crate::domain::refs::{CommitId, RefName};
use crate::git::Entry;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::StoredSession;

use super::compare::{Differences, FileDifference};
use super::record::{Guard, folder};
use super::{Looked, prefix_of, show};

/// Of more files than these nobody will want each back by itself.
const MOST_FILES: usize = 500;

/// More commits than these are no parents of one.
const MOST_PARENTS: usize = 500;

/// Lets refs keep what was there, so that it can be put back; `None` where nothing was found.
pub(super) fn keep(hub: &Hub, guard: &Guard, differing: Differences) -> Result<Option<Looked>> {
    let prefix = prefix_of(&guard.session, guard.agent, guard.attempt);
    let mut found = Found {
        refs: differing.refs,
        worktrees: differing.worktrees,
        files: Vec::new(),
    };
    for (number, file) in differing.files.into_iter().enumerate() {
        found.files.push(of_file(hub, file, number)?);
    }
    for told in &differing.told {
        found.forget_told(told);
    }
    if found.is_empty() {
        if guard.kept {
            hub.repository.unguard(&prefix)?;
        }
        return Ok(None);
    }
    keep_found(hub, guard, &prefix, &found)?;
    let detail = Told::detail(guard.agent, guard.attempt, &guard.since, &found);
    Ok(Some(Looked(detail)))
}

fn keep_found(hub: &Hub, guard: &Guard, prefix: &str, found: &Found) -> Result<()> {
    let mut kept = Kept::default();
    for changed in &found.refs {
        kept.add_ref(hub, changed.old.as_deref())?;
    }
    for (number, changed) in found.worktrees.iter().enumerate() {
        let files = changed.files.as_ref();
        let index = changed.index.as_ref();
        let trees = [
            ("files-old", files.map(|moved| &moved.old)),
            ("files-new", files.map(|moved| &moved.new)),
            ("index-old", index.and_then(|moved| moved.old.as_ref())),
            ("index-new", index.and_then(|moved| moved.new.as_ref())),
        ];
        let trees = trees.into_iter().filter_map(|(name, id)| Some((name, id?)));
        let entries = trees.map(|(name, id)| (format!("{name}-{number}"), folder(id)));
        kept.entries.extend(entries);
        let head = changed.head.as_ref().and_then(|moved| moved.old.as_deref());
        kept.add_ref(hub, head)?;
    }
    for (number, file) in found.files.iter().enumerate() {
        for (side, file) in [("old", &file.old), ("new", &file.new)] {
            let blob = file.as_ref().and_then(|file| file.blob.clone());
            let mode = "100644".to_owned();
            let entry = blob.map(|id| (format!("{side}-{number}"), Entry { mode, id }));
            kept.entries.extend(entry);
        }
    }
    let (session, agent) = (&guard.session, guard.agent);
    let message = format!(
        "What stood outside of {agent} of session {session}\n\nHub-Session: {session}\nHub-Agent: {agent}\n"
    );
    kept.parents.truncate(MOST_PARENTS);
    let git = &hub.repository;
    let commit = git.keep_objects(&kept.entries, &kept.parents, &message)?;
    let mut names: Vec<(RefName, CommitId)> = vec![(format!("{prefix}kept").parse()?, commit)];
    for object in kept.objects {
        names.push((format!("{prefix}{object}").parse()?, object));
    }
    Ok(git.guard(&names)?)
}

/// A file as the journal tells of it; what it held and holds becomes blobs.
fn of_file(hub: &Hub, file: FileDifference, number: usize) -> Result<FileChanged> {
    let kept = |mark: Option<FileMark>| -> Result<Option<KeptFile>> {
        let Some(mark) = mark else { return Ok(None) };
        let content = mark.content.as_ref().filter(|_| number < MOST_FILES);
        let blob = content.map(|content| hub.repository.write_blob(content));
        Ok(Some(KeptFile {
            kind: mark.kind,
            mode: mark.mode,
            size: mark.size,
            blob: blob.transpose()?,
        }))
    };
    Ok(FileChanged {
        old: kept(file.old)?,
        new: kept(file.new)?,
        path: file.path,
        area: file.area,
    })
}

/// What is to be kept.
#[derive(Default)]
struct Kept {
    entries: Vec<(String, Entry)>,
    parents: Vec<CommitId>,
    /// Objects that are no commits: annotated tags, most likely.
    objects: BTreeSet<CommitId>,
}

impl Kept {
    /// What a ref held.
    fn add_ref(&mut self, hub: &Hub, value: Option<&str>) -> Result<()> {
        let Some(id) = value.and_then(|value| value.parse::<CommitId>().ok()) else {
            return Ok(());
        };
        let commit = hub.repository.commit_behind(id.as_str())?;
        if commit.as_ref() != Some(&id) && hub.repository.has_object(&id)? {
            self.objects.insert(id);
        }
        self.parents
            .extend(commit.filter(|commit| !self.parents.contains(commit)));
        Ok(())
    }
}

/// Says that something was found, where somebody waits for agents.
pub(in crate::lifecycle) fn note(hub: &Hub, session: &SessionId, meant: impl Fn(AgentId) -> bool) {
    let Ok(stored) = StoredSession::read(&hub.dir, session) else {
        return;
    };
    for open in show::summaries(&stored.events().unwrap_or_default()) {
        if !meant(open.agent) {
            continue;
        }
        let (agent, changes) = (open.agent, show::counted(open.changes));
        hub.note(format!(
            "while {agent} ran, {changes} outside of its worktree, by it or by somebody else; `hub outside {session}` shows what"
        ));
    }
}
