//! How a hub directory of an older tool is read.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{ARCHIVED, EVALUATING, INIT, MERGED, RUNNING, older_attempt, repo_with};
use crate::support::{Tree, without_owner};

#[test]
fn is_listed_as_it_is() {
    let repo = repo_with(&["established"]);
    let list = repo.hub(["list"]).ok();
    assert_eq!(list.stderr, "");
    assert_snapshot!(list.stdout, @r#"
    SESSION          STATE       AGENTS  CREATED                    TASK
    20260316-173015  archived         2  2026-03-16T17:30:15+00:00  Replace the # comments of the old configuration by // comments
    20260312-080000  merged           2  2026-03-12T08:00:00+00:00  Größere Puffer für naïve Clients – 速く ✓
    20260309-140730  evaluating       3  2026-03-09T14:07:30+00:00  Optimize: the API response time, below 100 ms
    20260305-101500  running          2  2026-03-05T10:15:00+00:00  Make the start-up faster
    20260302-090000  init             3  2026-03-02T09:00:00+00:00  Say "hi" to the user who logs in
    "#);
}

#[test]
fn is_listed_in_the_established_shape() {
    let repo = repo_with(&["established"]);
    let list = repo.hub(["list", "--format", "json"]).ok();
    assert_snapshot!(without_owner(&list.stdout), @r#"
    {
      "sessions": [
        {
          "session_id": "20260316-173015",
          "state": "archived",
          "task": "Replace the # comments of the old configuration by // comments",
          "agents": 2,
          "created": "2026-03-16T17:30:15+00:00",
          "updated": "2026-03-16T18:02:59+00:00",
          "base_branch": "main",
          "owner": [OWNER],
          "parent": null,
          "reason": null
        },
        {
          "session_id": "20260312-080000",
          "state": "merged",
          "task": "Größere Puffer für naïve Clients – 速く ✓",
          "agents": 2,
          "created": "2026-03-12T08:00:00+00:00",
          "updated": "2026-03-12T11:21:45+00:00",
          "base_branch": "main",
          "owner": [OWNER],
          "parent": null,
          "reason": null
        },
        {
          "session_id": "20260309-140730",
          "state": "evaluating",
          "task": "Optimize: the API response time, below 100 ms",
          "agents": 3,
          "created": "2026-03-09T14:07:30+00:00",
          "updated": "2026-03-09T15:40:02+00:00",
          "base_branch": "main",
          "owner": [OWNER],
          "parent": null,
          "reason": null
        },
        {
          "session_id": "20260305-101500",
          "state": "running",
          "task": "Make the start-up faster",
          "agents": 2,
          "created": "2026-03-05T10:15:00+00:00",
          "updated": "2026-03-05T10:16:12+00:00",
          "base_branch": "main",
          "owner": [OWNER],
          "parent": null,
          "reason": null
        },
        {
          "session_id": "20260302-090000",
          "state": "init",
          "task": "Say \"hi\" to the user who logs in",
          "agents": 3,
          "created": "2026-03-02T09:00:00+00:00",
          "updated": "2026-03-02T09:00:00+00:00",
          "base_branch": "main",
          "owner": [OWNER],
          "parent": null,
          "reason": null
        }
      ],
      "corrupt": []
    }
    "#);
}

#[test]
fn shows_every_task_to_the_letter() {
    let repo = repo_with(&["established"]);
    for (session, state, task, next) in [
        (
            INIT,
            "init",
            "Say \"hi\" to the user who logs in",
            json!(format!("hub spawn {INIT}")),
        ),
        (
            RUNNING,
            "running",
            "Make the start-up faster",
            json!(format!("hub eval {RUNNING}")),
        ),
        (
            EVALUATING,
            "evaluating",
            "Optimize: the API response time, below 100 ms",
            json!(format!("hub eval {EVALUATING}")),
        ),
        (
            MERGED,
            "merged",
            "Größere Puffer für naïve Clients – 速く ✓",
            Value::Null,
        ),
        (
            ARCHIVED,
            "archived",
            "Replace the # comments of the old configuration by // comments",
            Value::Null,
        ),
    ] {
        let status = repo.hub(["status", session, "--json"]).json();
        assert_eq!(status["config"]["session_id"], session);
        assert_eq!(status["config"]["task"], task);
        assert_eq!(status["state"]["state"], state, "{session}");
        assert_eq!(status["state"]["agents"], json!({}), "{session}");
        assert_eq!(status["agents"], json!([]), "{session}");
        assert_eq!(status["next"], next, "{session}");
    }
}

#[test]
fn shows_a_command_with_quotes_and_an_empty_baseline() {
    let repo = repo_with(&["established"]);
    let status = repo.hub(["status", EVALUATING]).ok();
    assert_eq!(status.stderr, "");
    assert_snapshot!(status.stdout, @r#"
    session 20260309-140730  evaluating
    task      Optimize: the API response time, below 100 ms
    base      main
    eval      pytest bench.py -k "p50 or p99" --json
    metric    p50_ms, lower is better, no baseline

    next: hub eval 20260309-140730 (the session has no evaluation)
    "#);
}

#[test]
fn shows_what_the_file_left_out_as_null() {
    let repo = repo_with(&["established"]);
    let status = repo.hub(["status", ARCHIVED, "--json"]).ok();
    assert_snapshot!(without_owner(&status.stdout), @r#"
    {
      "config": {
        "session_id": "20260316-173015",
        "task": "Replace the # comments of the old configuration by // comments",
        "agent_count": 2,
        "base_branch": "main",
        "base_commit": null,
        "created": "2026-03-16T17:30:15+00:00",
        "eval_cmd": null,
        "metric": null,
        "direction": null,
        "baseline": null,
        "owner": [OWNER],
        "parent": null,
        "mode": "compete",
        "subtasks": []
      },
      "state": {
        "session_id": "20260316-173015",
        "state": "archived",
        "created": "2026-03-16T17:30:15+00:00",
        "updated": "2026-03-16T18:02:59+00:00",
        "agents": {}
      },
      "agents": [],
      "winner": null,
      "base_now": null,
      "security": null,
      "unfinished": null,
      "outside": [],
      "posts": [],
      "next": null,
      "next_reason": null
    }
    "#);
}

#[test]
fn is_not_written_by_those_who_read() {
    let repo = repo_with(&["established"]);
    let before = Tree::read(&repo.hub_dir());
    repo.hub(["list"]).ok();
    repo.hub(["status"]).ok();
    for session in [INIT, RUNNING, EVALUATING, MERGED, ARCHIVED] {
        repo.hub(["status", session]).ok();
        repo.hub(["events", session]).ok();
    }
    before.assert_is(&repo.hub_dir());
}

#[test]
fn is_found_by_the_beginning_of_an_id_and_as_the_latest() {
    let repo = repo_with(&["established"]);
    for (selector, session) in [("20260309", EVALUATING), ("latest", ARCHIVED)] {
        let status = repo.hub(["status", selector, "--json"]).json();
        assert_eq!(status["config"]["session_id"], session);
    }
    assert_eq!(repo.newest_session(), ARCHIVED);
}

#[test]
fn is_found_from_within_a_worktree_of_an_older_tool() {
    let repo = repo_with(&["established"]);
    let (worktree, _) = older_attempt(&repo, ARCHIVED, "agent-1");
    let here = repo.hub(["list", "--json"]).json();
    let there = repo.hub(["list", "--json"]).in_folder(worktree).json();
    assert_eq!(here, there);
}
