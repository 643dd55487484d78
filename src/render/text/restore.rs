//! What was brought back.

use std::fmt::Write as _;

use crate::domain::report::RestoreReport;

/// `hub restore`.
#[must_use]
pub fn restore(report: &RestoreReport) -> String {
    let mut text = String::new();
    for agent in &report.agents {
        let (name, attempt) = (agent.agent, agent.attempt);
        let path = agent.worktree.display();
        let what = match (agent.made_branch, agent.made_worktree) {
            (_, true) => format!("restored {name} {attempt} in {path}"),
            (true, false) => format!("restored {}, shown in {path}", agent.branch),
            (false, false) => continue,
        };
        let _ = writeln!(text, "{what} at {}", agent.commit.short());
    }
    if text.is_empty() {
        "nothing to restore\n".clone_into(&mut text);
    }
    text
}
