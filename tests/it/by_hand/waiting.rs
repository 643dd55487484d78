//! `hub wait` and `hub stop`: the agents' ends, and what a script is told of them.

use serde_json::Value;

use crate::support::TestRepo;

use super::{Gate, init};

/// A session whose agents are this command.
fn doing(text: &str) -> TestRepo {
    let repo = TestRepo::new().with_bench();
    init(&repo);
    repo.hub(["spawn", "--agent-cmd", text]).ok();
    repo
}

/// One key of every agent.
fn of_all(document: &Value, key: &str) -> Vec<Value> {
    let agents = document["agents"].as_array().unwrap().iter();
    agents.map(|agent| agent[key].clone()).collect()
}

#[test]
fn the_exit_status_says_whether_all_some_or_none_succeeded() {
    for (text, code) in [
        ("true", 0),
        ("[ $HUB_AGENT = agent-2 ]", 1),
        ("[ $HUB_AGENT != agent-2 ]", 1),
        ("exit 7", 8),
        ("kill -9 $$", 8),
    ] {
        let repo = doing(text);
        let answer = repo.hub(["wait"]).run();
        assert_eq!(answer.code(), code, "{text}: {answer}");
        // It is no other the next time.
        assert_eq!(repo.hub(["wait"]).run().code(), code, "{text}");
    }
}

#[test]
fn each_end_is_told_with_the_last_lines_of_a_failure() {
    let repo = doing(
        "\
case $HUB_AGENT in
agent-1) echo one >&2; echo two >&2; exit 3 ;;
agent-2) kill -9 $$ ;;
esac",
    );
    let document = repo.hub(["wait", "--json"]).fails(1).json();
    assert_eq!(document["timed_out"], false);
    assert_eq!(
        of_all(&document, "status"),
        ["failed", "failed", "succeeded"]
    );
    assert_eq!(document["agents"][0]["exit"]["code"], 3);
    assert_eq!(document["agents"][1]["exit"]["signal"], 9);
    assert_eq!(document["agents"][2]["exit"]["code"], 0);
    assert_eq!(
        of_all(&document, "last_lines"),
        [Value::from("one\ntwo"), Value::Null, Value::Null]
    );
    let text = repo.hub(["wait"]).fails(1);
    insta::assert_snapshot!(repo.normalised(&text.stdout), @r"
    session [SESSION]
    AGENT  STATUS  EXIT  TIME  CPU  MEMORY
    agent-1  failed  exit status 3  [DURATION]  [DURATION]  [SIZE]
    agent-2  failed  signal 9  [DURATION]  [DURATION]  [SIZE]
    agent-3  succeeded  exit status 0  [DURATION]  [DURATION]  [SIZE]

    agent-1 ended with:
        one
        two
    ");
}

#[test]
fn a_time_limit_ends_the_waiting_and_not_the_agents() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    let document = repo
        .hub(["wait", "--timeout", "0.1", "--json"])
        .fails(1)
        .json();
    assert_eq!(document["timed_out"], true);
    assert_eq!(of_all(&document, "status"), ["running"; 3]);
    assert_eq!(
        of_all(&document, "exit"),
        [Value::Null, Value::Null, Value::Null]
    );
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"][0]["state"], "running");

    gate.open(&repo);
    let document = repo
        .hub(["wait", &session, "--timeout", "60", "--json"])
        .json();
    assert_eq!(document["timed_out"], false);
    assert_eq!(of_all(&document, "status"), ["succeeded"; 3]);
}

#[test]
fn a_limit_that_is_no_time_is_a_usage_error() {
    let repo = doing("true");
    for limit in ["-1", "soon", "nan", "inf", "1e400", ""] {
        let limit = format!("--timeout={limit}");
        repo.hub(["wait", &limit]).fails(2);
    }
    repo.hub(["wait"]).ok();
}

#[test]
fn what_a_stopped_agent_has_committed_stays() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let gate = Gate::new(&repo);
    let started = repo.root().join("started");
    let commit = format!(
        "echo half >half.txt; git add half.txt; git commit --quiet --message Half; echo more >more.txt; : >{}-$HUB_AGENT; exec {}",
        started.display(),
        gate.agent
    );
    let agent = repo.script("agent.sh", &commit);
    repo.hub(["spawn", "--agent-cmd", &agent]).ok();
    for number in 1..=3 {
        let file = repo.root().join(format!("started-agent-{number}"));
        crate::support::wait_until(std::time::Duration::from_secs(30), "it has begun", || {
            file.exists()
        });
    }
    let document = repo.hub(["stop", &session, "--json"]).json();
    assert_eq!(of_all(&document, "status"), ["cancelled"; 3]);
    for agent in ["agent-1", "agent-2", "agent-3"] {
        let branch = format!("hub/{session}/{agent}/attempt-1");
        assert_eq!(repo.git(["show", &format!("{branch}:half.txt")]), "half");
        // What it had not committed, too.
        assert_eq!(repo.git(["show", &format!("{branch}:more.txt")]), "more");
    }
    repo.hub(["wait", &session]).fails(8);
    let eval = repo.hub(["eval", &session, "--json"]).fails(8).json();
    assert_eq!(eval["results"][0]["reason"], "the agent was cancelled");
}

#[test]
fn stop_ends_the_agents_that_are_named_alone() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    repo.hub(["stop", &session, "--agent", "agent-9"]).fails(3);
    let document = repo
        .hub([
            "stop", &session, "--agent", "agent-1", "--agent", "agent-3", "--json",
        ])
        .json();
    assert_eq!(
        of_all(&document, "status"),
        ["cancelled", "running", "cancelled"]
    );
    gate.open(&repo);
    let document = repo.hub(["wait", &session, "--json"]).fails(1).json();
    assert_eq!(
        of_all(&document, "status"),
        ["cancelled", "succeeded", "cancelled"]
    );
}
