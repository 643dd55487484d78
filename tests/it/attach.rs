//! `hub attach`: agents in terminals of their own.

mod refused;
mod together;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Terminal, TestRepo, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

/// Answers each line.
const ECHO: &str = "echo ready\nwhile read -r line; do echo \"got $line\"; done";

/// A session whose agents run in terminals.
struct InTerminals {
    repo: TestRepo,
    session: String,
}

impl InTerminals {
    fn new(agents: &str, script: &str, flags: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.hub(["init", "--task", "Go", "--agents", agents]).ok();
        let session = repo.newest_session();
        let script = repo.script("agent.sh", script);
        let spawn = ["spawn", &session, "--agent-cmd", &script, "--tty"];
        repo.hub(spawn.iter().chain(flags)).ok();
        Self { repo, session }
    }

    fn folder(&self) -> PathBuf {
        let sessions = self.repo.hub_dir().join("sessions");
        sessions.join(&self.session).join("agents/agent-1")
    }

    fn attach(&self, words: &[&str]) -> Terminal {
        let hub = self.repo.hub([&["attach"], words].concat());
        let terminal = Terminal::start(hub, 100);
        terminal.sees("Ctrl-\\ detaches");
        terminal
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("stdout.log")).unwrap_or_default()
    }

    /// Waits until the agent has printed this.
    fn sees(&self, text: &str) {
        wait_until(LIMIT, &format!("the agent prints {text:?}"), || {
            self.log().contains(text)
        });
    }

    fn agent(&self) -> serde_json::Value {
        let status = self.repo.hub(["status", &self.session, "--json"]).json();
        status["agents"][0].clone()
    }
}

impl Drop for InTerminals {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", &self.session]).run();
    }
}

#[test]
fn keys_go_to_the_agent_and_its_answer_comes_also_the_second_time() {
    let agent = InTerminals::new("1", ECHO, &[]);
    let mut first = agent.attach(&[]);
    first.sees("ready");
    first.types("one\r");
    first.sees("got one");
    assert!(!first.is_as_at_first(), "keys are passed on as they are");
    first.types("\x1c");
    first.has_ended();
    assert!(first.is_as_at_first());
    let (code, screen) = first.ends();
    assert_eq!(code, 0, "{screen}");
    let back = format!("`hub attach {} agent-1` comes back", agent.session);
    assert!(screen.contains(&back), "{screen}");
    assert_eq!(agent.agent()["status"], "running");

    let mut again = agent.attach(&[&agent.session, "agent-1"]);
    again.sees("got one");
    again.types("two\r");
    again.sees("got two");
    again.types("\x1c");
    assert_eq!(again.ends().0, 0);
    let wait = agent.repo.hub(["logs", "--agent", "agent-1", "--raw"]).ok();
    assert!(wait.stdout.contains("got two\r\n"), "{wait}");
}

#[test]
fn several_see_the_same_and_one_who_only_looks_on_types_nothing() {
    let agent = InTerminals::new("1", ECHO, &[]);

    let mut one = agent.attach(&["agent-1"]);
    let socket = std::fs::metadata(agent.folder().join("terminal.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let mut two = agent.attach(&["agent-1"]);
    let mut looks_on = agent.attach(&["--read-only"]);
    looks_on.sees("looking on at agent-1");
    looks_on.types("silent\r");
    one.types("first\r");
    two.sees("got first");
    two.types("second\r");
    for terminal in [&one, &two, &looks_on] {
        terminal.sees("got second");
    }
    assert!(!agent.log().contains("silent"), "{}", agent.log());
    looks_on.types("\x03");
    one.types("\x1c");
    assert_eq!(looks_on.ends().0, 0);
    assert_eq!(one.ends().0, 0);
    two.types("third\r");
    two.sees("got third");
    two.types("\x1b[92;5u");
    assert_eq!(two.ends().0, 0);
}

#[test]
fn the_agents_end_is_told_and_the_terminal_is_as_before() {
    let script = "echo ready; read -r line; head -c 300000 /dev/zero | tr '\\0' x; echo; echo \"bye $line\"; exit 3";
    let agent = InTerminals::new("1", script, &[]);
    let mut terminal = agent.attach(&[]);
    terminal.sees("ready");
    terminal.types("now\r");
    terminal.has_ended();
    assert!(terminal.is_as_at_first());
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("bye now"), "its last words");
    assert!(screen.contains("the terminal of agent-1 has closed"));
    let wait = agent.repo.hub(["wait", "--json"]).fails(8).json();
    assert_eq!(wait["agents"][0]["exit"]["code"], 3);
    let shown = wait["agents"][0]["last_lines"].as_str().unwrap();
    assert!(shown.ends_with("bye now"), "{shown}");
    assert!(!agent.folder().join("terminal.sock").exists());
    assert!(!agent.folder().join("stderr.log").exists());
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let agent = InTerminals::new("1", ECHO, &[]);
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut terminal = agent.attach(&[]);
        wait_until(LIMIT, "keys are passed on", || !terminal.is_as_at_first());
        terminal.signal(signal);
        terminal.has_ended();
        assert!(terminal.is_as_at_first());
        assert_eq!(terminal.ends().0, status);
    }
    assert_eq!(agent.agent()["status"], "running");
}

