//! The names of what an archive holds: everything that hub writes, by a list, and nothing else.
//!
//! Such a name becomes a path, so that a name is only what is spelled out here: no `..`, no
//! absolute one, none with a letter that hub would not have written.

use std::fmt;
use std::str::FromStr;

use crate::domain::board::{Channel, FileName};
use crate::domain::id::{AgentId, Attempt, BadName};

const MIB: u64 = 1024 * 1024;

/// What belongs to one agent's newest attempt.
const OF_AGENT: [&str; 10] = [
    "heartbeat",
    "inbox.md",
    "prompt.md",
    "setup.log",
    "stderr.idx",
    "stderr.log",
    "stdout.idx",
    "stdout.log",
    "supervisor.log",
    "teardown.log",
];

/// What belongs to an earlier one.
const OF_ATTEMPT: [&str; 7] = [
    "inbox.md",
    "prompt.md",
    "setup.log",
    "stderr.idx",
    "stderr.log",
    "stdout.idx",
    "stdout.log",
];

/// The name of something in an archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryName {
    /// The objects of all attempts, as a git bundle.
    Bundle,
    /// A post of the board.
    Post(Channel, String),
    /// A file of the session's folder, by its path there.
    Session(String),
}

impl EntryName {
    /// What the path of a file of the session's folder begins with in an archive.
    const SESSION: &str = "session/";
    const BOARD: &str = "board/";
    const BUNDLE: &str = "attempts.bundle";

    /// The name of a file in the session's folder; `None` where it is none that is exported.
    #[must_use]
    pub fn of_session(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        is_of_session(&parts).then(|| Self::Session(path.to_owned()))
    }

    /// The name of a post; `None` where its file is named as hub would not read it elsewhere.
    #[must_use]
    pub fn of_post(channel: &Channel, file: &FileName) -> Option<Self> {
        is_post(file.as_str()).then(|| Self::Post(channel.clone(), file.as_str().to_owned()))
    }

    /// The most bytes that such a file may have, where that is less than all together may have:
    /// what is read as a whole, line by line or in one piece.
    #[must_use]
    pub fn most_bytes(&self) -> Option<u64> {
        let path = match self {
            Self::Bundle => return None,
            Self::Post(..) => return Some(17 * MIB),
            Self::Session(path) => path,
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        match (name, name.rsplit_once('.')) {
            ("config.yaml", _) => Some(64 * 1024),
            ("events.head" | "heartbeat", _) => Some(1024),
            (_, Some((_, "json"))) => Some(16 * MIB),
            (_, Some((_, "jsonl"))) => Some(256 * MIB),
            (_, Some((_, "md" | "idx"))) => Some(64 * MIB),
            _ => None,
        }
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundle => f.write_str(Self::BUNDLE),
            Self::Post(channel, file) => write!(f, "{}{channel}/{file}", Self::BOARD),
            Self::Session(path) => write!(f, "{}{path}", Self::SESSION),
        }
    }
}

impl FromStr for EntryName {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        let bad = || BadName::new("the name of a file in an archive", s, "hub puts none there");
        if s == Self::BUNDLE {
            return Ok(Self::Bundle);
        }
        if let Some(path) = s.strip_prefix(Self::SESSION) {
            return Self::of_session(path).ok_or_else(bad);
        }
        let post = s.strip_prefix(Self::BOARD).and_then(|post| {
            let (channel, file) = post.split_once('/')?;
            Some((channel.parse::<Channel>().ok()?, file))
        });
        match post {
            Some((channel, file)) if is_post(file) => Ok(Self::Post(channel, file.to_owned())),
            _ => Err(bad()),
        }
    }
}

crate::domain::id::serde_as_text!(EntryName);

fn is_of_session(parts: &[&str]) -> bool {
    match parts {
        ["config.yaml" | "state.json" | "events.jsonl" | "events.head"]
        | ["baseline", "eval-stdout.log" | "eval-stderr.log"]
        | ["verify", "stdout.log" | "stderr.log"] => true,
        ["undone", number, rest @ ..] => is_number(number) && is_of_agents(rest),
        _ => is_of_agents(parts),
    }
}

/// What an undo of `spawn` puts aside: all that agents and evaluations have left.
fn is_of_agents(parts: &[&str]) -> bool {
    match parts {
        ["launch.json" | "evaluation.json"] => true,
        ["agents", agent, file] => is::<AgentId>(agent) && OF_AGENT.contains(file),
        ["agents", agent, attempt, file] => {
            is::<AgentId>(agent) && is::<Attempt>(attempt) && OF_ATTEMPT.contains(file)
        }
        ["evaluations", number, rest @ ..] => is_number(number) && is_of_evaluation(rest),
        _ => false,
    }
}

