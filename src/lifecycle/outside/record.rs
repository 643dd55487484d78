//! How all stands that is not the agent's own, before its attempt begins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::outside::{Files, RefTable};
use crate::domain::refs::{AttemptBranch, BranchName, CommitId};
use crate::git::{Entry, Standing};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::start;
use crate::store::{StoredSession, Tail, marks};

use super::prefix_of;

/// So many sessions are looked through file by file, the newest first.
const MOST_SESSIONS: usize = 64;

/// How all stood.
pub(in crate::lifecycle) struct Guard {
    pub session: SessionId,
    pub agent: AgentId,
    pub attempt: Attempt,
    /// When the looking began.
    pub since: DateTime<Utc>,
    pub refs: RefTable,
    pub(super) worktrees: Vec<Watched>,
    pub hub_files: Files,
    pub git_files: Files,
    /// The sessions that were looked through, each with the number of its journal's last line.
    pub sessions: BTreeMap<SessionId, u64>,
    /// The others.
    pub others: Vec<SessionId>,
    /// Whether refs keep something of it.
    pub kept: bool,
}

/// A worktree that nobody is at work in.
pub(super) struct Watched {
    pub path: PathBuf,
    /// Whose it is; the main worktree's is nobody's.
    pub of: Option<(SessionId, AgentId)>,
    pub standing: Standing,
}

impl Guard {
    pub fn record(hub: &Hub, stored: &StoredSession, agent: AgentId) -> Result<Self> {
        let since = hub.now();
        let session = stored.config.session_id.clone();
        let record = stored.session.agents().get(&agent);
        let attempt = record.map_or(Attempt::FIRST, |record| record.attempt);
        let mut others: Vec<SessionId> = hub.dir.session_ids()?;
        others.retain(|id| *id != session);
        let newest = others.split_off(others.len().saturating_sub(MOST_SESSIONS));
        let sessions = newest.into_iter().chain([session.clone()]);
        let sessions: BTreeMap<SessionId, u64> = sessions
            .map(|id| (id.clone(), last_line(hub, &id)))
            .collect();
        let looked: Vec<SessionId> = sessions.keys().cloned().collect();
        let mut guard = Self {
            refs: hub.repository.ref_table()?,
            worktrees: watched(hub, &session, agent)?,
            hub_files: marks::of_hub_dir(&hub.dir, &looked, &others, None),
            git_files: marks::of_git_dir(hub.repository.git_dir(), None),
            session,
            agent,
            attempt,
            since,
            sessions,
            others,
            kept: false,
        };
        guard.keep_uncommitted(hub)?;
        Ok(guard)
    }

    /// Lets a ref keep what is uncommitted elsewhere.
    fn keep_uncommitted(&mut self, hub: &Hub) -> Result<()> {
        let mut entries = Vec::new();
        let changed = self.worktrees.iter().map(|watched| &watched.standing);
        for (number, standing) in changed.enumerate().filter(|(_, one)| !one.clean) {
            let trees = [
                ("files", Some(&standing.files)),
                ("index", standing.index.as_ref()),
            ];
            let trees = trees.into_iter().filter_map(|(name, id)| Some((name, id?)));
            entries.extend(trees.map(|(name, id)| (format!("{name}-{number}"), folder(id))));
        }
        if entries.is_empty() {
            return Ok(());
        }
        let (session, agent) = (&self.session, self.agent);
        let message = format!(
            "What was uncommitted elsewhere when {agent} of session {session} began\n\nHub-Session: {session}\nHub-Agent: {agent}\n"
        );
        let commit = hub.repository.keep_objects(&entries, &[], &message)?;
        let name = prefix_of(session, agent, self.attempt) + "kept";
        hub.repository.guard(&[(name.parse()?, commit)])?;
        self.kept = true;
        Ok(())
    }
}

/// A tree, as an entry of another one.
pub(super) fn folder(id: &CommitId) -> Entry {
    Entry {
        mode: "040000".to_owned(),
        id: id.clone(),
    }
}

/// The number of the last line of a session's journal.
fn last_line(hub: &Hub, id: &SessionId) -> u64 {
    let events = Tail::of(&hub.dir.session(id)).look();
    events
        .ok()
        .and_then(|events| Some(events.last()?.seq))
        .unwrap_or_default()
}

/// The main worktree, and those of agents that are not at work.
fn watched(hub: &Hub, session: &SessionId, agent: AgentId) -> Result<Vec<Watched>> {
    let root = hub.worktree_root();
    let mut known: BTreeMap<SessionId, Option<StoredSession>> = BTreeMap::new();
    let mut meant: Vec<(PathBuf, Option<(SessionId, AgentId)>)> = Vec::new();
    for worktree in hub.repository.worktrees()? {
        if worktree.missing {
            continue;
        }
        if worktree.is_main {
            meant.push((worktree.path, None));
            continue;
        }
        let Some((id, of)) = owner(&root, &worktree.path, worktree.branch.as_ref()) else {
            continue;
        };
        let stored = known
            .entry(id.clone())
            .or_insert_with(|| StoredSession::read(&hub.dir, &id).ok());
        let record = stored
            .as_ref()
            .and_then(|stored| stored.session.agents().get(&of));
        let at_work =
            record.is_some_and(|record| record.status().is_active() || start::is_watched(record));
        if !at_work && (&id, of) != (session, agent) {
            meant.push((worktree.path, Some((id, of))));
        }
    }
    let paths: Vec<PathBuf> = meant.iter().map(|(path, _)| path.clone()).collect();
    let standings = hub.repository.standings(&paths);
    let found = meant
        .into_iter()
        .zip(standings)
        .filter_map(|((path, of), standing)| {
            let standing = standing
                .inspect_err(|error| log::warn!("{} is not watched: {error}", path.display()))
                .ok()?;
            Some(Watched { path, of, standing })
        });
    Ok(found.collect())
}

/// Whose worktree stands at a path.
fn owner(root: &Path, path: &Path, branch: Option<&BranchName>) -> Option<(SessionId, AgentId)> {
    let by_place = || {
        let mut names = path.strip_prefix(root).ok()?.components();
        let session = names.next()?.as_os_str().to_str()?.parse().ok()?;
        let agent = names.next()?.as_os_str().to_str()?.parse().ok()?;
        names.next().is_none().then_some((session, agent))
    };
    let by_branch = || {
        let branch: AttemptBranch = branch?.as_str().parse().ok()?;
        Some((branch.session, branch.agent))
    };
    by_place().or_else(by_branch)
}
