//! How times are written: RFC 3339 in UTC, with the offset as `+00:00`.

use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// The time as files and documents hold it, to the second.
#[must_use]
pub fn format(time: &DateTime<Utc>) -> String {
    quickly(time).unwrap_or_else(|| time.to_rfc3339_opts(SecondsFormat::Secs, false))
}

/// The same for a time as all are; a list of very many sessions is made of times, mostly.
fn quickly(time: &DateTime<Utc>) -> Option<String> {
    let (date, clock) = (time.date_naive(), time.time());
    let is_leap = clock.nanosecond() >= 1_000_000_000;
    let year = u32::try_from(date.year()).ok()?;
    if is_leap || year > 9999 {
        return None;
    }
    let mut text = String::with_capacity("2026-03-17T14:30:22+00:00".len());
    let mut two = |before: &str, number: u32| {
        text.push_str(before);
        for digit in [number / 10, number % 10] {
            text.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
    };
    two("", year / 100);
    two("", year % 100);
    two("-", date.month());
    two("-", date.day());
    two("T", clock.hour());
    two(":", clock.minute());
    two(":", clock.second());
    text.push_str("+00:00");
    Some(text)
}

/// Reads RFC 3339; a time without an offset (as older tools wrote it) is UTC.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|layout| NaiveDateTime::parse_from_str(text, layout).ok())
        .map(|time| time.and_utc())
}

/// For `#[serde(with = "time")]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(time: &DateTime<Utc>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&format(time))
}

/// For `#[serde(with = "time")]`.
///
/// # Errors
/// When the text is not a time.
pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(d)?;
    parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a time")))
}

/// The same to the millisecond, for what is shorter than a second; may be absent or null.
pub mod precise {
    use super::{DateTime, SecondsFormat, Serializer, Utc};

    pub use super::option::deserialize;

    /// For `#[serde(with = "time::precise")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<DateTime<Utc>>, s: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => s.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, false)),
            None => s.serialize_none(),
        }
    }
}

/// The same for a time that may be absent or null.
pub mod option {
    use super::{DateTime, Deserialize, Deserializer, Serializer, Utc, parse};
    use serde::de::Error as _;

    /// For `#[serde(with = "time::option")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<DateTime<Utc>>, s: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, s),
            None => s.serialize_none(),
        }
    }

    /// For `#[serde(with = "time::option")]`.
    ///
    /// # Errors
    /// When the text is not a time.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<DateTime<Utc>>, D::Error> {
        Option::<String>::deserialize(d)?
            .map(|text| {
                parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a time")))
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_chrono_writes_it(
            seconds in prop_oneof![-70_000_000_000_i64..300_000_000_000, 0..4_000_000_000_i64],
            nanoseconds in 0..2_000_000_000_u32,
        ) {
            // Leap seconds are there at the end of a minute alone.
            if let Some(time) = DateTime::from_timestamp(seconds, nanoseconds) {
                prop_assert_eq!(format(&time), time.to_rfc3339_opts(SecondsFormat::Secs, false));
            }
        }
    }

    #[test]
    fn times_of_every_tool_are_read() {
        for text in [
            "2026-03-17T14:30:22+00:00",
            "2026-03-17T14:30:22Z",
            "2026-03-17T16:30:22+02:00",
            "2026-03-17T14:30:22",
            "2026-03-17T14:30:22.123456",
            "2026-03-17 14:30:22",
        ] {
            let time = parse(text).unwrap();
            assert_eq!(format(&time), "2026-03-17T14:30:22+00:00", "{text}");
        }
        for bad in ["", "yesterday", "2026-03-17", "14:30"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
