//! The ids of sessions, agents and attempts: types that hold only well-formed values.
//!
//! Each is checked once, where it comes in; from then on it may become part of a
//! path or of a ref without another look.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::diagnostic::{Code, Diagnostic};

/// A value from outside that is not what its grammar asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {what}: {why}", value = shorten(.value))]
pub struct BadName {
    /// What was expected, with its article: `a session id`.
    pub what: &'static str,
    /// The value as it came in.
    pub value: String,
    /// The rule that it breaks.
    pub why: &'static str,
}

impl BadName {
    pub(crate) fn new(what: &'static str, value: &str, why: &'static str) -> Self {
        Self {
            what,
            value: value.to_owned(),
            why,
        }
    }
}

impl Diagnostic for BadName {
    fn code(&self) -> Code {
        Code::Usage
    }

    fn hint(&self) -> Option<String> {
        match self.what {
            "a session id" => Some(
                "session ids look like 20260317-143022; `hub list` shows those there are".into(),
            ),
            "an agent" => {
                Some("agents are agent-1, agent-2, …; `hub status` shows those there are".into())
            }
            "a command" => Some("`hub --help` lists the commands".into()),
            "a branch name" => {
                Some("`git check-ref-format --branch NAME` says what git accepts".into())
            }
            "a channel" => Some("`hub board list` shows the channels".into()),
            "an author" => Some("name one with --author NAME".into()),
            "a message" => Some("give it with --message TEXT, --file FILE or - for stdin".into()),
            _ => None,
        }
    }
}

/// Values of any length come in; an error message stays readable.
fn shorten(value: &str) -> String {
    const LONGEST: usize = 80;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    let mut short: String = value.chars().take(LONGEST).collect();
    short.push('…');
    short
}

/// A session's id: `YYYYMMDD-HHMMSS`, with `-2`, `-3` … for later ones of the same second.
///
/// Ordered by time, then by that number (so `…-10` follows `…-9`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId {
    text: String,
}

impl SessionId {
    const WHAT: &'static str = "a session id";
    const STAMP: usize = 15;

    /// The id for a session made at `time`, as the `nth` of its second (from 1).
    #[must_use]
    pub fn at(time: DateTime<Utc>, nth: u32) -> Self {
        let stamp = time.format("%Y%m%d-%H%M%S");
        let text = if nth <= 1 {
            stamp.to_string()
        } else {
            format!("{stamp}-{nth}")
        };
        Self { text }
    }

    /// The id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Numbers that stand in the order of the ids: many are sorted sooner by these.
    #[must_use]
    pub fn rank(&self) -> (u64, u32) {
        let (stamp, nth) = self.sort_key();
        let digits = stamp.bytes().filter(u8::is_ascii_digit);
        let time = digits.fold(0, |time: u64, digit| time * 10 + u64::from(digit - b'0'));
        (time, nth)
    }

    fn sort_key(&self) -> (&str, u32) {
        let (stamp, rest) = self
            .text
            .split_at_checked(Self::STAMP)
            .unwrap_or((&self.text, ""));
        let nth = rest.strip_prefix('-').and_then(|n| n.parse().ok());
        (stamp, nth.unwrap_or(1))
    }
}

impl FromStr for SessionId {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| BadName::new(Self::WHAT, s, why);
        let bytes = s.as_bytes();
        let (Some(stamp), Some(rest)) = (bytes.get(..Self::STAMP), bytes.get(Self::STAMP..)) else {
            return Err(bad("it is too short"));
        };
        let shape = stamp.iter().enumerate().all(|(i, b)| match i {
            8 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
        if !shape {
            return Err(bad("it must begin with YYYYMMDD-HHMMSS"));
        }
        match rest {
            [] => {}
            [b'-', first @ b'1'..=b'9', more @ ..]
                if more.len() < 9
                    && more.iter().all(u8::is_ascii_digit)
                    && !(more.is_empty() && *first == b'1') => {}
            _ => return Err(bad("only -2, -3 … may follow the time")),
        }
        Ok(Self { text: s.to_owned() })
    }
}

impl Ord for SessionId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

impl PartialOrd for SessionId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// How a person names a session: its id, the beginning of one, or `latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionSelector {
    /// The newest that fits.
    Latest,
    /// A whole id or the unique beginning of one.
    Prefix(String),
}

impl SessionSelector {
    /// Whether `id` is what the selector may mean.
    #[must_use]
    pub fn matches(&self, id: &SessionId) -> bool {
        match self {
            Self::Latest => true,
            Self::Prefix(prefix) => id.as_str().starts_with(prefix.as_str()),
        }
    }
}

impl FromStr for SessionSelector {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if s == "latest" {
            return Ok(Self::Latest);
        }
        let fits = !s.is_empty()
            && s.len() <= 26
            && s.starts_with(|c: char| c.is_ascii_digit())
            && s.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self::Prefix(s.to_owned()))
        } else {
            Err(BadName::new(
                SessionId::WHAT,
                s,
                "only digits and dashes, or `latest`",
            ))
        }
    }
}

impl fmt::Display for SessionSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Prefix(prefix) => f.write_str(prefix),
        }
    }
}

