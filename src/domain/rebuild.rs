//! A session's state from what else tells of it, when its own file cannot be read.
//!
//! Only as true as its sources: what none of them tells is named, not made up. An operation
//! that was killed is left as it was before it, for whoever settles it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::effects;
use super::event::{self, Event, Operation, Phase};
use super::id::{AgentId, Attempt, SessionId};
use super::refs::AttemptBranch;
use super::session::{AgentRecord, Session};
use super::state::{AgentStatus, SessionState};

/// What tells of a session beside its state.
#[derive(Clone, Debug)]
pub struct Sources<'s> {
    /// The session.
    pub id: SessionId,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Its journal, as far as it can be read.
    pub events: &'s [Event],
    /// The attempts that have a branch or an archive tag.
    pub attempts: BTreeSet<(AgentId, Attempt)>,
    /// Whether every attempt has an archive tag.
    pub all_archived: bool,
    /// The worktrees that stand.
    pub worktrees: BTreeMap<AgentId, PathBuf>,
    /// Whether results were kept of an evaluation.
    pub evaluated: bool,
    /// The time now.
    pub now: DateTime<Utc>,
}

/// A state that was put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// The state.
    pub session: Session,
    /// What nothing tells of any more.
    pub unknown: Vec<&'static str>,
}

/// Puts the state together.
#[must_use]
pub fn state(sources: &Sources<'_>) -> Rebuilt {
    let mut unknown = vec!["keys of other tools"];
    let state = told_state(sources.events).unwrap_or_else(|| {
        unknown.push("whether it was merged");
        state_by_refs(sources)
    });
    let agents = if state == SessionState::Init {
        BTreeMap::new()
    } else {
        agents(sources, state)
    };
    if !agents.is_empty() {
        unknown.push("when its agents ran, which strategy they had and what they used");
        if sources.events.is_empty() {
            unknown.push("how its agents ended");
        }
    }
    let last = sources.events.iter().map(|event| event.time).max();
    let session = Session::stored(
        sources.id.clone(),
        state,
        sources.created,
        last.unwrap_or(sources.now),
        agents,
    );
    Rebuilt { session, unknown }
}

/// Where the operations that came to their end have brought the session; `None` when there is
/// no journal.
fn told_state(events: &[Event]) -> Option<SessionState> {
    use Operation::{Archive, Eval, Merge, Spawn, Update};
    events.first()?;
    let mut state = SessionState::Init;
    for done in effects::operations(events) {
        let to = || done.intent.get("to")?.as_str()?.parse().ok();
        state = match (done.effects.state.as_ref(), done.operation) {
            (Some(moved), _) => moved.new,
            // Earlier hubs told of no effects.
            (None, Spawn) => SessionState::Running,
            (None, Eval) => SessionState::Evaluating,
            (None, Merge) => SessionState::Merged,
            (None, Archive) => SessionState::Archived,
            (None, Update) => to().unwrap_or(state),
            (None, _) => state,
        };
    }
    // It is entered before the first run, and stays when the evaluation is broken off.
    let open = event::unfinished(events).filter(|open| open.operation == Eval);
    Some(open.map_or(state, |_| SessionState::Evaluating))
}

fn state_by_refs(sources: &Sources<'_>) -> SessionState {
    if sources.attempts.is_empty() {
        SessionState::Init
    } else if sources.all_archived {
        SessionState::Archived
    } else if sources.evaluated {
        SessionState::Evaluating
    } else {
        SessionState::Running
    }
}

