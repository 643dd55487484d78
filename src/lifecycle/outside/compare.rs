//! What stands otherwise than before an attempt, and what hub itself explains of that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::beneath;
use crate::domain::effects::Move;
use crate::domain::event::{Event, Phase, RefMove};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::outside::files::{changes, is_explained};
use crate::domain::outside::found::agent_of;
use crate::domain::outside::refs::unexplained;
use crate::domain::outside::{Activity, Area, FileMark, Found, RefChanged, Told, WorktreeChanged};
use crate::domain::refs::{AttemptBranch, CommitId};
use crate::git::{Entry, Standing};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::store::{SessionDir, StoredSession, Tail, marks};

use super::PREFIX;
use super::record::{Guard, Watched};

/// A line is written before what it tells of is done, and tells the time in seconds.
const SLACK: TimeDelta = TimeDelta::seconds(2);

/// All that stands otherwise and is not explained.
#[derive(Default)]
pub(super) struct Differences {
    pub refs: Vec<RefChanged>,
    pub worktrees: Vec<WorktreeChanged>,
    pub files: Vec<FileDifference>,
    /// What was told meanwhile, when other agents ended.
    pub told: Vec<Found>,
}

/// A file, with what it held and holds.
pub(super) struct FileDifference {
    pub path: PathBuf,
    pub area: Area,
    pub old: Option<FileMark>,
    pub new: Option<FileMark>,
}

