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
            let makes = ["init", "import", "run", "undo of an init"].contains(&name);
            let none = makes && answer.code() == 3;
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

each_command!(beside);
