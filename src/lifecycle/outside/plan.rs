//! What stands now, held against what was found: what is to be put back, and what is in the way.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::domain::outside::{FileKind, KeptFile, OutsideRefused};
use crate::domain::refs::{CommitId, RefName};
use crate::git::{Entry, RefChange, Standing};
use crate::lifecycle::agents::Seen;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::{StoredSession, marks};

use super::show::{Change, Target};

/// What is to be put back: all of it is as it was found, or as it was before.
pub(super) struct Plan {
    /// All that is settled by it.
    pub changes: Vec<Change>,
    pub refs: Vec<RefChange>,
    /// Refs that lead to others: name, from, to.
    pub symbolic: Vec<(String, Option<String>, Option<String>)>,
    pub worktrees: Vec<WorktreePlan>,
    pub files: Vec<(PathBuf, Option<KeptFile>)>,
}

/// What becomes of one worktree.
pub(super) struct WorktreePlan {
    pub path: PathBuf,
    pub now: Standing,
    pub files: Vec<(String, Option<Entry>)>,
    pub index: Option<CommitId>,
    pub head: Option<String>,
    /// Its files, where one of them is asked for.
    entries: Option<BTreeMap<String, Entry>>,
}

/// What something holds, as a text that tells it from all else; `None` for nothing.
type Value = Option<String>;

impl Plan {
    /// # Errors
    /// When something was changed again since it was found, or, with `strict`, is not kept.
    pub fn of(hub: &Hub, meant: Vec<Change>, strict: bool) -> Result<Self> {
        let (kept, lost): (Vec<Change>, Vec<Change>) =
            meant.into_iter().partition(|one| one.report.restorable);
        let mut plan = Self {
            changes: Vec::new(),
            refs: Vec::new(),
            symbolic: Vec::new(),
            worktrees: Vec::new(),
            files: Vec::new(),
        };
        let mut by_name: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for change in kept {
            by_name
                .entry(change.report.name.clone())
                .or_default()
                .push(change);
        }
        let mut looks = BTreeMap::new();
        let mut again = Vec::new();
        for (name, changes) in by_name {
            let Some(first) = changes.first() else {
                continue;
            };
            let now = now(hub, first, &mut looks)?;
            match chain(now, &changes) {
                Some((_, None)) => plan.changes.extend(changes),
                Some((now, Some(change))) => {
                    let change = change.clone();
                    plan.changes.extend(changes);
                    plan.add(&change, now, &mut looks)?;
                }
                None => again.push(name),
            }
        }
        if !again.is_empty() {
            return Err(OutsideRefused::ChangedAgain { names: again }.into());
        }
        let names: Vec<String> = lost.into_iter().map(|one| one.report.name).collect();
        if !names.is_empty() {
            let refused = OutsideRefused::NotKept { names };
            if strict || plan.changes.is_empty() {
                return Err(refused.into());
            }
            hub.warn(refused.to_string());
        }
        plan.worktrees = looks.into_values().collect();
        plan.check_objects(hub)?;
        Ok(plan)
    }

