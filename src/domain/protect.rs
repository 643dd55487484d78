//! Paths that no contestant may change for its own evaluation.

use std::fmt;
use std::str::FromStr;

use super::id::{BadName, serde_as_text};

/// A path of the repository, or a glob of paths: `bench/**`, `tests`, `*.expected`.
///
/// As git's pathspecs with the magic `glob` (gitglossary(7)): `*` stops at a slash, `**` does
/// not, and a folder stands for all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathGlob(String);

impl PathGlob {
    /// The glob as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PathGlob {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a path to protect", s, why));
        if s.trim().is_empty() {
            return bad("it is empty");
        }
        if s.chars().any(char::is_control) {
            return bad("it holds a control character");
        }
        if s.starts_with('/') {
            return bad("it must begin at the top of the repository, without a slash");
        }
        if s.split('/').any(|part| part == "..") {
            return bad("it leads out of the repository");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(PathGlob);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_stay_in_the_repository() {
        for good in ["bench/**", "tests", "a b/*.txt", ":x", "-x", "[ab]"] {
            assert_eq!(good.parse::<PathGlob>().unwrap().as_str(), good);
        }
        for bad in ["", "  ", "/etc", "../x", "a/../b", "a\nb", "a\0b"] {
            assert!(bad.parse::<PathGlob>().is_err(), "{bad:?}");
        }
    }
}
