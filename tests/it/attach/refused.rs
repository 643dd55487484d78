//! Where nobody can attach.

use super::{ECHO, InTerminals};
use crate::support::{Terminal, TestRepo};

/// What a person reads who cannot attach.
fn fails(repo: &TestRepo, words: &[&str], status: i32) -> String {
    let hub = repo.hub([&["attach"], words].concat());
    let (code, screen) = Terminal::start(hub, 200).ends();
    assert_eq!(code, status, "{screen}");
    assert!(screen.contains("hint:"), "{screen}");
    crate::support::plain(&screen)
}

#[test]
fn without_a_terminal_here() {
    let agent = InTerminals::new("1", ECHO, &[]);
    let answer = agent.repo.hub(["attach"]).fails(2);
    assert!(answer.stderr.contains("must be a terminal"), "{answer}");
    assert!(answer.stderr.contains("hub logs --follow"), "{answer}");
}

#[test]
fn without_a_terminal_there() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", "while :; do sleep 0.1; done");
    repo.hub(["spawn", "--agent-cmd", &script]).ok();
    let agent = InTerminals { repo, session };
    let said = fails(&agent.repo, &["agent-1"], 3);
    assert!(said.contains("there is no session with an agent that runs in a terminal"));
    let said = fails(&agent.repo, &[&agent.session, "agent-1"], 4);
    assert!(said.contains("agent-1 of session"), "{said}");
    assert!(said.contains("does not run in a terminal"), "{said}");
    assert!(said.contains("--agent agent-1 --follow"), "{said}");
    fails(&agent.repo, &[&agent.session], 4);
}

#[test]
fn an_agent_that_is_not_meant_or_not_there() {
    let agent = InTerminals::new(
        "2",
        &format!("[ $HUB_AGENT = agent-1 ] || exit 0\n{ECHO}"),
        &["--jobs", "2"],
    );
    let session = agent.session.as_str();
    agent.repo.hub(["wait", session, "--agent", "agent-2"]).ok();
    let said = fails(&agent.repo, &[session, "agent-2"], 4);
    assert!(said.contains("agent-2 of session"), "{said}");
    assert!(said.contains("has ended"), "{said}");
    fails(&agent.repo, &[session, "agent-7"], 3);
    fails(&agent.repo, &[session, "../x"], 2);

    let several = InTerminals::new("2", ECHO, &[]);
    let said = fails(&several.repo, &[], 2);
    assert!(said.contains("agent-1, agent-2"), "{said}");
}
