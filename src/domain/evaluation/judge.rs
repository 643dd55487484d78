//! What a judge is asked, and what it answers.
//!
//! A judge compares two results where no metric decides. It may favour whichever it is shown
//! first, so every pair is shown twice, the second time the other way round.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::id::AgentId;

use super::random::Random;

/// Which of the two that a judge was shown is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
    /// Neither.
    Tie,
}

/// What a judge said: `{"winner":"a","reason":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// Which one is better.
    pub winner: Side,
    /// Why; empty when it gave no reason.
    #[serde(default)]
    pub reason: String,
}

/// Why an output holds no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The judge printed nothing.
    #[error("the judge printed nothing")]
    Empty,
    /// There is no JSON object with a `winner` in it.
    #[error(r#"the judge printed no {{"winner":"a|b|tie","reason":"…"}}"#)]
    Absent,
    /// There is one that is not as it must be.
    #[error("the judge's answer cannot be read: {0}")]
    Bad(String),
}

/// How much of an output is searched for an answer, from its end.
const SEARCHED: usize = 256 * 1024;

/// How deep an answer may lie in the documents that an agent wraps it into.
const DEEPEST: u32 = 8;

impl Answer {
    /// Finds the answer in what a judge printed.
    ///
    /// All of it may be the JSON object; else the last object with a `winner` counts, so that
    /// a judge may think aloud first or put the answer into a code fence. Agents that print
    /// JSON wrap what they say into it: objects and texts within a document are looked
    /// through, too.
    ///
    /// # Errors
    /// [`NoAnswer`] says what is missing or wrong.
    pub fn parse(output: &str) -> Result<Self, NoAnswer> {
        let mut from = output.len().saturating_sub(SEARCHED);
        while !output.is_char_boundary(from) {
            from += 1;
        }
        let searched = output.get(from..).unwrap_or_default();
        if searched.trim().is_empty() {
            return Err(NoAnswer::Empty);
        }
        let object = last_answer(searched, DEEPEST).ok_or(NoAnswer::Absent)?;
        serde_json::from_value(object).map_err(|error| NoAnswer::Bad(error.to_string()))
    }
}

/// The last JSON object that has a `winner`.
fn last_answer(text: &str, depth: u32) -> Option<Value> {
    let mut last = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(brace) = rest.find('{') else { break };
        at += brace;
        let rest = rest.get(brace..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter();
        match stream.next() {
            Some(Ok(object @ Value::Object(_))) => {
                at += stream.byte_offset().max(1);
                last = answer_in(object, depth).or(last);
            }
            _ => at += 1,
        }
    }
    last
}

/// The same in a document: itself, or the last within it.
fn answer_in(document: Value, depth: u32) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    match document {
        Value::Object(fields) if fields.contains_key("winner") => Some(Value::Object(fields)),
        Value::Object(fields) => last_in(fields.into_iter().map(|(_, value)| value), depth),
        Value::Array(values) => last_in(values.into_iter(), depth),
        Value::String(text) => last_answer(&text, depth),
        _ => None,
    }
}

fn last_in(values: impl Iterator<Item = Value>, depth: u32) -> Option<Value> {
    values.filter_map(|value| answer_in(value, depth)).last()
}

/// One question to the judge: which of these two?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bout {
    /// Shown first; the `a` of the answer.
    pub a: AgentId,
    /// Shown second; the `b` of the answer.
    pub b: AgentId,
}

impl Bout {
    /// The two, whichever was shown first.
    pub(super) fn pair(self) -> (AgentId, AgentId) {
        (self.a.min(self.b), self.a.max(self.b))
    }

    /// The same two, the other way round.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self {
            a: self.b,
            b: self.a,
        }
    }

    /// The agent that an answer names; `None` for a tie.
    #[must_use]
    pub fn winner(self, answer: &Answer) -> Option<AgentId> {
        match answer.winner {
            Side::A => Some(self.a),
            Side::B => Some(self.b),
            Side::Tie => None,
        }
    }
}

/// Sets its stream apart from those of plans and of the bootstrap.
const PURPOSE: u64 = 3 << 32;

