//! What a cleanup would do, and one of all sessions.

use std::fmt::Write as _;

use crate::domain::cleanup::named;
use crate::domain::report::{
    CleanupAllReport, CleanupPlanReport, PlannedRemoval, PlannedWorktree, Refusal, StrayOutcome,
    StrayReport,
};
use crate::domain::text::first_few;

use super::results::{cleanup, nothing_to_clean};
use super::size;

/// `hub cleanup --dry-run`.
#[must_use]
pub fn cleanup_plan(report: &CleanupPlanReport) -> String {
    if report.is_empty() {
        return nothing_to_clean();
    }
    let mut text = report
        .worktrees
        .iter()
        .fold(String::new(), |mut text, one| {
            text.push_str(&worktree(one));
            text
        });
    let refused = report.refusals().next().is_some();
    for branch in &report.branches {
        let name = &branch.branch;
        let _ = match (&branch.stays, &branch.tag) {
            (Some(why), _) => writeln!(text, "{name} would stay: {why}"),
            (None, Some(tag)) => writeln!(text, "would delete {name}, kept as {tag}"),
            (None, None) => writeln!(text, "would delete {name}, which the base branch has"),
        };
    }
    let _ = if refused {
        writeln!(
            text,
            "nothing would be done as long as something is refused"
        )
    } else {
        writeln!(text, "{} would be freed", size(report.size_bytes))
    };
    text
}

fn worktree(one: &PlannedWorktree) -> String {
    let path = one.path.display();
    let taken = size(one.size_bytes);
    let files = first_few(one.files.iter().map(|file| file.display()));
    let mut text = match one.action {
        PlannedRemoval::Remove => format!("would remove {path} ({taken})\n"),
        PlannedRemoval::Snapshot => {
            format!("would remove {path} ({taken}) and keep as a snapshot: {files}\n")
        }
        PlannedRemoval::Forget => format!("would forget {path}, which is gone\n"),
        PlannedRemoval::Refuse => String::new(),
    };
    for one in &one.refusals {
        text.push_str(&refusal(one));
    }
    if one.action != PlannedRemoval::Refuse {
        for process in &one.processes {
            let _ = writeln!(
                text,
                "    {} works there and would be left alone",
                named(process)
            );
        }
    }
    text
}

fn refusal(refusal: &Refusal) -> String {
    let mut text = format!("refused: {}\n", refusal.message);
    if let Some(hint) = &refusal.hint {
        let _ = writeln!(text, "    {hint}");
    }
    text
}

/// `hub cleanup --all`.
#[must_use]
pub fn cleanup_all(report: &CleanupAllReport) -> String {
    let mut text = String::new();
    for session in &report.sessions {
        let _ = writeln!(text, "session {} is {}", session.session_id, session.state);
        if let Some(cleaned) = &session.cleaned {
            text.push_str(&cleanup(cleaned));
        }
        if let Some(plan) = &session.plan {
            text.push_str(&cleanup_plan(plan));
        }
        if let Some(one) = &session.refused {
            text.push_str(&refusal(one));
        }
    }
    for one in &report.strays {
        text.push_str(&stray(one));
    }
    if text.is_empty() {
        return nothing_to_clean();
    }
    text
}

fn stray(one: &StrayReport) -> String {
    let mut text = match &one.path {
        Some(path) => format!("{}: {}", path.display(), one.what),
        None => one.what.clone(),
    };
    match one.outcome {
        StrayOutcome::Removed => text.push_str("; removed\n"),
        StrayOutcome::Removable => text.push_str("; would be removed\n"),
        StrayOutcome::Found | StrayOutcome::Failed => {
            text.push('\n');
            let told = [
                one.problem.as_ref().map(|why| format!("it stays: {why}")),
                one.danger
                    .as_ref()
                    .map(|lost| format!("with it goes {lost}")),
                Some(one.cure.clone()),
            ];
            for line in told.into_iter().flatten() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    text
}
