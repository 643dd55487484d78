//! Sessions and what is known of them.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::mode::Mode;
use crate::domain::report::{
    AgentReport, InitReport, ListReport, PathReport, SessionSecurity, StatusReport, UpdateReport,
};
use crate::domain::security::SecurityLevel;
use crate::domain::text::visible;
use crate::domain::time;

use super::{age, dash, lines, merging, one_line};
use crate::render::style::{self, paint};
use crate::render::table::{self, number, text};

/// `hub init`.
#[must_use]
pub fn init(report: &InitReport) -> String {
    let config = &report.config;
    let from = match &config.parent {
        Some(parent) => format!("session {parent}"),
        None => config.base_branch.to_string(),
    };
    let mut text = format!(
        "session {} ({} agent{}, from {from} {})\n",
        report.session_id,
        config.agent_count,
        if config.agent_count == 1 { "" } else { "s" },
        config
            .base_commit
            .as_ref()
            .map_or("", |commit| commit.short()),
    );
    match (&config.metric, config.baseline, &report.baseline_problem) {
        (Some(metric), Some(baseline), _) => {
            let direction = config.direction();
            let _ = writeln!(
                text,
                "baseline {metric} = {baseline} ({direction} is better)"
            );
        }
        (_, _, Some(problem)) => {
            let _ = writeln!(text, "no baseline: {}", visible(problem));
        }
        _ => {}
    }
    let _ = writeln!(text, "next: hub spawn {}", report.session_id);
    text
}

/// `hub list`.
#[must_use]
pub fn list(report: &ListReport) -> String {
    if report.sessions.is_empty() {
        return "no sessions\n".to_owned();
    }
    let with_parent = report.sessions.iter().any(|one| one.parent.is_some());
    let rows = report.sessions.iter().map(|session| {
        let state = session.state.as_str();
        let what = session.task.as_deref().or(session.reason.as_deref());
        let mut row = vec![
            session.session_id.to_string(),
            paint(style::of_word(state), state),
            session.agents.map_or_else(dash, |count| count.to_string()),
            session.created.as_ref().map_or_else(dash, time::format),
        ];
        let parent = session.parent.as_ref();
        row.extend(with_parent.then(|| parent.map_or_else(dash, ToString::to_string)));
        row.push(one_line(what.unwrap_or_default()));
        row
    });
    let mut columns = vec![
        text("SESSION"),
        text("STATE"),
        number("AGENTS"),
        text("CREATED"),
    ];
    columns.extend(with_parent.then(|| text("PARENT")));
    columns.push(text("TASK"));
    table::draw(&columns, rows.collect())
}

/// `hub status`; `now` is what ages are counted from.
#[must_use]
pub fn status(report: &StatusReport, now: DateTime<Utc>) -> String {
    let config = &report.config;
    let state = report.state.state.as_str();
    let mut text = format!(
        "session {}  {}\n",
        config.session_id,
        paint(style::of_word(state), state)
    );
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<10}{}", one_line(&value));
    };
    line("task", config.task.to_string());
    let base = config
        .base_commit
        .as_ref()
        .map_or("", |commit| commit.short());
    let base_now = report.base_now.as_ref();
    let moved = match base_now.map(|now| (&now.commit, now.moved)) {
        Some((commit, Some(moved @ 1..))) => format!(
            ", which has moved by {} to {}",
            merging::commits(moved),
            commit.short()
        ),
        _ => String::new(),
    };
    line("base", format!("{} {base}{moved}", config.base_branch));
    if config.mode != Mode::Compete {
        line("mode", config.mode.to_string());
    }
    if let Some(parent) = &config.parent {
        line("parent", parent.to_string());
    }
    if let Some(command) = &config.eval_cmd {
        line("eval", command.clone());
    }
    if let Some(metric) = &config.metric {
        let baseline = config.baseline.map_or_else(
            || "no baseline".to_owned(),
            |value| format!("baseline {value}"),
        );
        line(
            "metric",
            format!("{metric}, {} is better, {baseline}", config.direction()),
        );
    }
    if let Some(security) = report.security.as_ref().filter(|one| is_special(one)) {
        line("security", super::security::shown(security));
    }
    if !report.agents.is_empty() {
        text.push('\n');
        text.push_str(&agents(report, now));
    }
    let reasons = report.agents.iter();
    for (agent, reason) in reasons.filter_map(|agent| Some((agent.agent, agent.reason.as_ref()?))) {
        let _ = writeln!(text, "\n{agent}: {}", one_line(reason));
    }
    for agent in report.agents.iter().filter(|agent| agent.held) {
        let _ = writeln!(text, "\n{}: held until hub resume", agent.agent);
    }
    text.push_str(&super::outside::summaries(
        &config.session_id,
        &report.outside,
    ));
    if !report.posts.is_empty() {
        text.push('\n');
        text.push_str(&super::board::short(&report.posts, now));
    }
    if let Some(operation) = &report.unfinished {
        let _ = writeln!(
            text,
            "\n{operation} is under way, or was cut off and will be settled"
        );
    }
    if let Some(next) = &report.next {
        let _ = write!(text, "\nnext: {next}");
        if let Some(reason) = &report.next_reason {
            let _ = write!(text, " ({reason})");
        }
        text.push('\n');
    }
    text
}

