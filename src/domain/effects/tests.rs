use proptest::prelude::*;
use serde_json::json;

use super::*;

fn commit(digit: u8) -> CommitId {
    format!("{digit:x}").repeat(40).parse().unwrap()
}

fn line(seq: u64, operation: Operation, phase: Phase, detail: &serde_json::Value) -> Event {
    Event {
        seq,
        time: DateTime::UNIX_EPOCH,
        pid: 1,
        user: None,
        host: None,
        operation,
        phase,
        detail: detail.as_object().unwrap().clone(),
        refs: Vec::new(),
        previous: None,
    }
}

/// A journal of whole operations, each of which moves the state and, by its number, one ref.
fn journal(operations: &[(Operation, Option<u64>)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (operation, undoes) in operations {
        let seq = events.len() as u64 + 1;
        let effects = Effects::of_state(SessionState::Init, SessionState::Running).told();
        let mut intent = json!({ EFFECTS: effects });
        if let Some(undoes) = undoes {
            intent[UNDOES] = (*undoes).into();
        }
        events.push(line(seq, *operation, Phase::Begin, &intent));
        events.push(line(seq + 1, *operation, Phase::End, &json!({})));
    }
    events
}

fn seq(events: &[Event], further: bool) -> Option<u64> {
    target(events, further).map(|done| done.seq)
}

#[test]
fn the_last_is_taken_back_and_then_that() {
    use Operation::{Init, Merge, Spawn, Undo};
    let mut all = vec![(Init, None), (Spawn, None), (Merge, None)];
    for (undoes, next, further) in [
        (None, 5, 5),
        // The merge is undone: the next undo does it again, a further one undoes the spawn.
        (Some(5), 7, 3),
        (Some(7), 9, 5),
        (Some(9), 11, 3),
        (Some(3), 13, 1),
    ] {
        all.extend(undoes.map(|seq| (Undo, Some(seq))));
        let events = journal(&all);
        assert_eq!(seq(&events, false), Some(next), "{all:?}");
        assert_eq!(seq(&events, true), Some(further), "{all:?}");
    }
    assert_eq!(seq(&[], false), None);
}

#[test]
fn what_changed_nothing_is_looked_through() {
    use Operation::{Eval, Finish, Merge, Spawn, Update};
    let mut events = journal(&[(Spawn, None)]);
    let same = Effects::default().told();
    events.push(line(3, Eval, Phase::Begin, &json!({ EFFECTS: same })));
    events.push(line(4, Finish, Phase::Done, &json!({})));
    events.push(line(5, Eval, Phase::End, &json!({})));
    // One that was taken back, and one that is under way.
    let intent = journal(&[(Merge, None)]).remove(0).detail;
    let intent = serde_json::Value::Object(intent);
    events.push(line(6, Merge, Phase::Begin, &intent.clone()));
    events.push(line(7, Merge, Phase::TakenBack, &json!({})));
    events.push(line(8, Merge, Phase::Begin, &intent));
    assert_eq!(seq(&events, false), Some(1));
    // An older hub told too little of what it did: it is not passed over.
    events.push(line(9, Merge, Phase::TakenBack, &json!({})));
    events.push(line(
        10,
        Update,
        Phase::Begin,
        &json!({ "from": "running" }),
    ));
    events.push(line(11, Update, Phase::End, &json!({})));
    let found = target(&events, false).unwrap();
    assert_eq!((found.seq, found.told), (10, false));
}

#[test]
fn a_cleanup_that_was_stopped_came_to_what_it_had_done() {
    use Operation::Cleanup;
    let gone = json!({ EFFECTS: { "worktrees": [{ "agent": "agent-1", "path": "/w",
        "old": { "branch": null, "commit": commit(1) }, "new": null }] } });
    let mut events = vec![
        line(1, Cleanup, Phase::Begin, &json!({ EFFECTS: {} })),
        line(2, Cleanup, Phase::Step, &gone),
        line(3, Cleanup, Phase::TakenBack, &json!({})),
    ];
    let snapshot = "refs/hub/snapshots/20260317-143022/agent-1/uncommitted-1";
    events[1].refs = vec![RefMove {
        r#ref: snapshot.parse().unwrap(),
        old: None,
        new: Some(commit(2)),
    }];
    let found = target(&events, false).unwrap();
    assert_eq!(found.effects.worktrees.len(), 1);
    assert_eq!(found.effects.refs, [], "snapshots stay");
    let back = found.effects.inverse();
    assert_eq!(back.worktrees[0].new.as_ref().unwrap().commit, commit(1));
}

fn standing() -> impl Strategy<Value = Option<Standing>> {
    prop::option::of((0u8..4).prop_map(|digit| Standing {
        branch: None,
        commit: commit(digit),
        snapshot: None,
    }))
}

fn moved<T: Clone + PartialEq + std::fmt::Debug>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Option<Move<T>>> {
    let both = (value.clone(), value).prop_filter("it moves", |(old, new)| old != new);
    prop::option::of(both.prop_map(|(old, new)| Move { old, new }))
}

fn effects() -> impl Strategy<Value = Effects> {
    let id = || prop::option::of((0u8..4).prop_map(commit));
    let refs = prop::collection::btree_map(0u8..4, (id(), id()), 0..4);
    let worktrees = prop::collection::btree_map(0u8..4, (standing(), standing()), 0..4);
    let files = prop::collection::btree_set(0u8..4, 0..3);
    let state = moved(prop::sample::select(SessionState::ALL.to_vec()));
    let agents = moved((0u8..3).prop_map(|count| json!({ "agent-1": count })));
    (refs, worktrees, files, state, agents).prop_map(|(refs, worktrees, files, state, agents)| {
        let refs = refs.into_iter().map(|(name, (old, new))| RefMove {
            r#ref: format!("refs/heads/b{name}").parse().unwrap(),
            old,
            new,
        });
        let worktrees = worktrees
            .into_iter()
            .map(|(name, (old, new))| WorktreeMove {
                agent: AgentId::new(1).unwrap(),
                path: PathBuf::from(format!("/w{name}")),
                old,
                new,
            });
        let files = files.into_iter().map(|name| Move {
            old: PathBuf::from(format!("f{name}")),
            new: PathBuf::from(format!("undone/f{name}")),
        });
        Effects {
            refs: refs.filter(|one| one.old != one.new).collect(),
            worktrees: worktrees.filter(|one| one.old != one.new).collect(),
            files: files.collect(),
            state,
            agents,
            folder: None,
        }
    })
}

proptest! {
    #[test]
    fn twice_back_is_as_it_was(effects in effects()) {
        prop_assert_eq!(effects.inverse().inverse(), effects);
    }

    #[test]
    fn there_and_back_is_nothing(effects in effects()) {
        prop_assert!(effects.clone().then(effects.inverse()).is_empty());
        prop_assert!(effects.inverse().then(effects).is_empty());
    }

    #[test]
    fn nothing_before_or_after_changes_nothing(effects in effects()) {
        prop_assert_eq!(&effects.clone().then(Effects::default()), &effects);
        prop_assert_eq!(&Effects::default().then(effects.clone()), &effects);
    }

    #[test]
    fn what_is_written_is_read_back(effects in effects()) {
        let mut told: Effects = serde_json::from_value(effects.told()).unwrap();
        told.refs.clone_from(&effects.refs);
        prop_assert_eq!(told, effects);
    }
}
