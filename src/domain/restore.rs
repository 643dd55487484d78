//! Why something that was put away was not brought back.

use std::path::PathBuf;

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, Attempt, SessionId};
use super::refs::{BranchName, CommitId};
use super::text::quoted;

/// A worktree, a branch or work that cannot come back as it was; nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreRefused {
    /// Neither a branch nor an archive tag holds the attempt.
    #[error("nothing holds {agent}{} of session {session}", numbered(*.attempt))]
    NothingKept {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// The attempt that was asked for.
        attempt: Option<Attempt>,
    },
    /// The branch is there and leads to something else.
    #[error("branch {branch} is there already, at {} and not at {}", found.short(), wanted.short())]
    BranchElsewhere {
        /// The branch.
        branch: BranchName,
        /// Where it is.
        found: CommitId,
        /// Where it would be.
        wanted: CommitId,
    },
    /// The branch is checked out in another worktree.
    #[error("branch {branch} is checked out in {}", worktree.display())]
    BranchInUse {
        /// The branch.
        branch: BranchName,
        /// Where.
        worktree: PathBuf,
    },
    /// The worktree stands and shows something else.
    #[error("worktree {} is there and shows {found}, not {wanted}", worktree.display())]
    WorktreeElsewhere {
        /// The worktree.
        worktree: PathBuf,
        /// Its branch or commit.
        found: String,
        /// What it would show.
        wanted: String,
    },
}

impl Diagnostic for RestoreRefused {
    fn code(&self) -> Code {
        match self {
            Self::NothingKept { .. } => Code::NotFound,
            Self::BranchElsewhere { .. }
            | Self::BranchInUse { .. }
            | Self::WorktreeElsewhere { .. } => Code::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NothingKept { session, .. } => {
                format!("`git tag --list 'hub/archive/{session}/*'` lists what is kept")
            }
            Self::BranchElsewhere { branch, .. } => format!(
                "look at it with `git log {branch}`, then rename it: `git branch -m {branch} OTHER`"
            ),
            Self::BranchInUse { worktree, .. } => format!(
                "leave it there, as with `git -C {} switch --detach`, then do it again",
                quoted(worktree)
            ),
            Self::WorktreeElsewhere {
                worktree, wanted, ..
            } => format!(
                "`git -C {} switch {wanted}` goes there, where its work allows it",
                quoted(worktree)
            ),
        })
    }
}

fn numbered(attempt: Option<Attempt>) -> String {
    attempt.map_or_else(String::new, |attempt| format!(" {attempt}"))
}
