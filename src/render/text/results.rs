//! What was measured, and what became of it.

use std::fmt::Write as _;

use crate::domain::report::{
    ArchiveReport, ArchivedAttempt, CleanupReport, EvalReport, MergeReport, ResultReport, RunReport,
};

use super::{dash, indented, lines, one_line};
use crate::render::style::{self, paint};
use crate::render::table::{self, number, text};

/// `hub eval`: the ranked table, then why agents have no metric.
#[must_use]
pub fn eval(report: &EvalReport) -> String {
    let mut drawn = String::new();
    if let (Some(metric), Some(direction)) = (&report.metric, report.direction) {
        let baseline = report.baseline.map_or_else(
            || "no baseline".to_owned(),
            |value| format!("baseline {value}"),
        );
        let _ = writeln!(drawn, "{metric}, {direction} is better, {baseline}");
    }
    let rows = report.results.iter().map(|result| {
        vec![
            result.rank.map_or_else(dash, |rank| rank.to_string()),
            result.agent.to_string(),
            result
                .metric_value
                .map_or_else(dash, |value| value.to_string()),
            delta(result),
            result.diff.files_changed.to_string(),
            lines(result.diff),
        ]
    });
    drawn.push_str(&table::draw(
        &[
            number("RANK"),
            text("AGENT"),
            number("METRIC"),
            number("DELTA"),
            number("FILES"),
            text("+/-"),
        ],
        rows.collect(),
    ));
    for result in &report.results {
        drawn.push_str(&remarks(result));
    }
    match (report.winner, report.beats_baseline) {
        (Some(_), Some(false)) => drawn.push_str("nobody beats the baseline\n"),
        (Some(winner), _) => {
            let _ = writeln!(drawn, "winner: {}", paint(style::GOOD, &winner.to_string()));
        }
        (None, _) if report.metric.is_some() => drawn.push_str("no winner\n"),
        (None, _) => {}
    }
    drawn
}

fn remarks(result: &ResultReport) -> String {
    let agent = result.agent;
    let mut text = String::new();
    if let Some(reason) = &result.reason {
        let _ = writeln!(text, "{agent}: {}", one_line(reason));
    }
    if let Some(stderr) = &result.stderr {
        text.push_str(&indented(stderr));
    }
    if !result.put_back.is_empty() {
        let count = result.put_back.len();
        let _ = writeln!(
            text,
            "{agent}: the eval command changed {count} tracked files; they were put back"
        );
    }
    if let Some(name) = &result.put_back_snapshot {
        let _ = writeln!(text, "{agent}: what was put back is kept as {name}");
    }
    text
}

/// `hub merge`.
#[must_use]
pub fn merge(report: &MergeReport) -> String {
    let mut text = match (report.winner, &report.after) {
        (Some(winner), Some(after)) => format!(
            "merged {winner} into {} as {}\n",
            report.base_branch,
            after.short()
        ),
        _ => format!(
            "session {} is {}; nothing was merged\n",
            report.session_id, report.state
        ),
    };
    text.push_str(&archived(&report.archived));
    text
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

fn archived(attempts: &[ArchivedAttempt]) -> String {
    attempts.iter().fold(String::new(), |mut text, attempt| {
        let _ = writeln!(text, "archived {} as {}", attempt.agent, attempt.tag);
        text
    })
}

/// `hub cleanup`.
#[must_use]
pub fn cleanup(report: &CleanupReport) -> String {
    if report.is_empty() {
        return "nothing to clean up\n".to_owned();
    }
    let mut text = archived(&report.archived);
    for snapshot in &report.snapshots {
        let name = &snapshot.r#ref;
        let _ = writeln!(
            text,
            "kept work of {} as {name}; `git worktree add PATH {name}` brings it back",
            snapshot.agent
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
    let _ = writeln!(text, "session {} is {}", report.session_id, report.state);
    text
}

fn delta(result: &ResultReport) -> String {
    match (result.delta, result.delta_percent) {
        (Some(delta), Some(percent)) => format!("{} ({percent:+.1}%)", signed(delta)),
        (Some(delta), None) => signed(delta),
        (None, _) => dash(),
    }
}

/// A difference to as many digits as say something.
fn signed(delta: f64) -> String {
    let rounded: f64 = format!("{delta:.6}").parse().unwrap_or(delta);
    format!("{rounded:+}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign_and_no_noise() {
        assert_eq!(signed(0.1 + 0.2), "+0.3");
        assert_eq!(signed(-60.0), "-60");
        assert_eq!(signed(1e-9), "+0");
    }
}
