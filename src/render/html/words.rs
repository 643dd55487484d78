//! Text and numbers as they stand on the page.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use maud::{Markup, Render, html};

use crate::domain::report::IntervalReport;
use crate::domain::text::visible;

/// Text from outside: escaped, and with what a reader could not see shown.
pub(super) struct Words<'t>(pub &'t str);

impl Render for Words<'_> {
    fn render_to(&self, page: &mut String) {
        shown(self.0).as_str().render_to(page);
    }
}

/// The text with all that no page may hold, or that turns the direction of writing, shown.
pub(super) fn shown(text: &str) -> String {
    let visible = visible(text);
    visible
        .chars()
        .map(|c| if is_no_character(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The code points that Unicode keeps for nothing.
fn is_no_character(c: char) -> bool {
    let point = u32::from(c);
    (0xfdd0..=0xfdef).contains(&point) || point & 0xfffe == 0xfffe
}

/// The first `most` characters, with a mark where there are more.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// A number to five significant digits, and all of those before the point.
pub(super) fn figure(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e9).contains(&value.abs()) {
        let text = format!("{value:.4e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}e{power}");
    }
    if value.abs() >= 10_000.0 || value.fract() == 0.0 {
        return format!("{:.0}", value.round() + 0.0);
    }
    let scientific: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    scientific.to_string()
}

/// A number with all its digits.
pub(super) fn exact(value: f64) -> String {
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        return format!("{value:e}");
    }
    (value + 0.0).to_string()
}

/// A difference.
pub(super) fn signed(value: f64) -> String {
    let text = figure(value);
    if value > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

/// A part of the baseline.
pub(super) fn percent(value: f64) -> String {
    if value.abs() < 1e6 {
        return format!("{:+.1}\u{a0}%", value + 0.0);
    }
    format!("{}\u{a0}%", signed(value))
}

/// Two ends.
pub(super) fn interval(interval: IntervalReport, number: fn(f64) -> String) -> String {
    format!("{} to {}", number(interval.low), number(interval.high))
}

/// How sure it is, as `95 %`.
pub(super) fn level(interval: IntervalReport) -> String {
    let text = format!("{:.2}", interval.level * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}\u{a0}%")
}

/// A moment, for people and for programs.
pub(super) fn time(moment: DateTime<Utc>) -> Markup {
    let exact = crate::domain::time::format(&moment);
    let shown = moment.format("%Y-%m-%d %H:%M");
    html! { time datetime=(exact) { (shown.to_string()) } }
}

/// Lines added and removed.
pub(super) fn lines(insertions: usize, deletions: usize) -> Markup {
    html! {
        span.added { "+" (insertions) } " " span.removed { "-" (deletions) }
    }
}

/// Some names with commas and an `and`.
pub(super) fn listed(names: impl IntoIterator<Item = String>) -> String {
    let names: Vec<String> = names.into_iter().collect();
    let mut text = String::new();
    for (nth, name) in names.iter().enumerate() {
        let before = match nth {
            0 => "",
            _ if nth + 1 == names.len() => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{before}{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_size_stay_short() {
        for (value, short) in [
            (12.345_678, "12.346"),
            (0.000_123_456, "0.00012346"),
            (180.0, "180"),
            (-0.0, "0"),
            (1_234_567.8, "1234568"),
            (-0.1 - 0.2, "-0.3"),
            (1.234_567_8e300, "1.2346e300"),
            (-5e-324, "-4.9407e-324"),
            (f64::MAX, "1.7977e308"),
        ] {
            assert_eq!(figure(value), short);
        }
        assert_eq!(
            (signed(3.0), signed(-3.0), signed(0.0)),
            ("+3".into(), "-3".into(), "0".into())
        );
        assert_eq!(
            (percent(-49.61), percent(1e9)),
            ("-49.6\u{a0}%".into(), "+1e9\u{a0}%".into())
        );
        assert_eq!((exact(0.1), exact(1e300)), ("0.1".into(), "1e300".into()));
    }

    #[test]
    fn levels_have_no_digits_that_say_nothing() {
        let at = |level| level_of(level);
        assert_eq!(
            (at(0.95), at(0.991_666)),
            ("95\u{a0}%".into(), "99.17\u{a0}%".into())
        );
    }

    fn level_of(level: f64) -> String {
        super::level(IntervalReport {
            low: 0.0,
            high: 1.0,
            level,
        })
    }

    #[test]
    fn names_are_listed_as_people_do() {
        let of = |names: &[&str]| listed(names.iter().map(ToString::to_string));
        assert_eq!(of(&["a"]), "a");
        assert_eq!(of(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äö ü", 3), "äö…");
    }
}
