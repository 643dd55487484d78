//! Markdown for a terminal: a few styles, indented blocks, lines that fit.
//!
//! Whatever a terminal would obey is shown instead, also where markdown spells it (`&#27;`).

use std::mem;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr;

use crate::domain::text::visible;

use super::style::{self, paint};

/// What is longer is shown as it is: nobody reads it for its looks.
const LONGEST: usize = 256 * 1024;

/// How deep lists and quotations are indented at most.
const DEEPEST: usize = 8;

/// Lines that are shorter than this hold no text worth wrapping.
const NARROWEST: usize = 20;

const CODE: Style = AnsiColor::Cyan.on_default();

/// Draws a text in lines of at most `width` columns.
pub(super) fn draw(text: &str, width: usize) -> String {
    if text.len() > LONGEST {
        return visible(text);
    }
    let mut page = Page {
        width: width.max(NARROWEST),
        ..Page::default()
    };
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(text, options) {
        page.take(event);
    }
    page.flush();
    page.drawn
}

/// What stands left of a block: before its first line, and before the others.
struct Margin {
    first: Option<String>,
    rest: String,
}

/// A piece of a word.
type Piece = (Style, String);

/// A part of a paragraph.
enum Part {
    Word(Vec<Piece>),
    LineEnd,
}

#[derive(Default)]
struct Page {
    width: usize,
    drawn: String,
    margins: Vec<Margin>,
    styles: Vec<Style>,
    /// The number of the next item of each list that is open; `None` where it has no numbers.
    lists: Vec<Option<u64>>,
    links: Vec<String>,
    parts: Vec<Part>,
    /// Whether the last word goes on.
    open: bool,
    in_code: bool,
    /// Whether an empty line comes before the next one.
    gap: bool,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code => self.code_lines(&text),
            Event::Text(text) => self.say(&text),
            Event::Code(text) => self.styled(CODE, &text),
            Event::Html(text) | Event::InlineHtml(text) => self.styled(style::DIM, &text),
            Event::SoftBreak | Event::HardBreak => self.line_end(),
            Event::Rule => {
                self.flush();
                self.line(&paint(style::DIM, &"─".repeat(NARROWEST)));
                self.gap = true;
            }
            Event::TaskListMarker(done) => self.say(if done { "[x] " } else { "[ ] " }),
            // Of extensions that are not asked for.
            _ => {}
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.styles.push(match level {
                    HeadingLevel::H1 => style::HEADER.underline(),
                    _ => style::HEADER,
                });
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.margin("│ ".to_owned(), "│ ".to_owned());
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.in_code = true;
                if let CodeBlockKind::Fenced(name) = kind
                    && !name.is_empty()
                {
                    self.line(&paint(style::DIM, &visible(&name)));
                }
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.styles.push(Style::new().italic()),
            Tag::Strong => self.styles.push(Style::new().bold()),
            Tag::Strikethrough => self.styles.push(Style::new().strikethrough()),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(dest_url.into_string());
                self.styles.push(Style::new().underline());
            }
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
                self.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.margins.pop();
                self.gap = true;
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.gap = true;
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                self.margins.pop();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                self.styles.pop();
                let target = self.links.pop().unwrap_or_default();
                if !target.is_empty() {
                    self.styled(style::DIM, &format!(" <{target}>"));
                }
            }
            _ => {
                self.flush();
                self.gap = true;
            }
        }
    }

    fn item(&mut self) {
        self.flush();
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            _ => "• ".to_owned(),
        };
        let rest = " ".repeat(mark.width());
        self.margin(mark, rest);
    }

    fn margin(&mut self, first: String, rest: String) {
        self.margins.push(Margin {
            first: Some(first),
            rest,
        });
    }

    /// Adds words in the style that holds.
    fn say(&mut self, text: &str) {
        let styles = self.styles.iter();
        let style = styles.fold(Style::new(), |all, one| {
            all.effects(all.get_effects() | one.get_effects())
        });
        self.styled(style, text);
    }

    fn styled(&mut self, style: Style, text: &str) {
        for (nth, line) in visible(text).split('\n').enumerate() {
            if nth > 0 {
                self.line_end();
            }
            for (nth, word) in line.split(' ').enumerate() {
                self.open &= nth == 0;
                if word.is_empty() {
                    continue;
                }
                let piece = (style, word.to_owned());
                match self.parts.last_mut() {
                    Some(Part::Word(pieces)) if self.open => pieces.push(piece),
                    _ => self.parts.push(Part::Word(vec![piece])),
                }
                self.open = true;
            }
        }
    }

    fn line_end(&mut self) {
        self.parts.push(Part::LineEnd);
        self.open = false;
    }

    /// Writes the words that are waiting, in lines that fit.
    fn flush(&mut self) {
        self.open = false;
        let room = self.width.saturating_sub(self.indent()).max(NARROWEST);
        let (mut line, mut used) = (String::new(), 0);
        for part in mem::take(&mut self.parts) {
            let Part::Word(pieces) = part else {
                self.line(&mem::take(&mut line));
                used = 0;
                continue;
            };
            let width: usize = pieces.iter().map(|(_, text)| text.width()).sum();
            if used > 0 && used + 1 + width > room {
                self.line(&mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            for (style, text) in pieces {
                line.push_str(&paint(style, &text));
            }
            used += width;
        }
        if used > 0 {
            self.line(&line);
        }
    }

    /// Code keeps its lines, however long.
    fn code_lines(&mut self, text: &str) {
        for line in text.lines() {
            let line = visible(&line.replace('\t', "    "));
            self.line(&format!("    {}", paint(CODE, &line)));
        }
    }

    fn indent(&self) -> usize {
        let margins = self.margins.iter().take(DEEPEST);
        margins.map(|margin| margin.rest.width()).sum()
    }

    /// Writes one line behind what stands left of it.
    fn line(&mut self, text: &str) {
        if mem::take(&mut self.gap) && !self.drawn.is_empty() {
            self.drawn.push('\n');
        }
        for margin in self.margins.iter_mut().take(DEEPEST) {
            let first = margin.first.take();
            self.drawn
                .push_str(first.as_deref().unwrap_or(&margin.rest));
        }
        self.drawn.push_str(text);
        self.drawn.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As it is seen without colour.
    fn plain(text: &str, width: usize) -> String {
        anstream::adapter::strip_str(&draw(text, width)).to_string()
    }

    #[test]
    fn blocks_are_drawn_apart_and_indented() {
        let text = "# Title\nSome *more* words, `code` and a [link](http://x).\n\n- one\n  - deep\n\
            - two\n\n3. three\n4. four\n\n> said\n> again\n\n```sh\nhub\tlist\n```\n\n---\n\nend";
        insta::assert_snapshot!(plain(text, 80), @r"
        Title

        Some more words, code and a link <http://x>.

        • one
          • deep
        • two

        3. three
        4. four

        │ said
        │ again

        sh
            hub    list

        ────────────────────

        end
        ");
    }

    #[test]
    fn long_lines_are_wrapped_within_their_block() {
        let text =
            "- one two three four five six seven **eight nine**\n\nanunbreakablewordthatislong";
        insta::assert_snapshot!(plain(text, 24), @r"
        • one two three four
          five six seven eight
          nine

        anunbreakablewordthatislong
        ");
    }

    #[test]
    fn styles_end_where_they_do() {
        let drawn = draw("a **b** c", 80);
        assert_eq!(drawn, "a \u{1b}[1mb\u{1b}[0m c\n");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for text in [
            "\x1b[31mred",
            "&#27;[31mred",
            "`\x1b[31mred`",
            "<b \x1b[31mred>",
            "```\n\x1b[31mred\n```",
        ] {
            let drawn = plain(text, 80);
            assert!(
                drawn.contains("[31mred") && !drawn.contains('\x1b'),
                "{drawn:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_text_is_drawn_harmlessly(text in "(?s)([#>*_`~|-] ?|\\[x\\]\\(y\\)|\x1b|\n|.){0,120}") {
            let drawn = plain(&text, 40);
            let obeyed = |c: char| c.is_control() && c != '\n';
            prop_assert!(!drawn.contains(obeyed), "{drawn:?}");
        }
    }
}
