//! Text from outside made fit for a message: harmless to a terminal, and short.

use std::fmt::Display;

/// The text with what a terminal or a reader would obey without seeing it shown instead.
///
/// What comes out has no control but line feeds, nothing that turns the direction of writing, and
/// nothing that takes no room. A tab becomes a space. Joiners and the choice between a picture and
/// a sign stay where writing needs them: within a word of a script that joins its letters, and
/// within a picture. What is shown once stays as it is when it is shown again.
#[must_use]
pub fn visible(text: &str) -> String {
    shown(text, ' ')
}

/// The same for what stands in lines of its own, where a tab can stay.
#[must_use]
pub fn visible_with_tabs(text: &str) -> String {
    shown(text, '\t')
}

fn shown(text: &str, tab: char) -> String {
    if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        let c = match c {
            '\n' => c,
            '\t' => tab,
            // The Unicode pictures of the C0 controls lie in their order.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(REPLACED),
            '\u{7f}' => '\u{2421}',
            c if is_needed(before, c, next) => c,
            c if is_unseen(c) => REPLACED,
            c => c,
        };
        shown.push(c);
        before = Some(c);
    }
    shown
}

/// What stands for a character that cannot be shown.
const REPLACED: char = '\u{fffd}';

/// Whether a reader sees nothing of a character, or only what it does to others: the C1
/// controls, separators of lines, marks of direction, all that Unicode calls a format character or
/// one that may be ignored. Format characters that are seen (the sign before an Arabic number) are
/// none of them.
fn is_unseen(c: char) -> bool {
    matches!(
        u32::from(c),
        0x80..=0x9f // C1
            | 0xad // soft hyphen
            | 0x34f // grapheme joiner
            | 0x61c // Arabic letter mark
            | 0x115f..=0x1160 // Hangul fillers
            | 0x17b4..=0x17b5 // Khmer inherent vowels
            | 0x180b..=0x180f // Mongolian selectors
            | 0x200b..=0x200f // zero width, joiners, marks of direction
            | 0x2028..=0x202e // separators, embedding and override
            | 0x2060..=0x206f // word joiner, invisible operators, isolates
            | 0x3164 // Hangul filler
            | 0xfe00..=0xfe0f // variation selectors
            | 0xfeff // byte order mark
            | 0xffa0 // Hangul filler
            | 0xfff0..=0xfffb // not assigned, interlinear annotation
            | 0x13430..=0x1343f // Egyptian joiners
            | 0x1bca0..=0x1bca3 // shorthand
            | 0x1d173..=0x1d17a // musical
            | 0xe0000..=0xe0fff // tags, selectors
    )
}

/// Whether writing needs a character that is not seen, between these two.
fn is_needed(before: Option<char>, c: char, next: Option<char>) -> bool {
    let (Some(before), next) = (before, next.unwrap_or('\n')) else {
        return false;
    };
    let is_choice = |c| ['\u{fe0e}', '\u{fe0f}'].contains(&c);
    match c {
        '\u{fe0e}' | '\u{fe0f}' => {
            is_picture(before) || next == '\u{20e3}' && "0123456789#*".contains(before)
        }
        '\u{200d}' if is_picture(next) => is_picture(before) || is_choice(before),
        '\u{200c}' | '\u{200d}' => joins_letters(before) && joins_letters(next),
        _ => false,
    }
}

/// Signs of which some are pictures.
fn is_picture(c: char) -> bool {
    matches!(
        u32::from(c),
        0xa9 | 0xae | 0x203c | 0x2049 | 0x2122..=0x27bf | 0x2900..=0x297f | 0x2b00..=0x2bff
            | 0x3030 | 0x303d | 0x3297 | 0x3299 | 0x1f000..=0x1faff
    )
}

/// The scripts from Arabic to Khmer, in which a joiner makes another word.
fn joins_letters(c: char) -> bool {
    matches!(u32::from(c), 0x620..=0x6ff | 0x750..=0x7ff | 0x8a0..=0xdff | 0x1780..=0x17b3 | 0x17b6..=0x17ff)
        && !is_unseen(c)
}

