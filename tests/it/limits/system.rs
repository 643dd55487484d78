//! Limits that the system holds an agent's processes to.

use serde_json::json;

use super::Limited;
use crate::support::TestRepo;

#[test]
fn too_little_memory_makes_a_hungry_one_fail() {
    // dd asks for a buffer of this size at once.
    let hungry = "dd if=/dev/zero of=/dev/null bs=400M count=1";
    let enough = Limited::new(hungry, &["--memory", "4G"]);
    assert_eq!(enough.wait()["status"], "succeeded");
    let started = Limited::new(hungry, &["--memory", "100M"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "failed");
    let why = waited["last_lines"].as_str().unwrap();
    assert!(why.contains("memory exhausted"), "{why}");
}

#[test]
fn a_busy_one_is_ended_by_a_signal() {
    let started = Limited::new("while :; do :; done", &["--cpu-time", "1"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "failed");
    assert_eq!(waited["exit"], json!({"signal": 24}), "SIGXCPU");
    assert!(waited["cpu_s"].as_f64().unwrap() >= 0.5, "{waited}");
}

#[test]
fn one_gives_way_as_much_as_asked() {
    let base = TestRepo::new().typed("nice").parse::<i32>().unwrap();
    let options = ["--nice", "5", "--cpu-time", "1m", "--memory", "1G"];
    let started = Limited::new("nice; ulimit -S -t; ulimit -v", &options);
    assert_eq!(started.wait()["status"], "succeeded");
    let log = started.repo.read(started.file("stdout.log"));
    assert_eq!(log, format!("{}\n60\n1048576\n", (base + 5).min(19)));
}
