//! The names of branches, tags and commits, and what hub's own refs are called.

use std::fmt;
use std::str::FromStr;

use super::id::{AgentId, Attempt, BadName, SessionId, serde_as_text};

/// The id of a git object: 40 hex digits (SHA-1) or 64 (SHA-256), in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(String);

impl CommitId {
    /// The id as hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl FromStr for CommitId {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let hex = s.bytes().all(|b| b.is_ascii_hexdigit());
        if hex && matches!(s.len(), 40 | 64) {
            Ok(Self(s.to_ascii_lowercase()))
        } else {
            Err(BadName::new(
                "a commit id",
                s,
                "it must be 40 or 64 hex digits",
            ))
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The short name of a branch, such as `main`, that git accepts and no option can be mistaken for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BranchName(String);

impl BranchName {
    /// The name without `refs/heads/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full ref name.
    #[must_use]
    pub fn full(&self) -> RefName {
        RefName(format!("refs/heads/{}", self.0))
    }
}

impl FromStr for BranchName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| BadName::new("a branch name", s, why);
        if s.starts_with('-') {
            return Err(bad("it may not begin with a dash"));
        }
        if s.starts_with("refs/") {
            return Err(bad("give the short name, without refs/heads/"));
        }
        if s == "HEAD" {
            return Err(bad("HEAD is not a branch"));
        }
        check_ref_path(s).map_err(bad)?;
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A full ref name that begins with `refs/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefName(String);

impl RefName {
    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch, when the ref is one.
    #[must_use]
    pub fn branch(&self) -> Option<BranchName> {
        self.0.strip_prefix("refs/heads/")?.parse().ok()
    }
}

impl FromStr for RefName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| BadName::new("a ref name", s, why);
        if !s.starts_with("refs/") {
            return Err(bad("it must begin with refs/"));
        }
        check_ref_path(s).map_err(bad)?;
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// git's rules for the path of a ref (git-check-ref-format(1)).
fn check_ref_path(s: &str) -> Result<(), &'static str> {
    if s.is_empty() {
        return Err("it is empty");
    }
    if s.len() > 200 {
        return Err("it is longer than 200 bytes");
    }
    if s == "@" || s.contains("@{") {
        return Err("git reads @ as something else");
    }
    if s.contains("..") {
        return Err("it may not hold two dots in a row");
    }
    if s.ends_with('.') {
        return Err("it may not end with a dot");
    }
    if s.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c)) {
        return Err("it holds a character that git does not allow in a ref");
    }
    for part in s.split('/') {
        if part.is_empty() {
            return Err("a part between slashes is empty");
        }
        if part.starts_with('.') {
            return Err("a part may not begin with a dot");
        }
        // git compares this one to the letter.
        if part.strip_suffix(".lock").is_some() {
            return Err("a part may not end with .lock");
        }
    }
    Ok(())
}

/// The branch of one attempt: `hub/<session>/agent-<N>/attempt-<M>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptBranch {
    /// The session.
    pub session: SessionId,
    /// The agent of that session.
    pub agent: AgentId,
    /// The attempt of that agent.
    pub attempt: Attempt,
}

impl AttemptBranch {
    /// The first part of every attempt branch's name.
    pub const ROOT: &'static str = "hub";

    /// The name as a branch name.
    #[must_use]
    pub fn name(&self) -> BranchName {
        BranchName(self.to_string())
    }

    /// The prefix that all attempt branches of `session` share, as a ref name with a final slash.
    #[must_use]
    pub fn prefix(session: &SessionId) -> String {
        format!("refs/heads/hub/{session}/")
    }
}

impl fmt::Display for AttemptBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hub/{}/{}/{}", self.session, self.agent, self.attempt)
    }
}

impl FromStr for AttemptBranch {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = || {
            BadName::new(
                "an attempt branch",
                s,
                "it must be hub/<session>/agent-<N>/attempt-<M>",
            )
        };
        let mut parts = s.split('/');
        let (Some("hub"), Some(session), Some(agent), Some(attempt), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(bad());
        };
        match (session.parse(), agent.parse(), attempt.parse()) {
            (Ok(session), Ok(agent), Ok(attempt)) => Ok(Self {
                session,
                agent,
                attempt,
            }),
            _ => Err(bad()),
        }
    }
}

/// The tag that keeps an attempt after its branch is gone.
///
/// `hub/archive/<session>/agent-<N>` for an agent's newest attempt and
/// `hub/archive/<session>/agent-<N>.attempt-<M>` for an older one: a ref cannot be
/// both a file and a folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArchiveTag {
    /// The session.
    pub session: SessionId,
    /// The agent of that session.
    pub agent: AgentId,
    /// The attempt, when it is not the agent's newest.
    pub older_attempt: Option<Attempt>,
}

impl ArchiveTag {
    /// The full ref name.
    #[must_use]
    pub fn full(&self) -> RefName {
        RefName(format!("refs/tags/{self}"))
    }

    /// The prefix that all archive tags of `session` share, as a ref name with a final slash.
    #[must_use]
    pub fn prefix(session: &SessionId) -> String {
        format!("refs/tags/hub/archive/{session}/")
    }
}

