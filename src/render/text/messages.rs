//! What was said to agents.

use std::fmt::Write as _;

use crate::domain::launch::Stdin;
use crate::domain::report::{SendReport, SentTo};
use crate::domain::state::AgentStatus;

/// `hub send`.
#[must_use]
pub fn send(report: &SendReport) -> String {
    let mut text = String::new();
    for sent in &report.agents {
        let _ = writeln!(text, "{}: {}", sent.agent, told(sent));
    }
    text
}

fn told(sent: &SentTo) -> &'static str {
    match (sent.stdin, sent.status) {
        (Stdin::None, AgentStatus::Pending) => "in its inbox, which it finds when it is started",
        (Stdin::None, _) => "in its inbox",
        (Stdin::Inbox, AgentStatus::Pending) => "in its inbox, and on its stdin when it is started",
        (Stdin::Inbox, _) => "in its inbox and on its stdin",
        (Stdin::Terminal, AgentStatus::Pending) => {
            "in its inbox, and typed into its terminal when it is started"
        }
        (Stdin::Terminal, _) => "in its inbox and typed into its terminal",
    }
}
