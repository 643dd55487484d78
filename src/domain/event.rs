//! What a journal tells: every operation with its beginning, its steps and its end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::chain::LineHash;
use super::owner::UserName;
use super::refs::{CommitId, RefName};
use super::time;

/// What was done to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The session was made and its baseline measured.
    Init,
    /// Branches, worktrees and prompts were made.
    Spawn,
    /// An agent's process was started.
    Start,
    /// An agent's process ended.
    Finish,
    /// An agent was asked to end.
    Stop,
    /// An agent was paused.
    Pause,
    /// A paused agent was let go on.
    Resume,
    /// Something was said to agents.
    Send,
    /// An agent got its next attempt.
    Retry,
    /// An agent got an attempt with paths of another one.
    Graft,
    /// A state was set by hand.
    Update,
    /// Results were measured.
    Eval,
    /// A winner was merged.
    Merge,
    /// Attempts were kept as tags.
    Archive,
    /// Worktrees and branches were removed.
    Cleanup,
    /// Worktrees, branches or kept work were brought back.
    Restore,
    /// What was not as it should be was mended.
    Doctor,
    /// Snapshots were given up.
    Expire,
    /// An operation was taken back, or done again.
    Undo,
    /// A command of somebody else was trusted, or is so no more.
    Trust,
    /// The security level was raised.
    Security,
    /// The session was brought here from an archive.
    Import,
    /// What was changed outside of an agent's worktree was found, put back or accepted.
    Outside,
    /// An agent asked for what it is not given, of its supervisor or of the kernel.
    Denied,
    /// An operation of a later hub, read but not understood.
    #[serde(other)]
    Unknown,
}

impl Operation {
    /// The name as it is written in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Spawn => "spawn",
            Self::Start => "start",
            Self::Finish => "finish",
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Send => "send",
            Self::Retry => "retry",
            Self::Graft => "graft",
            Self::Update => "update",
            Self::Eval => "eval",
            Self::Merge => "merge",
            Self::Archive => "archive",
            Self::Cleanup => "cleanup",
            Self::Restore => "restore",
            Self::Doctor => "doctor",
            Self::Expire => "expire",
            Self::Undo => "undo",
            Self::Trust => "trust",
            Self::Security => "security",
            Self::Import => "import",
            Self::Outside => "outside",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

/// Where in its operation an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The intent; the steps follow.
    Begin,
    /// One step that is done.
    Step,
    /// The whole is done.
    End,
    /// It ended before its end: what it had done so far is undone, or whole in itself.
    TakenBack,
    /// A change of one step, whole in itself.
    Done,
    /// A phase of a later hub, read but not understood.
    #[serde(other)]
    Unknown,
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Event {
    /// The line's number, from 1.
    pub seq: u64,
    /// When.
    #[serde(with = "time")]
    #[schemars(with = "String")]
    pub time: DateTime<Utc>,
    /// The process that wrote it.
    pub pid: u32,
    /// The user who ran it; null in lines of an older hub.
    #[serde(default)]
    pub user: Option<UserName>,
    /// The machine that it ran on; null in lines of an older hub.
    #[serde(default)]
    pub host: Option<String>,
    /// What was done.
    pub operation: Operation,
    /// Where in it this stands.
    pub phase: Phase,
    /// From which value to which, and whatever taking it back needs.
    #[serde(default)]
    pub detail: Detail,
    /// The refs that are moved next, or were moved where only that could be told.
    #[serde(default)]
    pub refs: Vec<RefMove>,
    /// The hash of the line before; null in the first one, and in lines of an older hub.
    #[serde(default)]
    pub previous: Option<LineHash>,
}

/// One ref from a value to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RefMove {
    /// Its full name.
    pub r#ref: RefName,
    /// What it named before; null where it was not there. Of an annotated tag its own id.
    pub old: Option<CommitId>,
    /// What it names after; null where it is gone.
    pub new: Option<CommitId>,
}

/// What several moves come to, one for each ref that ends elsewhere than it began; by name.
#[must_use]
pub fn net<'m>(moves: impl IntoIterator<Item = &'m RefMove>) -> Vec<RefMove> {
    let mut whole: BTreeMap<&RefName, RefMove> = BTreeMap::new();
    for one in moves {
        whole
            .entry(&one.r#ref)
            .and_modify(|known| known.new.clone_from(&one.new))
            .or_insert_with(|| one.clone());
    }
    whole
        .into_values()
        .filter(|one| one.old != one.new)
        .collect()
}

/// What whoever writes to a journal says; the rest of the line the journal knows itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What was done.
    pub operation: Operation,
    /// Where in it this stands.
    pub phase: Phase,
    /// Names and values.
    pub detail: Detail,
    /// The refs that are moved.
    pub refs: Vec<RefMove>,
}

