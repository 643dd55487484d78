//! Everything that is looked at, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use crate::domain::evaluation::Evaluation;
use crate::domain::event::Event;
use crate::domain::id::{AgentId, Attempt, SessionId, SessionSelector};
use crate::domain::launch::Launch;
use crate::domain::refs::{ArchiveTag, AttemptBranch};
use crate::domain::report::Checked;
use crate::domain::state::SessionState;
use crate::git::{HubRef, Worktree, WorktreeRecord};
use crate::lifecycle::agents::Seen;
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::{self, SessionDir, StoredSession};

/// The repository and the hub directory as they were when the looking began.
pub(super) struct View<'h> {
    pub hub: &'h Hub,
    /// The one session that was asked for.
    pub only: Option<SessionId>,
    pub now: DateTime<Utc>,
    /// Every session that has a folder, whether it is looked at or not.
    pub ids: Vec<SessionId>,
    /// Those that can be read, of those that are looked at; oldest first.
    pub sessions: Vec<Looked>,
    /// Those that cannot, with what is wrong.
    pub damaged: Vec<(SessionId, store::Error)>,
    pub worktrees: Vec<Worktree>,
    pub records: Vec<WorktreeRecord>,
    pub refs: Vec<HubRef>,
    /// The refs of each session.
    of_session: BTreeMap<SessionId, SessionRefs>,
    /// By path, whose worktree it is.
    owners: BTreeMap<PathBuf, (SessionId, AgentId)>,
}

/// One session that can be read.
pub(super) struct Looked {
    pub id: SessionId,
    pub stored: StoredSession,
    /// The agents held against their processes; `None` where the plan to run them is damaged.
    pub seen: Option<Seen>,
    pub launch: Option<Launch>,
    pub evaluation: Option<Evaluation>,
    pub events: Vec<Event>,
    /// Whether nobody was about to change it.
    pub free: bool,
}

impl Looked {
    fn read(hub: &Hub, id: &SessionId) -> store::Result<Self> {
        let stored = StoredSession::read(&hub.dir, id)?;
        // A damaged file beside state and configuration is told of by itself.
        let seen = Seen::look_stored(&hub.dir, stored.clone()).ok();
        let stored = seen.as_ref().map_or(stored, |seen| seen.stored.clone());
        Ok(Self {
            id: id.clone(),
            launch: stored.launch().unwrap_or_default(),
            evaluation: stored.evaluation().unwrap_or_default(),
            events: stored.events().unwrap_or_default(),
            free: stored.dir.is_free(),
            seen,
            stored,
        })
    }

    pub fn dir(&self) -> &SessionDir {
        &self.stored.dir
    }

    pub fn state(&self) -> SessionState {
        self.stored.session.state()
    }

    /// Whether an agent runs, or is about to; its worktree and branch are its own business then.
    pub fn is_at_work(&self, agent: AgentId) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.is_at_work(agent))
    }
}

/// The refs of one session.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionRefs {
    pub branches: BTreeMap<(AgentId, Attempt), HubRef>,
    pub tags: BTreeMap<(AgentId, Option<Attempt>), HubRef>,
}

impl<'h> View<'h> {
    /// Reads it all: sessions first, then refs, then worktrees, as their makers write them in
    /// the opposite order.
    pub fn read(hub: &'h Hub, only: Option<&SessionSelector>, can_look: bool) -> Result<Self> {
        let only = only.map(|only| hub.dir.find(only)).transpose()?;
        let ids = if can_look {
            hub.dir.session_ids()?
        } else {
            Vec::new()
        };
        let mut view = Self {
            hub,
            now: hub.now(),
            sessions: Vec::new(),
            damaged: Vec::new(),
            worktrees: Vec::new(),
            records: hub.repository.worktree_records(),
            refs: Vec::new(),
            of_session: BTreeMap::new(),
            owners: BTreeMap::new(),
            only,
            ids,
        };
        view.read_sessions()?;
        view.refs = hub.repository.hub_refs()?;
        view.of_session = by_session(&view.refs);
        view.worktrees = hub.repository.worktrees()?;
        view.owners = view.owners_of_worktrees();
        for looked in &mut view.sessions {
            // Whoever has taken it since may have changed what was read after it.
            looked.free &= looked.stored.dir.is_free();
        }
        Ok(view)
    }

