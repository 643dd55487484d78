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
    let by_preset = each().flat_map(|(session, figures)| {
        let counts = figures.agents_by_preset.iter();
        counts.map(move |(preset, count)| {
            let labels = vec![("session", session), ("preset", preset.as_str())];
            (labels, count.to_string())
        })
    });
    family(
        &mut text,
        "hub_preset_agents",
        "Agents by the preset that runs them.",
        by_preset,
    );
    figures_of_sessions(&mut text, report);
    text
}

/// One sample a session for each of its figures.
fn figures_of_sessions(text: &mut String, report: &MetricsReport) {
    // What is not known has no sample: 0 would be a figure.
    let mut figure = |name, help, value: &dyn Fn(&Figures) -> Option<String>| {
        let values = report.sessions.iter().filter_map(|one| {
            let labels = vec![("session", one.session_id.as_str())];
            Some((labels, value(&one.figures)?))
        });
        family(text, name, help, values);
    };
    figure(
        "hub_agents_running_seconds",
        "How long agents ran, in all attempts.",
        &|figures| Some(figures.running_s.to_string()),
    );
    figure(
        "hub_agent_restarts",
        "Attempts beyond the first of each agent.",
        &|figures| Some(figures.restarts.to_string()),
    );
    figure(
        "hub_agent_failures",
        "Attempts that failed or were over their time.",
        &|figures| Some(figures.failures.to_string()),
    );
    figure(
        "hub_agents_cpu_seconds",
        "Processor time of the attempts that have ended.",
        &|figures| Some(figures.cpu_s?.to_string()),
    );
    figure(
        "hub_agents_peak_memory_bytes",
        "The largest process of an attempt that has ended.",
        &|figures| Some(figures.peak_memory_bytes?.to_string()),
    );
    figure(
        "hub_agents_input_tokens",
        "Tokens that models read for the attempts that have ended.",
        &|figures| Some(figures.tokens_in?.to_string()),
    );
    figure(
        "hub_agents_output_tokens",
        "Tokens that models wrote for the attempts that have ended.",
        &|figures| Some(figures.tokens_out?.to_string()),
    );
    figure(
        "hub_agents_cost_dollars",
        "What the tokens cost, in US dollars.",
        &|figures| Some(figures.cost_usd?.to_string()),
    );
    figure(
        "hub_worktrees_bytes",
        "What worktrees take on the disk.",
        &|figures| Some(figures.worktrees_bytes.to_string()),
    );
    figure(
        "hub_logs_bytes",
        "What prompts and logs take on the disk.",
        &|figures| Some(figures.logs_bytes.to_string()),
    );
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
