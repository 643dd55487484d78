//! Journals.

use std::fmt::Write as _;

use crate::domain::event::Event;
use crate::domain::report::{AllEventsReport, EventsReport, FollowedEvent};
use crate::domain::time;

use super::one_line;
use crate::render::table::{self, number, text};

/// `hub events`.
#[must_use]
pub fn events(report: &EventsReport) -> String {
    let rows = report.events.iter().map(|event| {
        vec![
            event.seq.to_string(),
            time::format(&event.time),
            event.pid.to_string(),
            event.operation.as_str().to_owned(),
            phase(event),
            detail(event),
        ]
    });
    table::draw(
        &[
            number("SEQ"),
            text("TIME"),
            number("PID"),
            text("OPERATION"),
            text("PHASE"),
            text("DETAIL"),
        ],
        rows.collect(),
    )
}

/// `hub events --all`: a table for each session.
#[must_use]
pub fn all_events(report: &AllEventsReport) -> String {
    let mut drawn = String::new();
    for session in &report.sessions {
        if !drawn.is_empty() {
            drawn.push('\n');
        }
        let _ = write!(drawn, "session {}\n{}", session.session_id, events(session));
    }
    drawn
}

/// `hub events --follow`: one line.
#[must_use]
pub fn followed(followed: &FollowedEvent) -> String {
    let event = &followed.event;
    let line = format!(
        "{}  {}  {}  {}  {}",
        time::format(&event.time),
        followed.session_id,
        event.operation.as_str(),
        phase(event),
        detail(event)
    );
    format!("{}\n", line.trim_end())
}

fn phase(event: &Event) -> String {
    let phase = serde_json::to_value(event.phase).unwrap_or_default();
    phase.as_str().unwrap_or_default().to_owned()
}

fn detail(event: &Event) -> String {
    let detail: Vec<String> = event
        .detail
        .iter()
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        })
        .collect();
    one_line(&detail.join(" "))
}
