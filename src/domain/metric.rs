//! Finding the number that measures a result in what an eval command printed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::id::{BadName, serde_as_text};

/// The name of the number to look for, such as `p50_ms`, or a path into a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetricName(String);

impl MetricName {
    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MetricName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = |why| Err(BadName::new("a metric name", s, why));
        if s.trim().is_empty() {
            return bad("it is empty");
        }
        if s.trim() != s {
            return bad("it begins or ends with a space");
        }
        if s.len() > 200 {
            return bad("it is longer than 200 bytes");
        }
        if s.chars().any(char::is_control) {
            return bad("it holds a control character");
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(MetricName);

/// Which way a metric is better.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better: times, sizes, failures.
    #[default]
    Lower,
    /// Larger is better: throughput, coverage.
    Higher,
}

impl Direction {
    /// Whether `value` is better than `than`; equal is not better.
    #[must_use]
    pub fn is_better(self, value: f64, than: f64) -> bool {
        match self {
            Self::Lower => value < than,
            Self::Higher => value > than,
        }
    }

    /// The name as it is written in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Direction {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        match s {
            "lower" => Ok(Self::Lower),
            "higher" => Ok(Self::Higher),
            _ => Err(BadName::new("a direction", s, "it must be lower or higher")),
        }
    }
}

/// Why an output yields no metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMetric {
    /// The name stands nowhere with a number behind it.
    #[error("no {0} in the output")]
    Absent(MetricName),
    /// The last match is no finite number.
    #[error("{name} is {found}, not a finite number")]
    NotFinite {
        /// The metric.
        name: MetricName,
        /// What stands there.
        found: String,
    },
    /// The last match can be read in more than one way.
    #[error("{name} is {found}, which can be read in more than one way; print it as 1234.5")]
    Ambiguous {
        /// The metric.
        name: MetricName,
        /// What stands there.
        found: String,
    },
}

/// Finds the metric in the output of an eval command.
///
/// A JSON document on stdout (all of it, or its last line) is searched first, by the
/// name as a key and then as a path with dots (`stats.p50`, `runs.0.ms`). Else the
/// last `name: 42.5`, `name=42.5` or `"name": 42.5` in stdout counts, and where stdout
/// has none, the last in stderr. A unit may be glued to the number (`42ms`, `42%`).
///
/// # Errors
/// [`NoMetric`] says why there is no number that could be ranked.
pub fn extract(name: &MetricName, stdout: &str, stderr: &str) -> Result<f64, NoMetric> {
    if let Some(found) = in_json(name, stdout) {
        return found;
    }
    let pattern = pattern(name);
    for output in [stdout, stderr] {
        if let Some(found) = last_in_text(name, pattern.as_ref(), output) {
            return found;
        }
    }
    Err(NoMetric::Absent(name.clone()))
}

/// Every number with a name that an eval command printed, found as [`extract`] finds one; of a
/// name that stands twice the last number counts. At most [`MOST_NUMBERS`] of them.
#[must_use]
pub fn all(stdout: &str, stderr: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let whole = stdout.trim();
    if let Some(document) = document_in(whole) {
        leaves(&document, &mut String::new(), &mut found);
    }
    let pattern = Regex::new(
        r#"(?:^|[^\w.\-])["']?([A-Za-z_][\w.\-/]{0,99})["']?[ \t]*[:=][ \t]*["']?([-+]?\.?[0-9][^\s"';)\]\}]*)"#,
    );
    let Ok(pattern) = pattern else {
        return found;
    };
    for output in [stdout, stderr] {
        for line in output.lines().rev() {
            let captures: Vec<_> = pattern.captures_iter(line).collect();
            for capture in captures.iter().rev() {
                let (Some(name), Some(token)) = (capture.get(1), capture.get(2)) else {
                    continue;
                };
                let Ok(metric) = name.as_str().parse::<MetricName>() else {
                    continue;
                };
                if found.len() < MOST_NUMBERS
                    && !found.contains_key(name.as_str())
                    && let Ok(value) = number(&metric, token.as_str())
                {
                    found.insert(name.as_str().to_owned(), value);
                }
            }
        }
    }
    found
}

