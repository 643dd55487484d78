//! Security levels: what holds at each of them, who may say which, and what is told of it.

mod adversary;
mod asking;
mod commands;
mod denials;
mod levels;
mod refused;
mod walls;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, TestRepo, passed_over};

/// Waiting for a process: more than any machine needs.
const LIMIT: Duration = Duration::from_secs(120);

/// A session of one agent that runs a script in its worktree.
struct Held {
    repo: TestRepo,
    session: String,
}

impl Held {
    /// The agent runs `script` with these options of `hub spawn`, to its end.
    fn run(script: &str, options: &[&str]) -> Self {
        Self::run_in(TestRepo::new(), script, options)
    }

    fn run_in(repo: TestRepo, script: &str, options: &[&str]) -> Self {
        let held = Self::start_in(repo, script, options);
        held.repo.hub(["wait", &held.session]).run();
        held
    }

    fn start_in(repo: TestRepo, script: &str, options: &[&str]) -> Self {
        repo.write("agent.sh", script);
        repo.commit("The agent's script");
        repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
        let session = repo.newest_session();
        let held = Self { repo, session };
        held.spawn(options).ok();
        held
    }

    fn spawn(&self, options: &[&str]) -> Answer {
        let spawn = ["spawn", &self.session, "--agent-cmd", "sh agent.sh"];
        self.repo.hub(spawn.iter().chain(options)).run()
    }

    /// A file in the folder of the agent's logs.
    fn file(&self, name: &str) -> PathBuf {
        let folder = self.repo.hub_dir().join("sessions").join(&self.session);
        folder.join("agents/agent-1").join(name)
    }

    /// What the agent printed.
    fn printed(&self) -> String {
        self.repo.read(self.file("stdout.log"))
    }

    /// What it complained about.
    fn complaints(&self) -> String {
        self.repo.read(self.file("stderr.log"))
    }

    fn status(&self) -> Value {
        self.repo.hub(["status", &self.session, "--json"]).json()
    }

    /// The journal's lines of an operation.
    fn told(&self, operation: &str) -> Vec<Value> {
        let events = self.repo.hub(["events", &self.session, "--json"]).json();
        let events = events["events"].as_array().unwrap().iter();
        let told = events.filter(|event| event["operation"] == operation);
        told.map(|event| event["detail"].clone()).collect()
    }
}

impl Drop for Held {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", &self.session]).run();
    }
}

/// Whether this machine enforces a level; says so where it does not.
fn enforced(level: &str) -> bool {
    let repo = TestRepo::new();
    let report = repo.hub(["security", "--json"]).json();
    let levels = report["levels"].as_array().unwrap();
    let found = levels.iter().find(|one| one["level"] == level).unwrap();
    let enforced = found["enforced"] == true;
    if !enforced {
        passed_over(&format!(
            "security level {level}: hub security says {found}"
        ));
    }
    enforced
}
