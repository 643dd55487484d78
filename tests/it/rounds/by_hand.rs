//! `hub init --from`: a single next round.

use serde_json::Value;

use crate::support::TestRepo;

/// The newest session's document of `hub status`.
fn status(repo: &TestRepo, session: &str) -> Value {
    repo.hub(["status", session, "--json"]).json()
}

/// Makes a next round of a session, and returns its id.
fn next(repo: &TestRepo, parent: &str, more: &[&str]) -> String {
    let arguments = ["init", "--from", parent, "--json"];
    let made = repo.hub(arguments.iter().chain(more)).json();
    made["session_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_round_starts_where_the_parents_winner_ended_and_takes_over_what_it_is_about() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.evaluated(|_| {});
    let tip = repo.git(["rev-parse", &format!("hub/{parent}/agent-1/attempt-1")]);
    repo.git(["switch", "--quiet", "--create", "elsewhere"]);
    let session = next(&repo, "latest", &[]);
    let config = status(&repo, &session)["config"].clone();
    let of_parent = status(&repo, &parent)["config"].clone();
    for key in [
        "task",
        "agent_count",
        "base_branch",
        "eval_cmd",
        "metric",
        "direction",
    ] {
        assert_eq!(config[key], of_parent[key], "{key}");
    }
    assert_eq!(config["parent"], parent.as_str());
    assert_eq!(of_parent["parent"], Value::Null);
    assert_eq!(config["base_commit"], tip.as_str());
    assert_eq!(config["base_branch"], "main");
    assert_eq!(config["baseline"], 120.0, "of the new base commit");

    repo.hub(["spawn", &session, "--no-start"]).ok();
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("p50_ms"), "90\n");
    let second = repo.commit_in(&worktree, "agent-1: 90 ms");
    let ahead = &status(&repo, &session)["agents"][0]["commits_ahead"];
    assert_eq!(*ahead, 1, "beyond its base commit");
    let eval = repo.hub(["eval", &session, "--json"]).json();
    assert_eq!(eval["results"][0]["delta"], -30.0);

    repo.hub(["merge", &session]).ok();
    let merged = repo.git(["rev-parse", "main^2"]);
    assert_eq!(merged, second);
    assert_eq!(repo.git(["rev-parse", "main^2^"]), tip, "the parent's work");
    assert_eq!(repo.git(["show", "main:p50_ms"]), "90");
    repo.hub(["archive", &parent]).ok();
    for session in [&session, &parent] {
        repo.hub(["cleanup", session]).ok();
    }
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    let tag = repo.git(["rev-parse", &format!("hub/archive/{parent}/agent-1^{{}}")]);
    assert_eq!(tag, tip);
}

#[test]
fn what_is_given_stands_before_what_the_parent_has() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.evaluated(|_| {});
    repo.git(["branch", "release"]);
    let session = next(
        &repo,
        &parent,
        &[
            "--task",
            "And now smaller",
            "--agents",
            "4",
            "--eval",
            "echo size: 7",
            "--metric",
            "size",
            "--direction",
            "higher",
            "--base-branch",
            "release",
        ],
    );
    let config = status(&repo, &session)["config"].clone();
    for (key, value) in [
        ("task", "And now smaller"),
        ("eval_cmd", "echo size: 7"),
        ("metric", "size"),
        ("direction", "higher"),
        ("base_branch", "release"),
        ("parent", &parent),
    ] {
        assert_eq!(config[key], value, "{key}");
    }
    assert_eq!(config["agent_count"], 4);
    assert_eq!(config["baseline"], 7.0);
}