fn is_of_evaluation(parts: &[&str]) -> bool {
    match parts {
        ["plan.json" | "runs.jsonl" | "judgements.jsonl" | "report.json"] => true,
        [
            "judge",
            pair,
            "question.json" | "prompt.md" | "stdout.log" | "stderr.log",
        ] => is_pair(pair),
        [entrant, output] => (*entrant == "base" || is::<AgentId>(entrant)) && is_run(output),
        _ => false,
    }
}

/// `agent-3-agent-1`.
fn is_pair(pair: &str) -> bool {
    let Some((one, number)) = pair.split_once("-agent-") else {
        return false;
    };
    is::<AgentId>(one) && is::<AgentId>(&format!("agent-{number}"))
}

/// `run-1.stdout.log`, `warmup-2.stderr.log`.
fn is_run(output: &str) -> bool {
    let run = output
        .strip_suffix(".stdout.log")
        .or_else(|| output.strip_suffix(".stderr.log"));
    let number = run.and_then(|run| {
        run.strip_prefix("run-")
            .or_else(|| run.strip_prefix("warmup-"))
    });
    number.is_some_and(is_number)
}

/// A post's file: letters, digits and a few signs, as hub and older tools name them.
fn is_post(file: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    file.len() <= 120
        && file.ends_with(FileName::SUFFIX)
        && file.starts_with(|c: char| c.is_ascii_alphanumeric())
        && file.bytes().all(plain)
}

fn is<T: FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}

/// A number from 1, written in the one way.
fn is_number(text: &str) -> bool {
    let number = text.parse::<u32>();
    number.is_ok_and(|number| number > 0 && number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_hub_writes_is_known() {
        for name in [
            "attempts.bundle",
            "board/results/003-agent-1-20260317T143510Z.md",
            "board/ideas/merge-summary.md",
            "session/config.yaml",
            "session/state.json",
            "session/launch.json",
            "session/evaluation.json",
            "session/events.jsonl",
            "session/events.head",
            "session/baseline/eval-stdout.log",
            "session/verify/stderr.log",
            "session/agents/agent-2/prompt.md",
            "session/agents/agent-2/attempt-1/stdout.idx",
            "session/evaluations/1/plan.json",
            "session/evaluations/12/judgements.jsonl",
            "session/evaluations/12/judge/agent-3-agent-1/question.json",
            "session/evaluations/12/base/run-1.stdout.log",
            "session/evaluations/12/agent-1/warmup-1.stderr.log",
            "session/undone/2/launch.json",
            "session/undone/2/agents/agent-1/stdout.log",
        ] {
            assert_eq!(name.parse::<EntryName>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn nothing_else_is() {
        for name in [
            "",
            "manifest.json",
            "/etc/passwd",
            "../x",
            "session/../config.yaml",
            "session/./config.yaml",
            "session//config.yaml",
            "session/config.yaml/",
            "session/config.yaml\0",
            "session/.lock",
            "session/imported.json",
            "session/import/attempts.bundle",
            "session/state.json.damaged-1",
            "session/agents/agent-0/stdout.log",
            "session/agents/agent-1/../stdout.log",
            "session/agents/agent-1/setup.done",
            "session/agents/agent-1/terminal.sock",
            "session/agents/agent-1/attempt-1/heartbeat",
            "session/evaluations/01/plan.json",
            "session/evaluations/1/judge/agent-1/stdout.log",
            "session/evaluations/1/base/run-x.stdout.log",
            "session/undone/1/config.yaml",
            "session/undone/1/undone/1/launch.json",
            "board/results/.new-x.md",
            "board/../x.md",
            "board/results/a/b.md",
            "board/results/_index.json",
            "board/_index.json",
            "hooks/post-checkout",
            "Session/config.yaml",
        ] {
            assert!(name.parse::<EntryName>().is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out(
            name in "(session/|board/|undone/|agents/|\\.\\./|/|[a-z.0-9/-]{0,12}|\\PC){1,6}"
        ) {
            if let Ok(known) = name.parse::<EntryName>() {
                prop_assert_eq!(known.to_string(), name.clone());
                prop_assert!(!name.starts_with('/'));
                prop_assert!(name.split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
            }
        }
    }
}
