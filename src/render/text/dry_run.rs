//! What would be made.

use std::fmt::Write as _;

use crate::domain::report::DryRunReport;

use super::{indented, one_line};

/// `hub spawn --dry-run` and `hub run --dry-run`.
#[must_use]
pub fn dry_run(report: &DryRunReport) -> String {
    let mut text = format!(
        "session {} would start {} agent{} from {}; nothing was made\n",
        report.session_id,
        report.agents.len(),
        if report.agents.len() == 1 { "" } else { "s" },
        report.base_commit.short(),
    );
    for agent in &report.agents {
        let _ = writeln!(text, "\n{}", agent.agent);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{name:<10}{}", one_line(value));
        };
        line("branch", agent.branch.as_str());
        line("worktree", &agent.worktree.display().to_string());
        if let Some(command) = &agent.command {
            line("command", command);
        }
        text.push_str("prompt\n");
        text.push_str(&indented(&agent.prompt));
    }
    text
}