#[test]
fn the_agent_has_a_terminal_of_its_own_of_the_windows_size() {
    let script = "trap 'echo interrupted' INT\ntest -t 0 && test -t 1 && test -t 2 && echo all\necho direct >/dev/tty\nwhile read -r line || true; do $line; done";
    let agent = InTerminals::new("1", script, &[]);
    let mut terminal = agent.attach(&[]);
    for text in ["all", "direct"] {
        terminal.sees(text);
    }
    terminal.types("stty size\r");
    terminal.sees("40 100");
    terminal.resize(33, 77);
    wait_until(LIMIT, "the agent knows of the new size", || {
        terminal.types("stty size\r");
        terminal.screen().contains("33 77")
    });
    terminal.types("\x03");
    terminal.sees("interrupted");
    terminal.types("\x1c");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn what_is_said_is_typed_into_the_terminal() {
    let agent = InTerminals::new("1", ECHO, &[]);
    agent.sees("ready");
    let sent = agent
        .repo
        .hub(["send", "--agent", "agent-1", "one\ntwo"])
        .ok();
    assert!(sent.stdout.contains("typed into its terminal"), "{sent}");
    for text in ["got one\r\n", "got two\r\n"] {
        agent.sees(text);
    }
}

#[test]
fn limits_and_stop_work_as_ever() {
    let script = "echo ready\ncat >/dev/null & setsid sleep 1000 & trap '' HUP TERM\nwhile :; do sleep 0.1; done";
    let agent = InTerminals::new("1", script, &["--timeout", "1"]);
    let wait = agent.repo.hub(["wait", "--json"]).fails(8).json();
    assert_eq!(wait["agents"][0]["status"], "timed_out");
    agent.repo.hub(["retry", "--agent", "agent-1"]).ok();
    agent.repo.hub(["wait"]).fails(8);
    wait_until(LIMIT, "no process is left", || {
        agent.repo.processes().is_empty()
    });

    let script = "echo ready\nyes\n";
    let agent = InTerminals::new("1", script, &["--log-limit", "64K"]);
    agent.sees("ready");
    let mut terminal = agent.attach(&[]);
    terminal.sees("y\ny\ny\n");
    terminal.types("\x1c");
    assert_eq!(terminal.ends().0, 0);
    agent.repo.hub(["stop"]).ok();
    assert_eq!(agent.agent()["status"], "cancelled");
    assert!(agent.log().len() < 70_000, "{} bytes", agent.log().len());
    assert!(agent.log().contains("bytes are cut out here"));
}

#[test]
fn an_agent_that_does_not_read_keys_can_be_left_and_stopped() {
    let agent = InTerminals::new("1", "stty raw -echo; echo ready; exec sleep 1000", &[]);
    let mut terminal = agent.attach(&[]);
    terminal.sees("ready");
    let part = "x".repeat(1000);
    for _ in 0..200 {
        terminal.types(&part);
    }
    terminal.types("\x1c");
    assert_eq!(terminal.ends().0, 0);
    agent.repo.hub(["stop"]).ok();
    assert_eq!(agent.agent()["status"], "cancelled");
}
