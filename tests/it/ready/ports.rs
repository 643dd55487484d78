//! TCP ports that are an agent's own.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

use super::{agent_file, configure, init, spawn_and_wait};
use crate::support::{TestRepo, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

/// The ports of a session's agents, by what `hub status` says.
fn ports(repo: &TestRepo, id: &str) -> Vec<Vec<u64>> {
    let status = repo.hub(["status", id, "--json"]).json();
    let agents = status["agents"].as_array().unwrap().iter();
    let list = |agent: &Value| agent["ports"].as_array().unwrap().clone();
    agents
        .map(|agent| {
            list(agent)
                .iter()
                .map(|port| port.as_u64().unwrap())
                .collect()
        })
        .collect()
}

/// Spawns agents that run until they are stopped, and waits until they have their ports.
fn running(repo: &TestRepo, id: &str, count: &str) -> Vec<Vec<u64>> {
    let spawn = ["spawn", id, "--ports", count, "--agent-cmd", "sleep 1000"];
    repo.hub(spawn).ok();
    wait_until(LIMIT, "every agent has ports", || {
        ports(repo, id).iter().all(|ports| !ports.is_empty())
    });
    ports(repo, id)
}

#[test]
fn an_agent_finds_its_ports_in_its_environment_and_so_does_its_setup() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let show = "echo $HUB_PORT $HUB_PORT_1 $HUB_PORT_2 ${HUB_PORT_3-none}";
    let flags = ["--ports", "3", "--setup", show, "--agent-cmd", show];
    let waited = spawn_and_wait(&repo, &id, &flags);
    assert_eq!(waited["agents"][0]["status"], "succeeded", "{waited}");
    let printed = repo.read(agent_file(&repo, &id, "stdout.log"));
    let ports = &ports(&repo, &id)[0];
    assert_eq!(
        printed,
        format!("{} {} {} none\n", ports[0], ports[1], ports[2])
    );
    assert_eq!((ports[1], ports[2]), (ports[0] + 1, ports[0] + 2));
    let setup = repo.read(agent_file(&repo, &id, "setup.log"));
    assert!(setup.ends_with(&printed), "{setup}");
}

#[test]
fn there_are_none_where_nobody_asked() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    spawn_and_wait(&repo, &id, &["--agent-cmd", "echo ${HUB_PORT-none}"]);
    assert_eq!(repo.read(agent_file(&repo, &id, "stdout.log")), "none\n");
    assert_eq!(ports(&repo, &id), [[0u64; 0]]);
}

#[test]
fn agents_that_run_have_different_ports_in_whichever_session_they_are() {
    let repo = TestRepo::new();
    let (one, two) = (init(&repo, "2"), init(&repo, "2"));
    let mut all: Vec<u64> = running(&repo, &one, "3").concat();
    all.extend(running(&repo, &two, "2").concat());
    for id in [&one, &two] {
        repo.hub(["stop", id]).ok();
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count), (10, 10), "{all:?}");
}

#[test]
fn a_port_that_somebody_listens_on_is_passed_over() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let first = running(&repo, &id, "1")[0][0];
    repo.hub(["stop", &id]).ok();
    // Where this fails, somebody else listens on it, which is as good.
    let _listener = TcpListener::bind(("127.0.0.1", u16::try_from(first).unwrap()));
    let id = init(&repo, "1");
    let next = running(&repo, &id, "1")[0][0];
    repo.hub(["stop", &id]).ok();
    assert_ne!(next, first);
}

#[test]
fn all_attempts_of_an_agent_have_the_same() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    let seen = repo.root().join("seen");
    let agent = format!(
        "echo $HUB_PORT >>'{}'; test $HUB_ATTEMPT = 2",
        seen.display()
    );
    let flags = ["--ports", "1", "--retries", "1", "--retry-pause", "0"];
    let flags: Vec<&str> = flags.into_iter().chain(["--agent-cmd", &agent]).collect();
    spawn_and_wait(&repo, &id, &flags);
    let seen = repo.read(seen);
    let (first, second) = seen.trim().split_once('\n').unwrap();
    assert_eq!(first, second);
}

#[test]
fn the_eval_command_has_ports_too() {
    let repo = TestRepo::new();
    configure(&repo, "ports: 2\n");
    let eval = "echo p50_ms: $((HUB_PORT_1 - HUB_PORT))";
    let init = ["init", "--task", "x", "-n", "1", "--metric", "p50_ms"];
    repo.hub(init.into_iter().chain(["--no-baseline", "--eval", eval]))
        .ok();
    let id = repo.newest_session();
    spawn_and_wait(&repo, &id, &["--agent-cmd", "touch new"]);
    let report = repo.hub(["eval", &id, "--json"]).json();
    assert_eq!(report["results"][0]["metric_value"], 1.0, "{report}");
}

#[test]
fn an_agent_without_ports_is_not_run() {
    let repo = TestRepo::new();
    let id = init(&repo, "1");
    // A file where the folder of the locks is to be.
    repo.write(repo.home().join(".cache"), "");
    let waited = spawn_and_wait(&repo, &id, &["--ports", "1", "--agent-cmd", "touch ran"]);
    assert_eq!(waited["agents"][0]["status"], "failed");
    let reason = waited["agents"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("cannot make "), "{reason}");
    assert!(!repo.worktree(&id, "agent-1").join("ran").exists());
}

#[test]
fn a_number_out_of_bounds_is_refused() {
    let repo = TestRepo::new();
    let refused = repo.hub(["spawn", "--ports", "17"]).fails(2);
    assert!(refused.stderr.contains("it must be 0 to 16"), "{refused}");
    configure(&repo, "ports: many\n");
    let refused = repo.hub(["list"]).fails(2);
    assert!(
        refused.stderr.contains("line 1: ports: \"many\""),
        "{refused}"
    );
}
