//! What was found, as the journal tells it.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::files::FileKind;
use super::refs::RefChanged;
use crate::domain::effects::Move;
use crate::domain::event::{Detail, Event, Operation, Phase};
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::CommitId;
use crate::domain::time;

/// Under this name a line of the journal holds what was found.
pub const FOUND: &str = "found";

/// All that was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Found {
    /// Refs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<RefChanged>,
    /// Worktrees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub worktrees: Vec<WorktreeChanged>,
    /// Files of the hub directory, and what git keeps beside objects and refs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChanged>,
}

impl Found {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes out what was told already and is still the same: several agents may have run at that
    /// time, and each finds it when it ends.
    pub fn forget_told(&mut self, told: &Self) {
        let same_ref = |one: &RefChanged| {
            let mut told = told.refs.iter();
            told.any(|known| known.r#ref == one.r#ref && known.new == one.new)
        };
        self.refs.retain(|one| !same_ref(one));
        let same_file = |one: &FileChanged| {
            let mut told = told.files.iter();
            told.any(|known| known.path == one.path && known.new == one.new)
        };
        self.files.retain(|one| !same_file(one));
        for one in &mut self.worktrees {
            for known in told.worktrees.iter().filter(|known| known.path == one.path) {
                forget(&mut one.head, known.head.as_ref());
                forget(&mut one.index, known.index.as_ref());
                forget(&mut one.files, known.files.as_ref());
                one.large.retain(|large| !known.large.contains(large));
            }
        }
        self.worktrees.retain(|one| !one.is_empty());
    }
}

/// Forgets a move to where another one has led.
fn forget<T: PartialEq>(one: &mut Option<Move<T>>, told: Option<&Move<T>>) {
    if let (Some(found), Some(told)) = (&one, told)
        && found.new == told.new
    {
        *one = None;
    }
}

/// A worktree that stands otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeChanged {
    /// Its folder.
    pub path: PathBuf,
    /// The session whose agent's it is; null for the main worktree.
    pub session: Option<SessionId>,
    /// The agent whose it is; null for the main worktree.
    pub agent: Option<AgentId>,
    /// What is checked out: `ref: ` and a branch, or a commit; null where the folder is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Move<Option<String>>>,
    /// The tree of what is staged; null where a conflict is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Move<Option<CommitId>>>,
    /// The tree of the files; what git ignores is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Move<CommitId>>,
    /// Files of which only the size and the time are known, because they are large.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub large: Vec<String>,
}

impl WorktreeChanged {
    /// Whether nothing of it stands otherwise.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_none() && self.index.is_none() && self.files.is_none() && self.large.is_empty()
    }
}

/// Where a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The hub directory.
    Hub,
    /// The git directory.
    Git,
}

/// A file that stands otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChanged {
    /// Where it is.
    pub path: PathBuf,
    /// What it belongs to.
    pub area: Area,
    /// What was there; null for nothing.
    pub old: Option<KeptFile>,
    /// What is there; null for nothing.
    pub new: Option<KeptFile>,
}

/// A file, and where git has what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// What it is.
    pub kind: FileKind,
    /// Its permissions.
    pub mode: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The blob of what it holds; null where that was not kept.
    pub blob: Option<CommitId>,
}

/// What a line of the journal tells was found when an agent ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The line's number.
    pub seq: u64,
    /// When it was found.
    pub until: DateTime<Utc>,
    /// The agent that ran in that time.
    pub agent: AgentId,
    /// Its attempt.
    pub attempt: Attempt,
    /// Since when it could have been changed.
    pub since: DateTime<Utc>,
    /// What was changed.
    pub found: Found,
}

/// What a line says of it.
#[derive(Deserialize)]
struct Line {
    agent: AgentId,
    attempt: Attempt,
    #[serde(with = "time")]
    since: DateTime<Utc>,
    found: Found,
}

impl Told {
    /// What a line tells; `None` for a line about something else.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let is_one = event.operation == Operation::Outside && event.phase == Phase::Done;
        let detail = serde_json::Value::Object(event.detail.clone());
        let line: Line = serde_json::from_value(detail).ok().filter(|_| is_one)?;
        Some(Self {
            seq: event.seq,
            until: event.time,
            agent: line.agent,
            attempt: line.attempt,
            since: line.since,
            found: line.found,
        })
    }

    /// What a line is to say.
    #[must_use]
    pub fn detail(
        agent: AgentId,
        attempt: Attempt,
        since: &DateTime<Utc>,
        found: &Found,
    ) -> serde_json::Value {
        json!({
            "agent": agent,
            "attempt": attempt,
            "since": time::format(since),
            "refs": found.refs.len(),
            "worktrees": found.worktrees.len(),
            "files": found.files.len(),
            FOUND: found,
        })
    }
}

/// The text of a value of a line.
#[must_use]
pub fn agent_of(detail: &Detail) -> Option<AgentId> {
    detail.get("agent")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_not_told_again_until_it_is_another() {
        let changed = |new: &str| RefChanged {
            r#ref: "refs/heads/main".to_owned(),
            old: None,
            new: Some(new.to_owned()),
        };
        let worktree = |head: &str, large: &[&str]| WorktreeChanged {
            path: PathBuf::from("/main"),
            session: None,
            agent: None,
            head: Some(Move {
                old: None,
                new: Some(head.to_owned()),
            }),
            index: None,
            files: None,
            large: large.iter().map(|&name| name.to_owned()).collect(),
        };
        let found = |refs: &str, head: &str, large: &[&str]| Found {
            refs: vec![changed(refs)],
            worktrees: vec![worktree(head, large)],
            files: Vec::new(),
        };
        let told = found("a", "a", &["big"]);
        let left = |mut found: Found| {
            found.forget_told(&told);
            found
        };
        assert!(left(told.clone()).is_empty());
        let other = found("b", "b", &[]);
        assert_eq!(left(other.clone()), other);
        let expected = Found {
            worktrees: vec![WorktreeChanged {
                head: None,
                ..worktree("a", &["more"])
            }],
            ..Found::default()
        };
        assert_eq!(left(found("a", "a", &["big", "more"])), expected);
    }
}
