//! A coordinator that works in the worktrees itself: `spawn --no-start`.

use crate::support::TestRepo;

use super::{init, state_of};

fn spawned() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    repo.hub(["spawn", &session, "--no-start"]).ok();
    (repo, session)
}

#[test]
fn spawn_without_a_start_makes_everything_and_starts_nothing() {
    let (repo, session) = spawned();
    assert_eq!(repo.processes(), [] as [&str; 0]);
    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["state"]["state"], "running");
    for (index, agent) in ["agent-1", "agent-2", "agent-3"].iter().enumerate() {
        let worktree = repo.worktree(&session, agent);
        assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
        assert_eq!(
            repo.git_in(&worktree, ["symbolic-ref", "HEAD"]),
            format!("refs/heads/hub/{session}/{agent}/attempt-1")
        );
        assert_eq!(status["agents"][index]["status"], "pending");
        let prompt = format!("sessions/{session}/agents/{agent}/prompt.md");
        assert!(
            repo.read(repo.hub_dir().join(prompt))
                .contains("make sum faster")
        );
    }
}

#[test]
fn there_is_nothing_to_wait_for() {
    let (repo, session) = spawned();
    let answer = repo.hub(["wait", &session]).ok();
    insta::assert_snapshot!(answer.stderr, @r"
    agent-1 pending
    agent-2 pending
    agent-3 pending
    hub started none of the agents; there is nothing to wait for
    ");
}

#[test]
fn what_the_coordinator_commits_is_measured_and_merged() {
    let (repo, session) = spawned();
    for (agent, value) in [("agent-1", "150\n"), ("agent-3", "100\n")] {
        let worktree = repo.worktree(&session, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, &format!("Work of {agent}"));
    }
    repo.hub(["wait", &session]).ok();
    let eval = repo.hub(["eval", &session]).ok();
    insta::assert_snapshot!(repo.normalised(&eval.stdout), @r"
    p50_ms, lower is better, baseline 180
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-3  100  -80 (-44.4%)  1  +1/-1  clean
       2  agent-1  150  -30 (-16.7%)  1  +1/-1  clean
       -  agent-2  -  -  0  +0/-0  -
    agent-2: it made no commit
    winner: agent-3
    ");
    repo.hub(["merge", &session]).ok();
    assert_eq!(repo.read("p50_ms"), "100\n");
    repo.hub(["cleanup", &session]).ok();
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn what_is_not_committed_is_told_not_measured_and_not_lost() {
    let (repo, session) = spawned();
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("p50_ms"), "150\n");
    repo.commit_in(&worktree, "Committed");
    repo.write(worktree.join("p50_ms"), "1\n");
    repo.write(worktree.join("new.txt"), "new\n");
    let eval = repo.hub(["eval", &session, "--json"]).ok();
    let result = &eval.json()["results"][0];
    assert_eq!(result["metric_value"], 150.0);
    assert_eq!(result["uncommitted_files"], 2);
    insta::assert_snapshot!(eval.stderr, @r"warning: agent-1 has uncommitted files (2); its last commit is measured without them");
    assert_eq!(repo.read(worktree.join("p50_ms")), "1\n");

    repo.hub(["merge", &session]).ok();
    let refused = repo.hub(["cleanup", &session]).fails(6);
    insta::assert_snapshot!(repo.normalised(&refused.stderr), @r"
    error: [TEMP]/repo.hub/[SESSION]/agent-1 has uncommitted work: p50_ms, new.txt
    hint: commit it with `git -C [TEMP]/repo.hub/[SESSION]/agent-1 add -A && git -C [TEMP]/repo.hub/[SESSION]/agent-1 commit`, or give `hub cleanup [SESSION] --force`, which keeps it as a snapshot
    ");
    assert_eq!(repo.read(worktree.join("new.txt")), "new\n");

    let forced = repo.hub(["cleanup", &session, "--force", "--json"]).json();
    let snapshot = forced["snapshots"][0]["ref"].as_str().unwrap();
    assert_eq!(repo.git(["show", &format!("{snapshot}:p50_ms")]), "1");
    assert_eq!(repo.git(["show", &format!("{snapshot}:new.txt")]), "new");
}

#[test]
fn agents_that_wait_can_still_be_started_by_hub() {
    let (repo, session) = spawned();
    let agent = repo.agent_script();
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    repo.hub(["wait", &session]).ok();
    let eval = repo.hub(["eval", &session, "--json"]).json();
    assert_eq!(eval["winner"], "agent-2");
}

#[test]
fn a_second_spawn_does_not_touch_what_is_there() {
    let (repo, session) = spawned();
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("p50_ms"), "150\n");
    let refs = repo.refs();
    repo.hub(["spawn", &session, "--no-start"]).fails(4);
    assert_eq!(repo.refs(), refs);
    assert_eq!(repo.read(worktree.join("p50_ms")), "150\n");
    assert_eq!(state_of(&repo, &session), "running");
}

#[test]
fn the_states_can_be_walked_by_hand_to_the_end() {
    let (repo, session) = spawned();
    let worktree = repo.worktree(&session, "agent-2");
    repo.write(worktree.join("p50_ms"), "100\n");
    repo.commit_in(&worktree, "Better");
    let branch = format!("hub/{session}/agent-2/attempt-1");
    repo.hub(["update", &session, "--state", "evaluating"]).ok();
    repo.git(["merge", "--quiet", "--no-ff", "--no-edit", &branch]);
    repo.hub(["update", &session, "--state", "merged"]).ok();
    repo.hub(["cleanup", &session]).ok();
    assert_eq!(
        repo.git(["worktree", "list", "--porcelain"])
            .matches("worktree ")
            .count(),
        1
    );
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}
