//! The names of channels, authors and posts: checked before they touch a path.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::id::{AgentId, BadName, serde_as_text};

/// A channel of the board: the name of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel(String);

impl Channel {
    /// The channels that every board has.
    pub const ESTABLISHED: [&str; 3] = ["dispatch", "progress", "results"];

    /// What agents are asked to do.
    #[must_use]
    pub fn dispatch() -> Self {
        Self("dispatch".to_owned())
    }

    /// How it goes.
    #[must_use]
    pub fn progress() -> Self {
        Self("progress".to_owned())
    }

    /// What came of it.
    #[must_use]
    pub fn results() -> Self {
        Self("results".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it comes in a list: those that every board has first, in their order.
    #[must_use]
    pub fn rank(&self) -> (usize, &str) {
        let names = Self::ESTABLISHED;
        let known = names.iter().position(|name| *name == self.0);
        (known.unwrap_or(names.len()), &self.0)
    }
}

impl FromStr for Channel {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a channel", s, why));
        if !s.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return bad("it must begin with a letter");
        }
        if s.len() > 64 {
            return bad("it is longer than 64 characters");
        }
        if !s
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        {
            return bad("only letters, digits, - and _ may be in it");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who writes a post: a part of its file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author(String);

impl Author {
    /// hub itself.
    #[must_use]
    pub fn hub() -> Self {
        Self("hub".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Author {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("an author", s, why));
        if !s.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return bad("it must begin with a letter or a digit");
        }
        if s.len() > 64 {
            return bad("it is longer than 64 characters");
        }
        if !s
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        {
            return bad("only letters, digits, -, _ and . may be in it");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(Channel, Author);

/// The name of a post's file, with what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    text: String,
    number: Option<u32>,
    author: Option<String>,
    time: Option<DateTime<Utc>>,
}

impl FileName {
    /// What a post's name ends with.
    pub const SUFFIX: &str = ".md";
    /// The largest number; one digit more could be a date that somebody wrote there.
    pub const LAST: u32 = 9_999_999;
    const STAMP: &str = "%Y%m%dT%H%M%SZ";

    /// The name of a new post.
    #[must_use]
    pub fn new(number: u32, author: &Author, now: DateTime<Utc>) -> Self {
        let stamp = now.format(Self::STAMP);
        Self::parse(&format!("{number:03}-{author}-{stamp}{}", Self::SUFFIX))
    }

    /// Takes the name of any file; what it does not tell is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let stem = text.strip_suffix(Self::SUFFIX).unwrap_or(text);
        let (number, rest) = match leading_number(stem) {
            Some((number, rest)) => (Some(number), rest),
            None => (None, stem),
        };
        let (rest, time) = match rest.rsplit_once('-') {
            Some((before, stamp)) => match NaiveDateTime::parse_from_str(stamp, Self::STAMP) {
                Ok(time) if stamp.len() == 16 => (before, Some(time.and_utc())),
                _ => (rest, None),
            },
            None => (rest, None),
        };
        let whole = number.is_some() && time.is_some();
        let author = if whole && rest.parse::<Author>().is_ok() {
            Some(rest.to_owned())
        } else {
            leading_agent(rest)
        };
        Self {
            text: text.to_owned(),
            number,
            author,
            time,
        }
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name without `.md`, by which posts name each other.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.text.strip_suffix(Self::SUFFIX).unwrap_or(&self.text)
    }

    /// The number in the channel.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.number
    }

    /// Who wrote it.
    #[must_use]
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// When it was written.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }

    /// The order of a channel: by number, then those without one by name.
    #[must_use]
    pub fn order(&self) -> (u32, &str) {
        (self.number.unwrap_or(u32::MAX), &self.text)
    }
}

/// The number that a name begins with, and what follows its dash.
fn leading_number(stem: &str) -> Option<(u32, &str)> {
    let (digits, rest) = stem.split_once('-').unwrap_or((stem, ""));
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = is_number.then(|| digits.parse().ok()).flatten()?;
    (number <= FileName::LAST).then_some((number, rest))
}

/// As older tools named them: `agent-2-result`.
fn leading_agent(rest: &str) -> Option<String> {
    let digits = rest.strip_prefix("agent-")?.split('-').next()?;
    let agent: AgentId = format!("agent-{digits}").parse().ok()?;
    Some(agent.to_string())
}

/// How a person or a post names a post: its file with or without `.md`, the beginning of it,
/// or its number; the channel with a slash may stand before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRef {
    /// The channel, where it is named.
    pub channel: Option<Channel>,
    name: String,
}

impl PostRef {
    /// Which of some posts of one channel are meant: those that fit best.
    #[must_use]
    pub fn find<'f>(&self, files: impl Iterator<Item = &'f FileName> + Clone) -> Vec<&'f FileName> {
        let stem = self
            .name
            .strip_suffix(FileName::SUFFIX)
            .unwrap_or(&self.name);
        let exact = files.clone().filter(|file| file.stem() == stem);
        let exact: Vec<&FileName> = exact.collect();
        if !exact.is_empty() {
            return exact;
        }
        let number = leading_number(stem);
        files
            .filter(|file| {
                let is_number =
                    matches!(number, Some((number, "")) if file.number() == Some(number));
                let rest = file.stem().strip_prefix(stem);
                is_number || rest.is_some_and(|rest| rest.starts_with('-'))
            })
            .collect()
    }
}