/// Whether there is something to say: of the usual level there is not.
fn is_special(security: &SessionSecurity) -> bool {
    security.level != SecurityLevel::default() || security.best_effort
}

fn agents(report: &StatusReport, now: DateTime<Utc>) -> String {
    let any = |is_known: fn(&AgentReport) -> bool| report.agents.iter().any(is_known);
    let by_preset = any(|agent| agent.preset.is_some());
    let with_use = any(|agent| tokens(agent).is_some() || agent.cost_usd.is_some());
    let with_merge = any(|agent| agent.merge.is_some());
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.map_or("-", |status| status.as_str());
        let preset = agent.preset.as_ref().map_or_else(dash, ToString::to_string);
        let mut row = vec![agent.agent.to_string()];
        row.extend(by_preset.then_some(preset));
        row.extend([
            paint(style::of_word(status), status),
            agent.attempt.number().to_string(),
            agent.branch.to_string(),
            agent
                .commits_ahead
                .map_or_else(dash, |count| count.to_string()),
            agent
                .diff
                .map_or_else(dash, |diff| diff.files_changed.to_string()),
            agent.diff.map_or_else(dash, lines),
            uncommitted(agent),
            agent
                .metric_value
                .map_or_else(dash, |value| value.to_string()),
        ]);
        row.extend(with_merge.then(|| merging::outlook(agent.merge.as_ref())));
        if with_use {
            row.push(tokens(agent).map_or_else(dash, |tokens| tokens.to_string()));
            row.push(
                agent
                    .cost_usd
                    .map_or_else(dash, |cost| format!("${cost:.2}")),
            );
        }
        row.push(agent.last_update.map_or_else(dash, |at| age(now, at)));
        row.push(one_line(agent.last_message.as_deref().unwrap_or("-")));
        row
    });
    let mut columns = vec![text("AGENT")];
    columns.extend(by_preset.then(|| text("PRESET").leaves(1)));
    columns.extend([
        text("STATUS"),
        number("ATTEMPT").leaves(4),
        // It follows from session, agent and attempt.
        text("BRANCH").leaves(6),
        number("AHEAD").leaves(3),
        number("FILES").leaves(5),
        text("+/-"),
        number("DIRTY"),
        number("METRIC"),
    ]);
    columns.extend(with_merge.then(|| text("MERGE")));
    if with_use {
        columns.extend([number("TOKENS").leaves(2), number("COST")]);
    }
    columns.extend([number("AGE"), text("LAST COMMIT")]);
    table::draw(&columns, rows.collect())
}

/// The tokens that an agent's model read and wrote, as far as they are known.
fn tokens(agent: &AgentReport) -> Option<u64> {
    let known = [agent.tokens_in, agent.tokens_out].into_iter().flatten();
    known.reduce(u64::saturating_add)
}

fn uncommitted(agent: &AgentReport) -> String {
    if agent.missing {
        return paint(style::of_word("missing"), "missing");
    }
    agent
        .uncommitted_files
        .map_or_else(dash, |count| count.to_string())
}

/// `hub update`.
#[must_use]
pub fn update(report: &UpdateReport) -> String {
    format!(
        "session {}: {} → {}\n",
        report.session_id, report.from, report.state
    )
}

/// `hub path`: the path and nothing else, for `cd "$(hub path …)"`.
#[must_use]
pub fn path(report: &PathReport) -> String {
    format!("{}\n", report.path.display())
}
