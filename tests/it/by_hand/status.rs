//! `hub status`: what git and the processes say of every agent.

use std::fs;

use serde_json::{Value, json};

use crate::support::TestRepo;

use super::{Gate, evaluated, init, merged};

/// Two worktrees with different work in them.
fn at_work() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let strategies = ["--strategy", "try a cache", "--strategy", "try a loop"];
    repo.hub(["spawn", "--no-start"].iter().chain(&strategies))
        .ok();
    let one = repo.worktree(&session, "agent-1");
    repo.write(one.join("sum.py"), "one\ntwo\n");
    repo.commit_in(&one, "Add up");
    repo.write(one.join("p50_ms"), "150\n");
    repo.commit_in(&one, "Be faster\n\nBy a cache.");
    repo.write(one.join("p50_ms"), "140\n");
    repo.write(one.join("notes.txt"), "untracked\n");
    (repo, session)
}

fn status(repo: &TestRepo, session: &str) -> Value {
    repo.hub(["status", session, "--format", "json"]).json()
}

#[test]
fn an_agents_work_is_counted_from_the_base_commit() {
    let (repo, session) = at_work();
    let worktree = repo.worktree(&session, "agent-1");
    let tip = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    let document = status(&repo, &session);
    assert_eq!(
        document["agents"][0],
        json!({
            "agent": "agent-1",
            "status": "pending",
            "attempt": 1,
            "branch": format!("hub/{session}/agent-1/attempt-1"),
            "worktree": worktree,
            "missing": false,
            "commit": tip,
            "commits_ahead": 2,
            "diff": { "files_changed": 2, "insertions": 3, "deletions": 1, "net_lines": 2 },
            "uncommitted_files": 2,
            "metric_value": null,
            "rank": null,
            "last_update": "2026-03-01T12:00:00+00:00",
            "last_message": "Be faster",
            "exit": null,
            "reason": null,
            "ports": [],
            "timed_out": null,
            "elapsed_s": null,
            "preset": null,
            "tokens_in": null,
            "tokens_out": null,
            "cost_usd": null,
            "cpu_s": null,
            "peak_memory_bytes": null,
            "heartbeat": null,
            "last_output": null,
            "strategy": "try a cache",
            "held": false,
            "merge": { "clean": true, "conflicts": [] },
        })
    );
    let idle = &document["agents"][1];
    assert_eq!(idle["commits_ahead"], 0);
    assert_eq!(idle["uncommitted_files"], 0);
    assert_eq!(idle["last_message"], Value::Null);
    assert_eq!(idle["strategy"], "try a loop");
    assert_eq!(document["agents"][2]["strategy"], "try a cache");
}

#[test]
fn the_text_shows_the_same() {
    let (repo, session) = at_work();
    let answer = repo.hub(["status", &session]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]  running
    task  make sum faster
    base  main [COMMIT]
    eval  sh bench.sh
    metric  p50_ms, lower is better, baseline 180

    AGENT  STATUS  ATTEMPT  BRANCH  AHEAD  FILES  +/-  DIRTY  METRIC  MERGE  AGE  LAST COMMIT
    agent-1  pending  1  hub/[SESSION]/agent-1/attempt-1  2  2  +3/-1  2  -  clean  [AGE]  Be faster
    agent-2  pending  1  hub/[SESSION]/agent-2/attempt-1  0  0  +0/-0  0  -  -  -  -
    agent-3  pending  1  hub/[SESSION]/agent-3/attempt-1  0  0  +0/-0  0  -  -  -  -

    POST  AUTHOR  AGE  SAYS
    dispatch/001  hub  [AGE]  agent-1 attempt-1 dispatch
    dispatch/002  hub  [AGE]  agent-2 attempt-1 dispatch
    dispatch/003  hub  [AGE]  agent-3 attempt-1 dispatch

    next: hub eval [SESSION] (no agent runs)
    ");
}

#[test]
fn the_established_keys_are_where_older_scripts_look() {
    let (repo, session) = at_work();
    let document = status(&repo, &session);
    let config = &document["config"];
    assert_eq!(config["session_id"], session.as_str());
    assert_eq!(config["task"], "make sum faster");
    assert_eq!(config["agent_count"], 3);
    assert_eq!(config["base_branch"], "main");
    assert_eq!(config["base_commit"], repo.git(["rev-parse", "main"]));
    assert_eq!(config["eval_cmd"], "sh bench.sh");
    assert_eq!(config["metric"], "p50_ms");
    assert_eq!(config["direction"], "lower");
    assert_eq!(config["baseline"], 180.0);
    let stored: Value = serde_json::from_str(
        &repo.read(
            repo.hub_dir()
                .join(format!("sessions/{session}/state.json")),
        ),
    )
    .unwrap();
    for key in ["session_id", "state", "created", "updated"] {
        assert_eq!(document["state"][key], stored[key], "{key}");
    }
    for (agent, record) in stored["agents"].as_object().unwrap() {
        for key in ["status", "attempt", "branch", "worktree"] {
            assert_eq!(
                document["state"]["agents"][agent][key], record[key],
                "{agent} {key}"
            );
        }
    }
}

#[test]
fn after_an_evaluation_metric_and_rank_are_there() {
    let (repo, session) = evaluated();
    let document = status(&repo, &session);
    let seen: Vec<_> = document["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| {
            json!([
                agent["agent"],
                agent["status"],
                agent["metric_value"],
                agent["rank"],
                agent["exit"]
            ])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!(["agent-1", "succeeded", 150.0, 2, { "code": 0 }]),
            json!(["agent-2", "succeeded", 120.0, 1, { "code": 0 }]),
            json!(["agent-3", "succeeded", 200.0, 3, { "code": 0 }]),
        ]
    );
    assert_eq!(document["winner"], "agent-2");
    assert_eq!(document["next"], format!("hub merge {session}"));
}

