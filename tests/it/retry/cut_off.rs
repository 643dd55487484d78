//! A retry that was killed, and what somebody did in the worktree before the next command.

use std::path::PathBuf;

use super::spawned;
use crate::support::TestRepo;

/// A retry of the one agent, killed when the new attempt is checked out; and its worktree.
fn cut_off() -> (TestRepo, String, PathBuf) {
    let (repo, session) = spawned("1", "echo 1 >notes");
    repo.hub(["wait", &session]).ok();
    let retry = repo.hub(["retry", &session, "--agent", "agent-1"]);
    retry
        .env("HUB_FAIL", "after git-checkout=1*return(kill)")
        .fails(137);
    let worktree = repo.worktree(&session, "agent-1");
    assert_eq!(branch_of(&repo, &worktree), attempt(&session, 2));
    (repo, session, worktree)
}

fn attempt(session: &str, number: u32) -> String {
    format!("hub/{session}/agent-1/attempt-{number}")
}

fn branch_of(repo: &TestRepo, worktree: &PathBuf) -> String {
    repo.try_git_in(worktree, ["rev-parse", "--abbrev-ref", "HEAD"])
        .unwrap()
}

fn has(repo: &TestRepo, branch: &str) -> bool {
    repo.try_git_in(repo.path(), ["rev-parse", "--verify", branch])
        .is_ok()
}

fn unfinished(repo: &TestRepo, session: &str) -> bool {
    let status = repo.hub(["status", session, "--json"]).json();
    !status["unfinished"].is_null()
}

#[test]
fn it_is_taken_back_to_the_attempt_before() {
    let (repo, session, worktree) = cut_off();
    assert!(unfinished(&repo, &session));
    repo.hub(["doctor", "--fix"]).ok();
    assert!(!unfinished(&repo, &session));
    assert_eq!(branch_of(&repo, &worktree), attempt(&session, 1));
    assert!(!has(&repo, &attempt(&session, 2)));
}

#[test]
fn where_the_branch_before_is_gone_the_worktree_stays_at_its_commit() {
    let (repo, session, worktree) = cut_off();
    repo.git(["branch", "--quiet", "-D", &attempt(&session, 1)]);
    repo.hub(["doctor", "--fix"]).run();
    assert!(!unfinished(&repo, &session));
    assert_eq!(branch_of(&repo, &worktree), "HEAD");
    assert!(!has(&repo, &attempt(&session, 2)));
}

#[test]
fn where_the_branch_before_is_gone_a_commit_on_the_new_one_keeps_it() {
    let (repo, session, worktree) = cut_off();
    repo.git(["branch", "--quiet", "-D", &attempt(&session, 1)]);
    let commit = ["commit", "--quiet", "--allow-empty", "--message", "by hand"];
    repo.try_git_in(&worktree, commit).unwrap();
    let fixed = repo.hub(["doctor", "--fix"]).run();
    assert!(fixed.stderr.contains("somebody has worked in"), "{fixed}");
    assert!(!unfinished(&repo, &session));
    assert_eq!(branch_of(&repo, &worktree), attempt(&session, 2));
    let subject = repo.git(["log", "-1", "--format=%s", &attempt(&session, 2)]);
    assert_eq!(subject, "by hand");
}

#[test]
fn a_file_that_the_attempt_before_has_otherwise_keeps_the_new_one() {
    let (repo, session, worktree) = cut_off();
    repo.write(worktree.join("notes"), "by hand\n");
    repo.hub(["doctor", "--fix"]).run();
    assert!(!unfinished(&repo, &session));
    assert_eq!(branch_of(&repo, &worktree), attempt(&session, 2));
    assert_eq!(repo.read(worktree.join("notes")), "by hand\n");
    // Committed, it is an attempt like any other: the next one stands beside it.
    repo.try_git_in(&worktree, ["add", "--all"]).unwrap();
    repo.try_git_in(&worktree, ["commit", "--quiet", "--message", "by hand"])
        .unwrap();
    repo.hub(["retry", &session, "--agent", "agent-1"]).ok();
    repo.hub(["wait", &session]).ok();
    assert_eq!(branch_of(&repo, &worktree), attempt(&session, 3));
    let notes = format!("{}:notes", attempt(&session, 2));
    assert_eq!(repo.git(["show", &notes]), "by hand");
}
