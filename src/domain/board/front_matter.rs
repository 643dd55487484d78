//! The `name: value` lines between two lines `---` at the head of a post.
//!
//! They are YAML as hub writes them. They are read line by line, as the older tools do: each
//! value is a text on one line, and what is no such line is passed over. So no post is too
//! damaged to be read.

/// What a line must be to begin and to end the front matter.
const FENCE: &str = "---";

/// How much of a text is searched for the end of its front matter.
const LONGEST: usize = 64 * 1024;

/// A post's text: its fields, then what it says.
#[must_use]
pub fn write(fields: &[(&str, String)], body: &str) -> String {
    let mut text = String::with_capacity(body.len() + 256);
    text.push_str("---\n");
    for (name, value) in fields {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(&scalar(name, value));
        text.push('\n');
    }
    text.push_str("---\n\n");
    text.push_str(body);
    text.push('\n');
    text
}

/// A value as YAML reads it back: plain where it can be, else in double quotes with JSON's escapes.
fn scalar(name: &str, value: &str) -> String {
    let is_time_or_number = matches!(name, "timestamp" | "sequence");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._- ".contains(c);
    let is_word = value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !value.ends_with(' ')
        && value.chars().all(plain);
    let null = name == "parent" && value == "null";
    if is_time_or_number || null || is_word && !means_something_else(value) {
        value.to_owned()
    } else {
        serde_json::Value::from(value).to_string()
    }
}

/// Whether YAML takes a word for a number, a truth or nothing.
fn means_something_else(word: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = word.to_ascii_lowercase();
    WORDS.contains(&word.as_str())
        || word.parse::<f64>().is_ok()
        || word.starts_with(|c: char| c.is_ascii_digit())
            && !word.contains('-')
            && word
                .chars()
                .all(|c| c.is_ascii_hexdigit() || "_.xo".contains(c))
}

/// Whether a value says that there is none.
#[must_use]
pub fn is_absent(value: &str) -> bool {
    matches!(value, "" | "null" | "~" | "None")
}

/// The fields of a text, and what stands below them; all of it where there are none.
#[must_use]
pub fn read(text: &str) -> (Vec<(String, String)>, String) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.split_once('\n').map_or(text, |(first, _)| first);
    // Where the first line ends so, all of them do, or were meant to.
    let text = if first.ends_with('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    };
    match fenced(&text) {
        Some((head, body)) => (fields(head), body.to_owned()),
        None => (Vec::new(), text),
    }
}

/// The lines between the fences, and what follows; `None` where nothing there is a field.
fn fenced(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once('\n')?;
    if first.trim_end() != FENCE {
        return None;
    }
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            let (head, behind) = rest.split_at(end);
            let body = behind.split_once('\n').map_or("", |(_, body)| body);
            // A rule, then words, then another rule are words.
            return head
                .lines()
                .any(|line| field(line).is_some())
                .then_some((head, body));
        }
        end += line.len();
        if end > LONGEST {
            return None;
        }
    }
    None
}

fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in head.lines().filter_map(field) {
        if fields.iter().all(|(known, _)| known != name) {
            fields.push((name.to_owned(), value));
        }
    }
    fields
}

/// A `name: value` at the beginning of a line; a pair of quotes around the value is dropped.
fn field(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.split_once(':')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let apart = value.is_empty() || value.starts_with([' ', '\t', '\r']);
    (is_name && apart).then(|| (name, unquoted(value.trim())))
}

fn unquoted(value: &str) -> String {
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = within('"') {
        return serde_json::from_str(value).unwrap_or_else(|_| inner.to_owned());
    }
    match within('\'') {
        Some(inner) => inner.replace("''", "'"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> (String, String) {
        let (fields, body) = read(text);
        let fields: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        (fields.join("|"), body)
    }

    #[test]
    fn odd_texts_are_read_for_what_they_are() {
        for (text, fields, body) in [
            ("---\na: 1\n---\n\nx\n", "a=1", "\nx\n"),
            ("\u{feff}---\na: 1\n---\nx", "a=1", "x"),
            ("---\r\na: 1\r\n---\r\nx\r\ny", "a=1", "x\ny"),
            ("---\na: 1\n---\nx\r\n", "a=1", "x\r\n"),
            ("--- \na: 1\n---  \nx\n---\ny", "a=1", "x\n---\ny"),
            ("---\na: 1\n---", "a=1", ""),
            ("---\nauthor: agent: one\n---\n", "author=agent: one", ""),
            (
                "---\na: \"q \\\"x\\\"\"\nb: 'it''s'\n---\n",
                "a=q \"x\"|b=it's",
                "",
            ),
            ("---\na: \"open\nb:\n---\n", "a=\"open|b=", ""),
            (
                "---\na: 1\n  b: 2\n- c: 3\nnonsense\na: 4\n---\n",
                "a=1",
                "",
            ),
            // No front matter: not ended, not begun, or a rule.
            ("---\na: 1\nx", "", "---\na: 1\nx"),
            ("x\n---\na: 1\n---\n", "", "x\n---\na: 1\n---\n"),
            ("---\n\nwords\n\n---\nmore", "", "---\n\nwords\n\n---\nmore"),
            ("---\nhttp://x\n---\n", "", "---\nhttp://x\n---\n"),
            ("----\na: 1\n----\n", "", "----\na: 1\n----\n"),
            ("---", "", "---"),
            ("", "", ""),
        ] {
            assert_eq!(
                pairs(text),
                (fields.to_owned(), body.to_owned()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_end_that_is_far_away_is_none() {
        let text = format!("---\na: 1\n{}---\n", "b\n".repeat(LONGEST));
        assert_eq!(read(&text).0, []);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "[ -~äß]{1,30}|[0-9]{1,8}|0x1f|yes") {
            let fields = [("author", value.clone()), ("parent", "null".to_owned())];
            let text = write(&fields, "body");
            let (read_back, body) = read(&text);
            prop_assert_eq!(&read_back[0].1, &value);
            prop_assert_eq!(body, "\nbody\n");
        }
    }
}
