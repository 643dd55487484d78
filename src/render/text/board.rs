//! The board.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::board::thread;
use crate::domain::report::{BoardListReport, BoardReadReport, PostedReport, ReadPost, ShortPost};
use crate::domain::text::visible;
use crate::domain::time;

use super::{age, dash, one_line};
use crate::render::markdown;
use crate::render::output;
use crate::render::style::{self, paint};
use crate::render::table::{self, number, text};

/// How far an answer stands to the right of what it answers.
const STEP: usize = 2;

/// How deep answers are shown at most: deeper ones stand below each other.
const DEEPEST: usize = 8;

/// `hub board list`.
#[must_use]
pub fn board_list(report: &BoardListReport) -> String {
    let rows = report.channels.iter().map(|listed| {
        let last = listed.last.as_deref().map_or_else(dash, one_line);
        vec![listed.channel.to_string(), listed.posts.to_string(), last]
    });
    table::draw(
        &[text("CHANNEL"), number("POSTS"), text("LAST")],
        rows.collect(),
    )
}

/// `hub board read`: each answer below what it answers. On a terminal markdown is drawn;
/// elsewhere it is what it is.
#[must_use]
pub fn board_read(report: &BoardReadReport) -> String {
    if report.posts.is_empty() {
        return "no posts\n".to_owned();
    }
    let width = output::width();
    let mut drawn = String::new();
    for post in in_threads(&report.posts) {
        if !drawn.is_empty() {
            drawn.push('\n');
        }
        let margin = " ".repeat(STEP * post.depth.min(DEEPEST));
        let _ = writeln!(drawn, "{margin}{}", heading(report, post));
        let body = match width {
            Some(width) => {
                markdown::draw(&post.body, usize::from(width).saturating_sub(margin.len()))
            }
            None => visible(&post.body.replace("\r\n", "\n")),
        };
        for line in body.lines() {
            let line = format!("{margin}{line}");
            drawn.push_str(line.trim_end());
            drawn.push('\n');
        }
    }
    drawn
}

/// `hub board read --raw`: the same without a margin, and what posts say as it is. There is no
/// style in it: whoever takes it as it is reads it by a program.
#[must_use]
pub fn board_raw(report: &BoardReadReport) -> String {
    let mut drawn = String::new();
    for post in in_threads(&report.posts) {
        if !drawn.is_empty() {
            drawn.push('\n');
        }
        let heading = anstream::adapter::strip_str(&heading(report, post)).to_string();
        let _ = writeln!(drawn, "{heading}");
        drawn.push_str(&post.body);
        if !post.body.ends_with('\n') {
            drawn.push('\n');
        }
    }
    drawn
}

/// The posts in the order of their threads.
fn in_threads(posts: &[ReadPost]) -> Vec<&ReadPost> {
    let places: HashMap<&str, usize> = (0..)
        .zip(posts)
        .map(|(place, post)| (post.file.as_str(), place))
        .collect();
    let parents: Vec<Option<usize>> = posts
        .iter()
        .map(|post| places.get(post.answers.as_deref()?).copied())
        .collect();
    let order = thread::threads(&parents).into_iter();
    order.filter_map(|(place, _)| posts.get(place)).collect()
}

fn heading(report: &BoardReadReport, post: &ReadPost) -> String {
    let stem = post.file.strip_suffix(".md").unwrap_or(&post.file);
    let name = format!("{}/{}", report.channel, one_line(stem));
    let metadata = &post.metadata;
    let mut heading = paint(style::HEADER, &name);
    let author = metadata.author.as_deref().map(one_line);
    let time = metadata.timestamp.as_ref().map(time::format);
    let about = metadata.about.as_deref().map(one_line);
    for part in [author, time, about].into_iter().flatten() {
        let _ = write!(heading, "  {part}");
    }
    heading
}

/// `hub board post` and `hub board reply`.
#[must_use]
pub fn posted(report: &PostedReport) -> String {
    let stem = report.file.strip_suffix(".md").unwrap_or(&report.file);
    format!("posted {}/{stem}\n", report.channel)
}

/// The last posts of a session; `now` is what ages are counted from.
pub(super) fn short(posts: &[ShortPost], now: DateTime<Utc>) -> String {
    let columns = [text("POST"), text("AUTHOR"), number("AGE"), text("SAYS")];
    let rows = posts.iter().map(|post| {
        let stem = post.file.strip_suffix(".md").unwrap_or(&post.file);
        // The number is enough to name it.
        let name = match stem.split_once('-') {
            Some((number, _)) if number.bytes().all(|b| b.is_ascii_digit()) => number,
            _ => stem,
        };
        vec![
            format!("{}/{}", post.channel, one_line(name)),
            post.author.as_deref().map_or_else(dash, one_line),
            post.timestamp.map_or_else(dash, |time| age(now, time)),
            one_line(&post.line),
        ]
    });
    table::draw(&columns, rows.collect())
}
