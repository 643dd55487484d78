//! `hub logs`: what agents have printed, and what they go on printing.

mod since;

use serde_json::Value;

use crate::support::TestRepo;

/// A session of two agents that have said this.
fn said(script: &str) -> (TestRepo, String) {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", script);
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    repo.hub(["wait", &session]).ok();
    (repo, session)
}

const TALK: &str =
    "for n in 1 2 3; do echo \"$HUB_AGENT says $n\"; done; printf unfinished; echo oops >&2";

#[test]
fn of_one_agent_are_what_it_printed_to_the_byte() {
    let (repo, session) = said(TALK);
    let logs = repo.hub(["logs", &session, "--agent", "agent-1"]).ok();
    assert_eq!(
        logs.stdout,
        "agent-1 says 1\nagent-1 says 2\nagent-1 says 3\nunfinished"
    );
    let stderr = ["logs", &session, "--agent", "agent-1", "--stderr"];
    assert_eq!(repo.hub(stderr).ok().stdout, "oops\n");
}

#[test]
fn of_several_agents_name_whose_line_it_is() {
    let (repo, session) = said(TALK);
    let logs = repo.hub(["logs", &session, "--tail", "2"]).ok();
    insta::assert_snapshot!(logs.stdout, @r"
    agent-1 | agent-1 says 3
    agent-1 | unfinished
    agent-2 | agent-2 says 3
    agent-2 | unfinished
    ");
}

#[test]
fn as_documents() {
    let (repo, session) = said(TALK);
    let logs = repo.hub(["logs", &session, "--tail", "1", "--json"]).json();
    assert_eq!(logs["session_id"], session.as_str());
    assert_eq!(logs["lines"][1]["agent"], "agent-2");
    assert_eq!(logs["lines"][1]["stream"], "stdout");
    assert_eq!(logs["lines"][1]["line"], "unfinished");

    let follow = ["logs", &session, "--follow", "--json", "--agent", "agent-1"];
    let lines: Vec<Value> = repo
        .hub(follow)
        .ok()
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["line"], "agent-1 says 1");
}

#[test]
fn that_are_followed_come_as_they_are_printed_and_end_with_the_agents() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    // The agent ends only after its first line was followed and answered.
    let script = repo.script(
        "agent.sh",
        "echo first; while ! [ -e \"$HUB_DIR/../../seen\" ]; do sleep 0.02; done; echo last",
    );
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    let hub = env!("CARGO_BIN_EXE_hub");
    let seen = repo.root().join("seen");
    let line = format!(
        "'{hub}' logs {session} --agent agent-1 --follow | while read -r line; do echo \"got $line\"; : >'{}'; done",
        seen.display()
    );
    let follower = repo.script("follow.sh", &line);
    assert_eq!(repo.run_script(&follower), "got first\ngot last\n");
}

#[test]
fn of_an_earlier_attempt_stay() {
    let (repo, session) = said("echo \"attempt $HUB_ATTEMPT\"");
    repo.hub(["retry", &session, "--agent", "agent-1"]).ok();
    repo.hub(["wait", &session]).ok();
    let logs = |attempt: &str| {
        let logs = ["logs", &session, "--agent", "agent-1", "--attempt", attempt];
        repo.hub(logs).ok().stdout
    };
    assert_eq!(logs("1"), "attempt 1\n");
    assert_eq!(logs("2"), "attempt 2\n");
}

#[test]
fn of_an_agent_that_is_not_there_are_not_found() {
    let (repo, session) = said("true");
    repo.hub(["logs", &session, "--agent", "agent-7"]).fails(3);
}
