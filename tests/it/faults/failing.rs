//! Effects that fail: on a full disk, on one that became read-only, and on a broken one.

use std::collections::BTreeSet;

use crate::support::Answer;
use crate::support::points::{Blow, When};

use super::killed::end_by_hand;
use super::{all, ends_of_agents, scenario};

/// What the system says, and how that is told.
const ERRORS: [(&str, &str); 3] = [
    ("ENOSPC", "No space left on device"),
    ("EROFS", "Read-only file system"),
    ("EIO", "Input/output error"),
];

/// Which effects fail, and how: each point once and the errors in turn, or all with all.
///
/// Which one of a point's effects it is depends on the command's name.
fn chosen(name: &str, effects: &[String]) -> Vec<(usize, usize)> {
    if all() {
        let numbers = 1..=effects.len();
        return numbers
            .flat_map(|number| (0..ERRORS.len()).map(move |error| (number, error)))
            .collect();
    }
    let points: BTreeSet<&String> = effects.iter().collect();
    let mut chosen = Vec::new();
    for (nth, point) in points.into_iter().enumerate() {
        let places = (1..).zip(effects).filter(|(_, effect)| *effect == point);
        let places: Vec<usize> = places.map(|(number, _)| number).collect();
        chosen.push((
            places[(name.len() + nth) % places.len()],
            nth % ERRORS.len(),
        ));
    }
    chosen
}

/// Lets effects of a command fail, before they are done and (with `HUB_TEST_ALL`) after.
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn survives(name: &str) {
    let mut scenario = scenario(name);
    if name == "stop of a lost agent" {
        // What it cannot commit for the agent stays where it is; it tells so and goes on.
        scenario = scenario.ending_with(ends_of_agents);
    }
    let (scenario, trace) = scenario.traced();
    let effects = trace.effects;
    for (number, error) in chosen(name, &effects) {
        let (error, said) = ERRORS[error];
        let whens = [When::Before, When::After].into_iter();
        for when in whens.filter(|when| *when == When::Before || all()) {
            let answer = scenario.struck(when, number, &Blow::Error(error));
            println!("{name}: {error} {when:?} effect {number} of {effects:?}: {answer}");
            check_told(name, &answer, said);
            scenario.check();
            let again = scenario.again();
            println!("again: {again}");
            scenario.check_end(&again);
        }
    }
}

/// Either it did its work nevertheless, or it says in two lines what is wrong and what to do.
fn check_told(name: &str, answer: &Answer, said: &str) {
    if answer.code() == 0 {
        return;
    }
    assert_eq!(answer.code(), 1, "{answer}");
    match name.split(' ').next() {
        // What would change is shown before anything is written.
        Some("integrate") => assert!(answer.stdout.starts_with("--- "), "{answer}"),
        Some("doctor") => {
            let told = answer
                .stdout
                .lines()
                .filter(|line| line.contains("not fixed: "));
            assert!(told.count() > 0 && answer.stdout.contains(said), "{answer}");
            return;
        }
        // What was measured was told before it was merged.
        Some("run") if answer.stdout.contains("winner: ") => {}
        _ => assert_eq!(answer.stdout, "", "{answer}"),
    }
    let error = answer
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("error: "))
        .collect::<Vec<_>>();
    assert!(error[0].contains(said), "{answer}");
    assert!(
        error.len() == 2 && error[1].starts_with("hint: "),
        "{answer}"
    );
}

macro_rules! failing {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            survives($name);
        })*

        /// The commands whose effects fail.
        pub(super) const FAILING: &[&str] = &[$($name,)* "run"];
    };
}

each_command!(failing);

/// The errors in turn, each point once: what is left of it is ended by hand.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn run() {
    let (scenario, trace) = scenario("run").traced();
    let effects = trace.effects;
    for (number, error) in chosen("run", &effects) {
        let (error, said) = ERRORS[error];
        let answer = scenario.struck(When::Before, number, &Blow::Error(error));
        println!("run: {error} before effect {number} of {effects:?}: {answer}");
        check_told("run", &answer, said);
        end_by_hand(&scenario);
    }
}