fn agents(sources: &Sources<'_>, state: SessionState) -> BTreeMap<AgentId, AgentRecord> {
    // Of several attempts of an agent the last one stays.
    let mut newest: BTreeMap<AgentId, Attempt> = sources.attempts.iter().copied().collect();
    let mut statuses: BTreeMap<AgentId, AgentStatus> = BTreeMap::new();
    let mut made: BTreeMap<AgentId, PathBuf> = BTreeMap::new();
    for event in sources.events {
        let Some(agent) = agent_of(event) else {
            continue;
        };
        if let Some(status) = status_after(event) {
            statuses.insert(agent, status);
        }
        if let Some(branch) = branch_of(event) {
            let known = newest.entry(agent).or_insert(branch.attempt);
            *known = branch.attempt.max(*known);
        }
        let worktree = event.detail.get("worktree").and_then(|path| path.as_str());
        if let Some(path) = worktree.filter(|_| event.operation == Operation::Spawn) {
            made.insert(agent, PathBuf::from(path));
        }
    }
    newest
        .into_iter()
        .map(|(agent, attempt)| {
            let branch = AttemptBranch {
                session: sources.id.clone(),
                agent,
                attempt,
            };
            let status = statuses.get(&agent).copied();
            let status = status.unwrap_or_else(|| untold(sources, state));
            let mut record = AgentRecord::stored(status, attempt, branch.name());
            let there = sources.worktrees.get(&agent).or_else(|| made.get(&agent));
            record.worktree = there.cloned();
            (agent, record)
        })
        .collect()
}

/// The status of an agent that no line of the journal tells of: it waits where there is a
/// journal; without one nobody may start it.
fn untold(sources: &Sources<'_>, state: SessionState) -> AgentStatus {
    if sources.events.is_empty() && state != SessionState::Init {
        AgentStatus::Cancelled
    } else {
        AgentStatus::Pending
    }
}

fn agent_of(event: &Event) -> Option<AgentId> {
    event.detail.get("agent")?.as_str()?.parse().ok()
}

fn branch_of(event: &Event) -> Option<AttemptBranch> {
    event.detail.get("branch")?.as_str()?.parse().ok()
}

