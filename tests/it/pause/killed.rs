//! Supervisors and hubs that are killed around a pause.

use std::fs;

use super::{Counting, LIMIT, stands_still};
use crate::support::fault::{self, Fault};
use crate::support::wait_until;

#[test]
fn a_paused_agent_without_its_supervisor_is_lost_and_can_be_stopped() {
    let counting = Counting::new("1", &[]);
    counting.counts("agent-1");
    counting.hub("pause", &[]).ok();
    let supervisor = counting.stored("agent-1")["supervisor"]["pid"].as_i64();
    let pid = rustix::process::Pid::from_raw(supervisor.unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    wait_until(LIMIT, "it is lost", || counting.statuses() == ["lost"]);
    for command in ["pause", "resume"] {
        let lost = counting.hub(command, &[]).fails(4);
        assert!(lost.stderr.contains("is lost"), "{lost}");
    }
    counting.hub("stop", &[]).ok();
    assert_eq!(counting.statuses(), ["cancelled"]);
    counting.is_left_by_all();
}

/// What is stored of the first agent is what its process does, as soon as its supervisor has
/// done what it was asked.
fn is_true(counting: &Counting) {
    let pid = counting.number("own-agent-1.pid");
    wait_until(LIMIT, "the state is true", || {
        stands_still(pid) == (counting.stored("agent-1")["status"] == "paused")
    });
}

/// A command that is killed before and after each of its steps, with an agent that runs and
/// one that waits for its start.
fn survives_kills(command: &str, before: &str, statuses: [&str; 2]) {
    let counting = Counting::new("2", &["--jobs", "1"]);
    counting.counts("agent-1");
    let log = counting.repo.root().join("steps");
    counting.hub(before, &[]).ok();
    fault::counted(counting.hub(command, &[]), &log).ok();
    let steps = fs::read_to_string(&log).unwrap().lines().count();
    assert!(steps > 0, "it writes");
    for step in 1..=steps {
        for fault in [Fault::KillBefore(step), Fault::KillAfter(step)] {
            counting.hub(before, &[]).ok();
            let killed = fault::with(counting.hub(command, &[]), &counting.repo, fault).run();
            assert_eq!(killed.code(), 137, "{fault:?}: {killed}");
            is_true(&counting);
            counting.hub(command, &[]).ok();
            is_true(&counting);
            assert_eq!(counting.statuses(), statuses, "{fault:?}");
            let held = counting.status()["agents"][1]["held"].clone();
            assert_eq!(held, command == "pause", "{fault:?}");
        }
    }
}

#[test]
fn a_pause_that_is_killed_leaves_a_true_state() {
    survives_kills("pause", "resume", ["paused", "pending"]);
}

#[test]
fn a_resume_that_is_killed_leaves_a_true_state() {
    survives_kills("resume", "pause", ["running", "pending"]);
}
