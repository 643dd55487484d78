//! Other commands on agents that are paused.

use rustix::process::Signal;

use super::{COUNTS, Counting, LIMIT};
use crate::support::{TestRepo, wait_until};

#[test]
fn waiting_goes_on_and_says_so() {
    let counting = Counting::new("1", &[]);
    counting.hub("pause", &[]).ok();
    let early = counting.hub("wait", &["--timeout", "0"]).fails(1);
    assert!(early.stdout.contains("agent-1  paused"), "{early}");
    assert!(early.stderr.contains("agent-1 is paused;"), "{early}");
    let waiting = counting.hub("wait", &[]).start();
    counting.open_gate();
    counting.hub("resume", &[]).ok();
    waiting.end().ok();
    assert_eq!(counting.statuses(), ["succeeded"]);
}

#[test]
fn nothing_is_measured_while_one_is_paused() {
    let counting = Counting::new("1", &[]);
    counting.hub("pause", &[]).ok();
    let refused = counting.hub("eval", &[]).fails(4);
    let id = &counting.session;
    assert_eq!(
        refused.stderr,
        format!(
            "error: agent-1 of session {id} is paused\n\
             hint: `hub resume {id}` lets it go on, `hub stop {id}` ends it\n"
        )
    );
    let hand = counting.hub("update", &["--state", "evaluating"]).fails(4);
    assert!(hand.stderr.contains("is paused"), "{hand}");
}

#[test]
fn an_interrupted_run_ends_those_that_are_paused_too() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", COUNTS);
    let run = ["run", "--task", "Go", "-n", "2", "--agent-cmd", &script];
    let running = repo.hub(run).start();
    wait_until(LIMIT, "both count", || {
        ["own-agent-1", "own-agent-2"]
            .iter()
            .all(|name| repo.hub_dir().join(name).exists())
    });
    let session = repo.newest_session();
    repo.hub(["pause", &session, "--agent", "agent-2"]).ok();
    running.signal(Signal::INT);
    running.end().fails(130);
    let status = repo.hub(["status", &session, "--json"]).json();
    for agent in status["agents"].as_array().unwrap() {
        assert_eq!(agent["status"], "cancelled");
    }
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}
