//! Why paths of one agent were not put onto another's work.

use std::path::PathBuf;

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, SessionId};

/// A graft that cannot be meant, or has nothing to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraftRefused {
    /// An agent's work onto itself.
    #[error("--onto and --from both name {0}")]
    SameAgent(AgentId),
    /// A path that no commit has a name for.
    #[error("{} names nothing inside the repository", .0.display())]
    NoPathInside(PathBuf),
    /// A path that neither of the two has.
    #[error("neither {onto} nor {from} of session {session} has {}", path.display())]
    PathInNeither {
        /// The session.
        session: SessionId,
        /// Onto whose work.
        onto: AgentId,
        /// Of whose work.
        from: AgentId,
        /// The path, from the top of the repository.
        path: PathBuf,
    },
    /// The paths are the same in both.
    #[error("there is nothing to graft: {onto} has what is named as {from} has it")]
    NothingDiffers {
        /// Onto whose work.
        onto: AgentId,
        /// Of whose work.
        from: AgentId,
    },
}

impl Diagnostic for GraftRefused {
    fn code(&self) -> Code {
        match self {
            Self::SameAgent(_) | Self::NoPathInside(_) => Code::Usage,
            Self::PathInNeither { .. } => Code::NotFound,
            Self::NothingDiffers { .. } => Code::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::SameAgent(_) => Some("name two agents".to_owned()),
            Self::NoPathInside(_) => {
                Some("name files or folders, from the current folder".to_owned())
            }
            Self::PathInNeither { session, from, .. } => Some(format!(
                "paths start at the current folder and have no wildcards; `git -C \"$(hub path {session} {from})\" ls-files` lists those of {from}"
            )),
            Self::NothingDiffers { .. } => None,
        }
    }
}
