//! What a judge is asked, and what is kept of what it said.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::diff::DiffStat;
use super::evaluation::hybrid::Tolerance;
use super::evaluation::judge::{Answer, Bout, Side};
use super::evaluation::standing::Judgement;
use super::id::AgentId;
use super::metric::{Direction, MetricName};
use super::preset::PresetName;
use super::refs::CommitId;
use super::resources::TimeLimit;
use super::session::Exit;
use super::time;

mod prompt;

pub use prompt::prompt;

/// Who decides where no metric does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// The command, for `sh -c`.
    pub command: String,
    /// The preset that made it.
    pub preset: Option<PresetName>,
    /// How long one judgement may take.
    pub timeout: TimeLimit,
    /// How far from the best figure an agent may be to be judged.
    pub tolerance: Tolerance,
}

/// What a judge is given on its standard input. No agent is named in it, so that it can have
/// no favourite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// What the agents were asked to do.
    pub task: String,
    /// The command that measured.
    pub eval_cmd: Option<String>,
    /// The number that was looked for.
    pub metric: Option<MetricName>,
    /// Which way it is better.
    pub direction: Option<Direction>,
    /// The metric of the base commit.
    pub baseline: Option<f64>,
    /// The one.
    pub a: Candidate,
    /// The other.
    pub b: Candidate,
}

/// One result, as a judge sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The metric.
    pub metric_value: Option<f64>,
    /// Every number that the eval command printed; the medians.
    pub numbers: BTreeMap<String, f64>,
    /// How much it changes.
    pub diff_stat: DiffStat,
    /// What it changes, against the base commit.
    pub diff: Excerpt,
    /// What it told on the board as its result.
    pub posts: Vec<Excerpt>,
}

/// A text, or the beginning of one that is too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// What is missing; null when nothing is.
    pub note: Option<String>,
}

impl Excerpt {
    /// How much of a diff is shown, in bytes.
    ///
    /// Some agents are given their prompt as an argument, which the system lets be 128 KiB:
    /// two diffs and what belongs to them must fit in.
    pub const DIFF: usize = 40 * 1024;

    /// How much of all posts of an agent is shown, in bytes.
    pub const POSTS: usize = 8 * 1024;

    /// The first `most` bytes of a text that has `total` of them, up to a whole line where
    /// there is one.
    #[must_use]
    pub fn new(bytes: &[u8], total: u64, most: usize) -> Self {
        let cut = bytes.get(..most).filter(|_| bytes.len() > most);
        let shown = cut.unwrap_or(bytes);
        let left_out = |shown: usize| total.saturating_sub(u64::try_from(shown).unwrap_or(total));
        if left_out(shown.len()) == 0 {
            return Self {
                text: String::from_utf8_lossy(shown).into_owned(),
                note: None,
            };
        }
        let whole = shown.iter().rposition(|byte| *byte == b'\n');
        let shown = whole.and_then(|at| shown.get(..=at)).unwrap_or(shown);
        Self {
            text: String::from_utf8_lossy(shown).into_owned(),
            note: Some(format!(
                "only the beginning is shown: {} of {total} bytes are left out",
                left_out(shown.len())
            )),
        }
    }

    /// What an agent has posted, as much of it as is shown.
    #[must_use]
    pub fn of_posts(agent: AgentId, bodies: &[String]) -> Vec<Self> {
        let mut left = Self::POSTS;
        let mut shown = Vec::new();
        for (nth, body) in bodies.iter().enumerate() {
            if left == 0 {
                shown.push(Self {
                    text: String::new(),
                    note: Some(format!("{} more posts are left out", bodies.len() - nth)),
                });
                break;
            }
            let text = without_names(body, agent);
            let excerpt = Self::new(text.as_bytes(), text.len() as u64, left);
            left = left.saturating_sub(excerpt.text.len());
            shown.push(excerpt);
        }
        shown
    }
}

