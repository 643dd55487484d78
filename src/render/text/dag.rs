//! Attempts and their commits, as a list and as a graph.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{age, dash, lines, one_line};
use crate::domain::refs::CommitId;
use crate::domain::report::{DagAttempt, DagCommit, DagReport};
use crate::render::lanes::{self, Glyphs, Row};
use crate::render::style::{self, paint};
use crate::render::table::{self, number, text};

/// `hub dag`.
#[must_use]
pub fn dag(report: &DagReport, now: DateTime<Utc>) -> String {
    let mut drawn = format!("session {}\n", report.session);
    if report.agents.is_empty() {
        drawn.push_str("no attempts\n");
        return drawn;
    }
    let columns = [
        text("BRANCH OR TAG"),
        text("COMMIT"),
        number("AHEAD"),
        number("FILES"),
        text("+/-"),
        text("UPDATED"),
        text("STANDS"),
        text("SUBJECT"),
    ];
    let rows = report.agents.iter().map(|attempt| row(attempt, now));
    drawn.push_str(&table::draw(&columns, rows.collect()));
    drawn
}

fn row(attempt: &DagAttempt, now: DateTime<Utc>) -> Vec<String> {
    let tag = attempt.tag.as_ref().filter(|_| attempt.archived);
    let name = tag.map_or_else(|| attempt.branch.to_string(), ToString::to_string);
    let commit = attempt.commit.as_ref();
    let count = |count: Option<usize>| count.map_or_else(dash, |count| count.to_string());
    let stands = match &attempt.contained_in {
        Some(other) => format!("in {} attempt {}", other.agent, other.attempt.number()),
        None if attempt.frontier => "frontier".to_owned(),
        None => dash(),
    };
    vec![
        paint(style_of(attempt), &name),
        commit.map_or_else(dash, |commit| commit.short().to_owned()),
        count(attempt.commits_ahead),
        count(attempt.diff.map(|diff| diff.files_changed)),
        attempt.diff.map_or_else(dash, lines),
        attempt.last_update.map_or_else(dash, |at| age(now, at)),
        stands,
        one_line(attempt.last_message.as_deref().unwrap_or("-")),
    ]
}

fn style_of(attempt: &DagAttempt) -> anstyle::Style {
    if attempt.winner {
        style::GOOD
    } else if attempt.archived {
        style::DIM
    } else {
        anstyle::Style::new()
    }
}

/// `hub dag --graph`.
#[must_use]
pub fn dag_graph(report: &DagReport, ascii: bool) -> String {
    let mut drawn = format!("session {}\n", report.session);
    if report.agents.is_empty() {
        drawn.push_str("no attempts\n");
        return drawn;
    }
    let mut at: HashMap<&CommitId, Vec<&DagAttempt>> = HashMap::new();
    for attempt in &report.agents {
        if let Some(commit) = &attempt.commit {
            at.entry(commit).or_default().push(attempt);
        }
    }
    let glyphs = if ascii {
        Glyphs::ASCII
    } else {
        Glyphs::UNICODE
    };
    let numbers: HashMap<&CommitId, usize> = report
        .commits
        .iter()
        .enumerate()
        .map(|(number, commit)| (&commit.commit, number))
        .collect();
    let rows: Vec<Row> = report
        .commits
        .iter()
        .map(|commit| {
            let tips = at.get(&commit.commit).map_or(&[][..], Vec::as_slice);
            let is_base = report.base_commit.as_ref() == Some(&commit.commit);
            let winner = tips.iter().any(|tip| tip.winner);
            let parents = commit.parents.iter();
            Row {
                parents: parents.filter_map(|id| numbers.get(id).copied()).collect(),
                glyph: glyphs.node(winner, is_base),
                label: label(commit, tips, is_base),
            }
        })
        .collect();
    drawn.push_str(&lanes::draw(&rows, &glyphs));
    drawn
}

/// What stands beside a commit: the attempts that end there, and its subject.
fn label(commit: &DagCommit, tips: &[&DagAttempt], is_base: bool) -> String {
    let mut label = commit.commit.short().to_owned();
    for tip in tips {
        let name = format!("{} attempt {}", tip.agent, tip.attempt.number());
        let _ = write!(label, "  {}", paint(style_of(tip), &name));
        if tip.winner {
            let _ = write!(label, " {}", paint(style::GOOD, "(winner)"));
        }
    }
    if is_base {
        let _ = write!(label, " {}", paint(style::HEADER, "(base)"));
    }
    let archived = !tips.is_empty() && tips.iter().all(|tip| tip.archived);
    let dimmed = if archived {
        style::DIM
    } else {
        anstyle::Style::new()
    };
    let subject = paint(dimmed, &one_line(&commit.message));
    format!("{label}  {subject}")
}
