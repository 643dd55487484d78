//! SIGKILL at every effect of every command.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kills::scenario::Scenario;
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

each_command!(killed);

/// The effects of a long command that are struck: one of each kind, and with them as many as
/// leave no long stretch between two. All with the switch.
fn spread(effects: &[String]) -> BTreeSet<usize> {
    /// No stretch is longer: shorter than any of the commands that `run` is made of.
    const STRETCH: usize = 12;
    let count = effects.len();
    if all() {
        return (1..=count).collect();
    }
    let kinds: BTreeSet<&String> = effects.iter().collect();
    let mut chosen = BTreeSet::from([1, count]);
    let far = |chosen: &BTreeSet<usize>, place: usize| {
        let gaps = chosen.iter().map(|other| other.abs_diff(place));
        gaps.min().unwrap_or(count)
    };
    for kind in kinds {
        let places = (1..=count).filter(|place| effects[place - 1] == *kind);
        // The one that is farthest from all others.
        chosen.extend(places.max_by_key(|place| far(&chosen, *place)));
    }
    for place in 1..=count {
        if far(&chosen, place) > STRETCH / 2 {
            chosen.insert(place);
        }
    }
    chosen
}

/// What a killed `run` leaves is ended by hand: nothing is asked to go on with it.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn run() {
    let (scenario, trace) = scenario("run").traced();
    let effects = trace.effects;
    let mut phases = BTreeSet::new();
    for number in spread(&effects) {
        let answer = scenario.struck(When::Before, number, &Blow::Kill);
        println!("run: before effect {number} of {effects:?}: {answer}");
        // It waits for others, and may have a few effects less this time.
        assert!([0, 137].contains(&answer.code()), "{answer}");
        phases.extend(end_by_hand(&scenario));
    }
    let of_run = ["init", "spawn", "eval", "merge", "cleanup"].map(str::to_owned);
    let missed = BTreeSet::from(of_run).difference(&phases).count();
    assert_eq!(
        missed, 0,
        "one of the commands that it is made of was not struck: {phases:?}"
    );
}

/// Ends what a `run` that was struck has left, and returns what it was at.
pub(super) fn end_by_hand(scenario: &Scenario) -> Option<String> {
    let told = scenario.check();
    let session = told.sessions.first()?;
    let phase = told.statuses[0]["unfinished"].as_str().map(str::to_owned);
    let hub = |line: &str| {
        let answer = scenario.repo.hub(words(line)).run();
        // Something may be left to be cleaned up.
        assert!([0, 1, 3, 4].contains(&answer.code()), "{answer}");
    };
    hub("doctor --fix");
    if session["state"] != "merged" {
        hub("archive latest --yes");
    }
    hub("cleanup latest");
    let told = scenario.check();
    invariants::check_settled(&scenario.repo, &told, &BTreeSet::new());
    for status in &told.statuses {
        let state = status["state"]["state"].as_str().unwrap();
        assert!(["merged", "archived"].contains(&state), "{status}");
        assert_eq!(status["agents"][0]["worktree"], Value::Null, "{status}");
    }
    phase
}
