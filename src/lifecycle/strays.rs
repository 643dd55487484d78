//! What other tools, hands and killed programs have left of worktrees, branches and tags.
//!
//! [`find`] looks and changes nothing. [`remove`] takes away what loses nothing: git's record of
//! a worktree whose folder is gone, an empty folder, a branch whose commits something else
//! holds. All the rest is for a person, who is told what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::{ArchiveTag, AttemptBranch, BranchName, CommitId, RefName, SnapshotRef};
use crate::domain::report::{StrayKind, StrayOutcome, StrayReport};
use crate::domain::state::SessionState;
use crate::domain::text::quoted;
use crate::fault::{Point, effect};
use crate::git::{self, Aside, RefChange, Worktree};
use crate::store::StoredSession;

use super::error::{Error, Result};
use super::hub::Hub;

/// One of them, with what takes it away.
pub(super) struct Stray {
    pub report: StrayReport,
    removal: Option<Removal>,
}

enum Removal {
    Forget(PathBuf),
    Folder(PathBuf),
    Files(PathBuf),
    Branch(RefName, CommitId),
}

impl Stray {
    fn new(kind: StrayKind, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            report: StrayReport {
                kind,
                session_id: None,
                agent: None,
                path: None,
                refs: Vec::new(),
                what: what.into(),
                danger: None,
                cure: cure.into(),
                outcome: StrayOutcome::Found,
                problem: None,
            },
            removal: None,
        }
    }

    fn of(mut self, session: Option<SessionId>, agent: Option<AgentId>) -> Self {
        self.report.session_id = session;
        self.report.agent = agent;
        self
    }

    fn at(mut self, path: &Path) -> Self {
        self.report.path = Some(path.to_path_buf());
        self
    }

    fn danger(mut self, danger: impl Into<String>) -> Self {
        self.report.danger = Some(danger.into());
        self
    }

    fn removed_by(mut self, removal: Removal) -> Self {
        self.removal = Some(removal);
        self.report.outcome = StrayOutcome::Removable;
        self
    }
}

/// Finds all of them; nothing is changed.
///
/// # Errors
/// When the hub directory or git cannot be read.
pub(super) fn find(hub: &Hub) -> Result<Vec<Stray>> {
    let mut found = find_ownerless(hub)?;
    let worktrees = hub.repository.worktrees()?;
    for session in hub.dir.session_ids()? {
        found.extend(lost_worktrees(hub, &session, &worktrees));
    }
    Ok(found)
}

/// Finds what no session owns; nothing is changed.
///
/// # Errors
/// As [`find`].
pub(super) fn find_ownerless(hub: &Hub) -> Result<Vec<Stray>> {
    let sessions: BTreeSet<SessionId> = hub.dir.session_ids()?.into_iter().collect();
    let worktrees = hub.repository.worktrees()?;
    let mut found = Vec::new();
    for worktree in worktrees.iter().filter(|worktree| !worktree.is_main) {
        found.extend(of_worktree(hub, &sessions, worktree)?);
    }
    found.extend(folders(hub, &worktrees));
    found.extend(put_aside(hub));
    found.extend(branches(hub, &sessions, &worktrees)?);
    found.extend(kept(hub, &sessions)?);
    Ok(found)
}

