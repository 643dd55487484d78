//! What was merged, and what would be.

use std::fmt::Write as _;

use crate::domain::merging::MergeStrategy;
use crate::domain::report::{MergeReport, VerifyReport};

use super::results::archived;
use super::{one_line, seconds};

/// `hub merge`.
#[must_use]
pub fn merge(report: &MergeReport) -> String {
    let merged: Vec<String> = report.merged.iter().map(|m| m.agent.to_string()).collect();
    let mut text = match (merged.join(", "), &report.after) {
        (merged, Some(after)) => format!(
            "{} {merged} {} {} as {}\n",
            done(report.strategy),
            onto(report.strategy),
            report.base_branch,
            after.short()
        ),
        _ => format!(
            "session {} is {}; nothing was merged\n",
            report.session_id, report.state
        ),
    };
    if let (Some(before), Some(base), Some(moved @ 1..)) =
        (&report.before, &report.base_commit, report.base_moved)
    {
        let _ = writeln!(
            text,
            "{} had moved by {} since the session began, from {} to {}",
            report.base_branch,
            commits(moved),
            base.short(),
            before.short()
        );
    }
    if let Some(verified) = &report.verified {
        text.push_str(&verification(report, verified));
    }
    text.push_str(&archived(&report.archived));
    text
}

fn done(strategy: MergeStrategy) -> &'static str {
    match strategy {
        MergeStrategy::Merge => "merged",
        MergeStrategy::Squash => "squashed",
        MergeStrategy::Rebase => "rebased",
        MergeStrategy::CherryPick => "cherry-picked",
    }
}

fn onto(strategy: MergeStrategy) -> &'static str {
    match strategy {
        MergeStrategy::Merge | MergeStrategy::Squash => "into",
        MergeStrategy::Rebase | MergeStrategy::CherryPick => "onto",
    }
}

/// A number of commits, in words.
pub(super) fn commits(count: usize) -> String {
    match count {
        1 => "1 commit".to_owned(),
        count => format!("{count} commits"),
    }
}

fn verification(report: &MergeReport, verified: &VerifyReport) -> String {
    let mut line = format!(
        "verified with {} in {}",
        one_line(&verified.command),
        seconds(verified.elapsed_s)
    );
    if let Some(value) = verified.metric_value {
        let _ = write!(line, ": {value}");
        let beside = [
            report
                .winner
                .zip(verified.winner_value)
                .map(|(winner, value)| format!("{winner} {value}")),
            verified.baseline.map(|value| format!("baseline {value}")),
        ];
        let beside: Vec<String> = beside.into_iter().flatten().collect();
        if !beside.is_empty() {
            let _ = write!(line, " ({})", beside.join(", "));
        }
    }
    line.push('\n');
    line
}
