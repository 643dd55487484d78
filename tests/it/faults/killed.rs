//! SIGKILL at every effect of every command.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kills::words;
use crate::support::invariants;
use crate::support::points::{Blow, When};

use super::{all, scenario};

/// Kills a command before each of its effects, and after the last.
///
/// A kill after an effect and one before the next strike the same gap: nothing changes in
/// between, which `covered` holds. With `HUB_TEST_ALL` both are struck.
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn survives(name: &str) {
    let (scenario, trace) = scenario(name).traced();
    let effects = trace.effects;
    assert!(effects.len() > 1, "{name}: {effects:?}");
    for number in 1..=effects.len() {
        let after = number == effects.len() || all();
        let whens = [When::Before, When::After].into_iter();
        for when in whens.filter(|when| *when == When::Before || after) {
            let answer = scenario.struck(when, number, &Blow::Kill);
            println!("{name}: {when:?} effect {number} of {effects:?}: {answer}");
            assert_eq!(answer.code(), 137, "it was killed");
            scenario.check();
            let again = scenario.again();
            println!("again: {again}");
            scenario.check_end(&again);
            scenario.check_board();
        }
    }
}

macro_rules! killed {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            survives($name);
        })*

        /// The commands that are killed at every effect, and the one that is all of them.
        pub(super) const KILLED: &[&str] = &[$($name,)* "run"];
    };
}

killed! {
    init: "init",
    spawn_without_a_start: "spawn --no-start",
    spawn: "spawn",
    update: "update",
    eval: "eval",
    graft: "graft",
    retry: "retry",
    merge: "merge",
    merge_squashed: "merge --squash",
    merge_rebased: "merge --strategy rebase",
    merge_picked: "merge --strategy cherry-pick",
    merge_verified: "merge --verify",
    merge_of_two: "merge of two",
    merge_into_a_branch_apart: "merge into a branch apart",
    archive: "archive",
    archive_without_libgit2: "archive without libgit2",
    cleanup: "cleanup",
    cleanup_by_force: "cleanup --force",
    cleanup_of_all: "cleanup --all",
    restore: "restore",
    restore_of_a_snapshot: "snapshots restore",
    expiry_of_snapshots: "snapshots expire",
    undo_of_an_init: "undo of an init",
    undo_of_a_spawn: "undo of a spawn",
    undo_of_a_merge: "undo of a merge",
    undo_of_a_cleanup: "undo of a cleanup",
    board_post: "board post",
    send: "send",
    doctor: "doctor --fix",
    stop: "stop",
    stop_of_a_lost_agent: "stop of a lost agent",
}

/// How many effects of `run` are struck unless all are asked for: each is one of its commands.
const OF_RUN: usize = 6;

/// What a killed `run` leaves is ended by hand: nothing is asked to go on with it.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn run() {
    let (scenario, trace) = scenario("run").traced();
    let effects = trace.effects;
    let step = if all() { 1 } else { effects.len() / OF_RUN };
    for number in (1..=effects.len()).step_by(step) {
        let answer = scenario.struck(When::Before, number, &Blow::Kill);
        println!("run: before effect {number} of {effects:?}: {answer}");
        // It waits for others, and may have a few effects less this time.
        assert!([0, 137].contains(&answer.code()), "{answer}");
        let told = scenario.check();
        let Some(state) = told
            .sessions
            .first()
            .map(|session| session["state"].clone())
        else {
            continue;
        };
        let hub = |line: &str| scenario.repo.hub(words(line)).run();
        println!("{}", hub("doctor --fix"));
        if state != "merged" {
            println!("{}", hub("archive latest"));
        }
        println!("{}", hub("cleanup latest"));
        let told = scenario.check();
        invariants::check_settled(&scenario.repo, &told, &BTreeSet::new());
        for status in &told.statuses {
            let state = status["state"]["state"].as_str().unwrap();
            assert!(["merged", "archived"].contains(&state), "{status}");
            assert_eq!(status["agents"][0]["worktree"], Value::Null, "{status}");
        }
    }
}