#[test]
fn a_parent_at_its_end_has_a_winner_still() {
    let repo = TestRepo::new().with_bench();
    for end in ["merge", "archive"] {
        let parent = repo.evaluated(|_| {});
        let tip = repo.git(["rev-parse", &format!("hub/{parent}/agent-1/attempt-1")]);
        repo.hub([end, &parent]).ok();
        repo.hub(["cleanup", &parent]).ok();
        let session = next(&repo, &parent, &[]);
        let config = status(&repo, &session)["config"].clone();
        assert_eq!(config["base_commit"], tip.as_str(), "{end}");
        assert_eq!(config["baseline"], 120.0, "{end}");
        // Another `evaluated` starts anew.
        repo.git(["reset", "--quiet", "--hard", "main~0"]);
        repo.write("p50_ms", "180\n");
        repo.commit("Slow again");
    }
}

#[test]
fn what_was_merged_by_name_counts_and_not_the_ranking() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.spawned(2);
    for (agent, value) in [("agent-1", "100\n"), ("agent-2", "150\n")] {
        let worktree = repo.worktree(&parent, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &parent]).ok();
    repo.hub(["merge", &parent, "--agent", "agent-2"]).ok();
    let session = next(&repo, &parent, &[]);
    let config = &status(&repo, &session)["config"];
    let merged = repo.git(["rev-parse", "main^2"]);
    assert_eq!(config["base_commit"], merged.as_str());
    assert_eq!(config["baseline"], 150.0);
}

#[test]
fn a_parent_without_a_winner_is_told_with_what_to_do() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.spawned(1);
    let early = repo.hub(["init", "--from", &parent]).fails(8);
    insta::assert_snapshot!(repo.normalised(&early.stderr), @r"
    error: session [SESSION] has no winner to start from: it was not evaluated yet
    hint: measure it first: `hub eval [SESSION]`
    ");
    repo.hub(["eval", &parent]).fails(8);
    let none = repo.hub(["init", "--from", &parent, "--json"]).fails(8);
    assert_eq!(none.json_error()["code"], "no_winner");
    repo.hub(["init", "--from", "20200101-000000"]).fails(3);
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn a_winner_that_moved_since_it_was_measured_is_refused() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.evaluated(|_| {});
    repo.commit_in(repo.worktree(&parent, "agent-1"), "Not measured");
    let refused = repo.hub(["init", "--from", &parent]).fails(6);
    assert!(refused.stderr.contains("was measured at"), "{refused}");
    repo.hub(["eval", &parent]).ok();
    next(&repo, &parent, &[]);
}

#[test]
fn a_command_of_a_parent_that_came_with_the_repository_is_not_run() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.evaluated(|_| {});
    repo.git(["add", "--force", ".agenthub"]);
    repo.git(["commit", "--quiet", "--message", "Share the session"]);
    let refused = repo.hub(["init", "--from", &parent]).fails(6);
    assert!(refused.stderr.contains("was not run"), "{refused}");
    assert_eq!(repo.newest_session(), parent);
    next(&repo, &parent, &["--eval", "echo p50_ms: 1"]);
}

#[test]
fn list_status_and_init_show_the_parent() {
    let repo = TestRepo::new().with_bench();
    let parent = repo.evaluated(|_| {});
    let alone = repo.hub(["list"]).ok().stdout;
    assert!(!alone.contains("PARENT"), "{alone}");
    let made = repo.hub(["init", "--from", &parent]).ok();
    let session = repo.newest_session();
    assert!(
        made.stderr
            .contains(&format!("from agent-1 of session {parent}")),
        "{made}"
    );
    let list = repo.hub(["list"]).ok().stdout;
    let row = list
        .lines()
        .find(|line| line.starts_with(&session))
        .unwrap();
    assert!(row.contains(&parent), "{list}");
    let document = repo.hub(["list", "--json"]).json();
    assert_eq!(document["sessions"][0]["parent"], parent.as_str());
    assert_eq!(document["sessions"][1]["parent"], Value::Null);
    let shown = repo.hub(["status", &session]).ok().stdout;
    assert!(shown.contains(&format!("parent    {parent}\n")), "{shown}");
}

#[test]
fn without_a_parent_a_task_is_needed() {
    let repo = TestRepo::new();
    let refused = repo.hub(["init", "--agents", "2"]).fails(2);
    assert!(refused.stderr.contains("--task"), "{refused}");
}