/// Every question to the judge, in order: each pair once, then each pair the other way round.
///
/// The order of the pairs and who is shown first come from the seed. The order in which the
/// agents are given does not matter. A bout that was done is its own mark: the rest is what
/// is left of this list.
#[must_use]
pub fn bouts(agents: impl IntoIterator<Item = AgentId>, seed: u64) -> Vec<Bout> {
    let agents: BTreeSet<AgentId> = agents.into_iter().collect();
    let mut random = Random::new(seed, PURPOSE);
    let mut first: Vec<Bout> = Vec::new();
    for a in &agents {
        for b in agents.range(*a..).skip(1) {
            let bout = Bout { a: *a, b: *b };
            let swap = random.below(2) == 1;
            first.push(if swap { bout.swapped() } else { bout });
        }
    }
    random.shuffle(&mut first);
    let second: Vec<Bout> = first.iter().map(|bout| bout.swapped()).collect();
    first.into_iter().chain(second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_an_answer() {
        for (output, winner, reason) in [
            (r#"{"winner":"a","reason":"shorter"}"#, Side::A, "shorter"),
            (" {\"reason\": \"x\", \"winner\": \"b\"}\n", Side::B, "x"),
            (r#"{"winner":"tie"}"#, Side::Tie, ""),
            (
                "Thinking {about} it.\n{\"winner\":\"b\"}\nDone.",
                Side::B,
                "",
            ),
            ("```json\n{\n \"winner\": \"a\"\n}\n```", Side::A, ""),
            (
                r#"{"winner":"a"} no: {"winner":"b"} {"other":1}"#,
                Side::B,
                "",
            ),
            (
                r#"{"winner":"a","reason":"not {\"winner\":\"b\"}","score":3}"#,
                Side::A,
                "not {\"winner\":\"b\"}",
            ),
        ] {
            let winner = Answer {
                winner,
                reason: reason.to_owned(),
            };
            assert_eq!(Answer::parse(output), Ok(winner), "{output}");
        }
    }

    #[test]
    fn agents_that_print_json_wrap_their_answer_into_it() {
        for output in [
            // One document, the answer in a text of it.
            r#"{"type":"result","result":"I think.\n```json\n{\"winner\":\"b\",\"reason\":\"x\"}\n```","usage":{"tokens":3}}"#,
            // Events, the answer in the last but one.
            "{\"item\":{\"text\":\"{\\\"winner\\\":\\\"a\\\"}\"}}\n\
             {\"item\":{\"text\":\"{\\\"winner\\\":\\\"b\\\",\\\"reason\\\":\\\"x\\\"}\"}}\n\
             {\"type\":\"done\"}",
            r#"[{"answer":{"winner":"b","reason":"x"}}]"#,
        ] {
            let answer = Answer::parse(output).unwrap();
            assert_eq!((answer.winner, answer.reason.as_str()), (Side::B, "x"));
        }
    }

    #[test]
    fn what_is_no_answer() {
        assert_eq!(Answer::parse(""), Err(NoAnswer::Empty));
        assert_eq!(Answer::parse(" \n"), Err(NoAnswer::Empty));
        for output in [
            "a",
            "winner: a",
            "{}",
            "{\"winner\":",
            "[\"winner\"]",
            "{{{{{",
        ] {
            assert_eq!(Answer::parse(output), Err(NoAnswer::Absent), "{output}");
        }
        for output in [
            r#"{"winner":"c"}"#,
            r#"{"winner":null}"#,
            r#"{"winner":"A|B"}"#,
            r#"{"winner":"a","reason":1}"#,
            r#"{"winner":"a"} {"winner":1}"#,
        ] {
            let found = Answer::parse(output);
            assert!(
                matches!(found, Err(NoAnswer::Bad(_))),
                "{output}: {found:?}"
            );
        }
    }

    #[test]
    fn a_long_output_is_searched_at_its_end() {
        let long = format!("{}\n{{\"winner\":\"tie\"}}", "ä{".repeat(200_000));
        assert_eq!(Answer::parse(&long).unwrap().winner, Side::Tie);
    }

    proptest! {
        #[test]
        fn each_pair_is_shown_both_ways_round(count in 0u32..10, seed: u64) {
            let bouts = bouts(AgentId::first(count), seed);
            let half = bouts.len() / 2;
            prop_assert_eq!(half, (count * count.saturating_sub(1) / 2) as usize);
            let different: BTreeSet<Bout> = bouts.iter().copied().collect();
            prop_assert_eq!(different.len(), bouts.len());
            for (first, second) in bouts[..half].iter().zip(&bouts[half..]) {
                prop_assert_eq!(first.swapped(), *second);
                prop_assert_ne!(first.a, first.b);
            }
        }

        #[test]
        fn no_output_makes_it_panic(output in "[{}\"winer:a,\\\\ é]{0,60}") {
            let _ = Answer::parse(&output);
        }
    }

    #[test]
    fn who_is_shown_first_is_chance_by_the_seed() {
        let agents: Vec<AgentId> = AgentId::first(2).collect();
        let first = (0..1000).filter(|seed| bouts(agents.clone(), *seed)[0].a == agents[0]);
        assert!((450..550).contains(&first.count()));
        let backwards = agents.iter().rev().copied();
        assert_eq!(bouts(backwards, 5), bouts(agents.clone(), 5));
    }
}
