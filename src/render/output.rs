//! The two streams, the two formats, and the envelope of errors.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use rustix::event::{PollFd, PollFlags, Timespec};
use serde::Serialize;
use serde_json::json;

use crate::domain::diagnostic::Code;
use crate::domain::text::visible;

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
        let text = match self.format {
            Format::Text => draw(document),
            Format::Json => serde_json::to_string_pretty(document)? + "\n",
        };
        self.write(&text)
    }

    /// Writes a part of the answer as it comes.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub fn write(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let choice = anstream::AutoStream::choice(&stdout);
        // As a whole: stdout would ask the system once for each line.
        let mut bytes = anstream::AutoStream::new(Vec::with_capacity(text.len()), choice);
        let written = bytes
            .write_all(text.as_bytes())
            .and_then(|()| stdout.write_all(&bytes.into_inner()))
            .and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
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
        let text = match self.format {
            Format::Json => serde_json::to_string(document)? + "\n",
            Format::Text if io::stdout().is_terminal() => format!("{CLEAR}{}", draw(document)),
            Format::Text => draw(document),
        };
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
        let text = match self.format {
            Format::Text => draw(document),
            Format::Json => serde_json::to_string(document)? + "\n",
        };
        self.write(&text)
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

/// Writes what is for the terminal as it is.
///
/// # Errors
/// When stdout cannot be written.
pub fn write_raw(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

fn write_stderr(text: &str) {
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
