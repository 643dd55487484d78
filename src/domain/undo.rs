//! Why an operation was not taken back.

use std::fmt::Write as _;

use super::diagnostic::{Code, Diagnostic};
use super::event::Operation;
use super::id::SessionId;
use super::report::Obstacle;

/// An operation that stays; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndoRefused {
    /// Nothing was done that could be taken back.
    #[error("there is nothing to take back in session {session}")]
    Nothing {
        /// The session.
        session: SessionId,
    },
    /// An operation of a kind that is not taken back.
    #[error("the last operation of session {session} is `hub {}`, which is not taken back", .operation.as_str())]
    Stays {
        /// The session.
        session: SessionId,
        /// What was done.
        operation: Operation,
    },
    /// The journal does not hold what taking it back needs.
    #[error("`hub {}` of session {session} was done by an older hub, whose journal tells too little to take it back", .operation.as_str())]
    ToldTooLittle {
        /// The session.
        session: SessionId,
        /// What was done.
        operation: Operation,
    },
    /// Something is not as the operation left it.
    #[error("`hub {operation}` of session {session} cannot be taken back{}", listed(.obstacles))]
    InTheWay {
        /// The session.
        session: SessionId,
        /// What was done.
        operation: &'static str,
        /// Everything that stands in the way.
        obstacles: Vec<Obstacle>,
    },
}

fn listed(obstacles: &[Obstacle]) -> String {
    obstacles.iter().fold(":".to_owned(), |mut text, one| {
        let _ = write!(text, "\n  {}", one.what);
        if let Some(hint) = &one.hint {
            let _ = write!(text, "\n    hint: {hint}");
        }
        text
    })
}

impl Diagnostic for UndoRefused {
    fn code(&self) -> Code {
        match self {
            Self::Nothing { .. } => Code::NotFound,
            Self::Stays { .. } | Self::ToldTooLittle { .. } | Self::InTheWay { .. } => {
                Code::Refused
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Nothing { session } => {
                Some(format!("`hub events {session}` shows what was done"))
            }
            Self::Stays { session, operation } => Some(match operation {
                Operation::Retry | Operation::Graft => format!(
                    "the attempt before it stays on its branch: `hub dag {session}` shows all of them, `hub archive {session}` keeps them as tags"
                ),
                _ => format!("`hub events {session}` shows what it did"),
            }),
            Self::ToldTooLittle { session, .. } => Some(format!(
                "`hub events {session}` shows what was done; plain git takes it back by hand"
            )),
            Self::InTheWay { session, .. } => Some(format!(
                "nothing was changed; `hub undo {session}` once more when the way is free"
            )),
        }
    }
}
