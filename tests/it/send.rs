//! `hub send`: what is said to agents, their inboxes, and their stdin.

mod refused;
mod stdin;

use std::path::PathBuf;
use std::time::Duration;

use crate::support::{TestRepo, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

/// A session whose agents were started and go on until they are stopped.
struct Spoken {
    repo: TestRepo,
    session: String,
}

impl Spoken {
    fn new(agents: &str, script: &str, flags: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.hub(["init", "--task", "Go", "--agents", agents]).ok();
        let session = repo.newest_session();
        let script = repo.script("agent.sh", script);
        let spawn = ["spawn", &session, "--agent-cmd", &script];
        repo.hub(spawn.iter().chain(flags)).ok();
        Self { repo, session }
    }

    fn folder(&self, agent: &str) -> PathBuf {
        let sessions = self.repo.hub_dir().join("sessions");
        sessions.join(&self.session).join("agents").join(agent)
    }

    fn inbox(&self, agent: &str) -> String {
        self.repo.read(self.folder(agent).join("inbox.md"))
    }

    fn said_to(&self, agent: &str, text: &str) {
        self.repo
            .hub(["send", &self.session, "--agent", agent, text])
            .ok();
    }

    /// Waits until an agent has printed this.
    fn sees(&self, agent: &str, text: &str) {
        let log = self.folder(agent).join("stdout.log");
        wait_until(LIMIT, &format!("{agent} prints {text:?}"), || {
            std::fs::read_to_string(&log).is_ok_and(|said| said.contains(text))
        });
    }

    fn status(&self, agent: usize) -> String {
        let status = self.repo.hub(["status", &self.session, "--json"]).json();
        let status = &status["agents"][agent - 1]["status"];
        status.as_str().unwrap().to_owned()
    }
}

impl Drop for Spoken {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", &self.session]).run();
    }
}

const WAITS: &str = "while :; do sleep 0.1; done";

#[test]
fn a_message_stands_in_the_inbox_with_time_and_sender() {
    let spoken = Spoken::new("2", WAITS, &[]);
    let sent = spoken
        .repo
        .hub(["send", "--agent", "agent-2", "Mind the tests.\n---\nAll."])
        .ok();
    let expected = format!("session {}\nagent-2: in its inbox\n", spoken.session);
    assert_eq!(sent.stdout, expected);
    let inbox = crate::support::without_owner(&spoken.repo.normalised(&spoken.inbox("agent-2")));
    let (head, text) = inbox.split_once('\n').unwrap();
    assert!(head.starts_with("## [TIME] from "), "{head}");
    assert_eq!(text, "\nMind the tests.\n\\---\nAll.\n\n---\n");
    assert!(!spoken.folder("agent-1").join("inbox.md").exists());

    let events = spoken.repo.hub(["events", "--json"]).json();
    let last = events["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["operation"], "send");
    assert_eq!(last["detail"]["agents"], serde_json::json!(["agent-2"]));
    assert_eq!(last["detail"]["bytes"], 24);
}

#[test]
fn all_are_told_what_a_file_or_stdin_says() {
    let spoken = Spoken::new("2", WAITS, &[]);
    let repo = &spoken.repo;
    repo.write("note.txt", "from a file\r\nof two lines\n");
    repo.hub(["send", "--all", "--file", "note.txt"]).ok();
    let piped = repo.hub(["send", &spoken.session, "--all", "-"]);
    piped.stdin("from stdin\n").ok();
    for agent in ["agent-1", "agent-2"] {
        let inbox = spoken.inbox(agent);
        assert!(
            inbox.contains("\n\nfrom a file\nof two lines\n\n---\n"),
            "{inbox}"
        );
        assert!(inbox.ends_with("\n\nfrom stdin\n\n---\n"), "{inbox}");
    }
}

#[test]
fn an_agent_is_told_of_its_inbox_and_speaks_in_its_own_name() {
    let hub = env!("CARGO_BIN_EXE_hub");
    let script = format!(
        "grep -F \"$HUB_INBOX\" \"$HUB_PROMPT_FILE\"\n[ $HUB_AGENT != agent-1 ] || '{hub}' send \"$HUB_SESSION\" --agent agent-2 'I do the parser'\n{WAITS}"
    );
    let spoken = Spoken::new("2", &script, &[]);
    spoken.sees("agent-2", "inbox.md");
    let inbox = spoken.folder("agent-2").join("inbox.md");
    // It is there before the first message is.
    wait_until(LIMIT, "agent-1 has spoken in its own name", || {
        let said = " from agent-1\n\nI do the parser\n";
        inbox.exists() && spoken.inbox("agent-2").contains(said)
    });
}

#[test]
fn what_twenty_say_at_once_is_whole_and_nothing_is_lost() {
    let spoken = Spoken::new("1", WAITS, &[]);
    let long = |nth: usize| format!("begin {nth} {} end {nth}", "x".repeat(20_000));
    let senders: Vec<_> = (0..20)
        .map(|nth| {
            let words = ["send", "--agent", "agent-1", "--lock-timeout", "100", "-"];
            spoken.repo.hub(words).stdin(long(nth)).start()
        })
        .collect();
    for sender in senders {
        sender.end().ok();
    }
    let (texts, whole) = agenthub::domain::message::whole(spoken.inbox("agent-1").as_bytes());
    assert_eq!(whole, spoken.inbox("agent-1").len());
    let mut expected: Vec<String> = (0..20).map(long).collect();
    let mut texts = texts;
    expected.sort();
    texts.sort();
    assert_eq!(texts.len(), expected.len());
    assert!(texts == expected, "a message is not what was sent");
    let events = spoken.repo.hub(["events", "--json"]).json();
    let events = events["events"].as_array().unwrap();
    let sent = events.iter().filter(|event| event["operation"] == "send");
    assert_eq!(sent.count(), 20);
}

#[test]
fn the_next_attempt_begins_with_an_empty_inbox_and_the_old_one_stays() {
    let script = format!("echo \"attempt $HUB_ATTEMPT\"\n{WAITS}");
    let spoken = Spoken::new("1", &script, &[]);
    spoken.said_to("agent-1", "to the first");
    spoken.repo.hub(["stop", &spoken.session]).ok();
    let retry = ["retry", &spoken.session, "--agent", "agent-1"];
    spoken.repo.hub(retry).ok();
    spoken.sees("agent-1", "attempt 2");
    assert!(!spoken.folder("agent-1").join("inbox.md").exists());
    let old = spoken.folder("agent-1").join("attempt-1/inbox.md");
    assert!(spoken.repo.read(old).contains("to the first"));
}
