//! Why a level was not entered.

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::id::SessionId;

use super::SecurityLevel;
use super::machine::Gap;

/// A level that does not hold; nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecurityRefused {
    /// The machine cannot enforce all of it.
    #[error("security level {level} cannot be enforced here: {}", listed(.gaps))]
    NotEnforced {
        /// The level.
        level: SecurityLevel,
        /// What the machine lacks.
        gaps: Vec<Gap>,
    },
    /// It is lower than the session's.
    #[error("session {session} is at security level {from}, and {to} is lower")]
    Lowered {
        /// The session.
        session: SessionId,
        /// The level that holds.
        from: SecurityLevel,
        /// The one that was asked for.
        to: SecurityLevel,
    },
    /// The session has no plan of its agents yet.
    #[error("session {0} has not been spawned, so it has no security level yet")]
    NotSpawned(SessionId),
    /// An agent asks for what only the user may say.
    #[error("an agent cannot change the security level of a session")]
    Agent,
}

/// What is lacking, each once, with all walls that miss it.
fn listed(gaps: &[Gap]) -> String {
    let mut lacking: Vec<(&str, Vec<&str>)> = Vec::new();
    for gap in gaps {
        let wall = gap.wall.as_str();
        match lacking.iter_mut().find(|(lacks, _)| *lacks == gap.lacks) {
            Some((_, walls)) => walls.push(wall),
            None => lacking.push((&gap.lacks, vec![wall])),
        }
    }
    let words = lacking
        .iter()
        .map(|(lacks, walls)| format!("{} needs {lacks}", walls.join(", ")));
    words.collect::<Vec<_>>().join("; ")
}

impl Diagnostic for SecurityRefused {
    fn code(&self) -> Code {
        match self {
            Self::NotEnforced { .. } | Self::Lowered { .. } | Self::Agent => Code::Refused,
            Self::NotSpawned(_) => Code::WrongState,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotEnforced { .. } => {
                "`hub security` shows what this machine enforces; --best-effort goes on without the rest, --security medium asks for less".to_owned()
            }
            Self::Lowered { .. } => {
                "a level is only ever raised; a new session can have a lower one: `hub spawn --security LEVEL`".to_owned()
            }
            Self::NotSpawned(session) => format!("`hub spawn {session} --security LEVEL` sets it"),
            Self::Agent => "say it yourself, outside of an agent".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::security::walls::Wall;

    #[test]
    fn what_is_lacking_is_named_once() {
        let gap = |wall, lacks: &str| Gap {
            wall,
            lacks: lacks.to_owned(),
        };
        let refused = SecurityRefused::NotEnforced {
            level: SecurityLevel::High,
            gaps: vec![
                gap(Wall::Writes, "Landlock"),
                gap(Wall::Reads, "Landlock"),
                gap(Wall::Network, "seccomp"),
            ],
        };
        assert_eq!(
            refused.to_string(),
            "security level high cannot be enforced here: writes, reads needs Landlock; network needs seccomp"
        );
        assert_eq!(refused.code(), Code::Refused);
    }
}