/// A text in which agents are not called by their names.
fn without_names(text: &str, own: AgentId) -> String {
    const NAME: &str = "agent-";
    let mut without = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(NAME) {
        without.push_str(before);
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        let begins = !before.ends_with(|c: char| c.is_alphanumeric());
        rest = after;
        match digits.parse::<u32>() {
            Ok(number) if begins => {
                let is_own = number == own.number();
                without.push_str(if is_own { "this one" } else { "another one" });
                rest = after.strip_prefix(digits.as_str()).unwrap_or(after);
            }
            _ => without.push_str(NAME),
        }
    }
    without.push_str(rest);
    without
}

/// One of the two that a judge was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The agent; the judge does not know.
    pub agent: AgentId,
    /// Its commit.
    pub commit: CommitId,
}

/// A judgement as it is kept; a line of `judgements.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptJudgement {
    /// When it was made.
    #[serde(with = "time")]
    pub time: DateTime<Utc>,
    /// The judge's command.
    pub command: String,
    /// Shown first.
    pub a: Shown,
    /// Shown second.
    pub b: Shown,
    /// Which one is better; null when it failed.
    pub answer: Option<Side>,
    /// Why, in the judge's words.
    pub reason: Option<String>,
    /// Why there is no answer.
    pub failure: Option<String>,
    /// How the command ended.
    pub exit: Exit,
    /// How long it took.
    pub elapsed_s: f64,
}

impl KeptJudgement {
    /// Who was shown, and where.
    #[must_use]
    pub fn bout(&self) -> Bout {
        Bout {
            a: self.a.agent,
            b: self.b.agent,
        }
    }

    /// The same for the rules.
    #[must_use]
    pub fn judgement(&self) -> Judgement {
        let answer = match self.answer {
            Some(winner) => Ok(Answer {
                winner,
                reason: self.reason.clone().unwrap_or_default(),
            }),
            None => Err(self.failure.clone().unwrap_or_default()),
        };
        Judgement {
            bout: self.bout(),
            answer,
        }
    }

    /// Whether it is what `command` said of two that are where they were.
    #[must_use]
    pub fn is_of(&self, command: &str, commits: &BTreeMap<AgentId, CommitId>) -> bool {
        let stands = |shown: &Shown| commits.get(&shown.agent) == Some(&shown.commit);
        self.command == command && stands(&self.a) && stands(&self.b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_after_a_line_and_say_so() {
        let short = Excerpt::new(b"one\ntwo\n", 8, 8);
        assert_eq!((short.text.as_str(), short.note), ("one\ntwo\n", None));
        let cut = Excerpt::new(b"one\ntwo\n", 8, 6);
        assert_eq!(cut.text, "one\n");
        let note = "only the beginning is shown: 4 of 8 bytes are left out";
        assert_eq!(cut.note.as_deref(), Some(note));
        // The rest was not even read.
        let cut = Excerpt::new(b"one\ntwo", 1000, 7);
        assert_eq!(cut.text, "one\n");
        assert!(cut.note.unwrap().contains("996 of 1000"));
        let cut = Excerpt::new("äääää".as_bytes(), 10, 3);
        assert_eq!(cut.text, "ä\u{fffd}");
    }

    #[test]
    fn posts_share_what_is_shown_of_them() {
        let agent = AgentId::new(1).unwrap();
        let bodies = [
            "x".repeat(Excerpt::POSTS - 1),
            "yy".to_owned(),
            "z".to_owned(),
            "z".to_owned(),
        ];
        let shown = Excerpt::of_posts(agent, &bodies);
        assert_eq!(shown[0].note, None);
        assert_eq!(shown[1].text, "y");
        assert!(shown[1].note.is_some());
        assert_eq!(shown[2].text, "");
        assert_eq!(shown[2].note.as_deref(), Some("2 more posts are left out"));
        assert_eq!(shown.len(), 3);
    }

    #[test]
    fn no_agent_is_named() {
        let own = AgentId::new(2).unwrap();
        for (text, without) in [
            ("agent-2: 5 ms", "this one: 5 ms"),
            (
                "better than agent-1 and agent-21.",
                "better than another one and another one.",
            ),
            (
                "an agent-based user-agent-2",
                "an agent-based user-this one",
            ),
            ("subagent-2 agent-", "subagent-2 agent-"),
            ("", ""),
        ] {
            assert_eq!(without_names(text, own), without);
        }
    }
}
