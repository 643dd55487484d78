//! Agents that wait for their turn, and those that get another attempt.

use std::time::Duration;

use serde_json::Value;

use crate::support::{TestRepo, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

/// A session of this many agents, spawned with these options.
fn spawned(agents: &str, script: &str, options: &[&str]) -> (TestRepo, String) {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", agents]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", script);
    let spawn = ["spawn", &session, "--agent-cmd", &script];
    repo.hub(spawn.iter().chain(options)).ok();
    (repo, session)
}

fn statuses(repo: &TestRepo, session: &str) -> Vec<String> {
    let status = repo.hub(["status", session, "--json"]).json();
    let agents = status["agents"].as_array().unwrap();
    let status = |agent: &Value| agent["status"].as_str().unwrap().to_owned();
    agents.iter().map(status).collect()
}

/// What the journal says of an operation, in order: `agent-1 attempt…`.
fn journal(repo: &TestRepo, session: &str, operation: &str, phase: &str) -> Vec<Value> {
    let events = repo.hub(["events", session, "--json"]).json();
    let events = events["events"].as_array().unwrap().iter();
    events
        .filter(|event| event["operation"] == operation && event["phase"] == phase)
        .map(|event| event["detail"].clone())
        .collect()
}

fn assert_nothing_runs(repo: &TestRepo) {
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}

/// Each agent leaves a mark while it runs, and notes how many marks it saw.
const COUNTED: &str = "\
folder=$HUB_DIR/../../marks
mkdir -p \"$folder\"
: >\"$folder/$HUB_AGENT\"
sleep 0.05
ls \"$folder\" | wc -l
rm \"$folder/$HUB_AGENT\"";

#[test]
fn no_more_run_at_once_than_asked_for() {
    let (repo, session) = spawned("8", COUNTED, &["--jobs", "2"]);
    let waited = repo.hub(["wait", &session, "--json"]).json();
    for agent in waited["agents"].as_array().unwrap() {
        assert_eq!(agent["status"], "succeeded", "{agent}");
        let name = agent["agent"].as_str().unwrap();
        let log = format!(".agenthub/sessions/{session}/agents/{name}/stdout.log");
        let seen: u32 = repo.read(&log).trim().parse().unwrap();
        assert!((1..=2).contains(&seen), "{name} saw {seen} at work");
    }
    assert_nothing_runs(&repo);
}

#[test]
fn of_twenty_at_most_four_run_at_once_and_all_end() {
    let (repo, session) = spawned("20", COUNTED, &["--jobs", "4"]);
    // Held against what the agents say of themselves: what the state tells at any moment.
    let mut most = 0;
    wait_until(LIMIT, "all have ended", || {
        let statuses = statuses(&repo, &session);
        let count = |status: &str| statuses.iter().filter(|found| *found == status).count();
        most = most.max(count("running"));
        assert!(count("running") <= 4, "{statuses:?}");
        count("succeeded") == 20
    });
    assert!(most > 0, "some were seen at work");
    for nth in 1..=20 {
        let log = format!(".agenthub/sessions/{session}/agents/agent-{nth}/stdout.log");
        let seen: u32 = repo.read(&log).trim().parse().unwrap();
        assert!((1..=4).contains(&seen), "agent-{nth} saw {seen} at work");
    }
    assert_nothing_runs(&repo);
    assert_eq!(journal(&repo, &session, "start", "done").len(), 20);
}

#[test]
fn those_that_wait_are_pending_and_waited_for() {
    let gate = "while ! [ -e \"$HUB_DIR/../../gate\" ]; do sleep 0.02; done";
    let (repo, session) = spawned("3", gate, &["--jobs", "1"]);
    assert_eq!(statuses(&repo, &session), ["running", "pending", "pending"]);
    let early = repo.hub(["wait", &session, "--timeout", "0"]).fails(1);
    assert!(early.stdout.contains("agent-3  pending"), "{early}");
    let eval = repo.hub(["eval", &session]).fails(4);
    assert!(eval.stderr.contains("still runs"), "{eval}");

    repo.write(repo.root().join("gate"), "");
    repo.hub(["wait", &session]).ok();
    assert_eq!(statuses(&repo, &session), ["succeeded"; 3]);
    assert_nothing_runs(&repo);
}

