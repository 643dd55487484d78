//! What was found in a session, one by one.

use std::path::Path;

use crate::domain::event::Event;
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::outside::{Area, FileChanged, How, KeptFile, Settled, Told, WorktreeChanged};
use crate::domain::refs::{CommitId, RefName};
use crate::domain::report::{
    OutsideChange, OutsideFinding, OutsideKind, OutsideReport, OutsideSummary,
};
use crate::git::Entry;
use crate::lifecycle::agents;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::StoredSession;

/// One thing that was found, with what puts it back.
#[derive(Clone, Debug)]
pub(in crate::lifecycle) struct Change {
    pub seq: u64,
    /// The agent that ran in that time.
    pub by: Option<AgentId>,
    pub report: OutsideChange,
    pub target: Target,
}

/// What was there, and what was found.
#[derive(Clone, Debug)]
pub(in crate::lifecycle) enum Target {
    Ref {
        old: Option<String>,
        new: Option<String>,
    },
    Head {
        old: Option<String>,
        new: Option<String>,
    },
    Index {
        old: Option<CommitId>,
        new: Option<CommitId>,
    },
    File {
        path: String,
        old: Option<Entry>,
        new: Option<Entry>,
    },
    Plain(FileChanged),
    /// What was there is not known.
    Unknown,
}

/// Shows what was found in a session; the newest session's where none is named.
///
/// # Errors
/// When the session cannot be read.
pub fn show(
    hub: &Hub,
    session: Option<&SessionSelector>,
    agents: &[AgentId],
) -> Result<OutsideReport> {
    let stored = hub.read(session, "", |_| true)?;
    agents::check_known(&stored.session, agents)?;
    report(hub, &stored, agents)
}

/// What was found in a session, as a document.
pub(super) fn report(
    hub: &Hub,
    stored: &StoredSession,
    agents: &[AgentId],
) -> Result<OutsideReport> {
    let events = stored.events()?;
    let settled = Settled::of(&events);
    let told = events.iter().filter_map(Told::of);
    let findings = told.filter(|told| agents::is_meant(told.agent, agents));
    let findings = findings.map(|told| OutsideFinding {
        seq: told.seq,
        agent: told.agent,
        attempt: told.attempt,
        since: told.since,
        until: told.until,
        changes: changes(hub, &told, &settled)
            .into_iter()
            .map(|change| change.report)
            .collect(),
    });
    Ok(OutsideReport {
        session_id: stored.config.session_id.clone(),
        dry_run: false,
        findings: findings.collect(),
        restored: Vec::new(),
        accepted: Vec::new(),
        snapshots: Vec::new(),
    })
}

/// All that is not settled.
pub(in crate::lifecycle) fn open_of(
    hub: &Hub,
    stored: &StoredSession,
    agents: &[AgentId],
) -> Result<Vec<Change>> {
    let events = stored.events()?;
    let settled = Settled::of(&events);
    let told = events.iter().filter_map(Told::of);
    let told = told.filter(|told| agents::is_meant(told.agent, agents));
    let mut open: Vec<Change> = told
        .flat_map(|told| changes(hub, &told, &settled))
        .collect();
    open.retain(|change| change.report.state == How::Open);
    Ok(open)
}

