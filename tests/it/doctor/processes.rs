//! What still runs although its session is at its end.

use std::process::{Child, Stdio};

use super::{asked_for, assert_is_well, told};
use crate::support::TestRepo;

/// An archived session with work in its worktree, so that nothing is to be said of that.
fn archived() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = repo.archived_with(|repo, session| {
        repo.write(
            repo.worktree(session, "agent-1").join("untracked"),
            "work\n",
        );
    });
    assert_is_well(&repo);
    (repo, session)
}

/// A process that does nothing until it is ended.
fn idle(repo: &TestRepo, prepare: impl FnOnce(&mut std::process::Command)) -> Child {
    let mut command = repo.shell("exec sleep 1000");
    prepare(&mut command);
    command.stdin(Stdio::null()).spawn().unwrap()
}

#[test]
fn what_an_agent_left_running_is_ended_after_a_yes() {
    let (repo, session) = archived();
    let mut child = idle(&repo, |command| {
        command.env("HUB_SESSION", &session);
        command.env("HUB_DIR", repo.hub_dir());
    });
    let found = asked_for(&repo, "left_process");
    assert_eq!(found["processes"][0]["pid"], child.id());
    assert_eq!(found["session_id"], session.as_str());
    assert!(!child.wait().unwrap().success());
    assert_is_well(&repo);
}

#[test]
fn who_works_in_a_worktree_is_told_and_left_alone() {
    let (repo, session) = archived();
    let mut child = idle(&repo, |command| {
        command.current_dir(repo.worktree(&session, "agent-1"));
    });
    let found = told(&repo, "left_process");
    assert_eq!(found["processes"][0]["pid"], child.id());
    assert!(child.try_wait().unwrap().is_none(), "it is nobody's agent");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_is_well(&repo);
}
