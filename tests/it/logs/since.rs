//! `hub logs --since`: what was printed since a time.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};

use crate::support::{TestRepo, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

/// Prints, waits for the gate, and prints again.
const TWICE: &str = "\
echo old; echo older >&2
while ! [ -e \"$HUB_DIR/../../gate\" ]; do sleep 0.02; done
echo new; echo newer >&2; echo newest";

/// A session whose agent prints before and after a time.
struct Printed {
    repo: TestRepo,
    session: String,
    /// The time in between.
    since: String,
}

impl Printed {
    fn new(script: &str, options: &[&str]) -> Self {
        let printed = Self::begun(script, options);
        printed.open_gate();
        printed.repo.hub(["wait", &printed.session]).ok();
        printed
    }

    fn begun(script: &str, options: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
        let session = repo.newest_session();
        let script = repo.script("agent.sh", script);
        let spawn = ["spawn", &session, "--agent-cmd", &script];
        repo.hub(spawn.iter().chain(options)).ok();
        let mut printed = Self {
            repo,
            session,
            since: String::new(),
        };
        for index in ["stdout.idx", "stderr.idx"] {
            let index = printed.file(index);
            wait_until(LIMIT, "the lengths are written down", || {
                fs::metadata(&index).is_ok_and(|file| file.len() > 0)
            });
        }
        printed.since = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        printed
    }

    fn open_gate(&self) {
        // The next millisecond.
        std::thread::sleep(Duration::from_millis(2));
        self.repo.write(self.repo.root().join("gate"), "");
    }

    fn file(&self, name: &str) -> PathBuf {
        let folder = format!("sessions/{}/agents/agent-1", self.session);
        self.repo.hub_dir().join(folder).join(name)
    }

    fn logs(&self, options: &[&str]) -> crate::support::Answer {
        let logs = ["logs", &self.session, "--agent", "agent-1"];
        self.repo.hub(logs.iter().chain(options)).ok()
    }

    fn since(&self, options: &[&str]) -> String {
        let since = ["--since", &self.since];
        self.logs(&[&since, options].concat()).stdout
    }
}

#[test]
fn only_what_was_printed_since_is_shown() {
    let printed = Printed::new(TWICE, &[]);
    assert_eq!(printed.since(&[]), "new\nnewest\n");
    assert_eq!(printed.since(&["--stderr"]), "newer\n");
    assert_eq!(printed.since(&["--tail", "1"]), "newest\n");
    assert_eq!(printed.since(&["--tail", "9"]), "new\nnewest\n");
    assert_eq!(printed.since(&["--follow"]), "new\nnewest\n");
    let json = printed.since(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["lines"].as_array().unwrap().len(), 2);
    assert_eq!(
        printed.logs(&["--since", "1h"]).stdout,
        "old\nnew\nnewest\n"
    );
    assert_eq!(printed.logs(&["--since", "0s"]).stdout, "");
}

#[test]
fn what_comes_is_followed() {
    let printed = Printed::begun(TWICE, &[]);
    let follow = ["logs", &printed.session, "--since", &printed.since, "-f"];
    let following = printed.repo.hub(follow).start();
    printed.open_gate();
    let answer = following.end().ok();
    assert_eq!(answer.stdout, "agent-1 | new\nagent-1 | newest\n");
}

#[test]
fn of_an_earlier_attempt_too() {
    let printed = Printed::new(TWICE, &[]);
    let retry = ["retry", &printed.session, "--agent", "agent-1"];
    printed.repo.hub(retry).ok();
    printed.repo.hub(["wait", &printed.session]).ok();
    assert_eq!(printed.since(&["--attempt", "1"]), "new\nnewest\n");
    assert_eq!(printed.since(&[]), "old\nnew\nnewest\n");
}

#[test]
fn of_a_log_whose_middle_was_cut_out() {
    let script = TWICE.replace("echo newest", "seq 10000; echo newest");
    let printed = Printed::new(&script, &["--log-limit", "1K"]);
    let shown = printed.since(&[]);
    assert!(shown.starts_with("new\n1\n2\n"), "{shown}");
    assert!(shown.contains("bytes are cut out here"), "{shown}");
    assert!(shown.ends_with("\n10000\nnewest\n"), "{shown}");
    assert_eq!(printed.logs(&["--since", "0s"]).stdout, "");

    let script = TWICE.replace("echo old;", "seq 10000;");
    let printed = Printed::new(&script, &["--log-limit", "1K"]);
    assert_eq!(printed.since(&[]), "new\nnewest\n");
}

#[test]
fn without_an_index_all_is_shown_and_that_is_said() {
    let printed = Printed::new(TWICE, &[]);
    fs::remove_file(printed.file("stdout.idx")).unwrap();
    let answer = printed.logs(&["--since", &printed.since]);
    assert_eq!(answer.stdout, "old\nnew\nnewest\n");
    assert!(answer.stderr.contains("is not known"), "{answer}");
}

#[test]
fn what_is_no_time_is_a_usage_error() {
    let repo = TestRepo::new();
    for value in ["noon", "-10m", "90", "", "2026-13-01T00:00:00Z"] {
        let answer = repo.hub(["logs", "--since", value]).fails(2);
        let error = format!("error: {value:?} is not a time: ");
        assert!(answer.stderr.starts_with(&error), "{answer}");
        assert_eq!(answer.stderr.lines().count(), 2, "{answer}");
    }
}
