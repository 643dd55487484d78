//! Figures.

use std::collections::BTreeMap;

use crate::domain::report::{Figures, MetricsReport};

use super::{seconds, size};
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
    let rows = |row: fn(&str, &Figures) -> Vec<String>| {
        let sessions = report.sessions.iter();
        let sessions = sessions.map(|one| row(one.session_id.as_str(), &one.figures));
        sessions.chain([row("total", &report.total)]).collect()
    };
    let agents = table::draw(
        &[
            text("SESSION"),
            number("RESTARTS"),
            number("FAILURES"),
            number("WORKTREES"),
            number("LOGS"),
            text("AGENTS"),
        ],
        rows(of_agents),
    );
    let used = table::draw(
        &[
            text("SESSION"),
            number("TIME"),
            number("CPU"),
            number("MEMORY"),
            number("TOKENS IN"),
            number("TOKENS OUT"),
            number("COST"),
            text("PRESETS"),
        ],
        rows(of_use),
    );
    format!("sessions: {}\n\n{agents}\n{used}", counts.join(", "))
}

/// `2 failed, 1 succeeded`.
fn counted(counts: &BTreeMap<String, u64>) -> String {
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    let counts: Vec<String> = counts
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    counts.join(", ")
}

fn of_agents(name: &str, figures: &Figures) -> Vec<String> {
    vec![
        name.to_owned(),
        figures.restarts.to_string(),
        figures.failures.to_string(),
        format!("{} KiB", figures.worktrees_bytes / 1024),
        format!("{} KiB", figures.logs_bytes / 1024),
        counted(&figures.agents_by_status),
    ]
}

fn of_use(name: &str, figures: &Figures) -> Vec<String> {
    let or_dash = |known: Option<String>| known.unwrap_or_else(|| "-".to_owned());
    let number = |known: Option<u64>| or_dash(known.map(|number| number.to_string()));
    vec![
        name.to_owned(),
        seconds(figures.running_s),
        or_dash(figures.cpu_s.map(seconds)),
        or_dash(figures.peak_memory_bytes.map(size)),
        number(figures.tokens_in),
        number(figures.tokens_out),
        or_dash(figures.cost_usd.map(|cost| format!("${cost:.2}"))),
        counted(&figures.agents_by_preset),
    ]
}
