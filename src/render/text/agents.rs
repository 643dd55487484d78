//! Agents as processes.

use std::fmt::Write as _;

use crate::domain::report::{PauseReport, SpawnReport, WaitReport};

use super::{dash, indented, one_line, seconds, size};
use crate::render::style::{self, paint};
use crate::render::table::{self, number, text};

/// `hub spawn`.
#[must_use]
pub fn spawn(report: &SpawnReport) -> String {
    let by_preset = report.agents.iter().any(|agent| agent.preset.is_some());
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.as_str();
        let preset = agent.preset.as_ref().map_or_else(dash, ToString::to_string);
        let mut row = vec![agent.agent.to_string()];
        row.extend(by_preset.then_some(preset));
        row.extend([
            paint(style::of_word(status), status),
            agent.branch.to_string(),
            agent.worktree.display().to_string(),
        ]);
        row
    });
    let mut columns = vec![text("AGENT")];
    columns.extend(by_preset.then(|| text("PRESET")));
    columns.extend([text("STATUS"), text("BRANCH").leaves(1), text("WORKTREE")]);
    table::draw(&columns, rows.collect())
}

/// `hub pause` and `hub resume`.
#[must_use]
pub fn pause(report: &PauseReport) -> String {
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.as_str();
        let shown = if agent.held { "held" } else { status };
        vec![
            agent.agent.to_string(),
            paint(style::of_word(status), shown),
            agent.elapsed_s.map_or_else(dash, seconds),
        ]
    });
    let columns = [text("AGENT"), text("STATUS"), number("TIME")];
    table::draw(&columns, rows.collect())
}

/// `hub wait` and `hub stop`.
#[must_use]
pub fn wait(report: &WaitReport) -> String {
    let rows = report.agents.iter().map(|agent| {
        let status = agent.status.as_str();
        vec![
            agent.agent.to_string(),
            paint(style::of_word(status), status),
            agent.exit.map_or_else(dash, |exit| exit.to_string()),
            agent.elapsed_s.map_or_else(dash, seconds),
            agent.cpu_s.map_or_else(dash, seconds),
            agent.peak_memory_bytes.map_or_else(dash, size),
        ]
    });
    let mut drawn = table::draw(
        &[
            text("AGENT"),
            text("STATUS"),
            text("EXIT"),
            number("TIME"),
            number("CPU"),
            number("MEMORY"),
        ],
        rows.collect(),
    );
    for agent in &report.agents {
        if let Some(reason) = &agent.reason {
            let _ = writeln!(drawn, "\n{}: {}", agent.agent, one_line(reason));
        }
        if let Some(lines) = &agent.last_lines {
            let _ = write!(drawn, "\n{} ended with:\n{}", agent.agent, indented(lines));
        }
    }
    drawn
}
