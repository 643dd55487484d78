//! What the page of `hub eval --report` shows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::diff::FileDiff;
use crate::domain::id::AgentId;
use crate::domain::preset::PresetName;
use crate::domain::refs::{BranchName, CommitId};
use crate::domain::session::Task;

use super::EvalReport;

/// An evaluation with what explains it to somebody who has only the page.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalPage {
    /// What was measured.
    pub evaluation: EvalReport,
    /// What the agents were asked to do.
    pub task: Task,
    /// Where every attempt started and the winner goes.
    pub base_branch: BranchName,
    /// Where every attempt started; older tools did not record it.
    pub base_commit: Option<CommitId>,
    /// When the page is made.
    pub made: DateTime<Utc>,
    /// What is known of the agents beside their results.
    pub agents: BTreeMap<AgentId, AgentPage>,
}

/// An agent's work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentPage {
    /// The preset that it was run by.
    pub preset: Option<PresetName>,
    /// The line that made its prompt differ from the others'.
    pub strategy: Option<String>,
    /// What the commit that was measured changes; `None` where that is not known any more.
    pub files: Option<Vec<FileDiff>>,
    /// What it last said of its results.
    pub post: Option<PagePost>,
}

/// A post as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePost {
    /// Where it stands on the board, as `results/004-agent-1-20260317T143022.md`.
    pub name: String,
    /// When it was written.
    pub written: Option<DateTime<Utc>>,
    /// What it says: markdown.
    pub body: String,
}