/// How many numbers of one run are kept at the most.
pub const MOST_NUMBERS: usize = 200;

/// The numbers of a JSON document by their path.
fn leaves(value: &serde_json::Value, path: &mut String, found: &mut BTreeMap<String, f64>) {
    let mut below = |key: &str, value: &serde_json::Value| {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(key);
        leaves(value, path, found);
        path.truncate(length);
    };
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        serde_json::Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                below(&index.to_string(), value);
            }
        }
        serde_json::Value::Number(n) if found.len() < MOST_NUMBERS => {
            if let Some(value) = n.as_f64().and_then(finite) {
                found.insert(path.clone(), value);
            }
        }
        _ => {}
    }
}

/// `name`, a colon or an equals sign, and a token that begins like a number.
///
/// The name may stand in quotes and may not be the end of a longer one.
fn pattern(name: &MetricName) -> Option<Regex> {
    let escaped = regex_lite::escape(name.as_str());
    Regex::new(&format!(
        r#"(?:^|[^\w.\-])["']?{escaped}["']?[ \t]*[:=][ \t]*["']?((?:[-+]?(?:\.?[0-9]|(?i:inf\b|infinity\b))|(?i:nan\b))[^\s"';)\]\}}]*)"#
    ))
    .ok()
}

fn last_in_text(
    name: &MetricName,
    pattern: Option<&Regex>,
    output: &str,
) -> Option<Result<f64, NoMetric>> {
    let pattern = pattern?;
    // A line at a time: a stray quote or bracket cannot reach over a line's end.
    output.lines().rev().find_map(|line| {
        // Far cheaper than the pattern, and most lines end here.
        if !line.contains(name.as_str()) {
            return None;
        }
        // A match consumes its token, and the next one needs the character before
        // its name: both can be had, since tokens end before a separator.
        let found = pattern.captures_iter(line).last()?;
        found.get(1).map(|token| number(name, token.as_str()))
    })
}

/// Reads a token that begins like a number: `42.5`, `-1e3`, `42ms`, `42%`, `NaN`.
fn number(name: &MetricName, token: &str) -> Result<f64, NoMetric> {
    let not_finite = || NoMetric::NotFinite {
        name: name.clone(),
        found: token.trim_end_matches(',').to_owned(),
    };
    let ambiguous = || NoMetric::Ambiguous {
        name: name.clone(),
        found: token.to_owned(),
    };
    let unsigned = token.trim_start_matches(['+', '-']);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(not_finite());
    }
    let (digits, rest) = split_number(token);
    let value: f64 = digits.parse().map_err(|_| ambiguous())?;
    // A unit may follow; more digits mean that this is not the number it seems to be:
    // 1,5 and 1.2.3 and 0x10 and 12:30.
    let glued = match rest.split_once(',') {
        // A list goes on (`a=1,b=2`); a comma between digits may be a decimal or a group.
        Some((unit, next))
            if !(unit.is_empty() && next.starts_with(|c: char| c.is_ascii_digit())) =>
        {
            unit
        }
        _ => rest,
    };
    if glued.chars().any(|c| c.is_ascii_digit()) {
        return Err(ambiguous());
    }
    finite(value).ok_or_else(not_finite)
}

/// Splits after `[+-]digits[.digits][e[+-]digits]`.
fn split_number(token: &str) -> (&str, &str) {
    let bytes = token.as_bytes();
    let digits_from = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let sign = |at: usize| at + usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
    let mut end = digits_from(sign(0));
    if bytes.get(end) == Some(&b'.') {
        end = digits_from(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent = sign(end + 1);
        let after = digits_from(exponent);
        if after > exponent {
            end = after;
        }
    }
    token.split_at_checked(end).unwrap_or((token, ""))
}

/// The value, unless it is NaN or infinite; -0 becomes 0, which it equals.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value + 0.0)
}

