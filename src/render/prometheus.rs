//! Figures in Prometheus's text exposition format, version 0.0.4.

use std::fmt::Write as _;

use crate::domain::report::{Figures, MetricsReport};

/// `hub metrics --format prometheus`.
#[must_use]
pub fn metrics(report: &MetricsReport) -> String {
    let mut text = String::new();
    let states = report.sessions_by_state.iter();
    family(
        &mut text,
        "hub_sessions",
        "Sessions by state.",
        states.map(|(state, count)| (vec![("state", state.as_str())], count.to_string())),
    );
    let each = || {
        let sessions = report.sessions.iter();
        sessions.map(|one| (one.session_id.as_str(), &one.figures))
    };
    let by_status = each().flat_map(|(session, figures)| {
        let counts = figures.agents_by_status.iter();
        counts.map(move |(status, count)| {
            let labels = vec![("session", session), ("status", status.as_str())];
            (labels, count.to_string())
        })
    });
    family(
        &mut text,
        "hub_agents",
        "Agents by status; lost: the supervisor is gone.",
        by_status,
    );
    let mut figure = |name, help, value: &dyn Fn(&Figures) -> String| {
        let values = each().map(|(session, figures)| (vec![("session", session)], value(figures)));
        family(&mut text, name, help, values);
    };
    figure(
        "hub_agents_running_seconds",
        "How long agents ran, in all attempts.",
        &|figures| figures.running_s.to_string(),
    );
    figure(
        "hub_agent_restarts",
        "Attempts beyond the first of each agent.",
        &|figures| figures.restarts.to_string(),
    );
    figure(
        "hub_agent_failures",
        "Attempts that failed or were over their time.",
        &|figures| figures.failures.to_string(),
    );
    figure(
        "hub_worktrees_bytes",
        "What worktrees take on the disk.",
        &|figures| figures.worktrees_bytes.to_string(),
    );
    figure(
        "hub_logs_bytes",
        "What prompts and logs take on the disk.",
        &|figures| figures.logs_bytes.to_string(),
    );
    text
}

/// Gauges all: a session that goes takes its figures with it, so that none only ever grows.
fn family<'l>(
    text: &mut String,
    name: &str,
    help: &str,
    samples: impl Iterator<Item = (Vec<(&'l str, &'l str)>, String)>,
) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let labels = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
        let labels: Vec<String> = labels.collect();
        let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
    }
}

fn escaped(label: &str) -> String {
    let label = label.replace('\\', "\\\\").replace('"', "\\\"");
    label.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_by_the_rules_of_the_format() {
        assert_eq!(escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    }
}