/// The first few of some names, and how many more there are.
#[must_use]
pub fn first_few<T: Display>(names: impl ExactSizeIterator<Item = T>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    // A name with a line feed in it is no two.
    let shown = |name: T| visible(&name.to_string()).replace('\n', "\u{240a}");
    let shown: Vec<String> = names.take(SHOWN).map(shown).collect();
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
    use proptest::prelude::*;

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
    fn what_is_not_seen_is_shown_but_where_writing_needs_it() {
        let hidden = [
            "\u{61c}",
            "\u{200e}",
            "\u{200f}",
            "\u{202a}",
            "\u{202b}",
            "\u{202c}",
            "\u{202d}",
            "\u{202e}",
            "\u{2066}",
            "\u{2067}",
            "\u{2068}",
            "\u{2069}",
            "\u{200b}",
            "\u{200d}",
            "\u{feff}",
            "\u{2060}",
            "\u{2028}",
            "\u{ad}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{e0100}",
            "\u{3164}",
            "\u{9b}",
            "\u{85}",
            "\u{fff9}",
        ];
        for hidden in hidden {
            assert_eq!(visible(&format!("a{hidden}b")), "a\u{fffd}b", "{hidden:?}");
            assert_eq!(visible(hidden), "\u{fffd}", "{hidden:?}");
        }
        for kept in [
            "ok \u{26a0}\u{fe0f} done",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "1\u{fe0f}\u{20e3}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}",
            "\u{600}12 \u{e9}e\u{301} \u{4e2d}\u{6587} \u{5d0}",
        ] {
            assert_eq!(visible(kept), kept, "{kept:?}");
        }
        assert_eq!(visible("a\r\x08\x7f"), "a\u{240d}\u{2408}\u{2421}");
        assert_eq!(visible_with_tabs("a\tb\x0b"), "a\tb\u{240b}");
    }

    /// What an attacker writes with, more often than chance would.
    fn hostile() -> impl Strategy<Value = String> {
        let sharp = proptest::sample::select(vec![
            '\x1b',
            '\r',
            '\x08',
            '\t',
            '\n',
            '\u{9b}',
            '\u{202e}',
            '\u{200d}',
            '\u{200c}',
            '\u{fe0f}',
            '\u{20e3}',
            '1',
            'm',
            '[',
            '\u{2764}',
            '\u{1f525}',
            '\u{645}',
            '\u{e0001}',
            '\u{fffd}',
        ]);
        let one = proptest::prop_oneof![2 => sharp, 1 => proptest::char::any()];
        proptest::collection::vec(one, 0..40).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_comes_out(text in hostile()) {
            let once = visible(&text);
            prop_assert!(once.chars().all(|c| c == '\n' || !c.is_control()), "{once:?}");
            let of_direction = |c: char| matches!(
                c,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            );
            prop_assert!(!once.contains(of_direction), "{once:?}");
            prop_assert_eq!(visible(&once), once.clone());
            prop_assert_eq!(once.matches('\n').count(), text.matches('\n').count());
            prop_assert_eq!(once.chars().count(), text.chars().count());
        }
    }

    #[test]
    fn many_names_are_counted() {
        assert_eq!(first_few([1, 2].iter()), "1, 2");
        assert_eq!(
            first_few([1, 2, 3, 4, 5, 6, 7].iter()),
            "1, 2, 3, 4, 5 and 2 more"
        );
        assert_eq!(first_few(["a\nb", "c\x1b"].iter()), "a\u{240a}b, c\u{241b}");
    }

    #[test]
    fn a_path_with_quotes_is_one_word() {
        assert_eq!(quoted(std::path::Path::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(std::path::Path::new("/a b")), "'/a b'");
        assert_eq!(quoted(std::path::Path::new("/a/b-1")), "/a/b-1");
    }
}
