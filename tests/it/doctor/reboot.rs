//! After the machine went down while agents worked: nothing of them runs, and their numbers may
//! be other processes' by now.

use std::os::unix::process::CommandExt;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};

use super::agents::Spawned;
use super::{assert_is_well, codes, findings, fixed};
use crate::support::wait_until;

/// Changes a file and works until it is told to end.
const PATIENT: &str = "\
echo work >work
while ! [ -e \"$HUB_DIR/../../gate\" ]; do sleep 0.02; done";

fn pid(mark: &Value) -> Pid {
    let number = i32::try_from(mark["pid"].as_i64().unwrap()).unwrap();
    Pid::from_raw(number).unwrap()
}

/// A process that has nothing to do with hub, and the mark that it has.
fn stranger(spawned: &Spawned) -> (Child, Value) {
    let mut command = spawned.repo.shell("exec sleep 1000");
    let child = command.process_group(0).spawn().unwrap();
    let stat = spawned.repo.read(format!("/proc/{}/stat", child.id()));
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').nth(19).unwrap().parse().unwrap();
    let boot = spawned.repo.read("/proc/sys/kernel/random/boot_id");
    let mark = json!({ "pid": child.id(), "start_ticks": ticks, "boot": boot.trim() });
    (child, mark)
}

/// Ends two agents at work with their supervisors, as a power cut does, and lets the state be of
/// an earlier boot. In it the two have the number and the start time of `stranger`.
fn reboot(spawned: &Spawned, stranger: &Value) {
    let both = ["agent-1", "agent-2"];
    wait_until(super::agents::LIMIT, "both are at work", || {
        let state = spawned.state();
        let worktree = |agent: &str| spawned.repo.worktree(&spawned.session, agent);
        let at_work = |agent: &&str| {
            let work = std::fs::read(worktree(agent).join("work"));
            state["agents"][*agent]["process"].is_object()
                && work.is_ok_and(|work| work == b"work\n")
        };
        both.iter().all(at_work)
    });
    let mut state = spawned.state();
    for agent in both {
        // The supervisor first: it would tell of the agent's end.
        kill_process(pid(&state["agents"][agent]["supervisor"]), Signal::KILL).unwrap();
        kill_process_group(pid(&state["agents"][agent]["process"]), Signal::KILL).unwrap();
    }
    wait_until(super::agents::LIMIT, "all is dark", || {
        let left = spawned.repo.processes();
        left.iter().all(|command| command == "sleep 1000")
    });
    for agent in both {
        for role in ["supervisor", "process"] {
            let mark = &mut state["agents"][agent][role];
            *mark = stranger.clone();
            mark["boot"] = "00000000-0000-4000-8000-000000000000".into();
        }
    }
    let folder = spawned
        .repo
        .hub_dir()
        .join("sessions")
        .join(&spawned.session);
    spawned
        .repo
        .write(folder.join("state.json"), state.to_string());
}

#[test]
fn every_agent_that_was_at_work_is_lost_and_what_has_its_number_is_left_alone() {
    let spawned = Spawned::with_jobs("3", PATIENT, "2");
    let (mut other, mark) = stranger(&spawned);
    reboot(&spawned, &mark);
    let (repo, session) = (&spawned.repo, &spawned.session);

    assert_eq!(spawned.statuses(), ["lost", "lost", "pending"]);
    let waited = repo.hub(["wait", session]).fails(8);
    assert!(
        waited.stdout.contains("agent-1  lost"),
        "nothing is waited for: {waited}"
    );
    let eval = repo.hub(["eval", session]).fails(4);
    assert!(eval.stderr.contains("agent-1 of session "), "{eval}");
    let figures = repo.hub(["metrics", session, "--json"]).json();
    assert_eq!(figures["total"]["agents_by_status"]["lost"], 2);
    assert_eq!(figures["total"]["agents_by_status"]["running"], 0);

    let found = findings(repo);
    let expected = ["lost_agent", "lost_agent", "waiting_agent"];
    assert_eq!(codes(&found), expected);
    for (finding, agent) in found.iter().zip(["agent-1", "agent-2", "agent-3"]) {
        assert_eq!(finding["agent"], agent);
        assert_eq!(
            finding["processes"],
            json!([]),
            "nothing of it runs: {finding}"
        );
    }
    repo.write(repo.root().join("gate"), "");
    assert_eq!(codes(&fixed(repo)), expected);
    repo.hub(["wait", session]).fails(1);
    assert_eq!(spawned.statuses(), ["cancelled", "cancelled", "succeeded"]);
    for agent in ["agent-1", "agent-2"] {
        let work = format!("hub/{session}/{agent}/attempt-1:work");
        assert_eq!(repo.git(["show", &work]), "work", "its work is kept");
    }
    assert!(other.try_wait().unwrap().is_none(), "it is nobody's agent");
    other.kill().unwrap();
    other.wait().unwrap();
    assert_is_well(repo);
}

#[test]
fn stop_and_retry_settle_them_too_and_leave_what_has_their_number_alone() {
    let spawned = Spawned::with_jobs("2", PATIENT, "2");
    let (mut other, mark) = stranger(&spawned);
    reboot(&spawned, &mark);
    let (repo, session) = (&spawned.repo, &spawned.session);
    repo.hub(["stop", session, "--agent", "agent-1"]).ok();
    assert_eq!(spawned.statuses(), ["cancelled", "lost"]);
    repo.write(repo.root().join("gate"), "");
    repo.hub(["retry", session]).ok();
    repo.hub(["wait", session]).ok();
    assert_eq!(spawned.statuses(), ["succeeded", "succeeded"]);
    assert_eq!(spawned.state()["agents"]["agent-2"]["attempt"], 2);
    assert!(other.try_wait().unwrap().is_none(), "it is nobody's agent");
    other.kill().unwrap();
    other.wait().unwrap();
    assert_is_well(repo);
}
