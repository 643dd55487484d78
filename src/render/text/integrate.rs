//! What is written for other tools.

use std::fmt::Write as _;

use crate::domain::report::{FileAction, IntegrateReport, IntegratedFile};
use crate::domain::text::visible;
use crate::render::style::{self, paint};

/// What `hub integrate` will do, before it asks: each file with what changes in it.
#[must_use]
pub fn integrate_plan(report: &IntegrateReport) -> String {
    let mut drawn = String::new();
    for file in report.changes() {
        if !drawn.is_empty() {
            drawn.push('\n');
        }
        for line in file.diff.lines() {
            let _ = writeln!(drawn, "{}", changed(line));
        }
    }
    drawn
}

/// A line of a diff in its colour.
fn changed(line: &str) -> String {
    let line = visible(line);
    let style = match line.as_bytes() {
        [b'-' | b'+', b'-' | b'+', ..] if line.starts_with("---") || line.starts_with("+++") => {
            style::HEADER
        }
        [b'+', ..] => style::GOOD,
        [b'-', ..] => style::BAD,
        [b'@', ..] => style::DIM,
        _ => return line,
    };
    paint(style, &line)
}

/// `hub integrate`.
#[must_use]
pub fn integrate(report: &IntegrateReport) -> String {
    let mut drawn = String::new();
    if report.dry_run {
        drawn = integrate_plan(report);
        if !drawn.is_empty() {
            drawn.push('\n');
        }
    }
    for file in report.changes() {
        let _ = writeln!(drawn, "{}", done(report, file));
    }
    if report.changes().next().is_none() {
        drawn.push_str("nothing to do: all is as it shall be\n");
    }
    drawn
}

fn done(report: &IntegrateReport, file: &IntegratedFile) -> String {
    let did = match file.action {
        FileAction::Create => ["would create", "created"],
        FileAction::Update => ["would update", "updated"],
        FileAction::Replace => ["would replace the edited", "replaced the edited"],
        FileAction::Remove => ["would remove", "removed"],
        FileAction::Keep | FileAction::Absent | FileAction::Edited => ["edited, stays:"; 2],
    };
    let [would, did] = did;
    let verb = if report.dry_run { would } else { did };
    let path = file.path.strip_prefix(&report.worktree);
    let path = path.unwrap_or(&file.path).display().to_string();
    let mut line = format!("{verb} {}", visible(&path));
    if let Some(backup) = &file.backup {
        let name = backup.file_name().unwrap_or_default().to_string_lossy();
        let _ = write!(line, ", kept as {}", visible(&name));
    }
    line
}