#[test]
fn what_is_stopped_while_it_waits_is_not_started() {
    let (repo, session) = spawned("3", "while :; do sleep 1; done", &["--jobs", "1"]);
    repo.hub(["stop", &session]).ok();
    assert_nothing_runs(&repo);
    assert_eq!(
        statuses(&repo, &session),
        ["cancelled", "pending", "pending"]
    );
    assert_eq!(journal(&repo, &session, "start", "done").len(), 1);

    // Whoever asks for them to be started gets them started.
    repo.hub(["spawn", &session, "--agent-cmd", "true"]).ok();
    repo.hub(["wait", &session]).fails(1);
    assert_eq!(
        statuses(&repo, &session),
        ["cancelled", "succeeded", "succeeded"]
    );
}

#[test]
fn an_agent_that_fails_gets_another_attempt_from_the_base_commit() {
    let script = "\
echo \"try $HUB_ATTEMPT\"
echo \"$HUB_ATTEMPT\" >result
[ \"$HUB_ATTEMPT\" = 3 ]";
    let options = ["--retries", "3", "--retry-pause", "0"];
    let (repo, session) = spawned("1", script, &options);
    repo.hub(["wait", &session]).ok();
    assert_nothing_runs(&repo);

    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["agents"][0]["attempt"], 3);
    assert_eq!(status["agents"][0]["commits_ahead"], 1, "it began anew");
    for attempt in ["1", "2", "3"] {
        let branch = format!("hub/{session}/agent-1/attempt-{attempt}");
        assert_eq!(repo.git(["show", &format!("{branch}:result")]), attempt);
    }
    let folder = format!(".agenthub/sessions/{session}/agents/agent-1");
    assert_eq!(
        repo.read(format!("{folder}/attempt-2/stdout.log")),
        "try 2\n"
    );
    assert_eq!(repo.read(format!("{folder}/stdout.log")), "try 3\n");
    let prompt = repo.read(format!("{folder}/prompt.md"));
    assert!(prompt.contains("attempt-3"), "{prompt}");
    let branches: Vec<Value> = journal(&repo, &session, "retry", "begin");
    assert_eq!(branches.len(), 2, "each is in the journal: {branches:?}");
}

#[test]
fn an_agent_that_goes_on_failing_has_failed_in_the_end() {
    let options = ["--retries", "2", "--retry-pause", "0"];
    let (repo, session) = spawned("1", "exit 7", &options);
    repo.hub(["wait", &session]).fails(8);
    assert_nothing_runs(&repo);
    assert_eq!(journal(&repo, &session, "finish", "done").len(), 3);
    assert_eq!(statuses(&repo, &session), ["failed"]);
}

#[test]
fn an_agent_that_was_stopped_gets_no_other_attempt() {
    let script = "echo >>\"$HUB_DIR/../../starts\"; exit 1";
    let options = ["--retries", "5", "--retry-pause", "300"];
    let (repo, session) = spawned("1", script, &options);
    let started = repo.root().join("starts");
    wait_until(LIMIT, "the first attempt has failed", || {
        started.exists() && statuses(&repo, &session) == ["pending"]
    });
    repo.hub(["stop", &session]).ok();
    assert_nothing_runs(&repo);
    assert_eq!(statuses(&repo, &session), ["pending"]);
    assert_eq!(repo.read(&started), "\n");
}

#[test]
fn leftovers_stay_where_they_are_when_asked_for() {
    let script = "echo 1 >draft.txt";
    let (repo, session) = spawned("1", script, &["--leftovers", "keep"]);
    repo.hub(["wait", &session]).ok();
    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["agents"][0]["uncommitted_files"], 1);
    assert_eq!(status["agents"][0]["commits_ahead"], 0);
}

#[test]
fn every_attempt_is_kept_when_the_session_is_archived() {
    let script = "echo \"$HUB_ATTEMPT\" >result; [ \"$HUB_ATTEMPT\" = 2 ]";
    let options = ["--retries", "1", "--retry-pause", "0"];
    let (repo, session) = spawned("1", script, &options);
    repo.hub(["wait", &session]).ok();
    repo.hub(["archive", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    let tag = format!("hub/archive/{session}/agent-1");
    assert_eq!(repo.git(["show", &format!("{tag}:result")]), "2");
    let older = format!("{tag}.attempt-1:result");
    assert_eq!(repo.git(["show", &older]), "1");
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}
