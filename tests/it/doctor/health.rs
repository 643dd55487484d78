//! Where all is well nothing is found, whatever hub has done.

use crate::support::TestRepo;

use super::{assert_is_well, codes, findings};

#[test]
fn nothing_is_found_where_all_is_well() {
    let repo = TestRepo::new();
    let line = |answer: &str| answer.to_owned();
    for (sessions, expected) in [
        "all is well: 0 sessions, 1 worktree, 0 refs and 0 posts looked at\n",
        "all is well: 1 session, 2 worktrees, 1 ref and 3 posts looked at\n",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = repo.hub(["doctor"]).ok();
        assert_eq!(line(&answer.stdout), expected, "with {sessions} sessions");
        assert_eq!(answer.stderr, "");
        repo.hub(["doctor", "--fix"]).ok();
        repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
        let script = repo.script("agent.sh", "exit 0");
        repo.hub(["spawn", "latest", "--agent-cmd", &script]).ok();
        repo.hub(["wait"]).ok();
    }
}

#[test]
fn nothing_is_found_at_any_station_of_a_sessions_life() {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let init = [
        "init",
        "--task",
        "Be fast",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ];
    repo.hub(init).ok();
    assert_is_well(&repo);
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--no-start"]).ok();
    repo.hub(["undo", &session]).ok();
    assert_is_well(&repo);
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    repo.hub(["wait", &session]).ok();
    assert_is_well(&repo);
    repo.hub(["retry", &session, "--agent", "agent-3"]).ok();
    repo.hub(["wait", &session]).ok();
    assert_is_well(&repo);
    repo.hub(["eval", &session]).ok();
    assert_is_well(&repo);
    repo.hub(["merge", &session, "--verify"]).ok();
    let spent = findings(&repo);
    assert_eq!(codes(&spent), ["spent_worktree"; 3]);
    repo.hub(["cleanup", &session]).ok();
    assert_is_well(&repo);
    repo.archived(2);
    assert_eq!(codes(&findings(&repo)), ["spent_worktree"; 2]);
    repo.hub(["cleanup"]).ok();
    assert_is_well(&repo);
}

#[test]
fn one_session_can_be_looked_at_alone() {
    let repo = TestRepo::new().with_bench();
    let one = repo.archived(1);
    let other = repo.archived(1);
    repo.git(["branch", "hub/mine"]);
    let all = findings(&repo);
    assert_eq!(
        codes(&all),
        ["foreign_ref", "spent_worktree", "spent_worktree"]
    );
    for session in [&one, &other] {
        let found = super::findings_of(&repo, &[session]);
        assert_eq!(codes(&found), ["spent_worktree"]);
        assert_eq!(found[0]["session_id"], session.as_str());
    }
    let report = repo.hub(["doctor", &one, "--json"]).fails(1).json();
    assert_eq!(report["session_id"], one.as_str());
    assert_eq!(report["checked"]["sessions"], 1);
    repo.hub(["doctor", "20200101-000000"]).fails(3);
}

#[test]
fn it_looks_from_anywhere_and_where_nothing_can_be_written() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    repo.write("sub/file", "");
    for folder in [repo.path().join("sub"), worktree] {
        let answer = repo.hub(["doctor"]).in_folder(&folder).ok();
        assert!(
            answer.stdout.starts_with("all is well: 1 session, "),
            "{answer}"
        );
    }
    repo.hub_unprivileged(["list"]).ok();
    super::directory::set_modes(&repo.hub_dir(), 0o555, 0o444);
    let before = crate::support::Tree::read(&repo.hub_dir());
    let report = repo.hub_unprivileged(["doctor", "--json"]).fails(1).json();
    assert_eq!(
        codes(report["findings"].as_array().unwrap()),
        ["not_writable"]
    );
    assert_eq!(crate::support::Tree::read(&repo.hub_dir()), before);
    super::directory::set_modes(&repo.hub_dir(), 0o755, 0o644);
    repo.hub_unprivileged(["doctor"]).ok();
}
