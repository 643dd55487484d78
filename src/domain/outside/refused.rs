//! Why nothing of what was found was put back or accepted.

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::id::SessionId;
use crate::domain::text::first_few;

/// What was found stays as it is; nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideRefused {
    /// Nothing of what was found has this name.
    #[error("nothing open of session {session} is named {name}")]
    NotFound {
        /// The session.
        session: SessionId,
        /// What was asked for.
        name: String,
    },
    /// It was changed again since it was found.
    #[error("it was changed again since it was found: {}", first_few(.names.iter()))]
    ChangedAgain {
        /// What was.
        names: Vec<String>,
    },
    /// What was there before is not kept.
    #[error("what was there before is not kept: {}", first_few(.names.iter()))]
    NotKept {
        /// Of what.
        names: Vec<String>,
    },
    /// Agents are at work, to whom it may belong.
    #[error("{agents} of session {session} still run")]
    AtWork {
        /// The session.
        session: SessionId,
        /// Who.
        agents: String,
    },
}

impl Diagnostic for OutsideRefused {
    fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            _ => Code::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { session, .. } => {
                format!("`hub outside {session}` lists what was found")
            }
            Self::ChangedAgain { .. } => {
                "look at it by hand; `--restore` with names puts the rest back, `--accept` leaves all as it is"
                    .to_owned()
            }
            Self::NotKept { .. } => {
                "`--restore` with names puts the rest back; `--accept` leaves all as it is".to_owned()
            }
            Self::AtWork { session, .. } => format!("`hub wait {session}`, then do it again"),
        })
    }
}
