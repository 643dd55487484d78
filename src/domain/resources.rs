//! What an attempt used, and the limit that ended it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::BadName;
use super::settings::Seconds;

/// A limit of an attempt's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// How long it may take.
    Timeout,
    /// How long it may neither print anything nor change a file.
    IdleTimeout,
}

/// The limit that an attempt has reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TimedOut {
    /// Which.
    pub limit: Limit,
    /// Its value.
    pub after_s: f64,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after_s;
        match self.limit {
            Limit::Timeout => write!(f, "it had run for {after} s (--timeout)"),
            Limit::IdleTimeout => write!(
                f,
                "it had neither printed nor changed anything for {after} s (--idle-timeout)"
            ),
        }
    }
}

/// What an attempt's process used, with everything that it started; null is "not known".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Usage {
    /// From its start to its end, pauses included.
    pub wall_s: f64,
    /// Processor time, of user and system.
    pub cpu_s: Option<f64>,
    /// The largest that a single process was.
    pub peak_memory_bytes: Option<u64>,
}

/// A limit of time as it is given: more than 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeLimit(Duration);

impl TimeLimit {
    /// Ten minutes.
    pub const TEN_MINUTES: Self = Self(Duration::from_secs(600));

    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for TimeLimit {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let time = s.parse::<Seconds>()?.duration();
        if time.is_zero() {
            return Err(BadName::new("a time limit", s, "it must be more than 0"));
        }
        Ok(Self(time))
    }
}

/// How long an agent may go on after it was asked to end: nothing to a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grace(Duration);

impl Grace {
    /// What an agent is given where nothing is said.
    pub const USUAL: Self = Self(Duration::from_secs(5));

    /// Beyond that, nobody waits for an end.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// The same as a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Default for Grace {
    fn default() -> Self {
        Self::USUAL
    }
}

impl FromStr for Grace {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let time = s.parse::<Seconds>().ok().map(Seconds::duration);
        time.filter(|time| *time <= Self::LONGEST)
            .map(Self)
            .ok_or_else(|| BadName::new("a grace period", s, "it must be 0 seconds to 24 hours"))
    }
}

impl Serialize for TimeLimit {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for TimeLimit {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(d)?.to_string();
        seconds.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_more_than_nothing() {
        assert_eq!(
            "0.5".parse::<TimeLimit>().unwrap().duration().as_millis(),
            500
        );
        assert_eq!(
            "2h".parse::<TimeLimit>().unwrap().duration().as_secs(),
            7200
        );
        for bad in ["0", "0h", "-1", "soon"] {
            assert!(bad.parse::<TimeLimit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_grace_period_may_be_nothing_and_has_an_end() {
        for (text, seconds) in [("0", 0.0), ("0.5", 0.5), ("30s", 30.0), ("24h", 86_400.0)] {
            let grace = text.parse::<Grace>().unwrap().duration();
            assert!((grace.as_secs_f64() - seconds).abs() < 1e-9, "{text}");
        }
        for bad in [
            "-1", "-0.5", "86401", "25h", "1e300", "inf", "NaN", "soon", "",
        ] {
            assert!(bad.parse::<Grace>().is_err(), "{bad}");
        }
    }
}