/// A worktree in hub's folder, or on an attempt's branch, that no session owns.
fn of_worktree(
    hub: &Hub,
    sessions: &BTreeSet<SessionId>,
    worktree: &Worktree,
) -> Result<Option<Stray>> {
    let path = &worktree.path;
    let below = path.strip_prefix(hub.worktree_root()).ok();
    let by_place = below.and_then(named_by);
    let branch = worktree.branch.as_ref().map(|name| name.as_str().parse());
    let branch: Option<AttemptBranch> = branch.and_then(std::result::Result::ok);
    let session = by_place.map(|(session, _)| session);
    let session = session.or_else(|| branch.as_ref().map(|branch| branch.session.clone()));
    let agent = path
        .file_name()
        .and_then(|name| name.to_str()?.parse().ok());
    let ours = below.is_some() || branch.is_some();
    let owned = session.as_ref().is_some_and(|id| sessions.contains(id));
    if !ours || owned {
        return Ok(None);
    }
    if !worktree.missing {
        // On an attempt's branch somewhere else it is the user's own.
        let what = "a worktree in hub's folder that belongs to no session";
        let cure = format!(
            "`git worktree remove {}` removes it, unless it holds work",
            quoted(path)
        );
        let stray = Stray::new(StrayKind::UnknownWorktree, what, cure).of(session, agent);
        return Ok(below.map(|_| stray.at(path).danger("whatever is uncommitted in it")));
    }
    let what = "git's record of a worktree whose folder is gone";
    let locked = worktree.locked.is_some();
    let alone = hub
        .repository
        .unreachable(&hub.repository.named_by(path)?)?;
    let cure = match (locked, alone.first()) {
        (true, _) => format!(
            "if its disk is not to come back: `git worktree unlock {0} && git worktree remove {0}`",
            quoted(path)
        ),
        (false, Some(commit)) => format!(
            "`git branch NAME {commit}` keeps its commit, then `git worktree prune` forgets it"
        ),
        (false, None) => "`hub cleanup --all` lets git forget it".to_owned(),
    };
    let stray = Stray::new(StrayKind::MissingWorktree, what, cure);
    let stray = stray.of(session, agent).at(path);
    Ok(Some(match alone.first() {
        Some(commit) => stray.danger(format!(
            "commit {}, which nothing else names",
            commit.short()
        )),
        None if locked => stray.danger("it is locked: it may be on a disk that is not there now"),
        None => stray.removed_by(Removal::Forget(path.clone())),
    }))
}

/// The session and the agent that a path below hub's folder is named after.
fn named_by(below: &Path) -> Option<(SessionId, Option<AgentId>)> {
    let mut names = below.iter().map(|name| name.to_str());
    let session = names.next()??.parse().ok()?;
    let agent = names.next().flatten().and_then(|name| name.parse().ok());
    Some((session, agent))
}

/// The agents of an open session whose worktrees are gone.
fn lost_worktrees(hub: &Hub, id: &SessionId, worktrees: &[Worktree]) -> Vec<Stray> {
    // One that is damaged is told of as such.
    let Ok(stored) = StoredSession::read(&hub.dir, id) else {
        return Vec::new();
    };
    let state = stored.session.state();
    if state.is_terminal() || state == SessionState::Init {
        return Vec::new();
    }
    let agents = stored.session.agents().iter();
    agents
        .filter_map(|(agent, record)| {
            let path = record.worktree.as_ref()?;
            let stands = |known: &Worktree| {
                let there = known.path == *path || known.branch.as_ref() == Some(&record.branch);
                there && !known.missing
            };
            if worktrees.iter().any(stands) {
                return None;
            }
            let what =
                format!("the worktree of {agent} of session {id}, which is {state}, is gone");
            let cure = format!("`hub restore {id} {agent}` brings it back");
            let stray = Stray::new(StrayKind::LostWorktree, what, cure);
            let lost = "its commits are on its branch; what was uncommitted is gone already";
            Some(
                stray
                    .of(Some(id.clone()), Some(*agent))
                    .at(path)
                    .danger(lost),
            )
        })
        .collect()
}

/// Folders of sessions, and what is in them, that git does not know.
fn folders(hub: &Hub, worktrees: &[Worktree]) -> Vec<Stray> {
    let known: BTreeSet<&Path> = worktrees.iter().map(|known| known.path.as_path()).collect();
    // What stands below a folder comes right behind it.
    let is_known = |path: &Path| {
        let mut behind = known.range(path..);
        behind.next().is_some_and(|known| known.starts_with(path))
    };
    let mut found = Vec::new();
    for folder in entries(&hub.worktree_root()) {
        // The root may be a folder of the user's, with others in it.
        let name = folder.file_name().and_then(|name| name.to_str());
        let Some(session) = name.and_then(|name| name.parse::<SessionId>().ok()) else {
            continue;
        };
        if is_at_work(hub, &session) {
            continue;
        }
        let inner = entries(&folder);
        // That of a session goes with its last worktree.
        if inner.is_empty() && !hub.dir.session(&session).path().exists() {
            found.push(folder_stray(&folder, session.clone(), None));
        }
        for path in inner.into_iter().filter(|path| !is_known(path)) {
            let name = path.file_name().and_then(|name| name.to_str());
            let agent = name.and_then(|name| name.parse().ok());
            found.push(folder_stray(&path, session.clone(), agent));
        }
    }
    found
}