/// An agent of a session: `agent-1`, `agent-2` …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentId(u32);

impl AgentId {
    const WHAT: &'static str = "an agent";
    /// More agents than this in one session are a slip of the keyboard.
    pub const MOST: u32 = 256;

    /// The agent with this number, counted from 1; `None` outside `1..=MOST`.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (1..=Self::MOST).contains(&number).then_some(Self(number))
    }

    /// The agents `agent-1` to `agent-count`, in order.
    pub fn first(count: u32) -> impl Iterator<Item = Self> {
        (1..=count.min(Self::MOST)).map(Self)
    }

    /// The number, counted from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl FromStr for AgentId {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let digits = s.strip_prefix("agent-").unwrap_or_default();
        canonical_number(digits).and_then(Self::new).ok_or_else(|| {
            BadName::new(
                Self::WHAT,
                s,
                "it must be agent-N with N from 1 to 256, without leading zeros",
            )
        })
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("agent-{}", self.0))
    }
}

/// The number of an attempt, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attempt(u32);

impl Attempt {
    /// The first attempt of an agent.
    pub const FIRST: Self = Self(1);

    /// The attempt with this number; `None` for zero.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// The number, counted from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The attempt after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt-{}", self.0)
    }
}

impl FromStr for Attempt {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let digits = s.strip_prefix("attempt-").unwrap_or_default();
        canonical_number(digits)
            .and_then(Self::new)
            .ok_or_else(|| BadName::new("an attempt", s, "it must be attempt-M with M from 1"))
    }
}

/// A number written the one way hub writes it: no sign, no leading zero.
fn canonical_number(digits: &str) -> Option<u32> {
    let canonical =
        digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { digits.parse().ok() } else { None }
}

/// Serializes through the written form, and checks the grammar on the way in.
macro_rules! serde_as_text {
    ($($type:ty),+ $(,)?) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    )+};
}
pub(crate) use serde_as_text;

serde_as_text!(SessionId, AgentId);

impl serde::Serialize for Attempt {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u32(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Attempt {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(d)?;
        Self::new(number).ok_or_else(|| serde::de::Error::custom("attempts are counted from 1"))
    }
}

impl schemars::JsonSchema for Attempt {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Attempt".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn session_ids_that_are_accepted() {
        for good in [
            "20260317-143022",
            "20260317-143022-2",
            "20260317-143022-10",
            "00000000-000000",
        ] {
            assert_eq!(good.parse::<SessionId>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn session_ids_that_are_refused() {
        let long = "2".repeat(300);
        for bad in [
            "",
            "latest",
            "../../x",
            "/etc/passwd",
            "-rf",
            "20260317-143022/..",
            "20260317-143022\0",
            "20260317-143022-",
            "20260317-143022-0",
            "20260317-143022-1",
            "20260317-143022-02",
            "20260317-143022-99999999999",
            "20260317_143022",
            "٢٠٢٦٠٣١٧-١٤٣٠٢٢",
            "２0260317-143022",
            long.as_str(),
        ] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn session_ids_sort_by_time_and_number() {
        let mut ids: Vec<SessionId> = [
            "20260317-143022-10",
            "20260317-143023",
            "20260317-143022",
            "20260317-143022-9",
        ]
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
        ids.sort();
        let sorted: Vec<_> = ids.iter().map(SessionId::as_str).collect();
        assert_eq!(
            sorted,
            [
                "20260317-143022",
                "20260317-143022-9",
                "20260317-143022-10",
                "20260317-143023"
            ]
        );
        let mut by_rank = ids.clone();
        by_rank.reverse();
        by_rank.sort_by_key(SessionId::rank);
        assert_eq!(by_rank, ids);
    }

    #[test]
    fn agents_are_written_one_way() {
        assert_eq!("agent-12".parse(), Ok(AgentId(12)));
        for bad in [
            "agent-0",
            "agent-01",
            "agent-",
            "agent--1",
            "agent-+1",
            "1",
            "agent-1/..",
            "Agent-1",
            "agent-257",
            "agent-99999999999999999999",
        ] {
            assert!(bad.parse::<AgentId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn messages_name_the_value_and_stay_short() {
        let error = "x".repeat(300).parse::<AgentId>().unwrap_err();
        assert!(error.to_string().len() < 250, "{error}");
        assert!(error.to_string().contains("is not an agent"));
    }

    proptest! {
        #[test]
        fn whatever_parses_is_safe_in_a_path_and_in_a_ref(text in ".{0,40}") {
            if let Ok(id) = text.parse::<SessionId>() {
                prop_assert_eq!(id.as_str(), text.as_str());
                prop_assert!(id.as_str().bytes().all(|b| b.is_ascii_digit() || b == b'-'));
            }
            if let Ok(id) = text.parse::<AgentId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn every_id_that_hub_makes_parses(seconds in 0i64..4_000_000_000, nth in 1u32..5000) {
            let id = SessionId::at(DateTime::from_timestamp(seconds, 0).unwrap(), nth);
            prop_assert_eq!(id.as_str().parse::<SessionId>(), Ok(id.clone()));
        }
    }
}
