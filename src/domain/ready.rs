//! What makes a worktree ready to work in, beside its files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::{BadName, serde_as_text};

/// What is done for a worktree around the work of its agent; a part of `launch.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Commands that are run in it before the first attempt.
    #[serde(default)]
    pub setup: Vec<ShellLine>,
}

impl Ready {
    /// All commands.
    pub fn commands(&self) -> impl Iterator<Item = &ShellLine> {
        self.setup.iter()
    }

    /// What was asked for, with `below` where nothing was.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let or = |above: Vec<_>, below| if above.is_empty() { below } else { above };
        Self {
            setup: or(self.setup, below.setup),
        }
    }
}

/// A command for `sh -c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellLine(String);

impl ShellLine {
    /// The command.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShellLine {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a command for the shell", s, why));
        if s.trim().is_empty() {
            return bad("it is empty");
        }
        if s.contains('\0') {
            return bad("it holds a NUL byte");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for ShellLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(ShellLine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_something_to_run() {
        assert_eq!("npm ci".parse::<ShellLine>().unwrap().as_str(), "npm ci");
        for bad in ["", " \n", "a\0b"] {
            assert!(bad.parse::<ShellLine>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_asked_for_wins() {
        let ready = |commands: &[&str]| Ready {
            setup: commands.iter().map(|text| text.parse().unwrap()).collect(),
        };
        assert_eq!(ready(&["a"]).over(ready(&["b", "c"])), ready(&["a"]));
        assert_eq!(ready(&[]).over(ready(&["b"])), ready(&["b"]));
    }
}
