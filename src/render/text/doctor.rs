//! What is left running or half done.

use std::fmt::Write as _;

use crate::domain::report::{DoctorReport, Finding, FindingOutcome};
use crate::domain::text::visible;

/// `hub doctor`.
#[must_use]
pub fn doctor(report: &DoctorReport) -> String {
    if report.findings.is_empty() {
        return "nothing is left running or half done\n".to_owned();
    }
    let mut drawn: String = report.findings.iter().map(finding).collect();
    let fixable = report.findings.iter().any(|one| one.fix.is_some());
    if !report.fix && fixable {
        drawn.push_str("\nnext: hub doctor --fix\n");
    }
    drawn
}

fn finding(finding: &Finding) -> String {
    let mut drawn = String::new();
    let session = finding.session_id.as_ref();
    let of = session.map_or_else(String::new, |id| format!("session {id}: "));
    let what = visible(&finding.what);
    let _ = writeln!(drawn, "{}: {of}{what}", finding.code.as_str());
    if let Some(path) = &finding.path {
        let _ = writeln!(drawn, "    in {}", visible(&path.display().to_string()));
    }
    for process in &finding.processes {
        let command = visible(&process.command).replace('\n', " ");
        let _ = writeln!(drawn, "    process {}: {command}", process.pid);
    }
    match (finding.outcome, &finding.fix, &finding.problem) {
        (FindingOutcome::Fixed, Some(fix), _) => {
            let _ = writeln!(drawn, "    fixed: {}", visible(fix));
        }
        (FindingOutcome::Failed, _, Some(problem)) => {
            let _ = writeln!(drawn, "    not fixed: {}", visible(problem));
        }
        (_, Some(fix), _) => {
            let _ = writeln!(drawn, "    --fix {}", visible(fix));
        }
        _ => {}
    }
    if let Some(hint) = &finding.hint
        && finding.outcome != FindingOutcome::Fixed
    {
        let _ = writeln!(drawn, "    hint: {}", visible(hint));
    }
    drawn
}
