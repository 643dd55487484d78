//! Signals at the effects of every command, and readers that go away.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::points::{Blow, When};
use crate::support::wait_until;

use super::{COMMANDS, all, scenario};

const SIGNALS: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];

/// How many effects of a command a signal comes at unless all are asked for: one of each.
const SELECTED: usize = SIGNALS.len();

/// Holds a command at its effects and sends it a signal: it ends with the signal's status, or
/// does its work; then nothing is lost, and the same command again comes to the same end.
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn stands_signals(name: &str) {
    let (scenario, trace) = scenario(name).traced();
    let effects = trace.effects;
    let step = if all() {
        1
    } else {
        effects.len().div_ceil(SELECTED)
    };
    for (nth, number) in (1..=effects.len()).step_by(step).enumerate() {
        let (signal, code) = SIGNALS[(name.len() + nth) % SIGNALS.len()];
        let gate = scenario.repo.root().join("gate");
        let running = scenario.strike(When::Before, number, &Blow::Hold(gate.clone()));
        let reached = gate.with_extension("reached");
        wait_until(Duration::from_secs(60), "it is held", || reached.exists());
        running.signal(signal);
        std::fs::File::create(&gate).unwrap();
        let answer = running.end();
        println!("{name}: {signal:?} at effect {number} of {effects:?}: {answer}");
        assert!([0, code].contains(&answer.code()), "{answer}");
        for file in [&gate, &reached] {
            std::fs::remove_file(file).unwrap();
        }
        scenario.check();
        let again = scenario.again();
        println!("again: {again}");
        scenario.check_end(&again);
    }
}

/// A command whose answer nobody reads does its work, and says nothing of it.
fn stands_alone(name: &str) {
    let (scenario, _) = scenario(name).traced();
    let answer = scenario.unread();
    assert_eq!(answer.code(), 0, "{answer}");
    assert!(!answer.stderr.contains("error: "), "{answer}");
    scenario.check_end(&answer);
}

macro_rules! signalled {
    ($($test:ident: $name:literal,)*) => {
        $(mod $test {
            #[test]
            fn ends_or_goes_on_at_a_signal() {
                super::stands_signals($name);
            }

            #[test]
            fn does_its_work_where_nobody_reads() {
                super::stands_alone($name);
            }
        })*

        const SIGNALLED: &[&str] = &[$($name,)*];
    };
}

signalled! {
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

/// `processes/interrupted.rs` has `run`, in each of its phases.
#[test]
fn every_command_of_the_matrix_is_signalled() {
    let mut all = BTreeSet::from(COMMANDS);
    all.remove("run");
    assert_eq!(SIGNALLED.iter().copied().collect::<BTreeSet<_>>(), all);
}
