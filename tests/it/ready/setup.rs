//! Commands that make a worktree ready before its agent.

use serde_json::Value;

use super::{agent_file, configure, init, spawn_and_wait};
use crate::support::TestRepo;

#[test]
fn commands_run_in_the_worktree_one_after_the_other_before_the_agent() {
    let repo = TestRepo::new();
    let id = init(&repo, "2");
    let flags = [
        "--setup",
        "pwd >where && echo $HUB_AGENT $HUB_ATTEMPT",
        "--setup",
        "cat where >&2",
        "--agent-cmd",
        "cat where",
    ];
    let waited = spawn_and_wait(&repo, &id, &flags);
    assert_eq!(waited["agents"][1]["status"], "succeeded", "{waited}");
    assert_eq!(waited["agents"][0]["reason"], Value::Null);
    let worktree = repo.worktree(&id, "agent-1");
    let worktree = worktree.display();
    assert_eq!(
        repo.read(agent_file(&repo, &id, "setup.log")),
        format!(
            "$ pwd >where && echo $HUB_AGENT $HUB_ATTEMPT\nagent-1 1\n$ cat where >&2\n{worktree}\n"
        )
    );
    let printed = repo.read(agent_file(&repo, &id, "stdout.log"));
    assert_eq!(printed, format!("{worktree}\n"));
}

#[test]
fn a_failure_ends_the_agent_before_it_runs() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let flags = [
        "--setup",
        "echo no network >&2; exit 3",
        "--setup",
        "touch second",
        "--agent-cmd",
        "touch agent",
    ];
    let waited = spawn_and_wait(&repo, &id, &flags);
    let agent = &waited["agents"][0];
    assert_eq!(agent["status"], "failed");
    let reason = "setup command \"echo no network >&2; exit 3\" ended with exit status 3";
    assert_eq!(agent["reason"], reason);
    let worktree = repo.worktree(&id, "agent-1");
    assert!(!worktree.join("second").exists() && !worktree.join("agent").exists());
    assert!(!agent_file(&repo, &id, "stdout.log").exists());

    let shown = repo.hub(["wait", &id]).fails(8);
    let shown = shown.stdout.split_once("\n\n").unwrap().1;
    insta::assert_snapshot!(repo.normalised(shown), @r#"
    agent-1: setup command "echo no network >&2; exit 3" ended with exit status 3

    agent-1 ended with:
        $ echo no network >&2; exit 3
        no network
    "#);
    let status = repo.hub(["status", &id]).ok();
    assert!(
        status.stdout.contains(&format!("agent-1: {reason}\n")),
        "{status}"
    );
    // There is nothing that could be measured.
    let next = format!("\nnext: hub retry {id} (no agent has left anything to measure)\n");
    assert!(status.stdout.ends_with(&next), "{status}");
    let events = repo.hub(["events", &id, "--json"]).json();
    let events = events["events"].as_array().unwrap();
    let finish = events.iter().find(|event| event["operation"] == "finish");
    assert_eq!(finish.unwrap()["detail"]["reason"], reason);
}

#[test]
fn an_agent_that_was_never_run_is_out_of_the_evaluation_with_its_reason() {
    let repo = TestRepo::new().with_bench();
    let init = ["init", "--task", "x", "-n", "1", "--eval", "sh bench.sh"];
    repo.hub(init.into_iter().chain(["--metric", "p50_ms"]))
        .ok();
    let id = repo.newest_session();
    spawn_and_wait(&repo, &id, &["--setup", "false", "--agent-cmd", "true"]);
    let eval = repo.hub(["eval", &id, "--json"]).run();
    assert_eq!(
        eval.json()["results"][0]["reason"],
        "the agent failed: setup command \"false\" ended with exit status 1"
    );
}

#[test]
fn a_later_attempt_finds_its_worktree_ready() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let count = repo.root().join("count");
    let setup = format!("echo setup >>'{}'", count.display());
    let agent = "test $HUB_ATTEMPT = 3";
    let flags = ["--retries", "2", "--retry-pause", "0", "--setup", &setup];
    let flags: Vec<&str> = flags.into_iter().chain(["--agent-cmd", agent]).collect();
    let waited = spawn_and_wait(&repo, &id, &flags);
    assert_eq!(waited["agents"][0]["status"], "succeeded", "{waited}");
    assert_eq!(repo.read(count), "setup\n");
}

