//! Agents whose supervisor was killed, and those that wait for it in vain.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{assert_is_well, codes, findings, fixed, told};
use crate::support::{TestRepo, wait_until};

pub(super) const LIMIT: Duration = Duration::from_secs(120);

/// Changes a file and works until it is told to end, with a child that has left its group.
const PATIENT: &str = "\
echo work >work
setsid sh -c 'echo $$ >\"$HUB_DIR/../../child\"; while :; do sleep 1; done' &
while ! [ -e \"$HUB_DIR/../../gate\" ]; do sleep 0.02; done";

/// A session whose agents were spawned with a script.
pub(super) struct Spawned {
    pub repo: TestRepo,
    pub session: String,
}

impl Spawned {
    /// One of the agents runs at once.
    fn new(agents: &str, script: &str) -> Self {
        Self::with_jobs(agents, script, "1")
    }

    pub fn with_jobs(agents: &str, script: &str, jobs: &str) -> Self {
        Self::with_options(agents, script, &["--jobs", jobs])
    }

    fn with_options(agents: &str, script: &str, options: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.hub(["init", "--task", "Go", "--agents", agents]).ok();
        let session = repo.newest_session();
        let script = repo.script("agent.sh", script);
        let spawn = ["spawn", &session, "--agent-cmd", &script];
        repo.hub(spawn.iter().chain(options)).ok();
        Self { repo, session }
    }

    pub fn state(&self) -> Value {
        let folder = self.repo.hub_dir().join("sessions").join(&self.session);
        serde_json::from_str(&self.repo.read(folder.join("state.json"))).unwrap()
    }

    /// Kills the supervisor of the first agent when that is at work.
    fn orphan(&self) {
        let child = self.repo.root().join("child");
        wait_until(LIMIT, "the agent is at work", || {
            std::fs::read(&child).is_ok_and(|text| !text.is_empty())
                && self.state()["agents"]["agent-1"]["process"].is_object()
        });
        let supervisor = &self.state()["agents"]["agent-1"]["supervisor"]["pid"];
        let pid = i32::try_from(supervisor.as_i64().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        wait_until(LIMIT, "the supervisor is gone", || {
            self.statuses()[0] == "lost"
        });
    }

    pub fn statuses(&self) -> Vec<String> {
        let status = self.repo.hub(["status", &self.session, "--json"]).json();
        let agents = status["agents"].as_array().unwrap().iter();
        agents
            .map(|agent| agent["status"].as_str().unwrap().to_owned())
            .collect()
    }

    fn next(&self) -> Value {
        self.repo.hub(["status", &self.session, "--json"]).json()["next"].clone()
    }
}

impl Drop for Spawned {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", &self.session]).run();
    }
}

#[test]
fn a_lost_agent_is_told_of_with_all_that_still_runs_and_ended_without_loss() {
    let spawned = Spawned::new("1", PATIENT);
    spawned.orphan();
    let (repo, session) = (&spawned.repo, &spawned.session);
    assert_eq!(spawned.next(), "hub doctor --fix");

    let found = findings(repo);
    assert_eq!(codes(&found), ["lost_agent"]);
    assert_eq!(found[0]["session_id"], session.as_str());
    assert_eq!(found[0]["agent"], "agent-1");
    let processes = found[0]["processes"].as_array().unwrap();
    let child = repo.read(repo.root().join("child"));
    let child: u64 = child.trim().parse().unwrap();
    let pids: Vec<u64> = processes
        .iter()
        .map(|p| p["pid"].as_u64().unwrap())
        .collect();
    assert!(
        pids.contains(&child),
        "{child} of another group: {found:#?}"
    );
    assert!(pids.len() >= 2, "and the agent's own: {found:#?}");
    let text = repo.hub(["doctor"]).fails(1).stdout;
    assert!(text.contains(&format!("\n    process {child}: ")), "{text}");
    assert!(text.ends_with("\nnext: hub doctor --fix\n"), "{text}");
    assert_eq!(spawned.statuses(), ["lost"], "looking changes nothing");

    assert_eq!(codes(&fixed(repo)), ["lost_agent"]);
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
    assert_eq!(spawned.statuses(), ["cancelled"]);
    let branch = format!("hub/{session}/agent-1/attempt-1");
    assert_eq!(repo.git(["show", &format!("{branch}:work")]), "work");
    assert_is_well(repo);
}

#[test]
fn what_a_lost_agent_left_uncommitted_stays_so_where_that_was_asked_for() {
    let spawned = Spawned::with_options("1", PATIENT, &["--leftovers", "keep"]);
    spawned.orphan();
    let (repo, session) = (&spawned.repo, &spawned.session);
    let text = repo.hub(["doctor"]).fails(1).stdout;
    assert!(!text.contains("commits"), "{text}");
    assert_eq!(codes(&fixed(repo)), ["lost_agent"]);
    assert_eq!(spawned.statuses(), ["cancelled"]);
    let worktree = repo.worktree(session, "agent-1");
    let changes = repo.git_in(&worktree, ["status", "--porcelain"]);
    assert_eq!(changes, "?? work");
}

#[test]
fn stop_ends_what_a_lost_agent_has_sent_out_of_its_group() {
    let spawned = Spawned::new("1", PATIENT);
    spawned.orphan();
    spawned.repo.hub(["stop", &spawned.session]).ok();
    let repo = &spawned.repo;
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}

#[test]
fn those_that_wait_for_a_supervisor_that_is_gone_are_started() {
    let spawned = Spawned::new("3", PATIENT);
    spawned.orphan();
    let (repo, session) = (&spawned.repo, &spawned.session);
    assert_eq!(
        spawned.next(),
        "hub doctor --fix",
        "stop would hold the others"
    );
    let found = findings(repo);
    let expected = ["lost_agent", "waiting_agent", "waiting_agent"];
    assert_eq!(codes(&found), expected);
    assert_eq!(found[2]["agent"], "agent-3");

    // From now on agents come to their end.
    repo.write(repo.root().join("gate"), "");
    assert_eq!(codes(&fixed(repo)), expected);
    repo.hub(["wait", session]).fails(1);
    assert_eq!(spawned.statuses(), ["cancelled", "succeeded", "succeeded"]);
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
    assert_is_well(repo);
}

#[test]
fn what_was_stopped_before_it_was_started_does_not_wait() {
    let spawned = Spawned::new("2", PATIENT);
    spawned.repo.hub(["stop", &spawned.session]).ok();
    assert_eq!(spawned.statuses(), ["cancelled", "pending"]);
    assert_is_well(&spawned.repo);
}

#[test]
fn agents_at_work_and_those_that_they_will_start_are_well() {
    let spawned = Spawned::new("2", PATIENT);
    assert_eq!(spawned.statuses(), ["running", "pending"]);
    assert_is_well(&spawned.repo);
}

#[test]
fn a_command_that_came_with_a_clone_is_not_started() {
    let spawned = Spawned::new("2", PATIENT);
    spawned.orphan();
    let repo = &spawned.repo;
    repo.git(["add", "--force", ".agenthub"]);
    repo.git(["commit", "--quiet", "--message", "Somebody's sessions"]);
    let answer = repo.hub(["doctor", "--fix", "--json"]).fails(1);
    let report = answer.json();
    let found = report["findings"].as_array().unwrap();
    assert_eq!(codes(found), ["not_ignored", "lost_agent", "waiting_agent"]);
    let waiting = &found[2];
    assert_eq!(waiting["outcome"], "failed");
    assert!(waiting["problem"].is_string(), "{waiting}");
    assert_eq!(spawned.statuses(), ["cancelled", "pending"]);
}

#[test]
fn what_was_changed_outside_is_told_until_it_is_settled() {
    let spawned = Spawned::new("1", "echo evil >\"$HUB_DIR/../README.md\"");
    let (repo, session) = (&spawned.repo, &spawned.session);
    repo.hub(["wait", session]).ok();
    let found = told(repo, "changed_outside");
    assert_eq!(found["agent"], "agent-1");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("hub outside {session}")), "{hint}");
    repo.hub(["outside", session, "--restore", "--yes"]).ok();
    assert_is_well(repo);
}