impl FromStr for PostRef {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| BadName::new("a post", s, why);
        let (channel, name) = match s.split_once('/') {
            Some((channel, name)) => (Some(channel.parse()?), name),
            None => (None, s),
        };
        if name.is_empty() || name.starts_with(['-', '.']) {
            return Err(bad("it must begin with a letter or a digit"));
        }
        if name.len() > 255 {
            return Err(bad("it is longer than 255 bytes"));
        }
        if name.chars().any(|c| c == '/' || c.is_control()) {
            return Err(bad("a slash or a control character is in it"));
        }
        Ok(Self {
            channel,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for PostRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.channel {
            Some(channel) => write!(f, "{channel}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_refused() {
        let long = "a".repeat(300);
        for bad in [
            "", ".", "..", "../x", "a/b", "-rf", "a\0b", "a b", "ä", ".hidden", "_index", &long,
        ] {
            assert!(bad.parse::<Channel>().is_err(), "{bad:?}");
            assert!(bad.parse::<Author>().is_err(), "{bad:?}");
        }
        for bad in [
            "",
            "../x",
            "a/../b",
            "-rf",
            "results/",
            "results/../x",
            "a\0b",
            "x/y/z",
        ] {
            assert!(bad.parse::<PostRef>().is_err(), "{bad:?}");
        }
        assert!("4ever".parse::<Author>().is_ok());
        assert!("4ever".parse::<Channel>().is_err());
    }

    #[test]
    fn names_of_files_tell_what_they_can() {
        for (name, number, author, timed) in [
            (
                "001-agent-1-20260317T143510Z.md",
                Some(1),
                Some("agent-1"),
                true,
            ),
            (
                "1000-coordinator-20260317T143510Z.md",
                Some(1000),
                Some("coordinator"),
                true,
            ),
            ("002-agent-3.md", Some(2), Some("agent-3"), false),
            ("agent-2-result.md", None, Some("agent-2"), false),
            ("merge-summary.md", None, None, false),
            ("20260317-notes.md", None, None, false),
            ("99999999-x-20260317T143510Z.md", None, None, true),
            ("3.md", Some(3), None, false),
            ("001-a b-20260317T143510Z.md", Some(1), None, true),
            ("001-x-20261399T143510Z.md", Some(1), None, false),
            ("--.md", None, None, false),
            ("", None, None, false),
        ] {
            let file = FileName::parse(name);
            let found = (file.number(), file.author(), file.time().is_some());
            assert_eq!(found, (number, author, timed), "{name}");
        }
    }

    #[test]
    fn posts_are_found_by_whatever_names_one_of_them() {
        let files: Vec<FileName> = [
            "001-agent-1-20260317T143510Z.md",
            "001-agent-10-20260317T143511Z.md",
            "002-agent-2-20260317T143512Z.md",
            "agent-2-result.md",
        ]
        .map(FileName::parse)
        .into();
        for (name, found) in [
            ("1", vec![0, 1]),
            ("002", vec![2]),
            ("results/2", vec![2]),
            ("001-agent-1", vec![0]),
            ("001-agent-1-20260317T143510Z.md", vec![0]),
            ("agent-2-result", vec![3]),
            ("agent-2", vec![3]),
            ("3", vec![]),
            ("001-agent", vec![0, 1]),
            ("00", vec![]),
        ] {
            let wanted: Vec<&FileName> = found.iter().map(|index: &usize| &files[*index]).collect();
            let post: PostRef = name.parse().unwrap();
            assert_eq!(post.find(files.iter()), wanted, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_name_that_hub_makes_is_read_back(
            number in 1u32..FileName::LAST,
            author in "[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}",
            seconds in 0i64..4_000_000_000,
        ) {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            let author: Author = author.parse().unwrap();
            let made = FileName::new(number, &author, now);
            let read = FileName::parse(made.as_str());
            prop_assert_eq!(read.number(), Some(number));
            prop_assert_eq!(read.author(), Some(author.as_str()));
            prop_assert_eq!(read.time(), Some(now));
        }
    }
}
