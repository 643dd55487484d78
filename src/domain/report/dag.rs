//! `hub dag`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::diff::DiffStat;
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::{ArchiveTag, BranchName, CommitId};
use crate::domain::time;

/// The attempts of a session and the commits between them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DagReport {
    /// The session.
    pub session: SessionId,
    /// The commit that attempts are counted from; null where it is not known.
    pub base_commit: Option<CommitId>,
    /// The attempts, by agent and number; with `--frontier` only those at the frontier.
    pub agents: Vec<DagAttempt>,
    /// The commits of all attempts down to the one that they have in common, which is the last;
    /// children come before their parents.
    pub commits: Vec<DagCommit>,
}

/// One attempt in the graph.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DagAttempt {
    /// The agent.
    pub agent: AgentId,
    /// The attempt.
    pub attempt: Attempt,
    /// The attempt's branch, whether it is there or not any more.
    pub branch: BranchName,
    /// The tag that keeps the attempt; null while there is none.
    pub tag: Option<ArchiveTag>,
    /// The attempt's tip: of its branch, of its tag, or what was merged of it; null without any.
    pub commit: Option<CommitId>,
    /// Commits beyond the base commit.
    pub commits_ahead: Option<usize>,
    /// What the attempt changes.
    pub diff: Option<DiffStat>,
    /// When the tip was committed; null where the attempt has no commit of its own.
    #[serde(with = "time::option")]
    #[schemars(with = "Option<String>")]
    pub last_update: Option<DateTime<Utc>>,
    /// The tip's subject; null where the attempt has no commit of its own.
    pub last_message: Option<String>,
    /// Whether no other tip of the session contains this one; equal tips do not contain each other.
    pub frontier: bool,
    /// The attempt with the fewest commits that contains this one; null at the frontier.
    pub contained_in: Option<AttemptName>,
    /// Whether the last evaluation put it first.
    pub winner: bool,
    /// Whether only its tag keeps it.
    pub archived: bool,
}

/// An attempt of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AttemptName {
    /// The agent.
    pub agent: AgentId,
    /// The attempt.
    pub attempt: Attempt,
}

/// One commit in the graph.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DagCommit {
    /// The commit.
    pub commit: CommitId,
    /// Its parents, as far as they are listed here.
    pub parents: Vec<CommitId>,
    /// Its subject.
    pub message: String,
}
