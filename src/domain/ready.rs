//! What makes a worktree ready to work in, beside its files.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::environment;
use super::id::{BadName, serde_as_text};
use super::settings::NumberOrText;

/// What is done for a worktree around the work of its agent; a part of `launch.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Commands that are run in it before the first attempt.
    #[serde(default)]
    pub setup: Vec<ShellLine>,
    /// Commands that are run in it before it is removed.
    #[serde(default)]
    pub teardown: Vec<ShellLine>,
    /// How many TCP ports its agent has for itself.
    #[serde(default)]
    pub ports: Option<PortCount>,
}

impl Ready {
    /// All commands.
    pub fn commands(&self) -> impl Iterator<Item = &ShellLine> {
        self.setup.iter().chain(&self.teardown)
    }

    /// What was asked for, with `below` where nothing was.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let or = |above: Vec<_>, below| if above.is_empty() { below } else { above };
        Self {
            setup: or(self.setup, below.setup),
            teardown: or(self.teardown, below.teardown),
            ports: self.ports.or(below.ports),
        }
    }
}

/// How many ports an agent has: 0 to 16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCount(u16);

impl PortCount {
    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for PortCount {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let most = environment::PORTS.len();
        let number = s.parse().ok().filter(|n| usize::from(*n) <= most);
        number
            .map(Self)
            .ok_or_else(|| BadName::new("a number of ports", s, "it must be 0 to 16"))
    }
}

impl Serialize for PortCount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u16(self.0)
    }
}

impl<'de> Deserialize<'de> for PortCount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberOrText(PhantomData))
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
    fn ports_have_a_most() {
        for (text, count) in [("0", 0), ("16", 16)] {
            assert_eq!(text.parse::<PortCount>().unwrap().get(), count);
            assert_eq!(
                serde_json::from_str::<PortCount>(text).unwrap().get(),
                count
            );
        }
        for bad in ["17", "-1", "65536", "many", ""] {
            assert!(bad.parse::<PortCount>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_asked_for_wins() {
        let ready = |commands: &[&str]| Ready {
            setup: commands.iter().map(|text| text.parse().unwrap()).collect(),
            ..Ready::default()
        };
        assert_eq!(ready(&["a"]).over(ready(&["b", "c"])), ready(&["a"]));
        assert_eq!(ready(&[]).over(ready(&["b"])), ready(&["b"]));
    }
}
