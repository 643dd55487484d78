//! `hub stop --grace`: how long an agent may go on after it was asked to end.

use rustix::process::Signal;
use serde_json::json;

use super::{LIMIT, Started, kill, runs, told};
use crate::support::{TestRepo, wait_until};

/// Counts from the moment in which it is asked to end.
const COUNT: &str = "\
n=0
trap 'n=1' TERM
while :; do
  sleep 0.1 || :
  [ $n = 0 ] || { n=$((n + 1)); echo $n >\"$HUB_DIR/counted\"; }
done";

/// Tells its number, and does not end when it is asked to.
fn deaf() -> String {
    format!("echo $$ >\"$HUB_DIR/agent\"\n{COUNT}")
}

/// Ends by itself, later than an agent may that is given the usual time.
const SLOW: &str = "\
trap 'sleep 6; echo 120 >p50_ms; exit 0' TERM
echo $$ >\"$HUB_DIR/agent\"
while :; do sleep 0.02 || :; done";

impl Started {
    /// An agent without a shell around it.
    fn alone(agent: &str) -> Self {
        let repo = TestRepo::new().with_bench();
        let agent = repo.script("agent.sh", agent);
        Self::in_repo(repo, &format!("exec {agent}"))
    }

    fn agent(&self) -> u32 {
        told(&self.repo.hub_dir().join("agent"))
    }

    fn stop(&self, grace: &str) {
        let stop = ["stop", &self.session, "--grace", grace];
        self.repo.hub(stop).ok();
    }

    fn was_asked(&self) -> bool {
        self.repo.hub_dir().join("counted").exists()
    }
}

#[test]
fn one_that_ignores_sigterm_is_killed_after_a_short_grace() {
    let started = Started::alone(&deaf());
    let agent = started.agent();
    started.stop("0.5");
    assert!(!runs(agent));
    let status = started.status();
    assert_eq!(status["status"], "cancelled");
    assert_eq!(status["exit"], json!({"signal": 9}));
    let counted = started.repo.hub_dir().join("counted");
    let count = std::fs::read_to_string(counted).unwrap_or_default();
    let count: u32 = count.trim().parse().unwrap_or_default();
    assert!(count < 40, "it went on for {count} tenths of a second");
}

#[test]
fn without_a_grace_one_is_not_even_asked() {
    let started = Started::alone(&deaf());
    let agent = started.agent();
    started.stop("0");
    assert!(!runs(agent) && !started.was_asked());
    assert_eq!(started.status()["exit"], json!({"signal": 9}));
}

#[test]
fn one_that_ends_within_a_long_grace_ends_by_itself() {
    let started = Started::alone(SLOW);
    started.agent();
    started.stop("2m");
    let status = started.status();
    assert_eq!(status["status"], "cancelled");
    assert_eq!(status["exit"], json!({"code": 0}));
    assert_eq!(status["diff"]["files_changed"], 1, "its last work is kept");
}

/// A stop that waits for a long time ends at once when another one gives no time.
fn is_shortened(agent: &str) {
    let started = Started::alone(agent);
    let process = started.agent();
    let (repo, session) = (&started.repo, &started.session);
    let patient = repo.hub(["stop", session, "--grace", "1h"]).start();
    wait_until(LIMIT, "it was asked to end", || started.was_asked());
    assert!(runs(process));
    started.stop("0");
    patient.end().ok();
    assert!(!runs(process));
    assert_eq!(started.status()["status"], "cancelled");
}

#[test]
fn a_second_stop_shortens_the_first() {
    is_shortened(&deaf());
}

#[test]
fn a_second_stop_shortens_the_first_for_what_outlives_the_agent() {
    is_shortened(&format!("({COUNT}) &\necho $! >\"$HUB_DIR/agent\"\nwait"));
}

#[test]
fn a_stop_that_waits_can_be_interrupted_and_holds_all_the_same() {
    let started = Started::alone(&deaf());
    started.agent();
    let stop = ["stop", &started.session, "--grace", "1h"];
    let patient = started.repo.hub(stop).start();
    wait_until(LIMIT, "it was asked to end", || started.was_asked());
    patient.signal(Signal::INT);
    let answer = patient.end().fails(130);
    assert!(answer.stderr.contains("--grace 0"), "{answer}");
    assert_eq!(
        started.status()["status"],
        "running",
        "its time is not over"
    );
    started.stop("0");
    assert_eq!(started.status()["status"], "cancelled");
}

/// The agent's supervisor is killed.
fn lost(agent: &str) -> (Started, u32) {
    let started = Started::alone(agent);
    let (process, supervisor) = (started.agent(), started.supervisor());
    kill(supervisor);
    wait_until(LIMIT, "the supervisor is gone", || !runs(supervisor));
    (started, process)
}

#[test]
fn what_a_lost_agent_left_is_killed_at_once_without_a_grace() {
    let (started, process) = lost(&deaf());
    started.stop("0");
    wait_until(LIMIT, "the agent is gone", || !runs(process));
    assert!(!started.was_asked());
    assert_eq!(started.status()["status"], "cancelled");
}

#[test]
fn what_a_lost_agent_left_is_given_its_time_too() {
    let (started, _) = lost(SLOW);
    started.stop("2m");
    let status = started.status();
    assert_eq!(status["status"], "cancelled");
    assert_eq!(status["diff"]["files_changed"], 1, "its last work is kept");
}

#[test]
fn a_stop_of_a_lost_agent_is_shortened_by_a_second_one() {
    let (started, process) = lost(&deaf());
    let stop = ["stop", &started.session, "--grace", "1h"];
    let patient = started.repo.hub(stop).start();
    wait_until(LIMIT, "it was asked to end", || started.was_asked());
    started.stop("0");
    patient.end().ok();
    wait_until(LIMIT, "the agent is gone", || !runs(process));
}

#[test]
fn a_grace_that_makes_no_sense_is_a_usage_error() {
    let repo = TestRepo::new();
    for value in ["-1", "1e300", "25h", "soon", ""] {
        let answer = repo.hub(["stop", "--grace", value]).fails(2);
        let error =
            format!("error: {value:?} is not a grace period: it must be 0 seconds to 24 hours\n");
        assert!(answer.stderr.starts_with(&error), "{answer}");
        assert_eq!(answer.stderr.lines().count(), 2, "{answer}");
    }
}
