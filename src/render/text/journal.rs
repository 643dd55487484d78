//! Journals.

use std::fmt::Write as _;

use crate::domain::effects::EFFECTS;
use crate::domain::event::{Event, RefMove};
use crate::domain::outside::found::FOUND;
use crate::domain::outside::settled::SETTLES;
use crate::domain::owner::UserName;
use crate::domain::refs::CommitId;
use crate::domain::report::{AllEventsReport, EventsReport, FollowedEvent};
use crate::domain::security::denials::{ACCESSES, told_in};
use crate::domain::time;

use super::one_line;
use crate::domain::text::{first_few, visible};
use crate::render::table::{self, number, text};

/// How journals are shown.
#[derive(Clone, Debug)]
pub struct JournalStyle {
    /// Whoever reads; lines of the same user on the same machine do not name them.
    pub user: UserName,
    /// The machine that is read on.
    pub host: String,
    /// Whether everything is shown: refs and hashes, too.
    pub whole: bool,
}

impl JournalStyle {
    /// Who wrote a line, where that is to be told.
    fn writer(&self, event: &Event) -> Option<String> {
        let user = event.user.as_ref()?;
        let host = event.host.as_deref().unwrap_or("-");
        let other = *user != self.user || host != self.host;
        (other || self.whole).then(|| one_line(&format!("{user}@{host}")))
    }
}

/// `hub events`.
#[must_use]
pub fn events(report: &EventsReport, style: &JournalStyle) -> String {
    let undo = report.undo.as_ref();
    let mut drawn = journal(&report.events, style, undo.map(|undo| undo.seq));
    let Some(undo) = undo else {
        return drawn;
    };
    if undo.obstacles.is_empty() {
        drawn.push_str("* is what `hub undo` takes back\n");
        return drawn;
    }
    drawn.push_str("* is what `hub undo` would take back, but:\n");
    for obstacle in &undo.obstacles {
        let _ = writeln!(drawn, "  {}", visible(&obstacle.what));
        if let Some(hint) = &obstacle.hint {
            let _ = writeln!(drawn, "    hint: {}", visible(hint));
        }
    }
    drawn
}

/// A table of lines; `marked` is the number of one that gets a star.
fn journal(events: &[Event], style: &JournalStyle, marked: Option<u64>) -> String {
    let named = events.iter().any(|e| style.writer(e).is_some());
    let mut columns = vec![number("SEQ"), text("TIME"), number("PID")];
    if named {
        columns.push(text("WHO"));
    }
    columns.extend([text("OPERATION"), text("PHASE"), text("DETAIL")]);
    if style.whole {
        columns.extend([text("REFS"), text("PREVIOUS")]);
    }
    let rows = events.iter().map(|event| {
        let star = if marked == Some(event.seq) { " *" } else { "" };
        let mut row = vec![
            event.seq.to_string(),
            time::format(&event.time),
            event.pid.to_string(),
        ];
        if named {
            row.push(style.writer(event).unwrap_or_default());
        }
        row.extend([
            format!("{}{star}", event.operation.as_str()),
            phase(event),
            detail(event),
        ]);
        if style.whole {
            let previous = event.previous.as_ref().map_or("", |hash| hash.short());
            row.extend([refs(event), previous.to_owned()]);
        }
        row
    });
    table::draw(&columns, rows.collect())
}

/// `hub events --all`: a table for each session.
#[must_use]
pub fn all_events(report: &AllEventsReport, style: &JournalStyle) -> String {
    let mut drawn = String::new();
    for session in &report.sessions {
        if !drawn.is_empty() {
            drawn.push('\n');
        }
        let table = journal(&session.events, style, None);
        let _ = write!(drawn, "session {}\n{table}", session.session_id);
    }
    drawn
}

/// `hub events --follow`: one line.
#[must_use]
pub fn followed(followed: &FollowedEvent, style: &JournalStyle) -> String {
    let event = &followed.event;
    let mut parts = vec![
        time::format(&event.time),
        followed.session_id.to_string(),
        event.operation.as_str().to_owned(),
        phase(event),
    ];
    parts.extend(style.writer(event));
    parts.push(detail(event));
    if style.whole {
        parts.push(refs(event));
    }
    format!("{}\n", parts.join("  ").trim_end())
}

/// The refs that a line tells of, as `main: 3f1c… → 9a0b…`.
fn refs(event: &Event) -> String {
    let id = |id: &Option<CommitId>| id.as_ref().map_or("-", CommitId::short).to_owned();
    let one = |moved: &RefMove| {
        let name = moved.r#ref.as_str();
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        format!("{name}: {} → {}", id(&moved.old), id(&moved.new))
    };
    event.refs.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn phase(event: &Event) -> String {
    let phase = serde_json::to_value(event.phase).unwrap_or_default();
    phase.as_str().unwrap_or_default().to_owned()
}

/// What is in the lines for programs: too long for a table.
const FOR_PROGRAMS: [&str; 4] = [EFFECTS, FOUND, SETTLES, "config"];

/// Names and values; of a line that has none, what becomes of the refs that it tells of.
fn detail(event: &Event) -> String {
    let detail: Vec<String> = event
        .detail
        .iter()
        .filter(|(name, _)| !FOR_PROGRAMS.contains(&name.as_str()))
        .map(
            |(name, value)| match accesses(name, event).as_deref().or(value.as_str()) {
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            },
        )
        .collect();
    if detail.is_empty() {
        return one_line(&moves(&event.refs));
    }
    one_line(&detail.join(" "))
}

/// What the kernel denied, the first few of it.
fn accesses(name: &str, event: &Event) -> Option<String> {
    let told = (name == ACCESSES).then(|| told_in(&event.detail));
    told.flatten().map(|told| first_few(told.iter()))
}

/// What becomes of refs, by names: `makes=a,b removes=c moves=d`.
fn moves(refs: &[RefMove]) -> String {
    let of = |word: &str, meant: fn(&RefMove) -> bool| {
        let names: Vec<&str> = refs.iter().filter(|one| meant(one)).map(short).collect();
        (!names.is_empty()).then(|| format!("{word}={}", names.join(",")))
    };
    let all = [
        of("makes", |one| one.old.is_none() && one.new.is_some()),
        of("removes", |one| one.new.is_none()),
        of("moves", |one| one.old.is_some() && one.new.is_some()),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A ref as git shows it where it is plain what it is.
fn short(moved: &RefMove) -> &str {
    let name = moved.r#ref.as_str();
    let plain = ["refs/heads/", "refs/tags/"];
    let mut plain = plain.iter().filter_map(|folder| name.strip_prefix(folder));
    plain.next().unwrap_or(name)
}
