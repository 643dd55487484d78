//! What stands still, and what is told of it.

use super::{Counting, LIMIT};
use crate::support::wait_until;

#[test]
fn an_agent_stands_still_with_all_that_it_started_and_goes_on() {
    let counting = Counting::new("1", &[]);
    counting.counts("agent-1");
    let paused = counting.hub("pause", &["--json"]).json();
    assert_eq!(paused["agents"][0]["status"], "paused");
    assert_eq!(paused["agents"][0]["changed"], true);
    counting.stands_still("agent-1");
    let stored = counting.stored("agent-1");
    assert_eq!(stored["status"], "paused");
    assert!(stored["paused_since"].is_string(), "{stored}");
    assert_eq!(counting.statuses(), ["paused"]);
    let text = counting.hub("status", &[]).ok().stdout;
    let next = format!(
        "next: hub resume {} (agent-1 is paused)\n",
        counting.session
    );
    assert!(text.ends_with(&next), "{text}");

    let resumed = counting.hub("resume", &["--json"]).json();
    assert_eq!(resumed["agents"][0]["status"], "running");
    counting.counts("agent-1");
    let stored = counting.stored("agent-1");
    assert_eq!(stored["status"], "running");
    assert!(stored["paused_s"].as_f64().unwrap() > 0.0, "{stored}");
    let told = ["pause agent-1 paused", "resume agent-1 running"];
    assert_eq!(counting.journal(), told);

    counting.open_gate();
    counting.hub("wait", &[]).ok();
    assert_eq!(counting.statuses(), ["succeeded"]);
    counting.is_left_by_all();
}

#[test]
fn the_time_of_one_that_is_paused_stands_still() {
    let counting = Counting::new("1", &[]);
    counting.counts("agent-1");
    let paused = counting.hub("pause", &["--json"]).json();
    let elapsed = paused["agents"][0]["elapsed_s"].as_f64().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let later = counting.status()["agents"][0]["elapsed_s"]
        .as_f64()
        .unwrap();
    assert!((later - elapsed).abs() < 0.01, "{elapsed} and {later}");
    counting.hub("resume", &[]).ok();
    counting.open_gate();
    let waited = counting.hub("wait", &["--json"]).json();
    let agent = counting.stored("agent-1");
    let time = |key: &str| {
        let text = agent[key].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(text).unwrap()
    };
    let wall = (time("ended") - time("started")).as_seconds_f64();
    let ran = waited["agents"][0]["elapsed_s"].as_f64().unwrap();
    assert!(wall - ran >= 1.2, "{ran} of {wall}");
}

#[test]
fn what_is_asked_for_twice_is_done_once() {
    let counting = Counting::new("1", &[]);
    let nothing = |command: &str, session: bool| {
        let answer = if session {
            counting.hub(command, &[]).ok()
        } else {
            counting.repo.hub([command]).ok()
        };
        assert!(answer.stderr.contains("nothing to do"), "{answer}");
    };
    nothing("resume", true);
    counting.repo.hub(["pause"]).ok();
    nothing("pause", true);
    nothing("pause", false);
    counting.repo.hub(["resume"]).ok();
    nothing("resume", true);
    nothing("resume", false);
    // The supervisor tells the journal after the state, which the command looks at.
    wait_until(LIMIT, "both are in the journal", || {
        counting.journal().len() >= 2
    });
    assert_eq!(counting.journal().len(), 2);
}

#[test]
fn one_of_several_or_several_stand_still() {
    let counting = Counting::new("3", &[]);
    counting.hub("pause", &["--agent", "agent-2"]).ok();
    assert_eq!(counting.statuses(), ["running", "paused", "running"]);
    counting.counts("agent-1");
    counting.hub("pause", &[]).ok();
    assert_eq!(counting.statuses(), ["paused"; 3]);
    let two = ["--agent", "agent-1", "--agent", "agent-3", "--json"];
    let resumed = counting.hub("resume", &two).json();
    assert_eq!(resumed["agents"].as_array().unwrap().len(), 2);
    assert_eq!(counting.statuses(), ["running", "paused", "running"]);
    counting.hub("resume", &[]).ok();
    assert_eq!(counting.statuses(), ["running"; 3]);
}

#[test]
fn the_session_that_is_meant_is_the_newest_for_which_it_can_be_done() {
    let counting = Counting::new("1", &[]);
    counting.repo.hub(["init", "--task", "Newer"]).ok();
    let paused = counting.repo.hub(["pause"]).ok();
    let first = format!("session {}\n", counting.session);
    assert!(paused.stdout.starts_with(&first), "{paused}");
    let resumed = counting.repo.hub(["resume"]).ok();
    assert!(resumed.stdout.starts_with(&first), "{resumed}");
}

#[test]
fn one_that_is_paused_can_be_stopped() {
    for grace in ["5", "0"] {
        let counting = Counting::new("1", &[]);
        counting.counts("agent-1");
        counting.hub("pause", &[]).ok();
        counting.hub("stop", &["--grace", grace]).ok();
        assert_eq!(counting.statuses(), ["cancelled"]);
        counting.is_left_by_all();
    }
}

#[test]
fn whoever_holds_the_session_is_waited_for_and_sees_no_half_of_it() {
    let counting = Counting::new("1", &[]);
    counting.counts("agent-1");
    let path = format!("sessions/{}/.lock", counting.session);
    let lock = std::fs::File::open(counting.file(&path)).unwrap();
    lock.lock().unwrap();
    let pause = counting.hub("pause", &[]).start();
    counting.counts("agent-1");
    counting.counts("agent-1");
    assert_eq!(counting.stored("agent-1")["status"], "running");
    lock.unlock().unwrap();
    pause.end().ok();
    counting.stands_still("agent-1");
    assert_eq!(counting.stored("agent-1")["status"], "paused");
}

#[test]
fn running_time_in_figures_leaves_pauses_out() {
    let counting = Counting::new("1", &[]);
    counting.counts("agent-1");
    counting.hub("pause", &[]).ok();
    let figures = || {
        let metrics = counting.repo.hub(["metrics", "--json"]).json();
        metrics["total"]["running_s"].as_f64().unwrap()
    };
    let before = figures();
    let begun = std::time::Instant::now();
    wait_until(LIMIT, "time passes", || begun.elapsed().as_secs() >= 2);
    assert!((figures() - before).abs() < 0.01);
}