fn status_after(event: &Event) -> Option<AgentStatus> {
    let told = || serde_json::from_value(event.detail.get("status")?.clone()).ok();
    match (event.operation, event.phase) {
        (Operation::Start, _) => Some(AgentStatus::Running),
        (Operation::Finish | Operation::Stop | Operation::Pause | Operation::Resume, _) => told(),
        (Operation::Retry, Phase::Begin) => Some(AgentStatus::Pending),
        (Operation::Graft, Phase::Begin) => Some(AgentStatus::Succeeded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(operation: Operation, phase: Phase, detail: &Value) -> Event {
        serde_json::from_value(json!({
            "seq": 1,
            "time": "2026-03-17T14:30:22+00:00",
            "pid": 1,
            "operation": operation,
            "phase": phase,
            "detail": detail,
        }))
        .unwrap()
    }

    fn sources<'s>(events: &'s [Event], attempts: &[(u32, u32)]) -> Sources<'s> {
        let attempts = attempts.iter();
        let attempts =
            attempts.map(|(n, m)| (AgentId::new(*n).unwrap(), Attempt::new(*m).unwrap()));
        Sources {
            id: "20260317-143022".parse().unwrap(),
            created: DateTime::UNIX_EPOCH,
            events,
            attempts: attempts.collect(),
            all_archived: false,
            worktrees: BTreeMap::new(),
            evaluated: false,
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn begun(operation: Operation) -> Event {
        event(operation, Phase::Begin, &json!({}))
    }

    fn ended(operation: Operation) -> Event {
        event(operation, Phase::End, &json!({}))
    }

    #[test]
    fn the_state_is_that_of_the_last_operation_that_ended() {
        use Operation::{Archive, Eval, Init, Merge, Spawn};
        use SessionState::{Archived, Evaluating, Init as Made, Merged, Running};
        let life = [
            begun(Init),
            ended(Init),
            begun(Spawn),
            ended(Spawn),
            begun(Eval),
            ended(Eval),
            begun(Merge),
            ended(Merge),
        ];
        let expected = [
            Made, Made, Made, Running, Evaluating, Evaluating, Evaluating, Merged,
        ];
        for (lines, expected) in (1..).zip(expected) {
            let events = life.get(..lines).unwrap();
            let rebuilt = state(&sources(events, &[(1, 1)]));
            assert_eq!(rebuilt.session.state(), expected, "after {lines} lines");
        }
        let by_hand = [
            event(Operation::Update, Phase::Begin, &json!({"to": "running"})),
            ended(Operation::Update),
        ];
        assert_eq!(told_state(&by_hand), Some(Running));
        assert_eq!(
            told_state(&[begun(Archive), ended(Archive)]),
            Some(Archived)
        );
    }

    #[test]
    fn what_was_taken_back_counts() {
        let told = |operation, old: &str, new: &str| {
            let effects = json!({"effects": {"state": {"old": old, "new": new}}});
            [event(operation, Phase::Begin, &effects), ended(operation)]
        };
        let mut events = told(Operation::Spawn, "init", "running").to_vec();
        events.extend(told(Operation::Eval, "running", "evaluating"));
        events.extend(told(Operation::Merge, "evaluating", "merged"));
        assert_eq!(told_state(&events), Some(SessionState::Merged));
        events.extend(told(Operation::Undo, "merged", "evaluating"));
        assert_eq!(told_state(&events), Some(SessionState::Evaluating));
    }

    #[test]
    fn without_a_journal_the_refs_tell() {
        let mut without = sources(&[], &[]);
        assert_eq!(state(&without).session.state(), SessionState::Init);
        without = sources(&[], &[(1, 1), (2, 1), (2, 2)]);
        let rebuilt = state(&without);
        assert_eq!(rebuilt.session.state(), SessionState::Running);
        let agents = rebuilt.session.agents();
        let second = agents.get(&AgentId::new(2).unwrap()).unwrap();
        assert_eq!(
            second.branch.as_str(),
            "hub/20260317-143022/agent-2/attempt-2"
        );
        assert_eq!(second.status(), AgentStatus::Cancelled, "nobody starts it");
        assert!(rebuilt.unknown.contains(&"whether it was merged"));
        without.evaluated = true;
        assert_eq!(state(&without).session.state(), SessionState::Evaluating);
        without.all_archived = true;
        assert_eq!(state(&without).session.state(), SessionState::Archived);
    }

    #[test]
    fn agents_are_as_the_journal_tells_of_them() {
        use Operation::{Finish, Retry, Spawn, Start};
        let agent = |n: u32| json!({ "agent": format!("agent-{n}") });
        let branch = "hub/20260317-143022/agent-1/attempt-2";
        let events = [
            begun(Spawn),
            event(
                Spawn,
                Phase::Step,
                &json!({"agent": "agent-1", "worktree": "/w/1", "branch": "hub/20260317-143022/agent-1/attempt-1"}),
            ),
            ended(Spawn),
            event(Start, Phase::Done, &agent(1)),
            event(
                Finish,
                Phase::Done,
                &json!({"agent": "agent-1", "status": "failed"}),
            ),
            event(
                Retry,
                Phase::Begin,
                &json!({"agent": "agent-1", "branch": branch}),
            ),
            ended(Retry),
            event(Start, Phase::Done, &agent(1)),
            event(
                Finish,
                Phase::Done,
                &json!({"agent": "agent-1", "status": "succeeded"}),
            ),
        ];
        for (lines, status, attempt) in [
            (3, AgentStatus::Pending, 1),
            (4, AgentStatus::Running, 1),
            (5, AgentStatus::Failed, 1),
            (7, AgentStatus::Pending, 2),
            (9, AgentStatus::Succeeded, 2),
        ] {
            let rebuilt = state(&sources(events.get(..lines).unwrap(), &[]));
            let record = rebuilt.session.agents().values().next().unwrap();
            assert_eq!(
                (record.status(), record.attempt.number()),
                (status, attempt)
            );
            assert_eq!(record.worktree.as_deref(), Some("/w/1".as_ref()));
        }
    }
}
