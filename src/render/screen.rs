//! The terminal that progress is drawn on, which may be closed at any moment.

use std::io;

use dialoguer::console::Term;
use indicatif::TermLike;

/// The terminal of stderr, where nothing fails: what cannot be drawn is not seen by anybody.
///
/// The library that draws panics when it cannot, and agents would be left without an answer.
#[derive(Debug)]
pub(super) struct Screen(Term);

impl Screen {
    pub fn new() -> Self {
        Self(Term::buffered_stderr())
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the results are those of the functions around it"
)]
fn seen_or_not(_: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        seen_or_not(self.0.move_cursor_up(lines))
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        seen_or_not(self.0.move_cursor_down(lines))
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        seen_or_not(self.0.move_cursor_right(columns))
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        seen_or_not(self.0.move_cursor_left(columns))
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        seen_or_not(self.0.write_line(line))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        seen_or_not(self.0.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        seen_or_not(self.0.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        seen_or_not(self.0.flush())
    }
}
