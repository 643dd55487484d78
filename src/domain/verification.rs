//! A merged tree that did not stand its test.

use std::path::PathBuf;

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, SessionId};
use super::refs::BranchName;
use super::text::{first_few, quoted};

/// Why a merged tree was not brought to the base branch; nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{} was not merged into {base_branch}: of the merged tree, {reason}{}", first_few(.agents.iter()), told(.lines))]
pub struct VerificationFailed {
    /// The session.
    pub session: SessionId,
    /// Whose work was merged.
    pub agents: Vec<AgentId>,
    /// Where it was to go.
    pub base_branch: BranchName,
    /// What went wrong.
    pub reason: String,
    /// The last lines of what the command printed.
    pub lines: String,
    /// Where all of it is.
    pub log: PathBuf,
    /// Who would be next.
    pub next: Option<RunnerUp>,
    /// The options that make the same merge of somebody else.
    pub options: Vec<String>,
}

/// The next of a ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunnerUp {
    /// The agent.
    pub agent: AgentId,
    /// Its metric.
    pub value: Option<f64>,
}

impl VerificationFailed {
    /// The question whether to merge the next one; `None` where there is none.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        let RunnerUp { agent, value } = self.next?;
        let value = value.map_or_else(String::new, |value| format!(", {value}"));
        Some(format!("{agent} is next{value}: merge it instead?"))
    }
}

/// Lines behind what went wrong, in the one line that an error has.
fn told(lines: &str) -> String {
    let lines = lines.lines().enumerate().map(|(nth, line)| {
        let mark = if nth == 0 { ": " } else { "; " };
        format!("{mark}{}", line.trim())
    });
    lines.collect()
}

impl Diagnostic for VerificationFailed {
    fn code(&self) -> Code {
        Code::VerificationFailed
    }

    fn hint(&self) -> Option<String> {
        let log = quoted(&self.log);
        let Some(RunnerUp { agent, value }) = self.next else {
            return Some(format!(
                "nothing was changed; all that it printed is in {log}"
            ));
        };
        let value = value.map_or_else(String::new, |value| format!(" ({value})"));
        let options: Vec<String> = self.options.iter().map(|o| as_word(o)).collect();
        let options = options.join(" ");
        Some(format!(
            "nothing was changed; all that it printed is in {log}; {agent} is next{value}: `hub merge {} --agent {agent} {options}`",
            self.session
        ))
    }
}

fn as_word(option: &str) -> String {
    quoted(option.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_failed_and_who_is_next() {
        let mut failed = VerificationFailed {
            session: "20260317-143022".parse().unwrap(),
            agents: vec!["agent-2".parse().unwrap()],
            base_branch: "main".parse().unwrap(),
            reason: "the command ended with exit status 1".to_owned(),
            lines: "one\n  two".to_owned(),
            log: "/h/verify/stderr.log".into(),
            next: Some(RunnerUp {
                agent: "agent-1".parse().unwrap(),
                value: Some(150.0),
            }),
            options: vec!["--verify".to_owned(), "make test".to_owned()],
        };
        assert_eq!(
            failed.to_string(),
            "agent-2 was not merged into main: of the merged tree, the command ended with exit status 1: one; two"
        );
        assert_eq!(
            failed.hint().unwrap(),
            "nothing was changed; all that it printed is in /h/verify/stderr.log; agent-1 is next (150): `hub merge 20260317-143022 --agent agent-1 --verify 'make test'`"
        );
        let question = failed.question().unwrap();
        assert_eq!(question, "agent-1 is next, 150: merge it instead?");
        failed.next = None;
        assert_eq!(failed.question(), None);
        let hint = failed.hint().unwrap();
        assert!(hint.ends_with("is in /h/verify/stderr.log"), "{hint}");
    }
}
