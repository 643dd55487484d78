//! YAML mappings, read with errors that name a line.

use serde_yaml::{Mapping, Value};

/// What hub reads of a YAML file at most; nested deeply, more of it would take seconds.
pub(super) const LONGEST: u64 = 64 * 1024;

/// Why a text is no mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

/// The `key: value` pairs of a text; `None` when it holds nothing.
pub(super) fn mapping(text: &str) -> Result<Option<Mapping>, Problem> {
    match serde_yaml::from_str::<Value>(text) {
        Ok(Value::Mapping(mapping)) => Ok(Some(mapping)),
        Ok(Value::Null) => Ok(None),
        Ok(_) => Err(Problem {
            line: Some(1),
            reason: "it holds no `key: value` lines".to_owned(),
        }),
        Err(error) => Err(problem(text, &error)),
    }
}

fn problem(text: &str, error: &serde_yaml::Error) -> Problem {
    let said = error.to_string();
    // The line is told before the reason, once.
    let reason = match said.split_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => said,
    };
    let line = if reason.contains("duplicate entry") {
        // The parser names the line on which the whole mapping begins.
        repeated_key(text)
    } else {
        let place = error.location().map(|place| place.line());
        // It names none where aliases multiply beyond measure.
        place.or_else(|| line_that(text, |line| line.contains(": *") || line.contains("[*")))
    };
    Problem { line, reason }
}

/// The line, from 1, on which a top-level key stands.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    line_that(text, |line| key_of(line) == Some(key))
}

/// The line on which a top-level key stands that stood before.
fn repeated_key(text: &str) -> Option<usize> {
    let mut seen = std::collections::HashSet::new();
    line_that(text, |line| {
        key_of(line).is_some_and(|key| !seen.insert(key.to_owned()))
    })
}

/// The line on which the last of some keys stands, each below the one before it.
pub(super) fn line_below(text: &str, path: &[&str]) -> Option<usize> {
    let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let mut path = path.iter();
    let mut wanted = path.next()?;
    // How deep the key before stands; what is not deeper is not below it.
    let mut above = None;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let own = depth(line);
        if above.is_some_and(|above| own <= above) {
            return None;
        }
        if (above.is_some() || own == 0) && key_of(line.trim_start()) == Some(*wanted) {
            match path.next() {
                None => return Some(index + 1),
                Some(next) => (wanted, above) = (next, Some(own)),
            }
        }
    }
    None
}

fn line_that(text: &str, is_it: impl FnMut(&str) -> bool) -> Option<usize> {
    text.lines().position(is_it).map(|index| index + 1)
}

/// The key of a line that begins with one.
fn key_of(line: &str) -> Option<&str> {
    const QUOTES: [char; 2] = ['"', '\''];
    let (key, _) = line.split_once(':')?;
    let plain = !line.starts_with([' ', '\t', '#', '-']);
    plain.then(|| key.trim_end().trim_matches(QUOTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_line() {
        for (text, line) in [
            ("a: 1\nb: 2\n\na: 3\n", Some(4)),
            ("a: 1\nb: [\n", Some(3)),
            ("a: 1\n\"a\" : 2\n", Some(2)),
            ("- a\n", Some(1)),
        ] {
            let problem = mapping(text).unwrap_err();
            assert_eq!(problem.line, line, "{text:?}: {}", problem.reason);
            assert!(!problem.reason.contains(" at line "), "{}", problem.reason);
        }
        assert_eq!(mapping("# nothing\n"), Ok(None));
    }

    #[test]
    fn keys_are_found_at_the_beginning_of_a_line() {
        let text = "x:\n  metric: 1\n# metric: 2\n'metric': 3\n";
        assert_eq!(line_of(text, "metric"), Some(4));
        assert_eq!(line_of(text, "nothing"), None);
    }
}
