//! `hub retry` and the parts of `hub wait`: agents that have ended, one more time.

mod cut_off;

use crate::support::{TestRepo, wait_until};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// A session whose agents were started with this script.
fn spawned(agents: &str, script: &str) -> (TestRepo, String) {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", agents]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", script);
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    (repo, session)
}

/// Fails until a file is there.
const UNTIL_GOOD: &str = "\
echo \"$HUB_AGENT $HUB_ATTEMPT\" >>notes
[ $HUB_AGENT != agent-2 ] || [ -e \"$HUB_DIR/../../good\" ]";

#[test]
fn those_that_failed_are_tried_again_and_the_others_stay() {
    let (repo, session) = spawned("2", UNTIL_GOOD);
    repo.hub(["wait", &session]).fails(1);
    repo.write(repo.root().join("good"), "");
    let answer = repo.hub(["retry", &session, "--json"]).json();
    assert_eq!(answer["agents"][0]["attempt"], 1);
    assert_eq!(answer["agents"][1]["attempt"], 2);
    repo.hub(["wait", &session]).ok();
    let notes = |branch: &str| repo.git(["show", &format!("hub/{session}/{branch}:notes")]);
    assert_eq!(notes("agent-2/attempt-1"), "agent-2 1");
    assert_eq!(
        notes("agent-2/attempt-2"),
        "agent-2 2",
        "from the base commit"
    );
}

#[test]
fn with_continue_it_goes_on_from_where_it_ended() {
    let (repo, session) = spawned("2", UNTIL_GOOD);
    repo.hub(["wait", &session]).fails(1);
    repo.write(repo.root().join("good"), "");
    repo.hub(["retry", &session, "--agent", "agent-2", "--continue"])
        .ok();
    repo.hub(["wait", &session]).ok();
    let notes = format!("hub/{session}/agent-2/attempt-2:notes");
    assert_eq!(repo.git(["show", &notes]), "agent-2 1\nagent-2 2");
}

#[test]
fn one_that_succeeded_is_tried_again_when_it_is_named() {
    let (repo, session) = spawned("2", "true");
    repo.hub(["wait", &session]).ok();
    let nothing = repo.hub(["retry", &session]).ok();
    assert!(nothing.stderr.contains("no agent has ended"), "{nothing}");
    repo.hub(["retry", &session, "--agent", "agent-1"]).ok();
    repo.hub(["wait", &session]).ok();
    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["agents"][0]["attempt"], 2);
    assert_eq!(status["agents"][1]["attempt"], 1);
}

#[test]
fn one_that_runs_or_is_not_there_is_refused() {
    let (repo, session) = spawned("1", "while :; do sleep 1; done");
    let running = repo.hub(["retry", &session, "--agent", "agent-1"]).fails(4);
    assert!(running.stderr.contains("agent-1"), "{running}");
    repo.hub(["retry", &session, "--agent", "agent-9"]).fails(3);
    repo.hub(["stop", &session]).ok();
}

#[test]
fn a_worktree_with_uncommitted_work_is_refused_and_stays() {
    let (repo, session) = spawned("1", "exit 1");
    repo.hub(["wait", &session]).fails(8);
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("draft"), "mine");
    let refused = repo.hub(["retry", &session]).fails(6);
    assert!(refused.stderr.contains("draft"), "{refused}");
    assert_eq!(repo.read(worktree.join("draft")), "mine");
    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["agents"][0]["attempt"], 1);
}

#[test]
fn waiting_for_any_ends_with_the_first_and_waiting_for_one_with_that_one() {
    let script = "while ! [ -e \"$HUB_DIR/../../$HUB_AGENT\" ]; do sleep 0.02; done";
    let (repo, session) = spawned("2", script);
    let open = |agent: &str| repo.write(repo.root().join(agent), "");
    open("agent-2");
    repo.hub(["wait", &session, "--any"]).run();
    let named = ["wait", &session, "--agent", "agent-2", "--json"];
    let report = repo.hub(named).json();
    assert_eq!(report["agents"].as_array().unwrap().len(), 1);
    assert_eq!(report["agents"][0]["status"], "succeeded");
    repo.hub(["wait", &session, "--agent", "agent-1", "--timeout", "0"])
        .fails(1);
    open("agent-1");
    repo.hub(["wait", &session]).ok();
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}
