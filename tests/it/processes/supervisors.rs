//! Supervisors and hubs that are killed while agents work.

use rustix::process::Signal;
use serde_json::Value;

use super::{LIMIT, Started, kill, runs, until};
use crate::support::{TestRepo, wait_until};

/// An agent that works until it is told to end.
fn patient() -> (Started, std::path::PathBuf) {
    let repo = TestRepo::new().with_bench();
    let go = repo.root().join("go");
    let text = format!(
        "{}\necho 120 >p50_ms\ngit commit --quiet --all --message Faster",
        until(&go)
    );
    let agent = repo.script("agent.sh", &text);
    (Started::in_repo(repo, &agent), go)
}

#[test]
fn an_agent_without_its_supervisor_is_lost_and_can_be_stopped() {
    let (started, _go) = patient();
    let (process, supervisor) = (started.process(), started.supervisor());
    kill(supervisor);
    wait_until(LIMIT, "the supervisor is gone", || !runs(supervisor));
    assert!(runs(process), "nobody ends the agent with its supervisor");
    assert_eq!(started.status()["status"], "lost");
    assert_eq!(
        started.stored()["status"],
        "running",
        "`lost` is never stored"
    );
    assert_eq!(started.wait()["status"], "lost", "nothing is waited for");

    let (repo, session) = (&started.repo, &started.session);
    repo.hub(["eval", session]).fails(4);
    repo.hub(["stop", session]).ok();
    wait_until(LIMIT, "the agent is gone", || !runs(process));
    assert_eq!(started.status()["status"], "cancelled");
    let eval = repo.hub(["eval", session]).fails(8);
    assert!(eval.stdout.contains("the agent was cancelled"), "{eval}");
}

#[test]
fn an_agent_that_ended_without_its_supervisor_is_lost_too() {
    let (started, go) = patient();
    let (process, supervisor) = (started.process(), started.supervisor());
    kill(supervisor);
    started.repo.write(go, "");
    wait_until(LIMIT, "the agent has ended", || !runs(process));
    assert_eq!(started.status()["status"], "lost");
    assert_eq!(
        started.status()["last_message"],
        "Faster",
        "its commit is there"
    );
    started.repo.hub(["stop", &started.session]).ok();
    assert_eq!(started.status()["status"], "cancelled");
}

#[test]
fn another_process_with_the_supervisors_number_is_not_the_supervisor() {
    let (started, go) = patient();
    started.process();
    let text = started.repo.read(started.state_file());
    let mut state: Value = serde_json::from_str(&text).unwrap();
    let supervisor = &mut state["agents"]["agent-1"]["supervisor"];
    let ticks = supervisor["start_ticks"].as_u64().unwrap();
    supervisor["start_ticks"] = (ticks + 1).into();
    started.repo.write(started.state_file(), state.to_string());
    assert_eq!(started.status()["status"], "lost");
    // The true one is let do its work before the next test.
    started.repo.write(started.state_file(), text);
    started.repo.write(go, "");
    assert_eq!(started.wait()["status"], "succeeded");
}

#[test]
fn agents_go_on_when_the_hub_that_waits_is_killed() {
    let (started, go) = patient();
    let process = started.process();
    let waiting = started.repo.hub(["wait", &started.session]).start();
    waiting.signal(Signal::KILL);
    assert_eq!(waiting.end().code(), 137);
    assert!(runs(process));
    started.repo.write(go, "");
    assert_eq!(started.wait()["status"], "succeeded");
    let eval = started
        .repo
        .hub(["eval", &started.session, "--json"])
        .json();
    assert_eq!(eval["results"][0]["metric_value"], 120.0);
}

#[test]
fn agents_go_on_when_waiting_is_interrupted() {
    let (started, go) = patient();
    let process = started.process();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let waiting = started.repo.hub(["wait", &started.session]).start();
        let stat = format!("/proc/{}/status", waiting.pid());
        wait_until(LIMIT, "the signals are caught", || catches(&stat, signal));
        waiting.signal(signal);
        waiting.end().fails(code);
        assert!(runs(process));
    }
    started.repo.write(go, "");
    assert_eq!(started.wait()["status"], "succeeded");
}

#[test]
fn stop_ends_when_nothing_is_left_to_be_written() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let spawn = ["spawn", &session, "--agent-cmd", "exec sleep 1000"];
    // How long the supervisor waits for the board.
    repo.hub(spawn).env("HUB_LOCK_TIMEOUT_S", "3").ok();
    let started = Started { repo, session };
    started.process();
    let supervisor = started.supervisor();
    // It tells of the agent's end there when the state does already.
    let lock = started.repo.hub_dir().join("board/.lock");
    let held = std::fs::File::open(lock).unwrap();
    held.lock().unwrap();
    let stop = ["stop", &started.session, "--grace", "0"];
    started.repo.hub(stop).ok();
    assert!(!runs(supervisor), "it is there when `hub stop` has ended");
}

/// Whether a process has a handler for a signal (`proc_pid_status(5)`).
fn catches(status: &str, signal: Signal) -> bool {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal.as_raw() - 1) & 1 == 1)
}
