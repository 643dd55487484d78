//! `--dry-run`: all that would be made and said, and nothing is made.

use serde_json::Value;

use super::prompt;
use crate::support::TestRepo;

fn agents(document: &Value) -> &Vec<Value> {
    document["agents"].as_array().unwrap()
}

#[test]
fn spawn_shows_what_it_then_makes() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Be fast", "--agents", "2"])
        .ok();
    let script = repo.script("agent.sh", "true");
    let spawn = ["spawn", "--template", "optimizer", "--agent-cmd", &script];
    let before = repo.picture();
    let planned = repo
        .hub(spawn.iter().chain(&["--dry-run", "--json"]))
        .json();
    assert_eq!(repo.picture(), before);
    let made = repo.hub(spawn.iter().chain(&["--json"])).json();
    repo.hub(["wait"]).ok();
    assert_eq!(agents(&planned).len(), 2);
    for (index, (planned, made)) in (1..).zip(agents(&planned).iter().zip(agents(&made))) {
        for key in ["agent", "attempt", "branch", "worktree", "strategy"] {
            assert_eq!(planned[key], made[key], "{key}");
        }
        assert_eq!(planned["command"], script.as_str());
        assert_eq!(planned["prompt"], prompt(&repo, index));
    }
}

#[test]
fn without_a_start_there_is_no_command() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    let spawn = ["spawn", "--no-start", "--dry-run", "--json"];
    let planned = repo.hub(spawn).json();
    assert_eq!(planned["agents"][0]["command"], Value::Null);
}

#[test]
fn run_shows_it_all_and_makes_no_session() {
    let repo = TestRepo::new();
    let before = repo.picture();
    repo.write(".git/short.md", "{agent}: {task} ({strategy})\n");
    let run = [
        "run",
        "--task",
        "Be fast",
        "--agents",
        "2",
        "--agent-cmd",
        "true",
        "--dry-run",
        "--template",
        ".git/short.md",
        "--strategy",
        "one",
        "--strategy",
        "two",
    ];
    let planned = repo.hub(run).ok();
    insta::assert_snapshot!(repo.normalised(&planned.stdout), @r"
    session [SESSION] would start 2 agents from [COMMIT]; nothing was made

    agent-1
    branch  hub/[SESSION]/agent-1/attempt-1
    worktree  [TEMP]/repo.hub/[SESSION]/agent-1
    command  true
    prompt
        agent-1: Be fast (one)

    agent-2
    branch  hub/[SESSION]/agent-2/attempt-1
    worktree  [TEMP]/repo.hub/[SESSION]/agent-2
    command  true
    prompt
        agent-2: Be fast (two)
    ");
    assert_eq!(repo.picture(), before);
    assert!(!repo.hub_dir().exists());
}

#[test]
fn agents_that_wait_are_shown_with_the_prompt_that_is_there() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x", "--agents", "2"]).ok();
    let strategy = ["--strategy", "try a cache"];
    repo.hub(["spawn", "--no-start"].iter().chain(&strategy))
        .ok();
    let spawn = ["spawn", "--agent-cmd", "true", "--dry-run", "--json"];
    let planned = repo.hub(spawn).json();
    assert_eq!(planned["state"], "running");
    assert_eq!(agents(&planned).len(), 2);
    assert_eq!(planned["agents"][1]["prompt"], prompt(&repo, 2));
    assert_eq!(planned["agents"][1]["strategy"], "try a cache");
}

#[test]
fn what_stands_in_the_way_is_told_as_it_would_be() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    let id = repo.newest_session();
    let spawn = ["spawn", &id, "--no-start"];
    repo.git(["branch", &format!("hub/{id}/agent-1/attempt-1")]);
    let dry = repo.hub(spawn.iter().chain(&["--dry-run"])).fails(6);
    let real = repo.hub(spawn).fails(6);
    assert_eq!(dry.stderr, real.stderr);
    repo.hub(["spawn", &id, "--dry-run"]).fails(2);
    repo.hub([
        "run",
        "--task",
        "x",
        "--dry-run",
        "--agent-cmd",
        "nowhere.sh",
    ])
    .fails(2);
}
