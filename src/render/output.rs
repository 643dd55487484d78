//! The two streams, the two formats, and the envelope of errors.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use rustix::event::{PollFd, PollFlags, Timespec};
use serde::Serialize;
use serde_json::json;

use crate::domain::diagnostic::Code;
use crate::domain::text::{visible, visible_with_tabs};

use super::style;

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where answers, notes and errors go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    format: Format,
    quiet: bool,
}

impl Output {
    /// Sets the format, and for the whole process when colour is used.
    #[must_use]
    pub fn new(format: Format, color: ColorChoice, quiet: bool) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self { format, quiet }
    }

    /// How answers are written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes the answer: the document, or the text that `draw` makes of it.
    ///
    /// # Errors
    /// When stdout cannot be written. A reader that went away (`hub list | head -1`) is no error.
    pub fn answer<T: Serialize>(
        &self,
        document: &T,
        draw: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Text => self.write(&draw(document)),
            Format::Json => self.exact(&(serde_json::to_string_pretty(document)? + "\n")),
        }
    }

    /// Writes a part of the answer as it comes: text for people, in which a terminal finds
    /// nothing to obey but hub's own colours, wherever its words came from.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub fn write(&self, text: &str) -> io::Result<()> {
        let text = only_styles(text);
        let mut stdout = io::stdout().lock();
        let choice = anstream::AutoStream::choice(&stdout);
        // As a whole: stdout would ask the system once for each line.
        let mut bytes = anstream::AutoStream::new(Vec::with_capacity(text.len()), choice);
        read_or_not(
            bytes
                .write_all(text.as_bytes())
                .and_then(|()| stdout.write_all(&bytes.into_inner()))
                .and_then(|()| stdout.flush()),
        )
    }

    /// Writes what is for a program, or was asked for as it is: not a byte is changed.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub fn exact(&self, text: &str) -> io::Result<()> {
        read_or_not(write_raw(text.as_bytes()))
    }

    /// Writes an answer that takes the place of the one before: on a terminal over it, as a
    /// document on a line of its own.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub fn answer_again<T: Serialize>(
        &self,
        document: &T,
        draw: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        // Home, then everything below (ECMA-48 CUP and ED).
        const CLEAR: &str = "\x1b[H\x1b[2J";
        if self.format == Format::Json {
            return self.exact(&(serde_json::to_string(document)? + "\n"));
        }
        // Drawn first: what is there is seen until the next is ready.
        let text = draw(document);
        if io::stdout().is_terminal() {
            self.exact(CLEAR)?;
        }
        self.write(&text)
    }

    /// Writes one of many answers: a document or a text on a line of its own.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub fn line<T: Serialize>(
        &self,
        document: &T,
        draw: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Text => self.write(&draw(document)),
            Format::Json => self.exact(&(serde_json::to_string(document)? + "\n")),
        }
    }

    /// Whether somebody can read what is written to stdout: the other end of a pipe is open.
    #[must_use]
    pub fn has_reader(&self) -> bool {
        let stdout = io::stdout();
        let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
        // Errors and hang-ups are told whether asked for or not: poll(2).
        let at_once = Timespec::default();
        rustix::event::poll(&mut asked, Some(&at_once)).is_err()
            || asked.iter().all(|one| one.revents().is_empty())
    }

    /// Writes an error with its hint to stderr.
    pub fn error(&self, code: Code, message: &str, hint: Option<&str>) {
        let text = match self.format {
            Format::Text => {
                let mut text = format!(
                    "{}error:{:#} {}\n",
                    style::ERROR,
                    style::ERROR,
                    visible(message)
                );
                if let Some(hint) = hint {
                    let hint = visible(hint);
                    let _ = writeln!(text, "{}hint:{:#} {hint}", style::HINT, style::HINT);
                }
                text
            }
            Format::Json => {
                json!({ "error": { "code": code, "message": message, "hint": hint } }).to_string()
                    + "\n"
            }
        };
        write_stderr(&text);
    }

    /// Writes a note to stderr, unless it is to be quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            write_stderr(&format!("{}\n", visible(text)));
        }
    }

    /// Writes a warning to stderr.
    pub fn warning(&self, text: &str) {
        let text = visible(text);
        write_stderr(&format!(
            "{}warning:{:#} {text}\n",
            style::WARNING,
            style::WARNING
        ));
    }
}

