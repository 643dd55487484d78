//! What agents may do, and what becomes of it.

use super::{Started, runs, told};
use crate::support::TestRepo;

#[test]
fn one_that_ignores_sigterm_is_killed_when_it_is_stopped() {
    let started =
        Started::new("trap '' TERM\necho $$ >\"$HUB_DIR/agent\"\nwhile :; do sleep 0.02; done");
    let agent = told(&started.repo.hub_dir().join("agent"));
    started.repo.hub(["stop", &started.session]).ok();
    assert!(!runs(agent));
    assert_eq!(started.status()["status"], "cancelled");
}

#[test]
fn one_that_ends_at_sigterm_is_given_the_time_to() {
    let started = Started::new(
        "trap 'echo 120 >p50_ms; git commit --quiet --all --message Last; exit' TERM\n\
        echo $$ >\"$HUB_DIR/agent\"\n\
        while :; do sleep 0.02; done",
    );
    let agent = told(&started.repo.hub_dir().join("agent"));
    started.repo.hub(["stop", &started.session]).ok();
    assert!(!runs(agent));
    let agent = started.status();
    assert_eq!(agent["status"], "cancelled");
    assert_eq!(agent["last_message"], "Last");
}

#[test]
fn what_left_its_group_and_its_session_ends_with_it() {
    // Both keep the agent's output open, too.
    let started = Started::new(
        "(setsid sh -c 'echo $$ >\"$HUB_DIR/daemon\"; exec sleep 1000' &)\n\
        sleep 1000 &\n\
        echo $! >\"$HUB_DIR/child\"\n\
        while ! [ -s \"$HUB_DIR/daemon\" ]; do sleep 0.02; done",
    );
    let daemon = told(&started.repo.hub_dir().join("daemon"));
    let child = told(&started.repo.hub_dir().join("child"));
    assert_eq!(started.wait()["status"], "succeeded");
    assert!(!runs(daemon) && !runs(child));
}

#[test]
fn a_grandchild_whose_parent_has_gone_ends_with_it() {
    let started = Started::new(
        "sh -c 'sleep 1000 & echo $! >\"$HUB_DIR/grandchild\"'\n\
        kill -0 $(cat \"$HUB_DIR/grandchild\")",
    );
    assert_eq!(started.wait()["status"], "succeeded");
    assert!(!runs(told(&started.repo.hub_dir().join("grandchild"))));
}

#[test]
fn it_reads_nothing_and_may_be_a_pipeline() {
    let repo = TestRepo::new().with_bench();
    let command = "cat >read.txt; echo 120 | sed s/0/1/ | tee p50_ms >/dev/null";
    let started = Started::in_repo(repo, command);
    assert_eq!(started.wait()["status"], "succeeded");
    let worktree = started.status()["worktree"].as_str().unwrap().to_owned();
    assert_eq!(started.repo.read(format!("{worktree}/p50_ms")), "121\n");
    assert_eq!(started.repo.read(format!("{worktree}/read.txt")), "");
}

#[test]
fn one_that_removes_its_worktree_keeps_its_commits() {
    let started = Started::new(
        "echo 120 >p50_ms\ngit commit --quiet --all --message Faster\ncd /\nrm -rf \"$HUB_WORKTREE\"",
    );
    assert_eq!(started.wait()["status"], "succeeded");
    let agent = started.status();
    assert_eq!(agent["missing"], true);
    assert_eq!(agent["last_message"], "Faster");
    let (repo, session) = (&started.repo, &started.session);
    let eval = repo.hub(["eval", session, "--json"]).json();
    assert_eq!(eval["results"][0]["metric_value"], 120.0);
    repo.hub(["merge", session]).ok();
    assert_eq!(repo.read("p50_ms"), "120\n");
    let cleanup = repo.hub(["cleanup", session, "--json"]).json();
    assert_eq!(cleanup["forgotten_worktrees"].as_array().unwrap().len(), 1);
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

/// The commit stays reachable whatever is done to the session afterwards.
fn keeps_a_commit_of(agent: &str) {
    let started = Started::new(agent);
    assert_eq!(started.wait()["status"], "succeeded");
    let (repo, session) = (&started.repo, &started.session);
    let worktree = started.status()["worktree"].as_str().unwrap().to_owned();
    let commit = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    repo.hub(["eval", session]).run();
    repo.hub(["archive", session]).ok();
    repo.hub(["cleanup", session]).run();
    repo.hub(["cleanup", session, "--force"]).ok();
    let reached = repo.git(["for-each-ref", "--contains", &commit]);
    assert_ne!(reached, "", "no ref reaches {commit}");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_commit_on_a_detached_head_stays_reachable() {
    keeps_a_commit_of(
        "git checkout --quiet --detach\necho 120 >p50_ms\ngit commit --quiet --all --message Apart",
    );
}

#[test]
fn a_commit_on_a_branch_of_its_own_stays_reachable() {
    keeps_a_commit_of(
        "git checkout --quiet -b mine\necho 120 >p50_ms\ngit commit --quiet --all --message Mine",
    );
}

#[test]
fn what_was_left_on_a_detached_head_is_not_removed_without_force() {
    let started = Started::new(
        "git checkout --quiet --detach\necho 120 >p50_ms\ngit commit --quiet --all --message Apart",
    );
    started.wait();
    let (repo, session) = (&started.repo, &started.session);
    repo.hub(["archive", session]).ok();
    let refused = repo.hub(["cleanup", session]).fails(6);
    assert!(
        refused.stderr.contains("which no branch or tag reaches"),
        "{refused}"
    );
    let worktree = started.status()["worktree"].as_str().unwrap().to_owned();
    assert_eq!(repo.read(format!("{worktree}/p50_ms")), "120\n");
}
