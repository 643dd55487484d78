//! What was merged, and what would be.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::domain::merging::{MergeStrategy, conflicts};
use crate::domain::report::{
    MergeOutlook, MergePlanReport, MergeReport, PlannedFile, VerifyReport,
};
use crate::domain::text::first_few;
use crate::render::style::{self, paint};

use super::results::archived;
use super::{dash, lines, one_line, seconds};

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

/// Whether work would merge, in a word or two.
pub(super) fn outlook(outlook: Option<&MergeOutlook>) -> String {
    match outlook {
        None => dash(),
        Some(outlook) if outlook.clean => "clean".to_owned(),
        Some(outlook) => paint(style::BAD, &conflicts(&outlook.conflicts)),
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

/// `hub merge --dry-run`.
#[must_use]
pub fn merge_plan(plan: &MergePlanReport) -> String {
    let agents: Vec<String> = plan.agents.iter().map(|a| a.agent.to_string()).collect();
    let mut text = format!(
        "would be {}: {} {} {} at {}\n",
        done(plan.strategy),
        agents.join(", "),
        onto(plan.strategy),
        plan.base_branch,
        plan.base_tip.short()
    );
    if let Some(moved @ 1..) = plan.base_moved {
        let (base, moved) = (&plan.base_branch, commits(moved));
        let _ = writeln!(text, "{base} has moved by {moved} since the session began");
    }
    for agent in &plan.agents {
        let count = commits(agent.commits.len());
        let _ = writeln!(text, "{}: {count}", agent.agent);
        for commit in &agent.commits {
            let subject = one_line(&commit.subject);
            let _ = writeln!(text, "    {} {subject}", commit.commit.short());
        }
    }
    if let Some(diff) = plan.diff {
        let files = match diff.files_changed {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let _ = writeln!(text, "{files}, {}", lines(diff));
    }
    for file in plan.files.iter().take(FILES) {
        text.push_str(&planned_file(file));
    }
    if let Some(more @ 1..) = plan.files.len().checked_sub(FILES) {
        let _ = writeln!(text, "    and {more} more");
    }
    text.push_str(&outcome(plan));
    text
}

/// The longest list of files that is shown; the document has all.
const FILES: usize = 12;

fn planned_file(file: &PlannedFile) -> String {
    let path = one_line(&file.file.display().to_string());
    let from = match &file.renamed_from {
        Some(from) => format!(" (was {})", one_line(&from.display().to_string())),
        None => String::new(),
    };
    match (file.insertions, file.deletions) {
        (Some(more), Some(less)) => format!("    {path}{from} +{more}/-{less}\n"),
        _ => format!("    {path}{from}\n"),
    }
}

/// What would become of it, and of everything around it.
fn outcome(plan: &MergePlanReport) -> String {
    let mut text = String::new();
    let shown = |path: &PathBuf| one_line(&path.display().to_string());
    if let Some(conflict) = &plan.conflict {
        let paths = first_few(conflict.paths.iter().map(shown));
        let count = conflicts(&conflict.paths);
        let _ = writeln!(
            text,
            "{} does not go in: {count} in {paths}",
            conflict.agent
        );
    } else if plan.merges.is_none() && plan.refused.is_none() {
        text.push_str("whether it conflicts is not known: git is too old to tell, or cannot\n");
    }
    if let Some(command) = plan.verify.as_ref().filter(|_| plan.conflict.is_none()) {
        let _ = writeln!(text, "would be verified with {}", one_line(command));
    }
    for attempt in &plan.archived {
        let _ = writeln!(text, "would archive {} as {}", attempt.agent, attempt.tag);
    }
    if let Some(checkout) = plan.checkout.as_ref().filter(|_| plan.merges == Some(true)) {
        let checkout = checkout.display();
        if plan.in_the_way.is_empty() {
            let _ = writeln!(text, "{checkout} would go along");
        } else {
            let paths = first_few(plan.in_the_way.iter().map(shown));
            let _ = writeln!(
                text,
                "uncommitted files in {checkout} are in the way: {paths}"
            );
        }
    }
    if let Some(why) = &plan.refused {
        let _ = writeln!(text, "would be refused: {}", one_line(why));
    }
    text.push_str("nothing was changed\n");
    text
}
