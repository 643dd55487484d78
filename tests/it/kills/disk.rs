//! Steps that fail: on a disk that is full, or for once.

use crate::support::Answer;
use crate::support::fault::{Errno, Fault};

use super::{scenario, selected};

/// The calls that take space, or find out that there was none.
fn takes_space(step: &str) -> bool {
    !matches!(
        step,
        "unlink" | "unlinkat" | "rmdir" | "ftruncate" | "ftruncate64"
    )
}

/// Lets the selected steps of a command fail.
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn survives_a_bad_disk(name: &str) {
    let scenario = scenario(name).counted();
    let steps: Vec<usize> = (1..)
        .zip(&scenario.steps)
        .filter(|(_, step)| takes_space(step))
        .map(|(number, _)| number)
        .collect();
    let hit: Vec<usize> = selected(steps.len())
        .iter()
        .map(|nth| steps[nth - 1])
        .collect();
    let full = hit.iter().copied().map(Fault::FullFrom);
    let once = hit
        .iter()
        .copied()
        .map(|step| Fault::Once(Errno::NoSpace, step));
    let broken = hit
        .iter()
        .copied()
        .map(|step| Fault::Once(Errno::InputOutput, step));
    for fault in full.chain(once).chain(broken) {
        let answer = scenario.hit(fault);
        println!("{name}: {fault:?} of {:?}: {answer}", scenario.steps);
        check_told(&answer, fault);
        scenario.check();
        let again = scenario.again();
        println!("again: {again}");
        scenario.check_end(&again);
    }
}

/// Either it did its work nevertheless, or it says in two lines what is wrong and what to do.
fn check_told(answer: &Answer, fault: Fault) {
    if answer.code() == 0 {
        return;
    }
    assert_eq!(answer.code(), 1, "{answer}");
    assert_eq!(answer.stdout, "", "{answer}");
    let error = answer
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("error: "))
        .collect::<Vec<_>>();
    let reason = match fault {
        Fault::Once(Errno::InputOutput, _) => "Input/output error",
        _ => "No space left on device",
    };
    assert!(error[0].contains(reason), "{answer}");
    assert!(
        error.len() == 2 && error[1].starts_with("hint: "),
        "{answer}"
    );
}

#[test]
fn an_init_that_cannot_be_written_leaves_a_whole_session_or_none() {
    survives_a_bad_disk("init");
}

#[test]
fn a_spawn_that_cannot_be_written_leaves_all_worktrees_or_none() {
    survives_a_bad_disk("spawn --no-start");
}

#[test]
fn a_spawn_that_cannot_be_written_starts_the_other_agents_when_asked_again() {
    survives_a_bad_disk("spawn");
}

#[test]
fn an_update_that_cannot_be_written_has_walked_its_edge_or_not() {
    survives_a_bad_disk("update");
}

#[test]
fn an_evaluation_that_cannot_be_written_is_made_again() {
    survives_a_bad_disk("eval");
}

#[test]
fn a_merge_that_cannot_be_written_is_finished_or_made_again() {
    survives_a_bad_disk("merge");
}

#[test]
fn an_archive_that_cannot_be_written_is_finished() {
    survives_a_bad_disk("archive");
}

#[test]
fn a_cleanup_that_cannot_be_written_is_gone_on_with() {
    survives_a_bad_disk("cleanup");
}

#[test]
fn a_cleanup_by_force_that_cannot_be_written_keeps_every_file() {
    survives_a_bad_disk("cleanup --force");
}