#[test]
fn what_the_evaluation_left_in_a_worktree_is_no_uncommitted_work() {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let measure = "mkdir -p report; echo x >report/x; echo touched >README.md; sh bench.sh";
    repo.hub([
        "init", "--task", "x", "--eval", measure, "--metric", "p50_ms",
    ])
    .ok();
    repo.hub(["spawn", "--agent-cmd", &agent]).ok();
    repo.hub(["wait"]).ok();
    let eval = repo.hub(["eval", "--json"]).json();
    assert_eq!(eval["results"][0]["put_back"], json!(["README.md"]));
    let session = repo.newest_session();
    let document = status(&repo, &session);
    for agent in document["agents"].as_array().unwrap() {
        assert_eq!(agent["uncommitted_files"], 0, "{agent}");
    }
    repo.hub(["merge"]).ok();
    repo.hub(["cleanup"]).ok();
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn the_next_command_follows_the_state() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let is = |command: &str, reason: &str| {
        let document = status(&repo, &session);
        assert_eq!(document["next"], format!("hub {command} {session}"));
        assert_eq!(document["next_reason"], reason);
        let text = repo.hub(["status", &session]).ok().stdout;
        let line = format!("\nnext: hub {command} {session} ({reason})\n");
        assert!(text.ends_with(&line), "{text}");
    };
    is("spawn", "there is no attempt yet");
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    is("wait", "agent-1, agent-2, agent-3 run");
    gate.open(&repo);
    repo.hub(["wait"]).ok();
    is("eval", "every agent has ended");
    repo.hub(["eval"]).ok();
    is("merge", "agent-2 is the winner");
    repo.hub(["merge"]).ok();
    is("cleanup", "its worktrees are still there");
    repo.hub(["cleanup"]).ok();
    let document = status(&repo, &session);
    assert_eq!(document["next"], Value::Null);
    assert_eq!(document["next_reason"], Value::Null);
}

#[test]
fn where_nobody_is_better_the_archive_is_next() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let script = repo.script("worse.sh", "echo 900 >p50_ms");
    repo.hub(["spawn", "--agent-cmd", &script]).ok();
    repo.hub(["wait"]).ok();
    repo.hub(["eval"]).fails(8);
    let document = status(&repo, &session);
    assert_eq!(document["next"], format!("hub archive {session}"));
    assert_eq!(document["next_reason"], "nobody beats the baseline");
}

#[test]
fn what_is_measured_next_is_more_than_nothing() {
    let repo = TestRepo::new().with_bench();
    let next = |session: &str| status(&repo, session)["next"].clone();
    let spawned = |script: &str, options: &[&str]| {
        let session = init(&repo);
        let script = repo.script("agent.sh", script);
        let spawn = ["spawn", &session, "--agent-cmd", &script];
        repo.hub(spawn.iter().chain(options)).ok();
        session
    };
    let none = spawned("exit 1", &[]);
    repo.hub(["wait", &none]).fails(8);
    assert_eq!(next(&none), format!("hub retry {none}"));
    let reason = &status(&repo, &none)["next_reason"];
    assert_eq!(reason, "no agent has left anything to measure");

    let some = spawned("echo 120 >p50_ms; exit 1", &[]);
    repo.hub(["wait", &some]).fails(8);
    assert_eq!(next(&some), format!("hub eval {some}"));

    let stopped = spawned("while :; do sleep 1; done", &["--jobs", "1"]);
    repo.hub(["stop", &stopped]).ok();
    assert_eq!(next(&stopped), format!("hub retry {stopped}"));
}

#[test]
fn a_worktree_that_was_removed_by_hand_is_missing() {
    let (repo, session) = at_work();
    fs::remove_dir_all(repo.worktree(&session, "agent-2")).unwrap();
    let document = status(&repo, &session);
    let missing: Vec<_> = document["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| {
            (
                agent["missing"].as_bool().unwrap(),
                agent["uncommitted_files"].as_u64(),
            )
        })
        .collect();
    assert_eq!(missing, [(false, Some(2)), (true, None), (false, Some(0))]);
    let text = repo.hub(["status", &session]).ok().stdout;
    let line = text
        .lines()
        .find(|line| line.starts_with("agent-2"))
        .unwrap();
    assert!(line.contains("missing"), "{text}");
}

#[test]
fn after_merge_and_cleanup_the_work_can_still_be_seen() {
    let (repo, session) = merged();
    let before = status(&repo, &session);
    repo.hub(["cleanup"]).ok();
    let after = status(&repo, &session);
    for (index, agent) in after["agents"].as_array().unwrap().iter().enumerate() {
        assert_eq!(agent["worktree"], Value::Null);
        assert_eq!(agent["missing"], false);
        for key in [
            "commit",
            "commits_ahead",
            "diff",
            "last_message",
            "metric_value",
        ] {
            assert_eq!(agent[key], before["agents"][index][key], "{key}");
        }
    }
}

#[test]
fn status_changes_nothing() {
    let (repo, session) = at_work();
    let (refs, state) = (repo.refs(), crate::support::Tree::read(&repo.hub_dir()));
    repo.hub(["status", &session]).ok();
    repo.hub(["list"]).ok();
    repo.hub(["events", &session]).ok();
    repo.hub(["path", "agent-1"]).ok();
    assert_eq!(repo.refs(), refs);
    assert_eq!(crate::support::Tree::read(&repo.hub_dir()), state);
}