#[test]
fn after_a_failure_it_is_run_again() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let count = repo.root().join("count");
    let first = format!("echo first >>'{}'", count.display());
    let flags = [
        "--retries",
        "2",
        "--retry-pause",
        "0",
        "--setup",
        &first,
        "--setup",
        "echo $HUB_ATTEMPT; test $HUB_ATTEMPT = 2",
        "--agent-cmd",
        "true",
    ];
    let waited = spawn_and_wait(&repo, &id, &flags);
    assert_eq!(waited["agents"][0]["status"], "succeeded", "{waited}");
    assert_eq!(waited["agents"][0]["reason"], Value::Null);
    assert_eq!(repo.read(count), "first\nfirst\n");
    let aside = repo.read(agent_file(&repo, &id, "attempt-1/setup.log"));
    assert!(aside.ends_with("\n1\n"), "{aside}");
    let log = repo.read(agent_file(&repo, &id, "setup.log"));
    assert!(log.ends_with("\n2\n"), "{log}");
}

#[test]
fn it_runs_within_the_agents_turn() {
    let repo = TestRepo::new();
    let id = init(&repo, "4");
    let busy = repo.root().join("busy");
    // Two at once would find the other's folder.
    let turn = format!("mkdir '{0}' && sleep 0.05 && rmdir '{0}'", busy.display());
    let flags = ["--jobs", "1", "--setup", &turn, "--agent-cmd", &turn];
    let waited = spawn_and_wait(&repo, &id, &flags);
    for agent in waited["agents"].as_array().unwrap() {
        assert_eq!(agent["status"], "succeeded", "{waited}");
    }
}

#[test]
fn an_agent_can_be_stopped_while_it_is_made_ready() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let begun = repo.root().join("begun");
    let setup = format!("touch '{}'; sleep 1000", begun.display());
    repo.hub([
        "spawn",
        &id,
        "--setup",
        &setup,
        "--agent-cmd",
        "touch agent",
    ])
    .ok();
    crate::support::wait_until(std::time::Duration::from_secs(120), "setup runs", || {
        begun.exists()
    });
    repo.hub(["stop", &id]).ok();
    let status = repo.hub(["status", &id, "--json"]).json();
    assert_eq!(status["agents"][0]["status"], "cancelled");
    assert!(!repo.worktree(&id, "agent-1").join("agent").exists());
    assert_eq!(repo.processes(), [""; 0]);
}

#[test]
fn the_configuration_names_it_and_flags_win() {
    let repo = TestRepo::new();
    configure(&repo, "setup: [touch one, touch two]\n");
    let id = init(&repo, "1");
    spawn_and_wait(&repo, &id, &["--agent-cmd", "ls"]);
    assert_eq!(
        repo.read(agent_file(&repo, &id, "stdout.log")),
        "README.md\none\ntwo\n"
    );
    let id = init(&repo, "1");
    spawn_and_wait(&repo, &id, &["--setup", "touch three", "--agent-cmd", "ls"]);
    assert_eq!(
        repo.read(agent_file(&repo, &id, "stdout.log")),
        "README.md\nthree\n"
    );
}

#[test]
fn a_command_that_came_with_the_repository_is_not_run() {
    let repo = TestRepo::new();
    configure(&repo, "setup: touch hacked\n");
    repo.git(["add", "--force", ".agenthub/config.yaml"]);
    repo.commit("Configure");
    let id = init(&repo, "1");
    let before = repo.picture();
    let refused = repo.hub(["spawn", &id, "--agent-cmd", "true"]).fails(6);
    insta::assert_snapshot!(repo.normalised(&refused.stderr), @r#"
    error: "touch hacked" comes from [TEMP]/repo/.agenthub/config.yaml, which came with the repository; it was not run
    hint: read it; `hub trust` asks whether you would run it yourself, HUB_TRUST=all runs it this once
    "#);
    assert_eq!(repo.picture(), before);
    let run = ["run", "--task", "x", "-n", "1", "--agent-cmd", "true"];
    repo.hub(run).fails(6);
    let trusted = repo.hub(["spawn", &id, "--agent-cmd", "true"]);
    trusted.env("HUB_TRUST", "all").ok();
    repo.hub(["wait", &id]).ok();
}

#[test]
fn without_a_start_there_is_nothing_to_make_ready() {
    let repo = TestRepo::new();
    configure(&repo, "setup: touch one\n");
    let id = init(&repo, "1");
    repo.hub(["spawn", &id, "--no-start"]).ok();
    let one = repo.worktree(&id, "agent-1").join("one");
    assert!(!one.exists());
    repo.hub(["spawn", &id, "--no-start", "--setup", "x"])
        .fails(2);
    spawn_and_wait(&repo, &id, &["--agent-cmd", "true"]);
    assert!(one.exists());
}
