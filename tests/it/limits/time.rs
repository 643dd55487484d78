//! Limits of time: as a whole, and without a sign of life.

use std::fs;

use serde_json::json;

use super::{LIMIT, Limited};
use crate::support::{TestRepo, wait_until};

#[test]
fn one_that_sleeps_for_ever_times_out() {
    let started = Limited::new("sleep 1000", &["--timeout", "0.3"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "timed_out", "{waited}");
    assert_eq!(waited["exit"], json!({"signal": 15}));
    let reached = json!({"limit": "timeout", "after_s": 0.3});
    assert_eq!(waited["timed_out"], reached);
    assert_eq!(started.status()["timed_out"], reached);
    let finish = started.finish();
    assert_eq!(finish["status"], "timed_out");
    assert_eq!(finish["timed_out"], reached);
    for command in ["wait", "status"] {
        let text = started.repo.hub([command, &started.session]).run().stdout;
        let told = "agent-1: it had run for 0.3 s (--timeout)";
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn one_that_ends_in_time_does_not_time_out() {
    let started = Limited::new("echo done", &["--timeout", "1h", "--idle-timeout", "90m"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "succeeded");
    assert_eq!(waited["timed_out"], json!(null));
}

#[test]
fn one_that_ignores_sigterm_at_its_timeout_is_killed() {
    let script = "trap '' TERM\nwhile :; do sleep 0.02; done";
    let started = Limited::new(script, &["--timeout", "3"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "timed_out");
    assert_eq!(waited["exit"], json!({"signal": 9}));
}

#[test]
fn one_that_ends_well_when_asked_to_has_timed_out_all_the_same() {
    let script = "trap 'echo 1 >late; exit 0' TERM\nwhile :; do sleep 0.02; done";
    let started = Limited::new(script, &["--timeout", "3"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "timed_out");
    assert_eq!(waited["exit"], json!({"code": 0}));
    let status = started.status();
    assert_eq!(status["diff"]["files_changed"], 1, "what it left is kept");
}

#[test]
fn an_idle_one_times_out() {
    let started = Limited::new("echo begun\nsleep 1000", &["--idle-timeout", "0.3"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "timed_out");
    let reached = json!({"limit": "idle_timeout", "after_s": 0.3});
    assert_eq!(waited["timed_out"], reached);
    let text = started.repo.hub(["wait", &started.session]).run().stdout;
    assert!(text.contains("(--idle-timeout)"), "{text}");
}

/// An agent that gives a sign of life again and again, for several times the limit, which is
/// much longer than the pause between two signs.
fn lives_by(sign: &str) {
    let script = format!("for n in $(seq 30); do\n{sign}\nsleep 0.1\ndone");
    let started = Limited::new(&script, &["--idle-timeout", "2"]);
    assert_eq!(started.wait()["status"], "succeeded");
}

#[test]
fn one_that_prints_is_not_idle() {
    lives_by("echo $n");
}

#[test]
fn one_that_complains_is_not_idle() {
    lives_by("echo $n >&2");
}

#[test]
fn one_that_writes_files_is_not_idle() {
    lives_by("mkdir -p deep/er\necho $n >deep/er/file");
}

#[test]
fn one_that_removes_files_is_not_idle() {
    let script = "touch $(seq 30)\nfor n in $(seq 30); do rm $n; sleep 0.1; done";
    let started = Limited::new(script, &["--idle-timeout", "2"]);
    assert_eq!(started.wait()["status"], "succeeded");
}

#[test]
fn the_time_that_one_is_paused_does_not_count() {
    // It would run for ever, and times out when it goes on.
    let script = "while :; do echo tick; sleep 0.02; done";
    let started = Limited::new(script, &["--timeout", "2", "--idle-timeout", "1"]);
    let log = started.file("stdout.log");
    let size = || fs::metadata(&log).map_or(0, |metadata| metadata.len());
    wait_until(LIMIT, "it prints", || size() > 0);
    started.repo.hub(["pause", &started.session]).ok();
    let mut last = 0;
    wait_until(LIMIT, "it stands still", || {
        let before = std::mem::replace(&mut last, size());
        std::thread::sleep(std::time::Duration::from_millis(200));
        before == last && last == size()
    });
    // Longer than both limits together, seen by the supervisor's own heartbeat.
    let beats = || fs::metadata(started.file("heartbeat")).unwrap().modified();
    let first = beats().unwrap();
    wait_until(LIMIT, "the supervisor goes on", || {
        let time = beats().unwrap().duration_since(first).unwrap();
        time.as_secs() >= 5
    });
    assert_eq!(started.status()["status"], "paused");
    assert_eq!(size(), last, "it has not printed meanwhile");
    started.repo.hub(["resume", &started.session]).ok();
    wait_until(LIMIT, "it goes on", || size() > last);
    assert_eq!(started.wait()["timed_out"]["limit"], "timeout");
}

#[test]
fn limits_that_make_no_sense_are_usage_errors() {
    let repo = TestRepo::new();
    for (option, value) in [
        ("--timeout", "0"),
        ("--timeout", "soon"),
        ("--idle-timeout", "-1"),
        ("--cpu-time", "0"),
        ("--memory", "much"),
        ("--log-limit", "0"),
        ("--nice", "20"),
    ] {
        let answer = repo.hub(["spawn", option, value]).fails(2);
        assert!(answer.stderr.contains(value), "{answer}");
    }
}
