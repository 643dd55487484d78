//! The few colours, and text from outside made harmless.

use anstyle::{AnsiColor, Style};

pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const HINT: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const ACTIVE: Style = AnsiColor::Yellow.on_default();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const HEADER: Style = Style::new().bold();

/// The text in a style; the stream drops it where there is no colour.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a state's or a status's word.
pub(super) fn of_word(word: &str) -> Style {
    match word {
        "merged" | "succeeded" => GOOD,
        "running" | "evaluating" | "paused" => ACTIVE,
        "failed" | "timed_out" | "cancelled" | "lost" | "corrupt" | "missing" => BAD,
        "archived" => DIM,
        _ => Style::new(),
    }
}

/// Text from outside with what a terminal would obey made visible; lines stay lines.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => c,
            '\t' => ' ',
            // The Unicode pictures of the C0 controls lie in their order.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(
            visible("a\x1b]0;x\x07\nb\u{202e}c"),
            "a\u{241b}]0;x\u{2407}\nb\u{fffd}c"
        );
    }
}