/// What is not settled of each finding, without a look at every file.
pub(in crate::lifecycle) fn summaries(events: &[Event]) -> Vec<OutsideSummary> {
    let settled = Settled::of(events);
    let open = events.iter().filter_map(Told::of).filter_map(|told| {
        let seq = told.seq;
        let is_open = |name: &str| settled.how(seq, name) == How::Open;
        let refs = told.found.refs.iter().filter(|one| is_open(&one.r#ref));
        let files = told.found.files.iter();
        let files = files.filter(|one| is_open(&one.path.to_string_lossy()));
        let worktrees = told.found.worktrees.iter();
        let worktrees = worktrees.filter(|one| is_open(&one.path.to_string_lossy()));
        let changes = refs.count() + files.count() + worktrees.count();
        (changes > 0).then_some(OutsideSummary {
            seq,
            agent: told.agent,
            since: told.since,
            changes,
        })
    });
    open.collect()
}

/// `3 things were changed`.
pub(super) fn counted(changes: usize) -> String {
    match changes {
        1 => "1 thing was changed".to_owned(),
        count => format!("{count} things were changed"),
    }
}

/// One by one what a line of the journal tells.
fn changes(hub: &Hub, told: &Told, settled: &Settled) -> Vec<Change> {
    let mut found = Vec::new();
    for one in &told.found.refs {
        let restorable = one.r#ref.parse::<RefName>().is_ok();
        let values = (one.old.clone(), one.new.clone());
        let target = Target::Ref {
            old: one.old.clone(),
            new: one.new.clone(),
        };
        found.push(change(
            OutsideKind::Ref,
            one.r#ref.clone(),
            values,
            target,
            restorable,
        ));
    }
    for one in &told.found.worktrees {
        of_worktree(hub, one, &mut found);
    }
    for one in &told.found.files {
        let kind = match one.area {
            Area::Hub => OutsideKind::HubFile,
            Area::Git => OutsideKind::GitFile,
        };
        let kept = one.old.as_ref().is_none_or(|old| old.blob.is_some());
        let values = (one.old.as_ref().map(shown), one.new.as_ref().map(shown));
        let name = one.path.to_string_lossy().into_owned();
        found.push(change(kind, name, values, Target::Plain(one.clone()), kept));
    }
    for change in &mut found {
        change.seq = told.seq;
        change.by = Some(told.agent);
        let worktree = change.report.worktree.as_deref();
        let whole = worktree.map_or(How::Open, |path| {
            settled.how(told.seq, &path.to_string_lossy())
        });
        change.report.state = match settled.how(told.seq, &change.report.name) {
            How::Open => whole,
            how => how,
        };
    }
    found
}

fn change(
    kind: OutsideKind,
    name: String,
    (old, new): (Option<String>, Option<String>),
    target: Target,
    restorable: bool,
) -> Change {
    Change {
        seq: 0,
        by: None,
        report: OutsideChange {
            kind,
            name,
            worktree: None,
            session_id: None,
            agent: None,
            old,
            new,
            restorable,
            state: How::Open,
        },
        target,
    }
}

fn of_worktree(hub: &Hub, one: &WorktreeChanged, all: &mut Vec<Change>) {
    let path = one.path.display();
    let text = |id: &Option<CommitId>| id.as_ref().map(ToString::to_string);
    let mut found = Vec::new();
    if let Some(head) = &one.head {
        let (old, new) = (head.old.clone(), head.new.clone());
        let restorable = old.is_some() && new.is_some();
        let target = Target::Head {
            old: old.clone(),
            new: new.clone(),
        };
        found.push(change(
            OutsideKind::Head,
            format!("{path}:HEAD"),
            (old, new),
            target,
            restorable,
        ));
    }
    if let Some(index) = &one.index {
        let (old, new) = (index.old.clone(), index.new.clone());
        let values = (text(&old), text(&new));
        let restorable = old.is_some();
        let target = Target::Index { old, new };
        found.push(change(
            OutsideKind::Index,
            format!("{path}:index"),
            values,
            target,
            restorable,
        ));
    }
    let name = |file: &str| {
        one.path
            .join(Path::new(file))
            .to_string_lossy()
            .into_owned()
    };
    if let Some(files) = &one.files {
        let changes = hub.repository.tree_changes(&files.old, &files.new);
        let Ok(changes) = changes else {
            // git has removed what was kept.
            let values = (Some(files.old.to_string()), Some(files.new.to_string()));
            found.push(change(
                OutsideKind::File,
                name(""),
                values,
                Target::Unknown,
                false,
            ));
            return place(one, found, all);
        };
        for file in changes {
            let id = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.id.to_string());
            let values = (id(&file.old), id(&file.new));
            let (path, old, new) = (file.path, file.old, file.new);
            let full = name(&path);
            let target = Target::File { path, old, new };
            found.push(change(OutsideKind::File, full, values, target, true));
        }
    }
    for file in &one.large {
        let large = || Some("large".to_owned());
        found.push(change(
            OutsideKind::File,
            name(file),
            (large(), large()),
            Target::Unknown,
            false,
        ));
    }
    place(one, found, all);
}

/// Adds what was found in a worktree, with whose that is.
fn place(one: &WorktreeChanged, found: Vec<Change>, all: &mut Vec<Change>) {
    for mut change in found {
        change.report.worktree = Some(one.path.clone());
        change.report.session_id.clone_from(&one.session);
        change.report.agent = one.agent;
        all.push(change);
    }
}

/// A file as a text: what it holds, where that is known.
fn shown(file: &KeptFile) -> String {
    match &file.blob {
        Some(blob) => blob.to_string(),
        None => format!("{} bytes", file.size),
    }
}
