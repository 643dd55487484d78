//! How much an agent may have of what others on the machine need, too.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::id::BadName;
use crate::domain::launch::ByteSize;
use crate::domain::settings::NumberOrText;

/// How many of something there may be: 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, schemars::JsonSchema)]
pub struct Count(u32);

impl Count {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for Count {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let number = s.parse().ok().map(NonZeroU32::get);
        number
            .map(Self)
            .ok_or_else(|| BadName::new("a number", s, "it must be a whole number from 1 on"))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberOrText(PhantomData))
    }
}

/// The limits of an agent from `medium` on; generous, for whoever runs away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bounds {
    /// How many processes and threads it may have.
    pub processes: Count,
    /// How much memory of its own each process may have; what the machine has where nothing is
    /// said.
    pub memory: Option<ByteSize>,
    /// How large a file may become that it writes.
    pub file_size: ByteSize,
    /// How many files each process may have open.
    pub open_files: Count,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            processes: Count(4096),
            memory: None,
            file_size: ByteSize::of(16 << 30),
            open_files: Count(65536),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_numbers_from_1_on() {
        for bad in ["0", "-1", "1.5", "", "many", "4294967296"] {
            assert!(bad.parse::<Count>().is_err(), "{bad:?}");
        }
        assert_eq!(serde_json::from_str::<Count>("64").unwrap().get(), 64);
    }
}