fn in_json(name: &MetricName, stdout: &str) -> Option<Result<f64, NoMetric>> {
    let document = document_in(stdout.trim())?;
    let found = look_up(&document, name.as_str())?;
    Some(match found {
        serde_json::Value::Number(n) => n
            .as_f64()
            .and_then(finite)
            .ok_or_else(|| not_a_number(name, found)),
        // Writers that cannot put NaN or a number into JSON put it into a string.
        serde_json::Value::String(text) if !text.trim().is_empty() => {
            let text = text.trim();
            if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
                number(name, text)
            } else {
                Err(not_a_number(name, found))
            }
        }
        _ => Err(not_a_number(name, found)),
    })
}

fn not_a_number(name: &MetricName, found: &serde_json::Value) -> NoMetric {
    let mut found = found.to_string();
    if found.chars().count() > 40 {
        found = found.chars().take(40).chain(['…']).collect();
    }
    NoMetric::NotFinite {
        name: name.clone(),
        found,
    }
}

/// All of an output, or its last line, as a JSON document.
fn document_in(whole: &str) -> Option<serde_json::Value> {
    let last_line = || whole.lines().last().map(str::trim);
    parse_document(whole).or_else(|| last_line().and_then(parse_document))
}

fn parse_document(text: &str) -> Option<serde_json::Value> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The value under `path`: as one key first, so that a key with dots in it is found, then by parts.
fn look_up<'v>(document: &'v serde_json::Value, path: &str) -> Option<&'v serde_json::Value> {
    if let Some(found) = document.get(path) {
        return Some(found);
    }
    let mut at = document;
    for part in path.split('.') {
        at = match at {
            serde_json::Value::Object(map) => map.get(part)?,
            serde_json::Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    use proptest::prelude::*;

    fn name(text: &str) -> MetricName {
        text.parse().unwrap()
    }

    fn find(metric: &str, output: &str) -> Result<f64, NoMetric> {
        extract(&name(metric), output, "")
    }

    #[test]
    fn what_is_found() {
        for (output, expected) in [
            ("p50_ms: 42.5", 42.5),
            ("p50_ms=42.5", 42.5),
            ("\"p50_ms\": 42.5", 42.5),
            ("  'p50_ms' : 42.5,", 42.5),
            ("p50_ms = -3", -3.0),
            ("p50_ms: +7", 7.0),
            ("p50_ms: 1.5e3", 1500.0),
            ("p50_ms: 1.5E-3", 0.0015),
            ("p50_ms: .5", 0.5),
            ("p50_ms: 5.", 5.0),
            ("p50_ms: -0", 0.0),
            ("p50_ms: 42ms", 42.0),
            ("p50_ms: 42%", 42.0),
            ("p50_ms: 42.5 ms/op", 42.5),
            ("result (p50_ms=42.5)", 42.5),
            ("a=1,p50_ms=42.5,b=2", 42.5),
            ("{p50_ms: 42.5}", 42.5),
            ("p50_ms: 1\np50_ms: 2\nother: 3", 2.0),
            ("p50_ms: 1 p50_ms: 2", 2.0),
            ("p50_ms: see below\np50_ms: 9\n", 9.0),
            ("p50_ms: 3\np50_ms: none", 3.0),
            ("p50_ms: 5\r\n", 5.0),
        ] {
            assert_eq!(find("p50_ms", output), Ok(expected), "{output:?}");
        }
    }

    #[test]
    fn what_is_not_a_match() {
        for output in [
            "",
            "nothing here",
            "p50_ms",
            "p50_ms 42",
            "xp50_ms: 42",
            "x.p50_ms: 42",
            "cpu-p50_ms: 42",
            "p50_ms_total: 42",
            "p50_ms: fast",
            "p50_ms:\n42",
            "p50_ms: infrared",
        ] {
            assert_eq!(
                find("p50_ms", output),
                Err(NoMetric::Absent(name("p50_ms"))),
                "{output:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_ranked() {
        for output in [
            "p50_ms: NaN",
            "p50_ms: nan,",
            "p50_ms: inf",
            "p50_ms: -Infinity",
            "p50_ms: 1e400",
            "p50_ms: 3\np50_ms: NaN",
            "{\"p50_ms\": null}",
            "{\"p50_ms\": \"NaN\"}",
            "{\"p50_ms\": [1]}",
        ] {
            let found = find("p50_ms", output);
            assert!(
                matches!(found, Err(NoMetric::NotFinite { .. })),
                "{output:?}: {found:?}"
            );
        }
        for output in [
            "p50_ms: 1,5",
            "p50_ms: 1.2.3",
            "p50_ms: 0x10",
            "p50_ms: 12:30",
        ] {
            let found = find("p50_ms", output);
            assert!(
                matches!(found, Err(NoMetric::Ambiguous { .. })),
                "{output:?}: {found:?}"
            );
        }
    }

    #[test]
    fn names_with_regex_characters_are_names() {
        assert_eq!(find("p(50)[ms]*", "p(50)[ms]*: 4"), Ok(4.0));
        assert_eq!(find("a.c", "abc: 1\na.c: 2\nabc: 3"), Ok(2.0));
        assert_eq!(find("^x$", "^x$=1"), Ok(1.0));
        assert_eq!(find("größe", "größe: 3"), Ok(3.0));
    }

    #[test]
    fn json_documents_are_read_by_path() {
        let document = r#"{"stats": {"p50": 12.5, "runs": [{"ms": 7}]}, "a.b": 3, "s": "8.5"}"#;
        for (path, expected) in [
            ("stats.p50", 12.5),
            ("stats.runs.0.ms", 7.0),
            ("a.b", 3.0),
            ("s", 8.5),
        ] {
            assert_eq!(find(path, document), Ok(expected), "{path}");
        }
        assert_eq!(
            find("p50", document),
            Ok(12.5),
            "a bare name is still found as text"
        );
        let after_noise = format!("warming up\np50: 1\n{document}\n");
        assert_eq!(find("stats.p50", &after_noise), Ok(12.5));
        assert_eq!(find("ms", "[{\"ms\": 1}, {\"ms\": 2}]"), Ok(2.0));
    }

    #[test]
    fn all_numbers_are_found_by_their_names() {
        let numbers = |stdout, stderr| all(stdout, stderr).into_iter().collect::<Vec<_>>();
        let named = |name: &str, value| (name.to_owned(), value);
        assert_eq!(
            numbers(
                "p50_ms: 3\nsize=7kb p50_ms: 4\nratio: NaN\nbad: 1,5",
                "p50_ms: 9\nerr=1"
            ),
            [named("err", 1.0), named("p50_ms", 4.0), named("size", 7.0)]
        );
        assert_eq!(
            numbers(
                "noise\n{\"a\": {\"b\": [1, 2]}, \"c\": \"x\", \"d\": 2.5}",
                ""
            ),
            [named("a.b.0", 1.0), named("a.b.1", 2.0), named("d", 2.5)]
        );
        let many = (0..1000).fold(String::new(), |text, n| format!("{text}m{n}: {n}\n"));
        assert_eq!(all(&many, "").len(), MOST_NUMBERS);
    }

    #[test]
    fn stderr_is_searched_when_stdout_has_none() {
        assert_eq!(extract(&name("ms"), "ok", "ms: 3"), Ok(3.0));
        assert_eq!(extract(&name("ms"), "ms: 1", "ms: 3"), Ok(1.0));
    }

    #[test]
    fn thousands_of_lines_are_no_matter() {
        let mut output = String::new();
        for i in 0..5000 {
            let _ = writeln!(output, "p50_ms: {i}\nnoise {i}");
        }
        output.push_str(&"x".repeat(1_000_000));
        assert_eq!(find("p50_ms", &output), Ok(4999.0));
    }

    proptest! {
        #[test]
        fn any_finite_number_comes_back(value in proptest::num::f64::NORMAL, exponent: bool) {
            let text = if exponent { format!("m: {value:e}") } else { format!("m={value}") };
            prop_assert_eq!(find("m", &text), Ok(value));
        }

        #[test]
        fn no_output_makes_it_panic(metric in ".{1,20}", output in "(?s).{0,200}") {
            if let Ok(metric) = metric.parse::<MetricName>()
                && let Ok(value) = extract(&metric, &output, &output)
            {
                prop_assert!(value.is_finite());
            }
        }
    }
}
