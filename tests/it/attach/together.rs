//! What else can be done with an agent, done with one in a terminal.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use rustix::process::{Pid, Signal, kill_process};

use super::{ECHO, InTerminals, LIMIT};
use crate::support::{TestRepo, wait_until};

impl InTerminals {
    fn hub(&self, words: &[&str]) -> crate::support::Answer {
        self.repo.hub(words).ok()
    }

    /// What is shown of the log from a time on.
    fn since(&self, time: &str, options: &[&str]) -> String {
        let logs = ["logs", "--raw", "--agent", "agent-1", "--since", time];
        let answer = self.hub(&[&logs, options].concat());
        assert_eq!(answer.stderr, "");
        answer.stdout
    }

    fn kill_supervisor(&self) {
        let session = self.repo.hub_dir().join("sessions").join(&self.session);
        let state = self.repo.read(session.join("state.json"));
        let state: serde_json::Value = serde_json::from_str(&state).unwrap();
        let pid = &state["agents"]["agent-1"]["supervisor"]["pid"];
        let pid = i32::try_from(pid.as_i64().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        wait_until(LIMIT, "the agent is lost", || {
            self.agent()["status"] == "lost"
        });
    }
}

#[test]
fn what_is_said_while_it_is_paused_is_read_when_it_goes_on() {
    let agent = InTerminals::new("1", ECHO, &[]);
    agent.sees("ready");
    agent.hub(&["pause"]);
    assert_eq!(agent.agent()["status"], "paused");
    agent.hub(&["send", "--all", "hello"]);
    // The terminal shows what is typed; the agent answers later.
    agent.sees("hello");
    assert!(!agent.log().contains("got hello"), "{}", agent.log());
    let mut terminal = agent.attach(&[]);
    terminal.sees("hello");
    terminal.types("again\r");
    agent.hub(&["resume"]);
    terminal.sees("got hello");
    terminal.sees("got again");
    terminal.types("\x1c");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn one_that_is_paused_is_stopped_within_the_grace_that_is_given() {
    let script = "trap 'echo asked' TERM\necho ready\nwhile :; do sleep 0.1; done";
    let agent = InTerminals::new("1", script, &[]);
    agent.sees("ready");
    agent.hub(&["pause"]);
    agent.hub(&["stop", "--grace", "1"]);
    assert_eq!(agent.agent()["status"], "cancelled");
    assert!(agent.log().contains("asked"), "{}", agent.log());
    assert!(!agent.folder().join("terminal.sock").exists());
}

#[test]
fn its_log_is_shown_since_a_time_of_earlier_attempts_too() {
    let agent = InTerminals::new("1", ECHO, &[]);
    agent.sees("ready");
    let index = agent.folder().join("stdout.idx");
    let is_indexed = || {
        wait_until(LIMIT, "the length is written down", || {
            std::fs::metadata(&index).is_ok_and(|file| file.len() > 0)
        });
    };
    is_indexed();
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    // The next millisecond.
    std::thread::sleep(Duration::from_millis(2));
    agent.hub(&["send", "--all", "new"]);
    agent.sees("got new");
    assert_eq!(agent.since(&time, &[]), "new\r\ngot new\r\n");
    agent.hub(&["stop"]);
    assert_eq!(agent.since(&time, &[]), "new\r\ngot new\r\n");

    agent.hub(&["retry", "--tty"]);
    agent.sees("ready");
    is_indexed();
    let earlier = ["--attempt", "1"];
    assert_eq!(agent.since(&time, &earlier), "new\r\ngot new\r\n");
    assert_eq!(agent.since(&time, &[]), "ready\r\n");
}

#[test]
fn one_without_a_terminal_gets_one_by_a_retry() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", ECHO);
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    repo.hub(["wait"]).ok();
    let agent = InTerminals { repo, session };
    agent.hub(&["retry", "--agent", "agent-1", "--tty"]);
    let mut terminal = agent.attach(&[]);
    terminal.types("one\r");
    terminal.sees("got one");
    terminal.types("\x1c");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn what_a_killed_supervisor_leaves_of_a_terminal_goes() {
    let agent = InTerminals::new("1", ECHO, &[]);
    agent.sees("ready");
    let socket = agent.folder().join("terminal.sock");
    wait_until(LIMIT, "the terminal is there", || socket.exists());
    agent.kill_supervisor();
    assert!(socket.exists(), "nobody is left who would remove it");
    agent.hub(&["doctor", "--fix"]);
    assert_eq!(agent.agent()["status"], "cancelled");
    assert!(!socket.exists());
    agent.hub(&["retry"]);
    let mut terminal = agent.attach(&[]);
    terminal.types("\x1c");
    assert_eq!(terminal.ends().0, 0);
}
