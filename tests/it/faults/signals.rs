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

each_command!(signalled);

/// `processes/interrupted.rs` has `run`, in each of its phases.
#[test]
fn every_command_of_the_matrix_is_signalled() {
    let mut all = BTreeSet::from(COMMANDS);
    all.remove("run");
    assert_eq!(SIGNALLED.iter().copied().collect::<BTreeSet<_>>(), all);
}