/// Folders of removed worktrees that nobody is deleting, and those that no session settles.
fn put_aside(hub: &Hub) -> Vec<Stray> {
    let root = hub.worktree_root();
    let Some(_claim) = hub.repository.claim_asides(&root) else {
        return Vec::new();
    };
    let forgotten = hub.repository.forgotten_asides(&root);
    let left = |place: Aside| {
        let (path, stood) = (place.aside, place.worktree);
        let below = stood.strip_prefix(&root).ok();
        let (session, agent) = below.and_then(named_by)?;
        if forgotten.contains(&path) {
            let what = "files of a removed worktree that were not deleted to the end";
            let cure = "`hub cleanup --all` deletes them";
            let stray = Stray::new(StrayKind::LeftFiles, what, cure);
            let stray = stray.of(Some(session), agent).at(&path);
            return Some(stray.removed_by(Removal::Files(path)));
        }
        // Else the next command that locks the session puts it back.
        let is_gone = !hub.dir.session(&session).path().exists();
        is_gone.then(|| folder_stray(&path, session, agent))
    };
    let found = hub.repository.asides(&root).into_iter();
    found.filter_map(left).collect()
}

/// Whether somebody may be making or removing the worktrees of a session.
fn is_at_work(hub: &Hub, session: &SessionId) -> bool {
    let dir = hub.dir.session(session);
    dir.path().exists() && !dir.is_free()
}

