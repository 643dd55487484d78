//! `_index.json`: the channels, and how many posts were numbered in each.
//!
//! A help for older tools, which number by it. Several of its shapes are about; each is read,
//! and a counter is written where it stands. The names of the files know better than it does.

use serde_json::{Map, Value, json};

use super::name::{Channel, FileName};

/// The keys under which a channel's number stands in one shape or the other.
const NUMBERS: [&str; 6] = [
    "last_sequence",
    "sequence",
    "last",
    "counter",
    "count",
    "posts",
];

/// The index of a board without posts.
#[must_use]
pub fn empty() -> Value {
    let names = Channel::ESTABLISHED;
    let counters: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).into(), 0.into()))
        .collect();
    json!({ "channels": names, "counters": counters })
}

/// The last number that an index tells of a channel; 0 where it tells none that can be meant.
#[must_use]
pub fn counter(index: &Value, channel: &Channel) -> u32 {
    let name = channel.as_str();
    let places = [
        index
            .get("counters")
            .and_then(|counters| counters.get(name)),
        index
            .get("channels")
            .and_then(|channels| channels.get(name)),
        index.get(name),
    ];
    let numbers = places.into_iter().flatten().filter_map(number);
    numbers.max().unwrap_or_default()
}

/// The number that a place holds, itself or under one of the names.
fn number(place: &Value) -> Option<u32> {
    let named = || NUMBERS.iter().find_map(|key| place.get(key)?.as_u64());
    let number = place.as_u64().or_else(named)?;
    u32::try_from(number).ok().filter(|n| *n <= FileName::LAST)
}

/// Notes the last number of a channel where the index has it; else where hub writes it.
///
/// Returns whether that changed anything. An index that is no object is left alone.
pub fn set_counter(index: &mut Value, channel: &Channel, last: u32) -> bool {
    let before = index.clone();
    let name = channel.as_str();
    let Some(map) = index.as_object_mut() else {
        return false;
    };
    let mut noted = false;
    for place in ["counters", "channels"] {
        if let Some(place) = map.get_mut(place).and_then(|place| place.get_mut(name)) {
            noted |= note(place, last);
        }
    }
    if let Some(place) = map.get_mut(name) {
        noted |= note(place, last);
    }
    if !noted {
        let counters = map.entry("counters").or_insert_with(|| json!({}));
        if let Some(counters) = counters.as_object_mut() {
            counters.insert(name.to_owned(), last.into());
        }
    }
    if let Some(names) = map.get_mut("channels").and_then(Value::as_array_mut)
        && !names.iter().any(|known| known == name)
    {
        names.push(name.into());
    }
    *index != before
}

/// Writes a number into a place that holds one; returns whether it does.
fn note(place: &mut Value, last: u32) -> bool {
    if place.is_number() {
        *place = last.into();
        return true;
    }
    let Some(map) = place.as_object_mut() else {
        return false;
    };
    match NUMBERS.iter().find(|key| map.contains_key(**key)) {
        Some(key) => {
            map.insert((*key).to_owned(), last.into());
            true
        }
        None => false,
    }
}

/// The channels that an index names.
#[must_use]
pub fn channels(index: &Value) -> Vec<Channel> {
    let named = match index.get("channels") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::Object(map)) => map.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    named
        .into_iter()
        .filter_map(|name| name.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_read_and_keeps_its_shape() {
        for (before, number, after) in [
            (
                r#"{"channels":["dispatch","results"],"counters":{"results":3},"x":1}"#,
                3,
                r#"{"channels":["dispatch","results"],"counters":{"results":9},"x":1}"#,
            ),
            (
                r#"{"channels":{"results":{"last_sequence":4,"note":"n"}}}"#,
                4,
                r#"{"channels":{"results":{"last_sequence":9,"note":"n"}}}"#,
            ),
            (
                r#"{"channels":{"results":5}}"#,
                5,
                r#"{"channels":{"results":9}}"#,
            ),
            (
                r#"{"results":{"sequence":6}}"#,
                6,
                r#"{"results":{"sequence":9}}"#,
            ),
            (r#"{"results":7}"#, 7, r#"{"results":9}"#),
            ("{}", 0, r#"{"counters":{"results":9}}"#),
            (
                r#"{"channels":["dispatch"],"counters":null}"#,
                0,
                r#"{"channels":["dispatch","results"],"counters":null}"#,
            ),
            (
                r#"{"counters":{"results":99999999999}}"#,
                0,
                r#"{"counters":{"results":9}}"#,
            ),
            (
                r#"{"counters":{"results":-1}}"#,
                0,
                r#"{"counters":{"results":9}}"#,
            ),
            ("[1,2]", 0, "[1,2]"),
        ] {
            let mut index: Value = serde_json::from_str(before).unwrap();
            let channel = Channel::results();
            assert_eq!(counter(&index, &channel), number, "{before}");
            assert_eq!(set_counter(&mut index, &channel, 9), before != after);
            assert_eq!(index.to_string(), after);
            assert!(!set_counter(&mut index, &channel, 9), "{before}");
        }
    }

    #[test]
    fn channels_are_found_in_lists_and_maps() {
        let names = |text: &str| {
            let index: Value = serde_json::from_str(text).unwrap();
            let names = channels(&index);
            names
                .iter()
                .map(Channel::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(names(r#"{"channels":["dispatch","../x",3]}"#), "dispatch");
        assert_eq!(
            names(r#"{"channels":{"notes":{},"results":1}}"#),
            "notes results"
        );
        assert_eq!(names("[]"), "");
    }
}
