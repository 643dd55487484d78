//! What agents may use, and what is told of what they used.

mod logs;
mod system;
mod time;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, TestRepo, wait_until};

/// Waiting for a process: more than any machine needs.
const LIMIT: Duration = Duration::from_secs(120);

/// A session whose only agent was started with these options.
struct Limited {
    repo: TestRepo,
    session: String,
}

impl Limited {
    fn new(script: &str, options: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
        let session = repo.newest_session();
        let script = repo.script("agent.sh", script);
        // The signals are the script's, not those of a shell around it.
        let command = format!("exec {script}");
        let spawn = ["spawn", &session, "--agent-cmd", &command];
        repo.hub(spawn.iter().chain(options)).ok();
        Self { repo, session }
    }

    /// A file in the folder of the agent's logs.
    fn file(&self, name: &str) -> PathBuf {
        let folder = self.repo.hub_dir().join("sessions").join(&self.session);
        folder.join("agents/agent-1").join(name)
    }

    /// The agent in what `hub status` says.
    fn status(&self) -> Value {
        let status = self.repo.hub(["status", &self.session, "--json"]).json();
        status["agents"][0].clone()
    }

    /// Waits for the agent, then until nothing that it started is left.
    fn wait(&self) -> Value {
        let answer = self.wait_with(&["--json"]);
        answer.json()["agents"][0].clone()
    }

    fn wait_with(&self, options: &[&str]) -> Answer {
        let wait = ["wait", &self.session];
        let answer = self.repo.hub(wait.iter().chain(options)).run();
        self.is_left_by_all();
        answer
    }

    fn is_left_by_all(&self) {
        wait_until(LIMIT, "no process is left", || {
            self.repo.processes().is_empty()
        });
    }

    /// What the journal says of the agent's end.
    fn finish(&self) -> Value {
        let events = self.repo.hub(["events", &self.session, "--json"]).json();
        let mut events = events["events"].as_array().unwrap().iter().rev();
        let finish = events.find(|event| event["operation"] == "finish").unwrap();
        finish["detail"].clone()
    }
}

impl Drop for Limited {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", &self.session]).run();
    }
}