    /// Adds what brings something from `now` to what it was before `change`.
    fn add(
        &mut self,
        change: &Change,
        now: Value,
        looks: &mut BTreeMap<PathBuf, WorktreePlan>,
    ) -> Result<()> {
        let name = &change.report.name;
        let worktree = change.report.worktree.as_ref();
        let look = worktree.and_then(|path| looks.get_mut(path));
        match (&change.target, look) {
            (Target::Ref { old, .. }, _) => {
                let id = |value: &Value| value.as_ref().map(|value| value.parse::<CommitId>());
                match (id(&now).transpose(), id(old).transpose()) {
                    (Ok(from), Ok(to)) => {
                        let name: RefName = name.parse()?;
                        self.refs.push(RefChange { name, from, to });
                    }
                    _ => self.symbolic.push((name.clone(), now, old.clone())),
                }
            }
            (Target::Plain(file), _) => self.files.push((file.path.clone(), file.old.clone())),
            (Target::Head { old, .. }, Some(look)) => look.head.clone_from(old),
            (Target::Index { old, .. }, Some(look)) => look.index.clone_from(old),
            (Target::File { path, old, .. }, Some(look)) => {
                look.files.push((path.clone(), old.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses refs whose objects git has removed.
    fn check_objects(&self, hub: &Hub) -> Result<()> {
        let mut names = Vec::new();
        for one in &self.refs {
            if let Some(to) = &one.to
                && !hub.repository.has_object(to)?
            {
                names.push(one.name.to_string());
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        Err(OutsideRefused::NotKept { names }.into())
    }
}

/// Follows what was found from `now` back to what was there first; with the change that is last
/// on that way, or none where it is as it was already. `None` where it is neither.
fn chain(now: Value, changes: &[Change]) -> Option<(Value, Option<&Change>)> {
    let mut value = now.clone();
    let mut last = None;
    let mut open: Vec<&Change> = changes.iter().collect();
    while let Some(at) = open.iter().rposition(|one| sides(one).1 == value) {
        let change = open.remove(at);
        value = sides(change).0;
        last = Some(change);
    }
    // Of several agents that ran at that time each has told of it.
    let settled = open.iter().all(|one| sides(one).0 == value);
    settled.then_some((now, last))
}

/// What was there, and what was found.
fn sides(change: &Change) -> (Value, Value) {
    let id = |id: &Option<CommitId>| id.as_ref().map(ToString::to_string);
    match &change.target {
        Target::Ref { old, new } | Target::Head { old, new } => (old.clone(), new.clone()),
        Target::Index { old, new } => (id(old), id(new)),
        Target::File { old, new, .. } => (of_entry(old.as_ref()), of_entry(new.as_ref())),
        Target::Plain(file) => (of_file(file.old.as_ref()), of_file(file.new.as_ref())),
        Target::Unknown => (None, None),
    }
}

fn of_entry(entry: Option<&Entry>) -> Value {
    entry.map(|entry| format!("{} {}", entry.mode, entry.id))
}

fn of_file(file: Option<&KeptFile>) -> Value {
    let file = file?;
    let blob = file.blob.as_ref().map(ToString::to_string);
    // The mode of a link says nothing.
    let mode = if file.kind == FileKind::Link {
        0
    } else {
        file.mode
    };
    Some(format!("{:?} {mode:o} {} {blob:?}", file.kind, file.size))
}

/// Whether a file is in the hub directory or the git directory, and no link leads out of it: the
/// journal may have been written by somebody else, too.
fn is_inside(hub: &Hub, path: &Path) -> bool {
    let roots = [hub.dir.path(), hub.repository.git_dir()];
    let mut below = roots.iter().filter_map(|root| path.strip_prefix(root).ok());
    let Some(rest) = below.next() else {
        return false;
    };
    let plain = rest
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    let count = rest.components().count();
    let mut folders = path.ancestors().skip(1).take(count.saturating_sub(1));
    plain && !folders.any(is_link)
}

/// What stands now where a change was found.
fn now(hub: &Hub, change: &Change, looks: &mut BTreeMap<PathBuf, WorktreePlan>) -> Result<Value> {
    match &change.target {
        Target::Ref { .. } => {
            let table = hub.repository.ref_table()?;
            return Ok(table.get(&change.report.name).map(str::to_owned));
        }
        Target::Plain(file) => {
            if !is_inside(hub, &file.path) {
                return Ok(Some("somewhere else".to_owned()));
            }
            let Some(mark) = marks::now(&file.path) else {
                return Ok(None);
            };
            let blob = mark
                .content
                .as_ref()
                .map(|content| hub.repository.write_blob(content));
            let kept = KeptFile {
                kind: mark.kind,
                mode: mark.mode,
                size: mark.size,
                blob: blob.transpose()?,
            };
            return Ok(of_file(Some(&kept)));
        }
        _ => {}
    }
    let Some(path) = &change.report.worktree else {
        return Ok(None);
    };
    if !looks.contains_key(path) {
        check_idle(hub, change)?;
        looks.insert(path.clone(), WorktreePlan::at(hub, path)?);
    }
    match looks.get_mut(path) {
        Some(look) => look.value(hub, &change.target),
        None => Ok(None),
    }
}

impl WorktreePlan {
    fn at(hub: &Hub, path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_path_buf(),
            now: hub.repository.standing(path)?,
            files: Vec::new(),
            index: None,
            head: None,
            entries: None,
        })
    }

    /// Whether nothing becomes of it.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.index.is_none() && self.head.is_none()
    }

    fn value(&mut self, hub: &Hub, target: &Target) -> Result<Value> {
        let path = match target {
            Target::Head { .. } => return Ok(Some(self.now.head.clone())),
            Target::Index { .. } => return Ok(self.now.index.as_ref().map(ToString::to_string)),
            Target::File { path, .. } => path,
            _ => return Ok(None),
        };
        let entries = match self.entries.take() {
            Some(entries) => entries,
            None => hub.repository.entries_of(&self.now.files)?,
        };
        let entries = self.entries.insert(entries);
        Ok(of_entry(entries.get(path)))
    }
}

/// Refuses a worktree whose agent is at work in it.
fn check_idle(hub: &Hub, change: &Change) -> Result<()> {
    let report = &change.report;
    let (Some(session), Some(agent)) = (&report.session_id, report.agent) else {
        return Ok(());
    };
    let Ok(stored) = StoredSession::read(&hub.dir, session) else {
        return Ok(());
    };
    if Seen::look(&hub.dir, stored)?.is_at_work(agent) {
        return Err(OutsideRefused::AtWork {
            session: session.clone(),
            agents: agent.to_string(),
        }
        .into());
    }
    Ok(())
}