/// What an event says beyond its kind: names and values.
pub type Detail = serde_json::Map<String, serde_json::Value>;

/// An operation that has a beginning and no end: its process died in the middle.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// What was being done.
    pub operation: Operation,
    /// What its beginning says.
    pub intent: Detail,
    /// What its finished steps say, in order.
    pub steps: Vec<Detail>,
    /// The moves of refs that its lines tell of, in order; the last may not have been made.
    pub refs: Vec<RefMove>,
}

impl Unfinished {
    /// The last value that a step recorded under `key`.
    #[must_use]
    pub fn step_value(&self, key: &str) -> Option<&serde_json::Value> {
        self.steps.iter().rev().find_map(|step| step.get(key))
    }
}

/// The operation that a journal leaves unfinished, if it does.
///
/// The session's lock lets one operation run at a time, so that only the last one
/// with a beginning can be unfinished; events that are whole in themselves (an
/// agent's end, say) may stand in between.
pub fn unfinished<'e>(events: impl IntoIterator<Item = &'e Event>) -> Option<Unfinished> {
    let mut open: Option<Unfinished> = None;
    for event in events {
        match event.phase {
            Phase::Begin => {
                open = Some(Unfinished {
                    operation: event.operation,
                    intent: event.detail.clone(),
                    steps: Vec::new(),
                    refs: event.refs.clone(),
                });
            }
            Phase::Step => {
                if let Some(open) = open.as_mut().filter(|o| o.operation == event.operation) {
                    open.steps.push(event.detail.clone());
                    open.refs.extend(event.refs.iter().cloned());
                }
            }
            Phase::End | Phase::TakenBack => {
                if open
                    .as_ref()
                    .is_some_and(|o| o.operation == event.operation)
                {
                    open = None;
                }
            }
            Phase::Done | Phase::Unknown => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(operation: Operation, phase: Phase) -> Event {
        Event {
            seq: 1,
            time: DateTime::UNIX_EPOCH,
            pid: 1,
            user: None,
            host: None,
            operation,
            phase,
            detail: Detail::new(),
            refs: Vec::new(),
            previous: None,
        }
    }

    #[test]
    fn moves_of_one_ref_come_to_one_or_none() {
        let commit = |digit: &str| Some(digit.repeat(40).parse().unwrap());
        let one = |name: &str, old: Option<CommitId>, new: Option<CommitId>| RefMove {
            r#ref: format!("refs/heads/{name}").parse().unwrap(),
            old,
            new,
        };
        let moves = [
            one("b", None, commit("1")),
            one("a", None, commit("1")),
            one("b", commit("1"), commit("2")),
            one("a", commit("1"), None),
        ];
        assert_eq!(net(&moves), [one("b", None, commit("2"))]);
        assert_eq!(net(&[]), []);
    }

    #[test]
    fn only_what_has_no_end_is_unfinished() {
        use Operation::{Finish, Merge, Spawn};
        let whole = [
            event(Spawn, Phase::Begin),
            event(Spawn, Phase::Step),
            event(Spawn, Phase::End),
        ];
        assert_eq!(unfinished(&whole), None);
        assert_eq!(unfinished(&[]), None);

        let mut cut = whole.to_vec();
        cut.push(event(Merge, Phase::Begin));
        cut.push(event(Merge, Phase::Step));
        cut.push(event(Finish, Phase::Done));
        let open = unfinished(&cut).unwrap();
        assert_eq!((open.operation, open.steps.len()), (Merge, 1));

        cut.push(event(Merge, Phase::TakenBack));
        assert_eq!(unfinished(&cut), None);
    }

    #[test]
    fn operations_of_a_later_hub_are_read() {
        let line = r#"{"seq":7,"time":"2026-03-17T14:30:22+00:00","pid":3,"operation":"teleport","phase":"done"}"#;
        let event: Event = serde_json::from_str(line).unwrap();
        assert_eq!(event.operation, Operation::Unknown);
    }
}
