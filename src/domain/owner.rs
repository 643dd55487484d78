//! Whose session it is.

use std::fmt;
use std::str::FromStr;

use super::id::{BadName, serde_as_text};

/// A login name; the number of a user who has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for a user who has no name.
    #[must_use]
    pub fn of_number(uid: u32) -> Self {
        Self(uid.to_string())
    }
}

impl FromStr for UserName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a user's name", s, why));
        if s.is_empty() {
            return bad("it is empty");
        }
        if s.chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == ':')
        {
            return bad("it holds white space, a colon or a control character");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(UserName);

/// Whose sessions are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhoseSessions {
    /// Those of whoever asks.
    Mine,
    /// Those of this user.
    Of(UserName),
}

impl FromStr for WhoseSessions {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        match s {
            "me" => Ok(Self::Mine),
            name => name.parse().map(Self::Of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word() {
        for good in ["ada", "1000", "o'brien", "DOMAIN\\ada", "größer"] {
            assert_eq!(good.parse::<UserName>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\nb", "a:b", "\u{1b}x"] {
            assert!(bad.parse::<UserName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn me_is_whoever_asks() {
        assert_eq!("me".parse(), Ok(WhoseSessions::Mine));
        let ada = "ada".parse().unwrap();
        assert_eq!("ada".parse(), Ok(WhoseSessions::Of(ada)));
    }
}