/// Writes a line about how hub works, which only those see who asked for it.
pub fn narrate(line: &str) {
    write_stderr(&format!("{}\n", style::paint(style::DIM, &visible(line))));
}

/// Where bytes go that are no text; `None` where a terminal would show them.
#[must_use]
pub fn raw_stream() -> Option<Box<dyn Write>> {
    let stdout = io::stdout();
    (!stdout.is_terminal()).then(|| Box::new(stdout) as Box<dyn Write>)
}

/// Writes what is for the terminal as it is.
///
/// # Errors
/// When stdout cannot be written.
pub fn write_raw(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// A reader that went away is no error.
fn read_or_not(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The text with nothing in it that a terminal obeys but styles as hub writes them.
///
/// Whoever draws words from outside makes them visible where they are drawn, so that columns
/// fit. This is for the place where somebody forgot.
pub(super) fn only_styles(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t'))
    {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut pieces = text.split('\x1b');
    safe.extend(pieces.next().map(visible_with_tabs));
    for piece in pieces {
        let rest = if let Some((style, rest)) = style_end(piece) {
            safe.push('\x1b');
            safe.push_str(style);
            rest
        } else {
            safe.push_str(&visible("\x1b"));
            piece
        };
        safe.push_str(&visible_with_tabs(rest));
    }
    Cow::Owned(safe)
}

/// The rest of a style's sequence, as `[1m`, and what follows it.
fn style_end(piece: &str) -> Option<(&str, &str)> {
    let end = piece.find('m')? + 1;
    let (style, rest) = piece.split_at_checked(end)?;
    let numbers = style.strip_prefix('[')?.strip_suffix('m')?;
    let is_style = numbers.bytes().all(|b| b.is_ascii_digit() || b == b';');
    is_style.then_some((style, rest))
}

fn write_stderr(text: &str) {
    let text = only_styles(text);
    let mut stderr = anstream::AutoStream::auto(io::stderr()).lock();
    // Whoever closed stderr does not want to read this.
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

/// The width that tables are cut to: the terminal's; `None` where stdout is none.
pub(super) fn width() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(size.ws_col).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn styles_stay_and_nothing_else_that_a_terminal_obeys() {
        let styled = style::paint(style::ERROR, "error");
        for kept in [styled.as_str(), "a\tb\n", "\u{1b}[0m", "\u{1b}[m", "ä"] {
            assert_eq!(only_styles(kept), kept, "{kept:?}");
        }
        for (given, shown) in [
            ("\x1b]0;title\x07", "\u{241b}]0;title\u{2407}"),
            ("\x1b[2Jm", "\u{241b}[2Jm"),
            ("\x1b]8;;http://x\x1b\\m", "\u{241b}]8;;http://x\u{241b}\\m"),
            ("\x1bP1m", "\u{241b}P1m"),
            ("a\rb\u{202e}", "a\u{240d}b\u{fffd}"),
            ("\x1b", "\u{241b}"),
        ] {
            assert_eq!(only_styles(given), shown, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_safe_stays_so(text in "(\x1b|\\[|[0-9;]{0,3}|m|\\PC|[\x00-\x1f]|\u{202e}){0,30}") {
            let once = only_styles(&text).into_owned();
            prop_assert_eq!(only_styles(&once), once.as_str());
            let plain = anstream::adapter::strip_str(&once).to_string();
            prop_assert!(plain.chars().all(|c| "\n\t".contains(c) || !c.is_control()), "{:?}", plain);
        }
    }
}