impl Guard {
    /// What stands otherwise now.
    pub(super) fn compare(&self, hub: &Hub) -> Result<Differences> {
        let refs = self.refs.changes(&hub.repository.ref_table()?);
        let paths: Vec<PathBuf> = self.worktrees.iter().map(|one| one.path.clone()).collect();
        let standings = hub.repository.standings(&paths);
        let looked: Vec<SessionId> = self.sessions.keys().cloned().collect();
        let hub_files = marks::of_hub_dir(&hub.dir, &looked, &self.others, Some(&self.hub_files));
        let common = hub.repository.git_dir();
        let git_files = marks::of_git_dir(common, Some(&self.git_files));
        // Only now: whatever hub did before is told of by now.
        let mut sessions: BTreeSet<SessionId> = self.sessions.keys().cloned().collect();
        let owners = self.worktrees.iter().filter_map(|one| one.of.as_ref());
        sessions.extend(owners.map(|(session, _)| session.clone()));
        sessions.extend(
            refs.iter()
                .filter_map(|one| Some(attempt(&one.r#ref)?.session)),
        );
        let lives = Lives::read(hub, self, &sessions)?;
        let mut found = Differences {
            refs: self.strange_refs(refs, &lives),
            told: lives.told.clone(),
            ..Differences::default()
        };
        for (watched, standing) in self.worktrees.iter().zip(standings) {
            found
                .worktrees
                .extend(self.strange_worktree(hub, watched, standing.ok(), &lives)?);
        }
        let of = |id: &SessionId| lives.activities.get(id);
        let hub_changes = changes(&self.hub_files, &hub_files)
            .filter(|(path, old, new)| !is_explained(path, old.is_some(), new.is_some(), of));
        let git_changes = changes(&self.git_files, &git_files);
        let areas = hub_changes
            .map(|found| (Area::Hub, found))
            .chain(git_changes.map(|found| (Area::Git, found)));
        for (area, (path, old, new)) in areas {
            let root = match area {
                Area::Hub => hub.dir.path(),
                Area::Git => common,
            };
            found.files.push(FileDifference {
                path: root.join(path),
                area,
                old: old.cloned(),
                new: new.cloned(),
            });
        }
        Ok(found)
    }

    /// The refs that neither hub nor an agent's own work explains.
    fn strange_refs(&self, changed: Vec<RefChanged>, lives: &Lives) -> Vec<RefChanged> {
        let mut left = unexplained(changed, &lives.moves);
        left.retain(|one| {
            let own = attempt(&one.r#ref).is_some_and(|branch| {
                let me = branch.session == self.session
                    && branch.agent == self.agent
                    && branch.attempt == self.attempt;
                // Nobody at work takes the branch away that is checked out where it is.
                let another = one.new.is_some() && lives.is_at_work(&branch.session, branch.agent);
                me || another
            });
            !own && !one.r#ref.starts_with(PREFIX)
        });
        left
    }

    /// How a worktree stands otherwise, where nobody was at work in it.
    fn strange_worktree(
        &self,
        hub: &Hub,
        watched: &Watched,
        now: Option<Standing>,
        lives: &Lives,
    ) -> Result<Option<WorktreeChanged>> {
        if let Some((session, agent)) = &watched.of
            && lives
                .activities
                .get(session)
                .is_none_or(|one| one.touched(*agent) || one.busy)
        {
            return Ok(None);
        }
        let (session, agent) = watched.of.clone().unzip();
        let mut changed = WorktreeChanged {
            path: watched.path.clone(),
            session,
            agent,
            head: None,
            index: None,
            files: None,
            large: Vec::new(),
        };
        let before = &watched.standing;
        let Some(now) = now else {
            let gone = std::fs::symlink_metadata(&watched.path).is_err();
            changed.head = gone.then(|| Move {
                old: Some(before.head.clone()),
                new: None,
            });
            return Ok(changed.head.is_some().then_some(changed));
        };
        let moved = self.left_at(before, &now, lives);
        let expected = match moved {
            Some(commit) if watched.of.is_none() => rebased(hub, before, &commit)?,
            _ => (before.index.clone(), before.files.clone()),
        };
        let of_head = |standing: &Standing| Some(standing.head.clone());
        changed.head = differing(of_head(before), of_head(&now));
        changed.index = differing(expected.0, now.index);
        changed.files = differing(expected.1, now.files);
        let both = before.large.iter().chain(&now.large);
        let large = both.filter(|one| before.large.contains(one) != now.large.contains(one));
        let large: BTreeSet<String> = large
            .map(|(path, ..)| path.to_string_lossy().into_owned())
            .collect();
        changed.large = large.into_iter().collect();
        Ok((!changed.is_empty()).then_some(changed))
    }

    /// Where hub has left the branch that is checked out, if it moved it.
    fn left_at(&self, before: &Standing, now: &Standing, lives: &Lives) -> Option<CommitId> {
        let branch = before
            .head
            .strip_prefix("ref: ")
            .filter(|_| before.head == now.head)?;
        let old = self.refs.get(branch).map(str::to_owned);
        let new = now.commit.as_ref().map(ToString::to_string);
        let change = RefChanged {
            r#ref: branch.to_owned(),
            old: old.clone(),
            new: new.clone(),
        };
        let left = match unexplained(vec![change], &lives.moves).pop() {
            Some(left) => left.old,
            None => new,
        };
        left.filter(|left| Some(left) != old.as_ref())?.parse().ok()
    }
}

/// The index and the files of a worktree, when hub has brought its branch to another commit: what
/// was changed before is changed still.
fn rebased(
    hub: &Hub,
    before: &Standing,
    commit: &CommitId,
) -> Result<(Option<CommitId>, CommitId)> {
    let git = &hub.repository;
    let tree = git.tree_of(commit)?;
    let Some(old) = before.commit.as_ref().filter(|_| !before.clean) else {
        return Ok((Some(tree.clone()), tree));
    };
    let old = git.tree_of(old)?;
    let on_top = |changed: &CommitId| -> Result<CommitId> {
        let changes = git.tree_changes(&old, changed)?.into_iter();
        let paths: Vec<(String, Option<Entry>)> = changes.map(|one| (one.path, one.new)).collect();
        Ok(git.tree_with(&tree, &paths)?)
    };
    let index = before.index.as_ref().map(on_top).transpose()?;
    Ok((index, on_top(&before.files)?))
}

fn differing<T: PartialEq>(old: T, new: T) -> Option<Move<T>> {
    (old != new).then_some(Move { old, new })
}

fn attempt(name: &str) -> Option<AttemptBranch> {
    name.strip_prefix("refs/heads/")?.parse().ok()
}

/// What hub did meanwhile, and who was at work.
struct Lives {
    activities: BTreeMap<SessionId, Activity>,
    /// The moves of refs that journals tell of, oldest first.
    moves: Vec<RefMove>,
    /// What was found when other agents ended.
    told: Vec<Found>,
}

impl Lives {
    fn read(hub: &Hub, guard: &Guard, sessions: &BTreeSet<SessionId>) -> Result<Self> {
        let from = guard.since - SLACK;
        let mut told: Vec<(DateTime<Utc>, Vec<RefMove>)> = Vec::new();
        let mut found = Vec::new();
        let mut activities = BTreeMap::new();
        let all = hub
            .dir
            .session_ids()?
            .into_iter()
            .chain(hub.dir.undone_ids()?);
        for id in all {
            let dir = hub.dir.session_anywhere(&id);
            let wanted = sessions.contains(&id);
            if !wanted && !is_written_since(&dir, from) {
                continue;
            }
            let busy = !is_free(&dir);
            let events = Tail::of(&dir).look().unwrap_or_default();
            let lines = of_time(&events, from);
            told.extend(lines.iter().map(|one| (one.time, one.refs.clone())));
            found.extend(lines.iter().filter_map(|one| Some(Told::of(one)?.found)));
            let last = guard.sessions.get(&id).copied();
            let new = lines
                .iter()
                .filter(|one| last.is_none_or(|last| one.seq > last) || is_open(one, &events));
            let lines = new.map(|one| (one.operation, agent_of(&one.detail)));
            let activity = Activity {
                lines: lines.collect(),
                at_work: at_work(hub, &id, guard.since),
                busy,
            };
            activities.insert(id, activity);
        }
        told.sort_by_key(|(time, _)| *time);
        let moves = told.into_iter().flat_map(|(_, moves)| moves).collect();
        Ok(Self {
            activities,
            moves,
            told: found,
        })
    }

    fn is_at_work(&self, session: &SessionId, agent: AgentId) -> bool {
        let activity = self.activities.get(session);
        activity.is_some_and(|activity| activity.at_work.contains(&agent))
    }
}

/// Whether a line is of an operation that has no end yet.
fn is_open(line: &Event, events: &[Event]) -> bool {
    let begin = events.iter().rev().find(|one| one.phase == Phase::Begin);
    let ended = |begin: &Event| {
        let mut after = events.iter().filter(|one| one.seq > begin.seq);
        after.any(|one| {
            one.operation == begin.operation && matches!(one.phase, Phase::End | Phase::TakenBack)
        })
    };
    begin.is_some_and(|begin| line.seq >= begin.seq && !ended(begin))
}

/// The lines of a time, and those of operations that were under way when it began.
fn of_time(events: &[Event], from: DateTime<Utc>) -> Vec<&Event> {
    let mut found: Vec<&Event> = Vec::new();
    let mut open: Vec<&Event> = Vec::new();
    for event in events {
        match event.phase {
            Phase::Begin => open = vec![event],
            Phase::Step if event.time < from => open.push(event),
            Phase::End | Phase::TakenBack if event.time < from => open.clear(),
            _ => {}
        }
        if event.time >= from && event.phase != Phase::Begin {
            found.append(&mut open);
            found.push(event);
        }
    }
    found.append(&mut open);
    found
}

fn is_written_since(dir: &SessionDir, from: DateTime<Utc>) -> bool {
    let written = beneath::metadata(&dir.journal_file()).and_then(|meta| meta.modified());
    written.is_ok_and(|written| DateTime::<Utc>::from(written) >= from)
}

/// Whether nobody is at a session; whoever writes a line holds it for a moment only.
fn is_free(dir: &SessionDir) -> bool {
    (0..20).any(|_| {
        let free = dir.is_free();
        if !free {
            std::thread::sleep(Duration::from_millis(10));
        }
        free
    })
}

/// The agents of a session that ran at any moment since.
fn at_work(hub: &Hub, id: &SessionId, since: DateTime<Utc>) -> BTreeSet<AgentId> {
    let Ok(stored) = StoredSession::read_anywhere(&hub.dir, id) else {
        return BTreeSet::new();
    };
    let agents = stored.session.agents().iter();
    let ran = agents.filter(|(_, record)| {
        let ended = record.run.as_ref().and_then(|run| run.ended);
        record.run.is_some() && ended.is_none_or(|ended| ended >= since)
    });
    ran.map(|(agent, _)| *agent).collect()
}
