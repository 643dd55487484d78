//! The few colours.

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
