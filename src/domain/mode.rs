//! How the agents of a session stand to each other: rivals, or parts of one work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::diagnostic::{Code, Diagnostic};
use super::evaluation::{EvaluatedAgent, Evaluation};
use super::id::{AgentId, BadName, SessionId};
use super::refs::CommitId;
use super::session::SessionConfig;

/// How the agents of a session stand to each other.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All try the whole task, and the best is merged.
    #[default]
    Compete,
    /// Each does a part of the task, and all parts are merged.
    Ensemble,
    /// Each goes on from where the one before it ended, and the last is merged.
    Pipeline,
}

impl Mode {
    /// The name as it is written in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compete => "compete",
            Self::Ensemble => "ensemble",
            Self::Pipeline => "pipeline",
        }
    }

    /// The one result that stands for the session: its winner; of a line its last.
    #[must_use]
    pub fn result_of<'e>(
        self,
        evaluation: &'e Evaluation,
        config: &SessionConfig,
    ) -> Option<&'e EvaluatedAgent> {
        match self {
            Self::Compete => evaluation.winner(config.direction(), config.baseline),
            Self::Ensemble => None,
            Self::Pipeline => evaluation
                .of(config.agents().last()?)
                .filter(|result| result.reason.is_none()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        [Self::Compete, Self::Ensemble, Self::Pipeline]
            .into_iter()
            .find(|mode| mode.as_str() == s)
            .ok_or_else(|| BadName::new("a mode", s, "it must be compete, ensemble or pipeline"))
    }
}

/// What cannot be meant of a mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMode {
    /// Parts that nothing says.
    #[error("--mode ensemble is given without --subtasks")]
    NoSubtasks,
    /// Parts of a task that is not divided.
    #[error("--subtasks is given with --mode {0}")]
    SubtasksWith(Mode),
    /// Another number of agents than of parts.
    #[error("--agents says {agents}, and there are {subtasks} subtasks")]
    OtherCount {
        /// How many agents were asked for.
        agents: u32,
        /// How many parts there are.
        subtasks: usize,
    },
    /// A list of parts that cannot be read as one.
    #[error("{name}: {why}")]
    List {
        /// The file as it was given.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Rounds of something else than a competition.
    #[error("--rounds is given with --mode {0}")]
    RoundsWith(Mode),
    /// An agent that has gone its own way cannot go on from the one before it.
    #[error(
        "{agent} of session {session} has commits that {before} has not, so it cannot go on from there"
    )]
    OutOfLine {
        /// The session.
        session: SessionId,
        /// The agent.
        agent: AgentId,
        /// The agent before it.
        before: AgentId,
        /// Where that one ended.
        start: CommitId,
    },
}

impl Diagnostic for BadMode {
    fn code(&self) -> Code {
        match self {
            Self::OutOfLine { .. } => Code::Refused,
            _ => Code::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSubtasks => {
                "give --subtasks FILE, with a subtask a line or with lines --- between them"
                    .to_owned()
            }
            Self::SubtasksWith(_) => "give --mode ensemble".to_owned(),
            Self::OtherCount { .. } => "leave --agents out: each subtask has one".to_owned(),
            Self::List { .. } => {
                "write one subtask a line, or longer ones with lines --- between them".to_owned()
            }
            Self::RoundsWith(_) => "rounds are for --mode compete".to_owned(),
            Self::OutOfLine {
                session,
                agent,
                start,
                ..
            } => format!(
                "`git -C \"$(hub path {session} {agent})\" rebase {}`, then `hub spawn {session}`",
                start.short()
            ),
        })
    }
}

/// The longest that the parts may be together, in bytes.
const LONGEST: usize = 16 * 1024;

/// Reads the parts of a task: those between lines `---`; where there is none, one a line.
///
/// # Errors
/// What is wrong with the list.
pub fn subtasks(text: &str) -> Result<Vec<String>, &'static str> {
    const MOST: usize = 256;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > LONGEST {
        return Err("it is longer than 16 KiB; put what is long into files that it names");
    }
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(odd) {
        return Err("it holds control characters");
    }
    let mut parts = vec![String::new()];
    let in_blocks = text.lines().any(|line| line.trim_end() == "---");
    for line in text.lines() {
        if in_blocks && line.trim_end() == "---" {
            parts.push(String::new());
        } else if in_blocks {
            if let Some(part) = parts.last_mut() {
                part.push_str(line);
                part.push('\n');
            }
        } else {
            parts.push(line.to_owned());
        }
    }
    let parts = parts.iter().map(|part| part.trim().to_owned());
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    match parts.len() {
        0 => Err("it holds no subtask"),
        1..=MOST => Ok(parts),
        _ => Err("it holds more than 256 subtasks"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_a_line_or_blocks() {
        for (text, expected) in [
            ("a\n\n b c \n", &["a", "b c"][..]),
            ("\u{feff}only\r\n", &["only"]),
            ("a\nb\n---\n\nc\n", &["a\nb", "c"]),
            ("---\n# head\ntext\n---  \n---\nb", &["# head\ntext", "b"]),
        ] {
            assert_eq!(subtasks(text).unwrap(), expected, "{text:?}");
        }
        for bad in [
            "",
            "\n \n",
            "---\n---\n",
            "a\0b",
            &"x\n".repeat(257),
            &"x".repeat(20_000),
        ] {
            assert!(subtasks(bad).is_err());
        }
    }

    #[test]
    fn names_are_those_of_the_files() {
        for mode in [Mode::Compete, Mode::Ensemble, Mode::Pipeline] {
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{mode}\""));
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        assert!("Compete".parse::<Mode>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_to_be_read_or_refused(text in "(?s).{0,200}") {
            for part in subtasks(&text).unwrap_or_default() {
                prop_assert_eq!(part.trim(), part.as_str());
                prop_assert!(!part.is_empty());
            }
        }
    }
}
