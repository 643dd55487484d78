//! What is told of what agents used, and what supervisors leave alone.

use std::io::Read;

use serde_json::json;

use super::{LIMIT, Limited};
use crate::support::{TestRepo, wait_until};

#[test]
fn what_one_used_is_recorded_with_what_it_started() {
    let script = "dd if=/dev/zero bs=64M count=10 2>/dev/null | cksum\nexit 3";
    let started = Limited::new(script, &[]);
    let waited = started.wait();
    assert_eq!(waited["exit"], json!({"code": 3}));
    let cpu = waited["cpu_s"].as_f64().unwrap();
    assert!(cpu > 0.05, "that much is summed in no less: {cpu}");
    let peak = waited["peak_memory_bytes"].as_u64().unwrap();
    assert!(peak >= 64 << 20, "dd holds that much at once: {peak}");
    let status = started.status();
    assert_eq!(status["cpu_s"], waited["cpu_s"]);
    assert_eq!(status["peak_memory_bytes"], waited["peak_memory_bytes"]);
    let usage = &started.finish()["usage"];
    assert_eq!(usage["cpu_s"], waited["cpu_s"]);
    assert!(usage["wall_s"].as_f64().unwrap() > 0.0, "{usage}");
}

#[test]
fn the_attempts_of_one_supervisor_are_told_apart() {
    let script = "\
case $HUB_ATTEMPT in
1) dd if=/dev/zero bs=64M count=40 2>/dev/null | cksum; exit 1 ;;
esac";
    let started = Limited::new(script, &["--retries", "1", "--retry-pause", "0"]);
    assert_eq!(started.wait()["status"], "succeeded");
    let events = started
        .repo
        .hub(["events", &started.session, "--json"])
        .json();
    let events = events["events"].as_array().unwrap().iter();
    let finished = events.filter(|event| event["operation"] == "finish");
    let cpu: Vec<f64> = finished
        .map(|event| event["detail"]["usage"]["cpu_s"].as_f64().unwrap())
        .collect();
    let [first, second] = cpu[..] else {
        panic!("two attempts: {cpu:?}")
    };
    assert!(first > second, "only the first had work to do: {cpu:?}");
    let peak = &started.status()["peak_memory_bytes"];
    assert_eq!(peak, &json!(null), "the first hides it");
}

#[test]
fn a_heartbeat_and_the_last_output_are_shown() {
    let started = Limited::new("echo one; sleep 1000", &[]);
    wait_until(LIMIT, "both are there", || {
        let status = started.status();
        status["heartbeat"].is_string() && status["last_output"].is_string()
    });
    let first = started.status()["heartbeat"].clone();
    wait_until(LIMIT, "the supervisor tells again that it is there", || {
        started.status()["heartbeat"] != first
    });
    started.repo.hub(["stop", &started.session]).ok();
    started.is_left_by_all();
}

#[test]
fn nobody_waits_for_the_agents_at_a_pipe_that_hub_was_given() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let go = repo.root().join("go");
    let agent = repo.script(
        "agent.sh",
        "while ! [ -e \"$HUB_DIR/../../go\" ]; do sleep 0.02; done",
    );
    let (mut reader, writer) = std::io::pipe().unwrap();
    let hub = env!("CARGO_BIN_EXE_hub");
    // Descriptor 7 is the pipe for hub, and whoever it starts.
    let mut shell = repo.shell(&format!(
        "'{hub}' spawn --agent-cmd '{agent}' 7>&0 <&- >&- 2>&-"
    ));
    shell.stdin(writer);
    assert!(shell.status().unwrap().success());
    drop(shell);
    // Would wait for ever, since the agent waits for what comes after it.
    reader.read_to_end(&mut Vec::new()).unwrap();
    repo.write(&go, "");
    repo.hub(["wait"]).ok();
}

#[test]
fn of_twenty_agents_four_run_at_once() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "20"]).ok();
    let script = "\
folder=$HUB_DIR/../../marks
mkdir -p \"$folder\"
: >\"$folder/$HUB_AGENT\"
sleep 0.05
ls \"$folder\" | wc -l
rm \"$folder/$HUB_AGENT\"";
    let agent = repo.script("agent.sh", script);
    repo.hub(["spawn", "--agent-cmd", &agent, "--jobs", "4"])
        .ok();
    let waited = repo.hub(["wait", "--json"]).json();
    let session = waited["session_id"].as_str().unwrap();
    let agents = waited["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 20);
    for agent in agents {
        assert_eq!(agent["status"], "succeeded", "{agent}");
        let name = agent["agent"].as_str().unwrap();
        let log = format!(".agenthub/sessions/{session}/agents/{name}/stdout.log");
        let seen: u32 = repo.read(&log).trim().parse().unwrap();
        assert!((1..=4).contains(&seen), "{name} saw {seen} at work");
    }
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}

#[test]
fn what_left_its_parent_counts_too() {
    // Both come to the supervisor, and nobody else waits for them.
    let script = "\
(setsid dd if=/dev/zero bs=64M count=10 2>/dev/null | cksum >sum &)
while ! [ -s sum ]; do sleep 0.02; done";
    let started = Limited::new(script, &[]);
    let waited = started.wait();
    assert_eq!(waited["status"], "succeeded");
    let peak = waited["peak_memory_bytes"].as_u64().unwrap();
    assert!(peak >= 64 << 20, "dd holds that much at once: {peak}");
}
