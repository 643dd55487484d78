//! Agents, supervisors and hub itself as processes: how they end, and what they leave.

mod agents;
mod grace;
mod interrupted;
mod output;
mod supervisors;
mod terminals;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::{TestRepo, wait_until};

/// Waiting for a process: more than any machine needs.
const LIMIT: Duration = Duration::from_secs(120);

/// A shell command that waits for a file.
fn until(path: &std::path::Path) -> String {
    format!("while ! [ -e '{}' ]; do sleep 0.02; done", path.display())
}

/// A session whose only agent was started.
struct Started {
    repo: TestRepo,
    session: String,
}

impl Started {
    /// Makes it, with an agent that is a script.
    fn new(agent: &str) -> Self {
        let repo = TestRepo::new().with_bench();
        let agent = repo.script("agent.sh", agent);
        Self::in_repo(repo, &agent)
    }

    fn in_repo(repo: TestRepo, command: &str) -> Self {
        let init = ["init", "--task", "Go", "-n", "1", "--metric", "p50_ms"];
        repo.hub(init.into_iter().chain(["--eval", "sh bench.sh"]))
            .ok();
        let session = repo.newest_session();
        repo.hub(["spawn", &session, "--agent-cmd", command]).ok();
        Self { repo, session }
    }

    /// The agent in what `hub status` says.
    fn status(&self) -> Value {
        let status = self.repo.hub(["status", &self.session, "--json"]).json();
        status["agents"][0].clone()
    }

    fn state_file(&self) -> PathBuf {
        let folder = self.repo.hub_dir().join("sessions").join(&self.session);
        folder.join("state.json")
    }

    /// The agent in the file.
    fn stored(&self) -> Value {
        let state: Value = serde_json::from_str(&self.repo.read(self.state_file())).unwrap();
        state["agents"]["agent-1"].clone()
    }

    fn supervisor(&self) -> u32 {
        pid(&self.stored()["supervisor"]["pid"])
    }

    /// The agent's process, as soon as it is written down.
    fn process(&self) -> u32 {
        wait_until(LIMIT, "the agent's process is known", || {
            self.stored()["process"].is_object()
        });
        pid(&self.stored()["process"]["pid"])
    }

    fn wait(&self) -> Value {
        // Its exit status tells whether an agent succeeded.
        let answer = self.repo.hub(["wait", &self.session, "--json"]).run();
        answer.json()["agents"][0].clone()
    }
}

impl Drop for Started {
    /// A test that fails leaves no agent running either.
    fn drop(&mut self) {
        let _ = self.repo.hub(["stop", &self.session]).run();
    }
}

fn pid(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

/// Whether there is a process of this number that has not ended.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// The number that a script has written into a file.
fn told(path: &std::path::Path) -> u32 {
    let read = || fs::read_to_string(path).ok()?.trim().parse().ok();
    wait_until(LIMIT, "a process tells its number", || read().is_some());
    read().unwrap()
}
