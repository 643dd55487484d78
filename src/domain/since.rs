//! A moment that is meant by its time, or by how long ago it was.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::id::BadName;
use super::time;

/// From when on something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From this time on.
    At(DateTime<Utc>),
    /// From so long ago on.
    Ago(Duration),
}

impl Since {
    /// The moment, counted from `now`; the earliest there is where it lies before all times.
    #[must_use]
    pub fn from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Ago(ago) => TimeDelta::from_std(ago)
                .ok()
                .and_then(|ago| now.checked_sub_signed(ago))
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
        }
    }
}

impl FromStr for Since {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if let Some(time) = time::parse(s) {
            return Ok(Self::At(time));
        }
        humantime::parse_duration(s).map(Self::Ago).map_err(|_| {
            BadName::new(
                "a time",
                s,
                "it must be as 2026-03-17T14:30:22+00:00, or how long ago, as 90s, 10m or 2h30m",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_lengths_of_time() {
        let now = time::parse("2026-03-17T14:30:22+00:00").unwrap();
        for (text, expected) in [
            ("2026-03-17T14:00:00+00:00", "2026-03-17T14:00:00+00:00"),
            ("2026-03-17T16:00:00+02:00", "2026-03-17T14:00:00+00:00"),
            ("2026-03-17T14:00:00Z", "2026-03-17T14:00:00+00:00"),
            ("22s", "2026-03-17T14:30:00+00:00"),
            ("10m", "2026-03-17T14:20:22+00:00"),
            ("2h30m", "2026-03-17T12:00:22+00:00"),
            ("1d 1h", "2026-03-16T13:30:22+00:00"),
        ] {
            let since: Since = text.parse().unwrap();
            assert_eq!(time::format(&since.from(now)), expected, "{text}");
        }
        let long: Since = "99999999999999h".parse().unwrap();
        assert_eq!(long.from(now), DateTime::<Utc>::MIN_UTC);
        for bad in ["", "90", "-10m", "noon", "10 parsecs", "2026-03-17", "m"] {
            assert!(bad.parse::<Since>().is_err(), "{bad:?}");
        }
    }
}
