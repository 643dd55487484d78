//! SIGKILL at the steps of a command, and between its calls of git.

use crate::support::fault::Fault;

use super::{scenario, selected};

/// Kills a command around the selected steps.
#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to tell where it was hit"
)]
fn survives_kills(name: &str) {
    let scenario = scenario(name).counted();
    let steps = selected(scenario.steps.len());
    let calls = match scenario.git_calls {
        0 => Vec::new(),
        count => selected(count),
    };
    let before = steps.iter().copied().map(Fault::KillBefore);
    let after = steps.iter().copied().map(Fault::KillAfter);
    let before_git = calls.iter().copied().map(Fault::KillBeforeGit);
    let after_git = calls.iter().copied().map(Fault::KillAfterGit);
    for fault in before.chain(after).chain(before_git).chain(after_git) {
        let answer = scenario.hit(fault);
        println!("{name}: {fault:?} of {:?}: {answer}", scenario.steps);
        assert_eq!(answer.code(), 137, "it was killed");
        scenario.check();
        let again = scenario.again();
        println!("again: {again}");
        scenario.check_end(&again);
        scenario.check_board();
    }
}

#[test]
fn an_init_that_is_killed_leaves_a_whole_session_or_none() {
    survives_kills("init");
}

#[test]
fn a_spawn_that_is_killed_leaves_all_worktrees_or_none() {
    survives_kills("spawn --no-start");
}

#[test]
fn a_spawn_that_is_killed_starts_the_other_agents_when_asked_again() {
    survives_kills("spawn");
}

#[test]
fn an_update_that_is_killed_has_walked_its_edge_or_not() {
    survives_kills("update");
}

#[test]
fn an_evaluation_that_is_killed_is_made_again() {
    survives_kills("eval");
}

#[test]
fn a_graft_that_is_killed_is_a_whole_attempt_or_none() {
    survives_kills("graft");
}

#[test]
fn a_merge_that_is_killed_is_finished_or_made_again() {
    survives_kills("merge");
}

#[test]
fn a_merge_of_two_that_is_killed_is_finished_or_made_again() {
    survives_kills("merge of two");
}

#[test]
fn a_squash_that_is_killed_is_finished_or_made_again() {
    survives_kills("merge --squash");
}

#[test]
fn a_rebase_that_is_killed_is_finished_or_made_again() {
    survives_kills("merge --strategy rebase");
}

#[test]
fn a_cherry_pick_that_is_killed_is_finished_or_made_again() {
    survives_kills("merge --strategy cherry-pick");
}

#[test]
fn a_verified_merge_that_is_killed_is_finished_or_made_again() {
    survives_kills("merge --verify");
}

#[test]
fn an_archive_that_is_killed_is_finished() {
    survives_kills("archive");
}

#[test]
fn a_cleanup_that_is_killed_is_gone_on_with() {
    survives_kills("cleanup");
}

#[test]
fn a_cleanup_by_force_that_is_killed_keeps_every_file() {
    survives_kills("cleanup --force");
}

#[test]
fn a_restore_that_is_killed_leaves_no_half_made_worktree() {
    survives_kills("restore");
}

#[test]
fn a_restore_of_a_snapshot_that_is_killed_puts_all_of_its_files_back_later() {
    survives_kills("snapshots restore");
}

#[test]
fn an_expiry_that_is_killed_leaves_the_ids_in_the_journal() {
    survives_kills("snapshots expire");
}

#[test]
fn an_undo_of_a_spawn_that_is_killed_is_finished_or_made_again() {
    survives_kills("undo of a spawn");
}

#[test]
fn an_undo_of_a_merge_that_is_killed_is_finished_or_made_again() {
    survives_kills("undo of a merge");
}

#[test]
fn an_undo_of_a_cleanup_that_is_killed_is_finished_or_made_again() {
    survives_kills("undo of a cleanup");
}

#[test]
fn an_undo_of_an_init_that_is_killed_is_finished_or_made_again() {
    survives_kills("undo of an init");
}
