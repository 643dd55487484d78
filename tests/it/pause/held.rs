//! Agents that wait for their start.

use super::{Counting, LIMIT};
use crate::support::wait_until;

#[test]
fn those_that_wait_are_held_until_they_are_let_go() {
    let counting = Counting::new("3", &["--jobs", "1"]);
    counting.counts("agent-1");
    let paused = counting.hub("pause", &["--json"]).json();
    assert_eq!(paused["agents"][1]["held"], true, "{paused}");
    assert_eq!(counting.statuses(), ["paused", "pending", "pending"]);
    let text = counting.hub("status", &[]).ok().stdout;
    assert!(text.contains("agent-2: held until hub resume"), "{text}");
    let told = [
        "pause agent-2 pending",
        "pause agent-3 pending",
        "pause agent-1 paused",
    ];
    assert_eq!(counting.journal(), told);

    // Nobody starts them when there is a place.
    counting.hub("resume", &["--agent", "agent-1"]).ok();
    counting.open_gate();
    counting.hub("wait", &["--agent", "agent-1"]).ok();
    counting.is_left_by_all();
    assert_eq!(counting.statuses(), ["succeeded", "pending", "pending"]);
    let doctor = counting.repo.hub(["doctor", "--json"]).run().json();
    // The counts of the agents stand in the hub directory, where agents have put them.
    let mut findings = doctor["findings"].as_array().unwrap().iter();
    let theirs = ["foreign_file", "changed_outside"];
    assert!(
        findings.all(|found| theirs.contains(&found["code"].as_str().unwrap())),
        "{doctor:#}"
    );
    let eval = counting.hub("eval", &[]).fails(4);
    assert!(eval.stderr.contains("agent-2 of session"), "{eval}");
    assert!(
        eval.stderr.contains("is paused\nhint: `hub resume"),
        "{eval}"
    );

    let waiting = counting.hub("wait", &[]).start();
    counting.repo.hub(["resume"]).ok();
    let waited = waiting.end().ok();
    assert_eq!(counting.statuses(), ["succeeded"; 3], "{waited}");
    counting.is_left_by_all();
}

#[test]
fn one_of_them_is_passed_over() {
    let counting = Counting::new("3", &["--jobs", "1"]);
    counting.hub("pause", &["--agent", "agent-2"]).ok();
    assert_eq!(counting.statuses(), ["running", "pending", "pending"]);
    counting.open_gate();
    wait_until(LIMIT, "the third has ended", || {
        counting.statuses() == ["succeeded", "pending", "succeeded"]
    });
    counting.hub("resume", &["--agent", "agent-2"]).ok();
    counting.hub("wait", &[]).ok();
    assert_eq!(counting.statuses(), ["succeeded"; 3]);
}

#[test]
fn those_that_were_stopped_are_not_let_go() {
    let counting = Counting::new("2", &["--jobs", "1"]);
    counting.hub("pause", &[]).ok();
    counting.hub("stop", &[]).ok();
    assert_eq!(counting.statuses(), ["cancelled", "pending"]);
    let answer = counting.hub("resume", &[]).ok();
    assert!(answer.stderr.contains("nothing to do"), "{answer}");
    assert_eq!(counting.statuses(), ["cancelled", "pending"]);
    counting.hub("pause", &["--agent", "agent-2"]).fails(4);
}

#[test]
fn one_that_waits_for_its_next_attempt_is_held() {
    let repo = crate::support::TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let command = "[ $HUB_ATTEMPT = 2 ]";
    let options = ["--retries", "1", "--retry-pause", "3"];
    let spawn = ["spawn", &session, "--agent-cmd", command];
    repo.hub(spawn.iter().chain(&options)).ok();
    let status = || repo.hub(["status", &session, "--json"]).json()["agents"][0].clone();
    wait_until(LIMIT, "it waits for its next attempt", || {
        status()["attempt"] == 2 && status()["status"] == "pending"
    });
    repo.hub(["pause", &session]).ok();
    assert_eq!(status()["held"], true);
    wait_until(LIMIT, "nobody waits to start it", || {
        repo.processes().is_empty()
    });
    assert_eq!(status()["status"], "pending");
    repo.hub(["resume", &session]).ok();
    repo.hub(["wait", &session]).ok();
    assert_eq!(status()["status"], "succeeded");
    assert_eq!(status()["held"], false);
}

#[test]
fn whoever_waits_sees_that_one_is_about_to_be_started() {
    let counting = Counting::new("2", &["--jobs", "1"]);
    counting.hub("pause", &["--agent", "agent-2"]).ok();
    counting.open_gate();
    counting.hub("wait", &["--agent", "agent-1"]).ok();
    counting.is_left_by_all();

    let gate = counting.repo.root().join("go-on");
    let hold = format!("before supervise=1*return(hold {})", gate.display());
    let resuming = counting.hub("resume", &[]).env("HUB_FAIL", hold).start();
    wait_until(LIMIT, "it is let go and not started yet", || {
        counting.status()["agents"][1]["held"] == false
    });
    assert_eq!(counting.statuses(), ["succeeded", "pending"]);
    let early = counting.hub("wait", &["--timeout", "1s", "--json"]).run();
    assert_eq!(early.json()["timed_out"], true, "{early}");
    counting.repo.write(&gate, "");
    resuming.end().ok();
    counting.hub("wait", &[]).ok();
    assert_eq!(counting.statuses(), ["succeeded"; 2]);
    counting.is_left_by_all();
}
