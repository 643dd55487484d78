//! Strategies: the one line that makes an agent's prompt differ from the others'.

use std::fmt;
use std::str::FromStr;

use super::diagnostic::{Code, Diagnostic};
use super::id::{BadName, serde_as_text};

/// One line of text, without white space at its ends; not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy(String);

impl Strategy {
    /// In bytes. What needs more belongs into the template.
    pub const LONGEST: usize = 4 * 1024;

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What was given on a command line, where an empty text stands for no strategy.
    ///
    /// # Errors
    /// As [`Strategy::from_str`].
    pub fn given(text: &str) -> Result<Option<Self>, BadName> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        text.parse().map(Some)
    }
}

impl FromStr for Strategy {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a strategy", s, why));
        let line = s.trim();
        if line.is_empty() {
            return bad("it is empty");
        }
        if line.len() > Self::LONGEST {
            return bad("it is longer than 4 KiB; put it into a template");
        }
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return bad("it must be one line without control characters");
        }
        Ok(Self(line.to_owned()))
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Strategy);

/// A list of strategies that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// A line that is no strategy.
    #[error("line {line}: {source}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: BadName,
    },
    /// No line is one.
    #[error("no line of it is a strategy")]
    Empty,
}

impl Diagnostic for BadList {
    fn code(&self) -> Code {
        Code::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("write one strategy a line; empty lines and lines that begin with # are passed over; `--no-strategies` is for none".to_owned())
    }
}

/// Reads a list: one strategy a line; empty lines and those that begin with `#` are passed over.
///
/// # Errors
/// A line that is no strategy, or no line that is one.
pub fn list(text: &str) -> Result<Vec<Strategy>, BadList> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut strategies = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let strategy = line.parse().map_err(|source| BadList::Line {
            line: number,
            source,
        })?;
        strategies.push(strategy);
    }
    if strategies.is_empty() {
        return Err(BadList::Empty);
    }
    Ok(strategies)
}

#[cfg(test)]
mod tests {
    use super::*;
    // Not its prelude: that has a `Strategy`, too.
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn shown(strategies: &[Strategy]) -> Vec<&str> {
        strategies.iter().map(Strategy::as_str).collect()
    }

    #[test]
    fn empty_lines_and_comments_are_passed_over() {
        let text = "\u{feff}# ours\n\ntry a cache\r\n   # no\n  use # of threads \n\t\n";
        let strategies = list(text).unwrap();
        assert_eq!(shown(&strategies), ["try a cache", "use # of threads"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = list("# x\ntry a cache\nbell\u{7}\n").unwrap_err();
        assert!(error.to_string().starts_with("line 3: "), "{error}");
        for nothing in ["", "\n\n", "# one\n#two"] {
            assert_eq!(list(nothing), Err(BadList::Empty), "{nothing:?}");
        }
    }

    #[test]
    fn an_empty_one_on_a_command_line_is_none() {
        assert_eq!(Strategy::given("").unwrap(), None);
        assert_eq!(Strategy::given(" ").unwrap(), None);
        let line = Strategy::given(" try a cache ").unwrap().unwrap();
        assert_eq!(line.as_str(), "try a cache");
        for bad in ["a\nb", "a\0b", &"x".repeat(5000)] {
            assert!(Strategy::given(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_to_be_read_or_refused(text in "(?s).{0,200}") {
            match list(&text) {
                Ok(strategies) => {
                    prop_assert!(!strategies.is_empty());
                    prop_assert!(strategies.len() <= text.lines().count());
                    for strategy in &strategies {
                        prop_assert!(!strategy.as_str().starts_with('#'));
                        prop_assert_eq!(strategy.as_str().parse(), Ok(strategy.clone()));
                    }
                }
                Err(BadList::Line { line, .. }) => prop_assert!(line >= 1 && line <= text.lines().count()),
                Err(BadList::Empty) => {}
            }
        }

        #[test]
        fn whatever_is_written_a_line_each_is_read_back(
            lines in proptest::collection::vec("[^#\\pC\\pZ]([^\\pC]{0,40}[^\\pC\\pZ])?", 1..8),
            between in "(\n| \n|# a note\n|\t#\n){0,4}",
            end in "(\n|\r\n)",
        ) {
            let each = lines.iter().map(|line| format!("{between}{line}{end}"));
            let text = each.collect::<Vec<_>>().concat();
            let read = list(&text).unwrap();
            prop_assert_eq!(shown(&read), lines);
        }
    }
}
