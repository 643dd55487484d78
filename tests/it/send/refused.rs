//! What cannot be said, and to whom nothing can be said.

use super::{Spoken, WAITS};
use crate::support::TestRepo;

#[test]
fn what_is_no_message_is_a_usage_error_and_leaves_no_inbox() {
    let spoken = Spoken::new("1", WAITS, &[]);
    let say = |text: &str| spoken.repo.hub(["send", "--all", "-"]).stdin(text).fails(2);
    for (text, why) in [
        (String::new(), "it is empty"),
        (" \n\n".to_owned(), "it is empty"),
        ("a\0b".to_owned(), "control character"),
        ("\x1b]0;title\x07".to_owned(), "control character"),
        ("x".repeat(1_000_000), "longer than 64 KiB"),
        ("é".repeat(4_000_000), "longer than 64 KiB"),
    ] {
        let answer = say(&text);
        assert!(answer.stderr.contains(why), "{answer}");
        assert!(answer.stderr.len() < 1000, "{} bytes", answer.stderr.len());
    }
    assert!(!spoken.folder("agent-1").join("inbox.md").exists());
    let empty = spoken.repo.hub(["send", "--all", ""]).fails(2);
    assert!(empty.stderr.contains("it is empty"), "{empty}");
    let bytes = spoken
        .repo
        .hub(["send", "--all", "-"])
        .stdin(b"\xff\xfe".to_vec());
    assert!(bytes.fails(1).stderr.contains("utf-8"));
}

#[test]
fn words_that_cannot_be_meant_are_usage_errors() {
    let spoken = Spoken::new("1", WAITS, &[]);
    let session = spoken.session.as_str();
    let fails = |words: &[&str], part: &str| {
        let answer = spoken.repo.hub([&["send"], words].concat()).fails(2);
        assert!(answer.stderr.contains(part), "{answer}");
        assert!(answer.stderr.contains("\nhint: "), "{answer}");
    };
    fails(&["hello"], "--agent");
    fails(&["--agent", "agent-1"], "nothing to say");
    fails(&["--agent", "agent-1", session], "nothing to say");
    fails(&["--all", "--agent", "agent-1", "x"], "--agent");
    fails(&["--agent", "../x", "x"], "not an agent");
    fails(&["--all", "-F", "README.md", session, "x"], "beside it");
    let missing = spoken.repo.hub(["send", "--all", "-F", "missing"]).fails(1);
    assert!(missing.stderr.contains("missing"), "{missing}");
    spoken
        .repo
        .hub(["send", "--agent", "agent-7", "x"])
        .fails(3);
    spoken.repo.hub(["send", "2020", "--all", "x"]).fails(3);
}

#[test]
fn an_agent_that_has_ended_is_spoken_to_no_more() {
    let script = format!("[ $HUB_AGENT = agent-1 ] || {{ {WAITS}; }}");
    let spoken = Spoken::new("2", &script, &[]);
    let only = ["wait", &spoken.session, "--agent", "agent-1"];
    spoken.repo.hub(only).ok();
    let ended = spoken
        .repo
        .hub(["send", "--agent", "agent-1", "x"])
        .fails(4);
    assert_eq!(
        ended.stderr,
        format!(
            "error: agent-1 of session {0} has ended: it is succeeded\nhint: `hub retry {0} --agent agent-1` gives it another attempt, with an empty inbox\n",
            spoken.session
        )
    );
    // All are those that are left.
    let sent = spoken.repo.hub(["send", "--all", "x"]).ok();
    assert!(sent.stdout.ends_with("\nagent-2: in its inbox\n"), "{sent}");
    spoken.repo.hub(["stop"]).ok();
    let nobody = spoken.repo.hub(["send", "--all", "x", "--json"]).fails(4);
    assert!(nobody.stderr.contains("wrong_state"), "{nobody}");
}

#[test]
fn a_session_that_does_not_run_has_nobody_to_speak_to() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go"]).ok();
    let session = repo.newest_session();
    let early = repo.hub(["send", &session, "--all", "x"]).fails(4);
    assert!(early.stderr.contains("is init"), "{early}");
    assert!(
        early.stderr.contains(&format!("`hub spawn {session}`")),
        "{early}"
    );
    let none = repo.hub(["send", "--all", "x"]).fails(3);
    assert!(
        none.stderr.contains("there is no session running"),
        "{none}"
    );
    repo.hub(["archive", &session]).ok();
    repo.hub(["send", &session, "--all", "x"]).fails(4);
}