impl fmt::Display for ArchiveTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hub/archive/{}/{}", self.session, self.agent)?;
        match self.older_attempt {
            Some(attempt) => write!(f, ".{attempt}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ArchiveTag {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = || {
            BadName::new(
                "an archive tag",
                s,
                "it must be hub/archive/<session>/agent-<N>[.attempt-<M>]",
            )
        };
        let rest = s.strip_prefix("hub/archive/").ok_or_else(bad)?;
        let (session, leaf) = rest.split_once('/').ok_or_else(bad)?;
        let (agent, attempt) = match leaf.split_once('.') {
            Some((agent, attempt)) => (agent, Some(attempt)),
            None => (leaf, None),
        };
        let older_attempt = attempt.map(str::parse).transpose().map_err(|_| bad())?;
        match (session.parse(), agent.parse()) {
            (Ok(session), Ok(agent)) => Ok(Self {
                session,
                agent,
                older_attempt,
            }),
            _ => Err(bad()),
        }
    }
}

/// A ref below `refs/hub/snapshots/`: work that no branch holds, kept before a worktree goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotRef {
    /// The session.
    pub session: SessionId,
    /// The agent whose worktree it was.
    pub agent: AgentId,
    /// What tells it from the agent's other snapshots.
    pub label: SnapshotLabel,
}

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SnapshotLabel {
    /// The uncommitted and untracked files; the value is the time, in seconds since 1970.
    Uncommitted(i64),
    /// A commit that the agent made and then left behind (an amended or reset one).
    Discarded(CommitId),
}

impl SnapshotRef {
    /// What the full name of every snapshot begins with.
    pub const ROOT: &'static str = "refs/hub/snapshots/";

    /// The full ref name.
    #[must_use]
    pub fn full(&self) -> RefName {
        RefName(self.to_string())
    }

    /// The prefix that all snapshots of `session` share, with a final slash.
    #[must_use]
    pub fn prefix(session: &SessionId) -> String {
        format!("refs/hub/snapshots/{session}/")
    }
}

impl fmt::Display for SnapshotRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refs/hub/snapshots/{}/{}/", self.session, self.agent)?;
        match &self.label {
            SnapshotLabel::Uncommitted(seconds) => write!(f, "uncommitted-{seconds}"),
            SnapshotLabel::Discarded(commit) => write!(f, "discarded-{}", commit.short()),
        }
    }
}

serde_as_text!(
    CommitId,
    BranchName,
    RefName,
    AttemptBranch,
    ArchiveTag,
    SnapshotRef
);

impl FromStr for SnapshotRef {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = || BadName::new("a snapshot", s, "it must be below refs/hub/snapshots/");
        let rest = s.strip_prefix("refs/hub/snapshots/").ok_or_else(bad)?;
        let mut parts = rest.splitn(3, '/');
        let (Some(session), Some(agent), Some(label)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(bad());
        };
        let label = if let Some(seconds) = label.strip_prefix("uncommitted-") {
            SnapshotLabel::Uncommitted(seconds.parse().map_err(|_| bad())?)
        } else if let Some(hex) = label.strip_prefix("discarded-") {
            SnapshotLabel::Discarded(CommitId(hex.to_owned()))
        } else {
            return Err(bad());
        };
        Ok(Self {
            session: session.parse().map_err(|_| bad())?,
            agent: agent.parse().map_err(|_| bad())?,
            label,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn branch_names_that_are_accepted() {
        for good in ["main", "feature/x", "wörk", "v1.2", "a@b", "hub", "日本"] {
            assert_eq!(good.parse::<BranchName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn branch_names_that_are_refused() {
        let long = "b".repeat(300);
        for bad in [
            "",
            "-x",
            "@",
            "HEAD",
            "--upload-pack=x",
            "a..b",
            "a b",
            "a\tb",
            "a\0b",
            "a//b",
            "/a",
            "a/",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "a@{1}",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "refs/heads/a",
            long.as_str(),
        ] {
            assert!(bad.parse::<BranchName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn attempt_branches_and_archive_tags_round_trip() {
        let branch = "hub/20260317-143022/agent-2/attempt-3";
        assert_eq!(branch.parse::<AttemptBranch>().unwrap().to_string(), branch);
        for tag in [
            "hub/archive/20260317-143022/agent-2",
            "hub/archive/20260317-143022/agent-2.attempt-1",
        ] {
            assert_eq!(tag.parse::<ArchiveTag>().unwrap().to_string(), tag);
        }
        for bad in [
            "hub/20260317-143022/agent-2",
            "hub/20260317-143022/agent-2/attempt-0",
            "hub/20260317-143022/agent-2/attempt-1/x",
            "hub/x/agent-2/attempt-1",
        ] {
            assert!(bad.parse::<AttemptBranch>().is_err(), "{bad}");
        }
    }

    #[test]
    fn commit_ids_are_whole() {
        let id = "3f1c".repeat(10);
        assert_eq!(id.parse::<CommitId>().unwrap().short(), "3f1c3f1c3f");
        for bad in ["", "3f1c", "HEAD", &"g".repeat(40), &"0".repeat(41)] {
            assert!(bad.parse::<CommitId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_attempt_branch_is_a_branch_name(
            seconds in 0i64..4_000_000_000, agent in 1u32..=256, attempt in 1u32..1000
        ) {
            let branch = AttemptBranch {
                session: SessionId::at(chrono::DateTime::from_timestamp(seconds, 0).unwrap(), 1),
                agent: AgentId::new(agent).unwrap(),
                attempt: Attempt::new(attempt).unwrap(),
            };
            prop_assert_eq!(branch.to_string().parse::<BranchName>().unwrap(), branch.name());
            prop_assert_eq!(branch.to_string().parse::<AttemptBranch>().unwrap(), branch);
        }
    }
}
