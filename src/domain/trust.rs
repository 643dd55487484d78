//! Commands that somebody else wrote and that this user would run all the same.
//!
//! Such a command is known by its content: one that was changed by a single letter is another
//! one, and so is the same command in another repository.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::diagnostic::{Code, Diagnostic};
use super::digest;
use super::id::BadName;

/// Digits that people see and type.
const SHORT: usize = 12;

/// What a command of a repository is known by: the SHA-256 of both, 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct TrustId(String);

impl TrustId {
    /// That of a command in the repository whose home is `repository`.
    #[must_use]
    pub fn of(repository: &Path, command: &str) -> Self {
        let repository = repository.as_os_str().as_encoded_bytes();
        // No path has a NUL, so that nothing of the command can be taken for the path.
        Self(digest::sha256(&[repository, b"\0", command.as_bytes()]))
    }

    /// All of its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits that people see and type.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or(&self.0)
    }
}

impl fmt::Display for TrustId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The beginning of a [`TrustId`]: 12 to 64 hex digits, so that nobody hits one by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPrefix(String);

impl TrustPrefix {
    /// Whether an id begins with it.
    #[must_use]
    pub fn fits(&self, id: &TrustId) -> bool {
        id.0.starts_with(&self.0)
    }
}

impl FromStr for TrustPrefix {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if (SHORT..=64).contains(&s.len()) && digest::is_hex(s) {
            Ok(Self(s.to_owned()))
        } else {
            let why = "it must be the 12 or more hex digits that `hub trust --list` shows";
            Err(BadName::new("a command's id", s, why))
        }
    }
}

impl fmt::Display for TrustPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// It is run as an agent.
    Agent,
    /// It measures results.
    Eval,
    /// It compares two results.
    Judge,
    /// It makes a worktree ready.
    Setup,
    /// It tidies up before a worktree goes.
    Teardown,
    /// It is what agents of a preset are run by.
    Preset,
}

impl CommandKind {
    /// For people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent command",
            Self::Eval => "eval command",
            Self::Judge => "judge command",
            Self::Setup => "setup command",
            Self::Teardown => "teardown command",
            Self::Preset => "preset",
        }
    }
}

/// Why nothing was trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustRefused {
    /// No command has this id.
    #[error("no command of somebody else here has the id {0}")]
    NoCommand(TrustPrefix),
    /// It is an agent who asks.
    #[error("an agent cannot say for its user which commands are run")]
    Agent,
    /// There is no place to remember it.
    #[error(
        "neither HOME nor XDG_STATE_HOME is set to an absolute path, so nothing can be remembered"
    )]
    NoFolder,
}

impl Diagnostic for TrustRefused {
    fn code(&self) -> Code {
        match self {
            Self::NoCommand(_) => Code::NotFound,
            Self::Agent => Code::Refused,
            Self::NoFolder => Code::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoCommand(_) => {
                "`hub trust --list` shows them; one that was changed has another id"
            }
            Self::Agent => "run `hub trust` in a terminal of your own",
            Self::NoFolder => "set HOME; HUB_TRUST=all runs all commands of one call",
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_letter_or_another_repository_makes_another_command() {
        let id = |repository: &str, command: &str| TrustId::of(Path::new(repository), command);
        let one = id("/r", "make bench");
        assert_eq!(one, id("/r", "make bench"));
        for (repository, command) in [("/r", "make bench "), ("/r2", "make bench"), ("/", "r")] {
            assert_ne!(one, id(repository, command), "{repository} {command}");
        }
        assert_ne!(id("/rm", "x"), id("/r", "mx"));
    }

    #[test]
    fn a_prefix_is_long_enough_to_be_meant() {
        let id = TrustId::of(Path::new("/r"), "x");
        for (length, legal) in [(11, false), (12, true), (40, true), (64, true)] {
            let prefix = id.as_str()[..length].parse::<TrustPrefix>();
            assert_eq!(
                prefix.is_ok_and(|prefix| prefix.fits(&id)),
                legal,
                "{length}"
            );
        }
        for bad in ["", "G00000000000", "../../../../x", &"a".repeat(65)] {
            assert!(bad.parse::<TrustPrefix>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn ids_are_hex_whatever_the_command(command in any::<String>()) {
            let id = TrustId::of(Path::new("/r"), &command);
            prop_assert_eq!(id.as_str().len(), 64);
            prop_assert!(id.short().parse::<TrustPrefix>().unwrap().fits(&id));
        }
    }
}
