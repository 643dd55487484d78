//! Text from outside made fit for a message: harmless to a terminal, and short.

use std::fmt::Display;

/// The text with what a terminal would obey shown instead; lines stay lines.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => c,
            '\t' => ' ',
            // The Unicode pictures of the C0 controls lie in their order.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            // The C1 controls, and what turns the direction of writing.
            '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The first few of some names, and how many more there are.
#[must_use]
pub fn first_few<T: Display>(names: impl ExactSizeIterator<Item = T>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(|name| name.to_string()).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A path as one word for a shell, in quotes only where it needs them.
#[must_use]
pub fn quoted(path: &std::path::Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// A number as people read it: `50,000`.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (50_000, "50,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(
            visible("a\x1b]0;x\x07\nb\u{202e}c\td"),
            "a\u{241b}]0;x\u{2407}\nb\u{fffd}c d"
        );
    }

    #[test]
    fn many_names_are_counted() {
        assert_eq!(first_few([1, 2].iter()), "1, 2");
        assert_eq!(
            first_few([1, 2, 3, 4, 5, 6, 7].iter()),
            "1, 2, 3, 4, 5 and 2 more"
        );
    }

    #[test]
    fn a_path_with_quotes_is_one_word() {
        assert_eq!(quoted(std::path::Path::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(std::path::Path::new("/a b")), "'/a b'");
        assert_eq!(quoted(std::path::Path::new("/a/b-1")), "/a/b-1");
    }
}
