//! A second hub while the first one is held at an effect.

use std::time::Duration;

use crate::support::points::{Blow, When};
use crate::support::wait_until;

use super::{all, scenario};

/// How many effects of a command the first is held at unless all are asked for.
const SELECTED: usize = 4;

/// Holds a command at its effects; meanwhile readers are answered, and whoever wants to write
/// ends with `busy`, or does its work where the first holds no lock.
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was held"
)]
fn stands_beside(name: &str) {
    let (scenario, trace) = scenario(name).traced();
    let effects = trace.effects;
    let numbers = 1..=effects.len();
    let step = if all() {
        1
    } else {
        effects.len().div_ceil(SELECTED)
    };
    for number in numbers.step_by(step) {
        let gate = scenario.repo.root().join("gate");
        let first = scenario.strike(When::Before, number, &Blow::Hold(gate.clone()));
        let reached = gate.with_extension("reached");
        wait_until(Duration::from_secs(60), "the first is held", || {
            reached.exists()
        });
        println!("{name}: held at effect {number} of {effects:?}");
        for reader in ["list", "status", "events"] {
            let answer = scenario.repo.hub([reader, "--json"]).run();
            println!("{answer}");
            // Before there is a session, and when it is taken back, there is none to be shown.
            let none = ["init", "run", "undo of an init"].contains(&name) && answer.code() == 3;
            assert!(answer.code() == 0 || none && reader != "list", "{answer}");
        }
        let second = scenario.second();
        println!("the second: {second}");
        // Not in this state, nothing to do, or held by the first.
        assert!([0, 1, 3, 4, 5, 6].contains(&second.code()), "{second}");
        std::fs::File::create(&gate).unwrap();
        let first = first.end();
        println!("the first: {first}");
        assert!([0, 1, 3, 4, 5, 6].contains(&first.code()), "{first}");
        for file in [&gate, &reached] {
            std::fs::remove_file(file).unwrap();
        }
        scenario.check();
        let again = scenario.again();
        println!("again: {again}");
        if !scenario.makes_a_session() {
            scenario.check_end(&again);
        }
    }
}

macro_rules! beside {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            stands_beside($name);
        })*

        /// The commands beside which a second one stands.
        pub(super) const BESIDE: &[&str] = &[$($name,)*];
    };
}

beside! {
    init: "init",
    spawn_without_a_start: "spawn --no-start",
    spawn: "spawn",
    update: "update",
    eval: "eval",
    page_of_an_eval: "eval --report",
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
    restore_of_a_snapshot_elsewhere: "snapshots restore --into",
    expiry_of_snapshots: "snapshots expire",
    undo_of_an_init: "undo of an init",
    undo_of_a_spawn: "undo of a spawn",
    undo_of_an_update: "undo of an update",
    undo_of_a_merge: "undo of a merge",
    undo_of_an_archive: "undo of an archive",
    undo_of_a_cleanup: "undo of a cleanup",
    board_post: "board post",
    board_reply: "board reply",
    send: "send",
    trust: "trust",
    pause: "pause",
    resume: "resume",
    doctor: "doctor --fix",
    integrate: "integrate",
    integrate_by_force: "integrate --force",
    integrate_removed: "integrate --remove",
    stop: "stop",
    stop_of_a_lost_agent: "stop of a lost agent",
}
