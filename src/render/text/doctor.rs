//! What is not as it should be.

use std::fmt::Write as _;

use crate::domain::report::{Checked, CureKind, DoctorReport, Finding, FindingOutcome};
use crate::domain::text::visible;

/// `hub doctor`.
#[must_use]
pub fn doctor(report: &DoctorReport) -> String {
    if report.findings.is_empty() {
        return format!("all is well: {}\n", checked(&report.checked));
    }
    let mut drawn: String = report.findings.iter().map(finding).collect();
    let fixable = report.findings.iter().any(|one| one.fix.is_some());
    if !report.fix && fixable {
        drawn.push_str("\nnext: hub doctor --fix\n");
    }
    drawn
}

fn checked(checked: &Checked) -> String {
    let counted = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    format!(
        "{}, {}, {} and {} looked at",
        counted(checked.sessions, "session"),
        counted(checked.worktrees, "worktree"),
        counted(checked.refs, "ref"),
        counted(checked.posts, "post"),
    )
}

fn finding(finding: &Finding) -> String {
    let mut drawn = String::new();
    let session = finding.session_id.as_ref();
    let of = session.map_or_else(String::new, |id| format!("session {id}: "));
    let what = visible(&finding.what);
    let _ = writeln!(drawn, "{}: {of}{what}", finding.code.as_str());
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(drawn, "    {label}{}", visible(text).replace('\n', " "));
    };
    if let Some(path) = &finding.path {
        line("in ", &path.display().to_string());
    }
    for process in &finding.processes {
        line(&format!("process {}: ", process.pid), &process.command);
    }
    if finding.outcome == FindingOutcome::Fixed {
        line("fixed: ", finding.fix.as_deref().unwrap_or_default());
        return drawn;
    }
    line("cause: ", &finding.cause);
    let danger = format!("{}; {}", finding.danger.as_str(), finding.risk);
    line("danger: ", &danger);
    if let Some(problem) = &finding.problem {
        line("not fixed: ", problem);
    }
    match (&finding.fix, finding.cure, finding.outcome) {
        (Some(fix), CureKind::Asks, FindingOutcome::Found) => line("cure: --fix asks, then ", fix),
        (Some(fix), _, FindingOutcome::Found) => line("cure: --fix ", fix),
        _ => {}
    }
    if let Some(hint) = &finding.hint {
        let by_hand = finding.fix.is_none();
        line(if by_hand { "cure: by hand, " } else { "hint: " }, hint);
    }
    drawn
}