fn folder_stray(path: &Path, session: SessionId, agent: Option<AgentId>) -> Stray {
    let empty = path.is_dir() && !path.is_symlink() && entries(path).is_empty();
    let (what, cure) = if empty {
        let cure = "`hub cleanup --all` removes it".to_owned();
        ("an empty folder among the worktrees", cure)
    } else {
        let cure = format!(
            "look at it, then move it away or remove it: `ls -la {}`",
            quoted(path)
        );
        ("a folder among the worktrees that git does not know", cure)
    };
    let stray = Stray::new(StrayKind::UnknownFolder, what, cure);
    let stray = stray.of(Some(session), agent).at(path);
    if empty {
        stray.removed_by(Removal::Folder(path.to_path_buf()))
    } else {
        stray.danger("all that is in it: git keeps nothing of it")
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Branches of attempts whose session is gone.
fn branches(
    hub: &Hub,
    sessions: &BTreeSet<SessionId>,
    worktrees: &[Worktree],
) -> Result<Vec<Stray>> {
    let mut found = Vec::new();
    for one in hub.repository.refs_under("refs/heads/hub/")? {
        let name = one.name.branch();
        let Some(name) = name else { continue };
        let Ok(branch) = name.as_str().parse::<AttemptBranch>() else {
            continue;
        };
        if sessions.contains(&branch.session) {
            continue;
        }
        let what = format!("branch {name}, whose session is gone");
        let used = worktrees
            .iter()
            .find(|known| [&known.branch, &known.rebasing].contains(&&Some(name.clone())));
        let held = is_held(hub, &name, &one.commit)?;
        let cure = match (used, held) {
            (Some(used), _) => format!("it is checked out in {}", used.path.display()),
            (None, true) => "`hub cleanup --all` removes it".to_owned(),
            (None, false) => format!(
                "`git branch -m {name} NAME` keeps it under a name of yours, `git branch -D {name}` gives it up"
            ),
        };
        let stray = Stray::new(StrayKind::OrphanBranch, what, cure);
        let mut stray = stray.of(Some(branch.session), Some(branch.agent));
        stray.report.refs.push(one.name.clone());
        found.push(match (used, held) {
            (_, false) => stray.danger("its commits, which no other branch or tag holds"),
            (Some(_), true) => stray,
            (None, true) => stray.removed_by(Removal::Branch(one.name, one.commit)),
        });
    }
    Ok(found)
}

/// Whether something else holds the commits of a branch, those that its reflog names, too.
fn is_held(hub: &Hub, branch: &BranchName, tip: &CommitId) -> Result<bool> {
    if !hub.repository.is_held_without(tip, &branch.full())? {
        return Ok(false);
    }
    let earlier = hub.repository.branch_reflog(branch)?;
    Ok(hub.repository.unreachable(&earlier)?.is_empty())
}

/// Archive tags and snapshots whose session is gone, by session: they keep what they keep.
fn kept(hub: &Hub, sessions: &BTreeSet<SessionId>) -> Result<Vec<Stray>> {
    type BySession = BTreeMap<SessionId, Vec<RefName>>;
    let (mut tags, mut snapshots) = (BySession::new(), BySession::new());
    for one in hub.repository.refs_under("refs/tags/hub/archive/")? {
        let tag = one.name.as_str().strip_prefix("refs/tags/");
        if let Some(Ok(tag)) = tag.map(str::parse::<ArchiveTag>) {
            tags.entry(tag.session).or_default().push(one.name);
        }
    }
    for one in hub.repository.refs_under("refs/hub/snapshots/")? {
        if let Ok(name) = one.name.as_str().parse::<SnapshotRef>() {
            snapshots.entry(name.session).or_default().push(one.name);
        }
    }
    let mut found = Vec::new();
    for (session, refs) in tags {
        let what = format!(
            "{} of session {session}, which is gone",
            counted(&refs, "archive tag")
        );
        let cure = format!(
            "`git tag --list 'hub/archive/{session}/*'` lists them, `git tag -d` gives one up"
        );
        found.push((StrayKind::OrphanTags, session, refs, what, cure));
    }
    for (session, refs) in snapshots {
        let what = format!(
            "{} of session {session}, which is gone",
            counted(&refs, "snapshot")
        );
        let cure = format!(
            "`hub snapshots --session {session}` lists them, `hub snapshots expire --session {session}` gives them up"
        );
        found.push((StrayKind::OrphanSnapshots, session, refs, what, cure));
    }
    Ok(found
        .into_iter()
        .filter(|(_, session, ..)| !sessions.contains(session))
        .map(|(kind, session, refs, what, cure)| {
            let mut stray = Stray::new(kind, what, cure).of(Some(session), None);
            stray.report.refs = refs;
            stray.danger("what they keep, where nothing else holds it")
        })
        .collect())
}

fn counted(refs: &[RefName], what: &str) -> String {
    match refs.len() {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// Takes one away that loses nothing, looking once more; what came of it is in its report.
///
/// # Errors
/// When the system fails.
pub(super) fn remove(hub: &Hub, stray: Stray) -> Result<StrayReport> {
    let Stray {
        mut report,
        removal,
    } = stray;
    let Some(removal) = removal else {
        return Ok(report);
    };
    match take_away(hub, &removal) {
        Ok(true) => report.outcome = StrayOutcome::Removed,
        Ok(false) => {
            report.outcome = StrayOutcome::Found;
            report.problem = Some("nothing else holds its commits any more".to_owned());
        }
        Err(error) if error.code() == Code::Failed && !matches!(removal, Removal::Files(_)) => {
            return Err(error);
        }
        Err(error) => {
            report.outcome = StrayOutcome::Failed;
            report.problem = Some(error.to_string());
        }
    }
    if let (Some(session), Removal::Folder(_) | Removal::Forget(_)) = (&report.session_id, removal)
    {
        hub.drop_empty_folders(session);
    }
    Ok(report)
}

/// Takes it away, unless something would be lost by now.
fn take_away(hub: &Hub, removal: &Removal) -> Result<bool> {
    hub.dir.create()?;
    let _lock = match removal {
        // That takes long, and is in nobody's way.
        Removal::Files(_) => None,
        _ => Some(hub.lock_repository("cleanup")?),
    };
    match removal {
        Removal::Forget(path) => hub.repository.forget_worktree(path)?,
        Removal::Files(path) => {
            git::delete_aside(path, &mut None)?;
            hub.repository.drop_asides(&hub.worktree_root());
        }
        Removal::Folder(path) => {
            let told = Error::io("remove", path);
            let remove = || match std::fs::remove_dir(path) {
                // It went with what was in it.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::io("remove", path)(error))
                }
                _ => Ok(()),
            };
            effect(Point::RemoveFolder, told, remove)?;
        }
        Removal::Branch(name, commit) => {
            // Of two that hold each other's commits one stays.
            let branch = name.branch();
            let held = branch.map(|branch| is_held(hub, &branch, commit));
            if !held.transpose()?.unwrap_or_default() {
                return Ok(false);
            }
            let gone = RefChange {
                name: name.clone(),
                from: Some(commit.clone()),
                to: None,
            };
            hub.repository.update_refs(&[gone], "hub: cleanup")?;
        }
    }
    Ok(true)
}
