//! What became of results.

use std::fmt::Write as _;

use crate::domain::refs::{SnapshotLabel, SnapshotRef};
use crate::domain::report::{
    ArchiveReport, ArchivedAttempt, CleanupReport, GraftReport, RoundsEnd, RunReport,
};
use crate::domain::snapshot;

use super::{dash, lines, merge};
use crate::render::table::{self, number, text};

/// `hub graft`.
#[must_use]
pub fn graft(report: &GraftReport) -> String {
    let files = match report.diff.files_changed {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let id = &report.session_id;
    format!(
        "{} of session {id} is at attempt {} now: {files} of {} ({}) as {}\nnext: hub eval {id}\n",
        report.agent,
        report.attempt.number(),
        report.from,
        lines(report.diff),
        report.commit.short(),
    )
}

/// `hub archive`.
#[must_use]
pub fn archive(report: &ArchiveReport) -> String {
    format!(
        "{}session {} is archived\n",
        archived(&report.archived),
        report.session_id
    )
}

pub(super) fn archived(attempts: &[ArchivedAttempt]) -> String {
    attempts.iter().fold(String::new(), |mut text, attempt| {
        let _ = writeln!(text, "archived {} as {}", attempt.agent, attempt.tag);
        text
    })
}

pub(super) fn nothing_to_clean() -> String {
    "nothing to clean up\n".to_owned()
}

/// `hub cleanup`.
#[must_use]
pub fn cleanup(report: &CleanupReport) -> String {
    if report.is_empty() {
        return nothing_to_clean();
    }
    let mut text = archived(&report.archived);
    for snapshot in &report.snapshots {
        let name = &snapshot.r#ref;
        let _ = writeln!(
            text,
            "kept work of {} as {name}; `{}` brings it back",
            snapshot.agent,
            how_back(name)
        );
    }
    for path in &report.removed_worktrees {
        let _ = writeln!(text, "removed {}", path.display());
    }
    for path in &report.forgotten_worktrees {
        let _ = writeln!(text, "forgot {}, which was gone", path.display());
    }
    for branch in &report.deleted_branches {
        let _ = writeln!(text, "deleted {branch}");
    }
    text
}

/// The command that brings a snapshot back.
fn how_back(name: &SnapshotRef) -> String {
    let short = snapshot::short(name);
    match name.label {
        SnapshotLabel::Uncommitted(_) => format!("hub snapshots restore {short}"),
        SnapshotLabel::Discarded(_) => format!("hub snapshots restore {short} --branch NAME"),
    }
}

/// `hub run`; its ranking was shown before the question.
#[must_use]
pub fn run(report: &RunReport) -> String {
    let mut text = report.merge.as_ref().map(merge).unwrap_or_default();
    if let Some(cleaned) = &report.cleanup {
        let _ = writeln!(
            text,
            "removed {} worktrees and {} branches",
            cleaned.removed_worktrees.len(),
            cleaned.deleted_branches.len()
        );
    }
    if report.rounds.len() > 1 {
        text.push_str(&rounds(report));
    }
    let _ = writeln!(text, "session {} is {}", report.session_id, report.state);
    text
}

fn rounds(report: &RunReport) -> String {
    let value = |value: Option<f64>| value.map_or_else(dash, |value| value.to_string());
    let rows = report.rounds.iter().map(|round| {
        vec![
            round.round.to_string(),
            round.session_id.to_string(),
            value(round.baseline),
            value(round.metric_value),
            round.winner.map_or_else(dash, |agent| agent.to_string()),
            round.state.to_string(),
        ]
    });
    let columns = [
        number("ROUND"),
        text("SESSION"),
        number("FROM"),
        number("TO"),
        text("WINNER"),
        text("STATE"),
    ];
    let ended = match report.rounds_end {
        RoundsEnd::AllHeld => "all rounds were held",
        RoundsEnd::NotImproved => "nobody improved on what the last round started from",
        RoundsEnd::Reached => "what was asked for is reached",
    };
    format!("{}{ended}\n", table::draw(&columns, rows.collect()))
}
