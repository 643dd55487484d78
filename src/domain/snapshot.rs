//! Snapshots: which one is meant, and why one is not brought back.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, BadName, SessionId};
use super::refs::{CommitId, SnapshotRef};
use super::text::{first_few, quoted};

/// What snapshots are refs below of.
const PREFIX: &str = "refs/hub/snapshots/";

/// A snapshot as it is named: its ref, a part of it that no other has, or the beginning of its
/// commit's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotName(String);

impl SnapshotName {
    /// The fewest digits of a commit's id, as git takes them.
    const FEWEST_DIGITS: usize = 4;

    /// The one among all that is meant.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find<'s>(
        &self,
        all: impl IntoIterator<Item = (&'s SnapshotRef, &'s CommitId)>,
    ) -> Result<&'s SnapshotRef, SnapshotRefused> {
        let sought = self.0.strip_prefix(PREFIX).unwrap_or(&self.0);
        let hex = sought.len() >= Self::FEWEST_DIGITS
            && sought.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut found = Vec::new();
        for (name, commit) in all {
            let whole = name.to_string();
            let short = whole.strip_prefix(PREFIX).unwrap_or(&whole);
            if short == sought {
                return Ok(name);
            }
            let by_commit = hex && commit.as_str().starts_with(&sought.to_ascii_lowercase());
            if by_commit || short.contains(sought) {
                found.push(name);
            }
        }
        match found.as_slice() {
            [] => Err(SnapshotRefused::NoSnapshot(self.clone())),
            [one] => Ok(one),
            several => Err(SnapshotRefused::Ambiguous {
                name: self.clone(),
                matches: several.iter().map(|name| short(name)).collect(),
            }),
        }
    }
}

/// A snapshot's ref without what all of them begin with.
#[must_use]
pub fn short(name: &SnapshotRef) -> String {
    let name = name.to_string();
    name.strip_prefix(PREFIX).unwrap_or(&name).to_owned()
}

impl FromStr for SnapshotName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        if s.is_empty() || s.len() > 200 || s.starts_with('-') || !s.chars().all(plain) {
            return Err(BadName::new(
                "a snapshot",
                s,
                "it must be its ref, a part of it, or the beginning of its commit's id",
            ));
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How old something must be: `30d`, `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimumAge(pub Duration);

impl FromStr for MinimumAge {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        humantime::parse_duration(s).map(Self).map_err(|_| {
            BadName::new(
                "an age",
                s,
                "it must be a time with its unit, as 12h, 7d or 2weeks",
            )
        })
    }
}

/// A snapshot that is not there, or cannot be brought back in this way; nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotRefused {
    /// None is named so.
    #[error("no snapshot is named {0}")]
    NoSnapshot(SnapshotName),
    /// More than one can be meant.
    #[error("snapshot {name} is not unique: {}", first_few(.matches.iter()))]
    Ambiguous {
        /// What was asked for.
        name: SnapshotName,
        /// What fits.
        matches: Vec<String>,
    },
    /// Neither names nor a rule say which are to be given up.
    #[error("nothing says which snapshots are to be given up")]
    NothingNamed,
    /// A commit is no uncommitted work: somebody has to say where it goes.
    #[error("{name} is a commit, not uncommitted work")]
    IsACommit {
        /// The snapshot.
        name: String,
    },
    /// The agent's worktree shows something else by now.
    #[error("{} is at {}, and the snapshot was made on {}", worktree.display(), at(.found.as_ref()), made_on.short())]
    MovedOn {
        /// The snapshot.
        name: String,
        /// The worktree.
        worktree: PathBuf,
        /// Where it is.
        found: Option<CommitId>,
        /// Where it was.
        made_on: CommitId,
    },
    /// No attempt of the agent ends where the snapshot was made.
    #[error("no attempt of {agent} of session {session} ends at {}, where the snapshot was made", made_on.short())]
    NoAttempt {
        /// The snapshot.
        name: String,
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// Where it was made.
        made_on: CommitId,
    },
    /// Its session is not there any more.
    #[error("session {session} is gone")]
    SessionGone {
        /// The snapshot.
        name: String,
        /// The session.
        session: SessionId,
    },
}

impl Diagnostic for SnapshotRefused {
    fn code(&self) -> Code {
        match self {
            Self::NoSnapshot(_) | Self::SessionGone { .. } => Code::NotFound,
            Self::Ambiguous { .. } | Self::NothingNamed | Self::IsACommit { .. } => Code::Usage,
            Self::MovedOn { .. } | Self::NoAttempt { .. } => Code::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        let into = |name: &str| {
            format!("`hub snapshots restore {name} --into FOLDER` makes another worktree of it")
        };
        Some(match self {
            Self::NoSnapshot(_) => "`hub snapshots` lists them".to_owned(),
            Self::Ambiguous { .. } => "name it by more of its ref".to_owned(),
            Self::NothingNamed => {
                "name some, or give --older-than 30d, or --session SESSION".to_owned()
            }
            Self::IsACommit { name } | Self::SessionGone { name, .. } => {
                format!("`hub snapshots restore {name} --branch NAME` gives it a branch")
            }
            Self::MovedOn {
                name,
                worktree,
                made_on,
                ..
            } => format!(
                "{}; or go there first: `git -C {} switch --detach {}`",
                into(name),
                quoted(worktree),
                made_on.short()
            ),
            Self::NoAttempt { name, .. } => into(name),
        })
    }
}

fn at(commit: Option<&CommitId>) -> &str {
    commit.map_or("no commit", CommitId::short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(label: &str, digit: &str) -> (SnapshotRef, CommitId) {
        let name = format!("{PREFIX}20260317-143022/{label}");
        (name.parse().unwrap(), digit.repeat(40).parse().unwrap())
    }

    #[test]
    fn a_snapshot_is_named_by_its_ref_a_part_of_it_or_its_commit() {
        let all = [
            named("agent-1/uncommitted-17", "a"),
            named("agent-1/uncommitted-170", "b"),
            named("agent-2/discarded-cccccccccc", "c"),
        ];
        let find = |text: &str| {
            let name: SnapshotName = text.parse().unwrap();
            let found = name.find(all.iter().map(|(name, commit)| (name, commit)));
            found.map(|found| all.iter().position(|one| one.0 == *found).unwrap())
        };
        for (text, expected) in [
            (
                "refs/hub/snapshots/20260317-143022/agent-1/uncommitted-17",
                0,
            ),
            ("20260317-143022/agent-1/uncommitted-17", 0),
            ("uncommitted-170", 1),
            ("aaaa", 0),
            ("BBBBBB", 1),
            ("agent-2", 2),
            ("cccccccccc", 2),
        ] {
            assert_eq!(find(text).unwrap(), expected, "{text}");
        }
        for (text, code) in [
            ("agent-9", Code::NotFound),
            ("dddd", Code::NotFound),
            ("aaa", Code::NotFound),
            ("agent-1", Code::Usage),
            ("20260317", Code::Usage),
        ] {
            assert_eq!(find(text).unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_or_an_age() {
        let long = "a".repeat(201);
        for bad in ["", "-x", "a b", "a\0", "a:b", "*", long.as_str()] {
            assert!(bad.parse::<SnapshotName>().is_err(), "{bad:?}");
        }
        let days: MinimumAge = "30d".parse().unwrap();
        assert_eq!(days.0, Duration::from_secs(30 * 86400));
        for bad in ["", "30", "-1d", "long"] {
            assert!(bad.parse::<MinimumAge>().is_err(), "{bad:?}");
        }
    }
}
