//! SIGKILL of supervisors at any moment: before they are ready, before the agent's start, while
//! it works, while its end is recorded, while the next is started.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::fault::{self, SupervisorKill};
use crate::support::{Hub, TestRepo, wait_until};

use super::words;
use crate::support::invariants::check_journal;

/// Waiting for processes: more than any machine needs.
const LIMIT: Duration = Duration::from_secs(120);

/// How many of a supervisor's steps are hit unless all are asked for.
const SELECTED: usize = 8;

/// A session of two agents of which one runs at once: its supervisor starts the other.
fn spawn(repo: &TestRepo) -> (String, Hub) {
    repo.hub(words("init --task fast --agents 2")).ok();
    let session = repo.newest_session();
    let mut command = words(&format!("spawn {session} --jobs 1 --agent-cmd"));
    command.push(repo.agent_script());
    let hub = repo.hub(&command);
    (session, hub)
}

fn nothing_runs(repo: &TestRepo) {
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}

fn statuses(repo: &TestRepo, session: &str) -> Vec<String> {
    let status = repo.hub(["status", session, "--json"]).json();
    let agents = status["agents"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    agents.map(|agent| text(&agent["status"])).collect()
}

/// The steps of the supervisor that takes most of them.
fn steps() -> Vec<String> {
    let repo = TestRepo::new().with_bench();
    let (session, hub) = spawn(&repo);
    let logs = repo.root().join("steps");
    fs::create_dir(&logs).unwrap();
    fault::supervisors_counted(hub, &logs.join("of")).ok();
    repo.hub(["wait", &session]).ok();
    nothing_runs(&repo);
    let entries = fs::read_dir(logs).unwrap();
    let read = entries.map(|entry| repo.read(entry.unwrap().path()));
    let longest = read.max_by_key(String::len).unwrap();
    longest.lines().map(str::to_owned).collect()
}

/// Kills supervisors there, checks what hub says of it, lets `doctor --fix` settle it, and returns
/// how the agents were shown before.
fn survives(kill: SupervisorKill) -> Vec<String> {
    let repo = TestRepo::new().with_bench();
    let (session, hub) = spawn(&repo);
    let answer = fault::in_supervisors(hub, kill).run();
    assert!(
        [0, 1].contains(&answer.code()),
        "hub itself goes on: {answer}"
    );
    // Agents come to their end with and without a supervisor.
    nothing_runs(&repo);
    let shown = statuses(&repo, &session);
    let known = ["pending", "lost", "succeeded"];
    assert!(
        shown.iter().all(|status| known.contains(&status.as_str())),
        "{shown:?}"
    );

    repo.hub(["doctor", "--fix"]).run();
    let waited = repo.hub(["wait", &session]).run();
    nothing_runs(&repo);
    let settled = statuses(&repo, &session);
    let known = ["cancelled", "succeeded"];
    assert!(
        settled
            .iter()
            .all(|status| known.contains(&status.as_str())),
        "{settled:?} after {shown:?}: {waited}"
    );
    let doctor = repo.hub(["doctor"]).ok();
    for (agent, (status, before)) in settled.iter().zip(&shown).enumerate() {
        let branch = format!("hub/{session}/agent-{}/attempt-1", agent + 1);
        let subject = repo.git(["show", "--no-patch", "--format=%s", &branch]);
        // What was lost may have been hit before it did anything.
        let worked = subject.starts_with(&format!("agent-{}: ", agent + 1));
        assert!(
            worked || before == "lost" && status == "cancelled",
            "{subject}: {doctor}"
        );
    }
    check_journal(&repo, &session);
    repo.git(["fsck", "--strict"]);
    repo.hub(["archive", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    shown
}

#[test]
fn one_that_is_killed_before_it_is_ready_leaves_agents_that_wait() {
    let shown = survives(SupervisorKill::First);
    assert_eq!(shown, ["pending", "pending"]);
}

#[test]
fn one_that_is_killed_when_it_is_ready_leaves_agents_that_never_ran() {
    let shown = survives(SupervisorKill::Ready);
    // The state may tell of the first by then, or not yet.
    assert!(
        ["lost", "pending"].contains(&shown[0].as_str()),
        "{shown:?}"
    );
    assert_eq!(shown[1], "pending");
}

#[test]
fn one_that_is_killed_at_any_of_its_steps_leaves_nothing_that_cannot_be_settled() {
    let steps = steps();
    let count = steps.len();
    assert!(count > 2 * SELECTED, "{steps:?}");
    let all = std::env::var_os("HUB_TEST_ALL").is_some();
    let selected: BTreeSet<usize> = if all {
        (1..=count).collect()
    } else {
        (0..SELECTED)
            .map(|nth| 1 + nth * (count - 1) / (SELECTED - 1))
            .collect()
    };
    let mut seen = BTreeSet::new();
    for step in selected {
        seen.extend(survives(SupervisorKill::Before(step)));
    }
    // Before the end was recorded, and after it.
    assert!(
        seen.contains("lost") && seen.contains("succeeded"),
        "{seen:?}"
    );
}