    fn read_sessions(&mut self) -> Result<()> {
        let _doing = self.hub.doing("looking at sessions");
        let all = self.ids.len();
        for (done, id) in self.ids.iter().enumerate() {
            if self.only.as_ref().is_some_and(|only| only != id) {
                continue;
            }
            self.hub.interrupt.check()?;
            self.hub.count("looking at sessions", Some((done, all)));
            match Looked::read(self.hub, id) {
                Ok(looked) => self.sessions.push(looked),
                // It was taken back between the two looks.
                Err(store::Error::NoSession { .. }) => {}
                Err(error) => self.damaged.push((id.clone(), error)),
            }
        }
        Ok(())
    }

    fn owners_of_worktrees(&self) -> BTreeMap<PathBuf, (SessionId, AgentId)> {
        let recorded = self.sessions.iter().flat_map(|looked| {
            let agents = looked.stored.session.agents().iter();
            agents.filter_map(|(agent, record)| {
                Some((record.worktree.clone()?, (looked.id.clone(), *agent)))
            })
        });
        let mut owners: BTreeMap<PathBuf, (SessionId, AgentId)> = recorded.collect();
        let root = self.hub.worktree_root();
        for worktree in self.worktrees.iter().filter(|worktree| !worktree.is_main) {
            let by_place = || {
                let mut names = worktree.path.strip_prefix(&root).ok()?.components();
                let session = names.next()?.as_os_str().to_str()?.parse().ok()?;
                let agent = names.next()?.as_os_str().to_str()?.parse().ok()?;
                names.next().is_none().then_some((session, agent))
            };
            let by_branch = || {
                let branch: AttemptBranch = worktree.branch.as_ref()?.as_str().parse().ok()?;
                Some((branch.session, branch.agent))
            };
            if !owners.contains_key(&worktree.path)
                && let Some(owner) = by_place().or_else(by_branch)
            {
                owners.insert(worktree.path.clone(), owner);
            }
        }
        owners
    }

    /// Whose worktree stands at a path.
    pub fn owner(&self, path: &Path) -> Option<&(SessionId, AgentId)> {
        self.owners.get(path)
    }

    /// A session that is looked at and can be read.
    pub fn session(&self, id: &SessionId) -> Option<&Looked> {
        let at = self
            .sessions
            .binary_search_by(|looked| looked.id.cmp(id))
            .ok()?;
        self.sessions.get(at)
    }

    /// The sessions that nobody is about to change.
    pub fn at_rest(&self) -> impl Iterator<Item = &Looked> {
        self.sessions.iter().filter(|looked| looked.free)
    }

    /// The refs of a session.
    pub fn refs_of(&self, id: &SessionId) -> SessionRefs {
        self.of_session.get(id).cloned().unwrap_or_default()
    }

    /// How much is looked at.
    pub fn checked(&self) -> Checked {
        let posts = || {
            let board = self.hub.dir.board().ok()?;
            let channels = board.channels().ok()?;
            let files = channels
                .iter()
                .filter_map(|channel| board.files(channel).ok());
            Some(files.map(|files| files.len()).sum())
        };
        Checked {
            sessions: self.sessions.len() + self.damaged.len(),
            worktrees: self.worktrees.len(),
            refs: self.refs.len(),
            posts: posts().filter(|_| self.only.is_none()).unwrap_or_default(),
        }
    }

    /// How long ago something was made, in seconds; nothing for what is yet to come.
    pub fn age_s(&self, made: SystemTime) -> u64 {
        let made = DateTime::<Utc>::from(made);
        u64::try_from((self.now - made).num_seconds()).unwrap_or_default()
    }
}

fn by_session(refs: &[HubRef]) -> BTreeMap<SessionId, SessionRefs> {
    let mut sessions: BTreeMap<SessionId, SessionRefs> = BTreeMap::new();
    for found in refs {
        let branch = found.name.strip_prefix("refs/heads/");
        if let Some(branch) = branch.and_then(|name| name.parse::<AttemptBranch>().ok()) {
            let of_session = sessions.entry(branch.session).or_default();
            let key = (branch.agent, branch.attempt);
            of_session.branches.insert(key, found.clone());
        }
        let tag = found.name.strip_prefix("refs/tags/");
        if let Some(tag) = tag.and_then(|name| name.parse::<ArchiveTag>().ok()) {
            let of_session = sessions.entry(tag.session).or_default();
            let key = (tag.agent, tag.older_attempt);
            of_session.tags.insert(key, found.clone());
        }
    }
    sessions
}

/// Every commit that is named, once.
pub(super) fn all<T: Ord>(named: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    named.into_iter().collect()
}
