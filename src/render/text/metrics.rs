//! Figures.

use crate::domain::report::{Figures, MetricsReport};

use super::seconds;
use crate::render::table::{self, number, text};

/// `hub metrics`.
#[must_use]
pub fn metrics(report: &MetricsReport) -> String {
    let counts = report.sessions_by_state.iter();
    let counts = counts.filter(|(_, count)| **count > 0);
    let counts: Vec<String> = counts
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    if counts.is_empty() {
        return "no sessions\n".to_owned();
    }
    let mut rows: Vec<Vec<String>> = report
        .sessions
        .iter()
        .map(|one| row(one.session_id.as_str(), &one.figures))
        .collect();
    rows.push(row("total", &report.total));
    let drawn = table::draw(
        &[
            text("SESSION"),
            number("TIME"),
            number("RESTARTS"),
            number("FAILURES"),
            number("WORKTREES"),
            number("LOGS"),
            text("AGENTS"),
        ],
        rows,
    );
    format!("sessions: {}\n\n{drawn}", counts.join(", "))
}

fn row(name: &str, figures: &Figures) -> Vec<String> {
    let agents = figures.agents_by_status.iter();
    let agents = agents.filter(|(_, count)| **count > 0);
    let agents: Vec<String> = agents
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    vec![
        name.to_owned(),
        seconds(figures.running_s),
        figures.restarts.to_string(),
        figures.failures.to_string(),
        format!("{} KiB", figures.worktrees_bytes / 1024),
        format!("{} KiB", figures.logs_bytes / 1024),
        agents.join(", "),
    ]
}
