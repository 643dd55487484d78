//! What cannot be paused, and what cannot go on.

use super::Counting;
use crate::support::TestRepo;

#[test]
fn an_agent_that_is_not_there_is_not_found() {
    let counting = Counting::new("1", &[]);
    for command in ["pause", "resume"] {
        let answer = counting.hub(command, &["--agent", "agent-7"]).fails(3);
        assert_eq!(answer.stderr.lines().count(), 2, "{answer}");
        counting.hub(command, &["--agent", "x"]).fails(2);
    }
}

#[test]
fn an_agent_that_has_ended_is_not_paused() {
    let counting = Counting::new("2", &[]);
    counting.open_gate();
    counting.hub("wait", &[]).ok();
    for (command, to) in [("pause", "paused"), ("resume", "running")] {
        let answer = counting.hub(command, &["--agent", "agent-2"]).fails(4);
        let id = &counting.session;
        let error = format!("error: agent-2 of session {id} is succeeded; {to} does not follow\n");
        assert!(answer.stderr.starts_with(&error), "{answer}");
        let all = counting.hub(command, &[]).ok();
        assert!(all.stderr.contains("nothing to do"), "{all}");
        // Without a name, none fits.
        counting.repo.hub([command]).fails(3);
    }
}

#[test]
fn a_session_that_does_not_run_has_nobody_to_pause() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let refused = |state: &str| {
        for command in ["pause", "resume"] {
            let answer = repo.hub([command, &session]).fails(4);
            let error = format!("error: session {session} is {state}; ");
            assert!(answer.stderr.starts_with(&error), "{answer}");
            assert_eq!(answer.stderr.lines().count(), 2, "{answer}");
        }
    };
    refused("init");
    repo.hub(["spawn", &session, "--no-start"]).ok();
    let pause = ["pause", &session, "--agent", "agent-1"];
    let by_hand = repo.hub(pause).fails(4);
    assert!(by_hand.stderr.contains("agent-1 of session"), "{by_hand}");
    repo.hub(["archive", &session]).ok();
    refused("archived");
}
