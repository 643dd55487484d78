//! Agents that are spoken to on their stdin.

use std::time::{Duration, Instant};

use super::{LIMIT, Spoken, WAITS};
use crate::support::{TestRepo, wait_until};

const INBOX: [&str; 2] = ["--stdin", "inbox"];

/// Answers each line.
const ECHO: &str = "while read -r line; do echo \"got $line\"; done; echo over";

#[test]
fn an_agent_answers_the_lines_that_it_reads() {
    let spoken = Spoken::new("1", ECHO, &INBOX);
    for text in ["one", "two\nthree"] {
        spoken.said_to("agent-1", text);
    }
    spoken.sees("agent-1", "got one\ngot two\ngot three\n");
    let sent = spoken.repo.hub(["send", "--all", "four"]).ok();
    assert!(
        sent.stdout
            .ends_with("\nagent-1: in its inbox and on its stdin\n")
    );
    spoken.sees("agent-1", "got four\n");
    assert_eq!(spoken.status(1), "running", "its stdin has no end");
}

#[test]
fn without_it_stdin_is_empty() {
    let spoken = Spoken::new("1", &format!("{ECHO}\n{WAITS}"), &[]);
    spoken.sees("agent-1", "over\n");
}

#[test]
fn what_is_said_before_the_start_is_read_after_it() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--no-start"]).ok();
    let early = repo.hub(["send", "--all", "early"]).ok();
    assert!(early.stdout.contains("when it is started"), "{early}");
    let script = repo.script("agent.sh", ECHO);
    let spawn = ["spawn", &session, "--agent-cmd", &script];
    repo.hub(spawn.iter().chain(&INBOX)).ok();
    let spoken = Spoken { repo, session };
    for agent in ["agent-1", "agent-2"] {
        spoken.sees(agent, "got early\n");
    }
}

#[test]
fn an_agent_that_does_not_read_holds_nobody_up_and_reads_later() {
    let script = "while ! [ -e \"$HUB_DIR/../../go\" ]; do sleep 0.05; done\ncat | wc -c";
    let spoken = Spoken::new("1", script, &INBOX);
    // 1 MiB with the line feeds.
    let part = "x".repeat(64 * 1024 - 1);
    for _ in 0..16 {
        let send = spoken.repo.hub(["send", "--agent", "agent-1", "-"]);
        send.stdin(part.as_str()).ok();
    }
    assert_eq!(spoken.status(1), "running");
    let begun = Instant::now();
    spoken.repo.hub(["stop", &spoken.session]).ok();
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "the supervisor hung"
    );
    assert_eq!(spoken.status(1), "cancelled");

    // The same with an agent that reads in the end: a pipe holds less than that.
    let script =
        "while ! [ -e \"$HUB_DIR/../../go\" ]; do sleep 0.05; done\nhead -c 1048576 | wc -c\ncat";
    let spoken = Spoken::new("1", script, &INBOX);
    for _ in 0..16 {
        let send = spoken.repo.hub(["send", "--agent", "agent-1", "-"]);
        send.stdin(part.as_str()).ok();
    }
    spoken.repo.write(spoken.repo.root().join("go"), "");
    spoken.sees("agent-1", "1048576");
}

#[test]
fn an_agent_that_has_closed_its_stdin_goes_on() {
    let script = "exec <&-\necho closed\nwhile ! [ -e \"$HUB_DIR/../../go\" ]; do sleep 0.05; done";
    let spoken = Spoken::new("1", script, &INBOX);
    spoken.sees("agent-1", "closed");
    for text in ["one", "two"] {
        spoken.said_to("agent-1", text);
    }
    spoken.repo.write(spoken.repo.root().join("go"), "");
    spoken.repo.hub(["wait", &spoken.session]).ok();
    assert_eq!(spoken.status(1), "succeeded");
    assert_eq!(spoken.inbox("agent-1").matches("## ").count(), 2);
    let log = spoken.folder("agent-1").join("supervisor.log");
    assert_eq!(spoken.repo.read(log), "");
}

#[test]
fn a_retry_keeps_it_or_changes_it() {
    let script = format!("echo \"attempt $HUB_ATTEMPT\"\n{ECHO}\n{WAITS}");
    let spoken = Spoken::new("1", &script, &INBOX);
    let retry = |flags: &[&str]| {
        spoken.repo.hub(["stop", &spoken.session]).ok();
        let retry = ["retry", &spoken.session, "--agent", "agent-1"];
        spoken.repo.hub(retry.iter().chain(flags)).ok();
    };
    retry(&[]);
    spoken.sees("agent-1", "attempt 2");
    spoken.said_to("agent-1", "still there");
    spoken.sees("agent-1", "got still there");
    retry(&["--stdin", "none"]);
    spoken.sees("agent-1", "attempt 3\nover");
}

#[test]
fn a_setup_command_reads_nothing_of_it() {
    let spoken = Spoken::new("1", ECHO, &["--setup", "cat", INBOX[0], INBOX[1]]);
    spoken.said_to("agent-1", "for the agent");
    spoken.sees("agent-1", "got for the agent");
}

#[test]
fn a_preset_says_whether_its_program_is_spoken_to() {
    let repo = TestRepo::new();
    let program = repo.script("talker", &format!("cat \"$1\"\n{ECHO}"));
    repo.write(
        repo.home().join(".config/agenthub/config.yaml"),
        format!(
            "presets:\n  talker:\n    program: {program}\n    prompt: file\n    stdin: inbox\n  reader:\n    program: {program}\n"
        ),
    );
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let refused = ["spawn", "--agent", "reader", "--stdin", "inbox"];
    let refused = repo.hub(refused).fails(2);
    assert!(
        refused.stderr.contains("given its prompt on stdin"),
        "{refused}"
    );
    repo.hub(["spawn", "--agent", "talker"]).ok();
    let spoken = Spoken { repo, session };
    spoken.said_to("agent-1", "hello");
    spoken.sees("agent-1", "got hello");
    spoken.repo.hub(["stop"]).ok();
    wait_until(LIMIT, "no process is left", || {
        spoken.repo.processes().is_empty()
    });
}
