//! `hub pause` and `hub resume`: agents stand still with all that they started, and go on.

mod held;
mod killed;
mod refused;
mod still;
mod waited;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::{TestRepo, wait_until};

/// Waiting for a process: more than any machine needs.
const LIMIT: Duration = Duration::from_secs(120);

/// Counts until the gate opens; so does a child in a session and a group of its own.
const COUNTS: &str = "\
count() {
  n=0
  while ! [ -e \"$HUB_DIR/../../gate\" ]; do
    n=$((n + 1))
    echo $n >\"$HUB_DIR/$1-$HUB_AGENT.new\"
    mv \"$HUB_DIR/$1-$HUB_AGENT.new\" \"$HUB_DIR/$1-$HUB_AGENT\"
    sleep 0.02
  done
}
if [ \"$1\" = apart ]; then
  echo $$ >\"$HUB_DIR/apart-$HUB_AGENT.pid\"
  count apart
  exit
fi
echo $$ >\"$HUB_DIR/own-$HUB_AGENT.pid\"
setsid \"$0\" apart &
count own";

/// Whether a process is stopped, or waits for a child that is and has borrowed its memory:
/// shells start programs that way.
fn stands_still(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    [") T ", ") D "].iter().any(|state| stat.contains(state))
}

/// A session whose agents count.
struct Counting {
    repo: TestRepo,
    session: String,
}

impl Counting {
    fn new(agents: &str, options: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.hub(["init", "--task", "Go", "--agents", agents]).ok();
        let session = repo.newest_session();
        let script = repo.script("agent.sh", COUNTS);
        let spawn = ["spawn", &session, "--agent-cmd", &script];
        repo.hub(spawn.iter().chain(options)).ok();
        Self { repo, session }
    }

    fn hub(&self, command: &str, options: &[&str]) -> crate::support::Hub {
        let words = [command, &self.session];
        self.repo.hub(words.iter().chain(options))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.repo.hub_dir().join(name)
    }

    fn number(&self, name: &str) -> u32 {
        let text = fs::read_to_string(self.file(name)).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    /// Waits until an agent and its child have counted on, and returns their processes.
    fn counts(&self, agent: &str) -> [u32; 2] {
        ["own", "apart"].map(|who| {
            let name = format!("{who}-{agent}");
            let before = self.number(&name);
            wait_until(LIMIT, "it counts", || self.number(&name) > before);
            self.number(&format!("{name}.pid"))
        })
    }

    /// Neither of them counts.
    fn stands_still(&self, agent: &str) {
        let look = || ["own", "apart"].map(|who| self.number(&format!("{who}-{agent}")));
        let before = look();
        // Ten times as long as it takes to count.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(look(), before, "{agent} goes on");
        for who in ["own", "apart"] {
            let pid = self.number(&format!("{who}-{agent}.pid"));
            assert!(stands_still(pid), "{who} of {agent}");
        }
    }

    fn open_gate(&self) {
        self.repo.write(self.repo.root().join("gate"), "");
    }

    fn status(&self) -> Value {
        self.hub("status", &["--json"]).json()
    }

    fn statuses(&self) -> Vec<String> {
        let status = self.status();
        let agents = status["agents"].as_array().unwrap().iter();
        agents
            .map(|agent| agent["status"].as_str().unwrap().to_owned())
            .collect()
    }

    /// An agent in the file.
    fn stored(&self, agent: &str) -> Value {
        let path = format!("sessions/{}/state.json", self.session);
        let state: Value = serde_json::from_str(&self.repo.read(self.file(&path))).unwrap();
        state["agents"][agent].clone()
    }

    /// What the journal tells of pauses: `pause agent-1 paused`.
    fn journal(&self) -> Vec<String> {
        let events = self.hub("events", &["--json"]).json();
        let events = events["events"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        events
            .filter(|event| event["operation"] == "pause" || event["operation"] == "resume")
            .map(|event| {
                let detail = &event["detail"];
                let [agent, status] = [&detail["agent"], &detail["status"]].map(text);
                format!("{} {agent} {status}", text(&event["operation"]))
            })
            .collect()
    }

    fn is_left_by_all(&self) {
        wait_until(LIMIT, "no process is left", || {
            self.repo.processes().is_empty()
        });
    }
}

impl Drop for Counting {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.hub("stop", &["--grace", "0"]).run();
    }
}
