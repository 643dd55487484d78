//! The commands one by one, as a person types them and a script reads them.

mod archiving;
mod commands;
mod coordinator;
mod documents;
mod errors;
mod selectors;
mod states;
mod status;
mod waiting;

use std::path::PathBuf;

use crate::support::TestRepo;

/// What the usual session is about.
const TASK: [&str; 8] = [
    "--task",
    "make sum faster",
    "--eval",
    "sh bench.sh",
    "--metric",
    "p50_ms",
    "--direction",
    "lower",
];

/// `hub init` of the usual session; its id.
fn init(repo: &TestRepo) -> String {
    let document = repo.hub(["init", "--json"].iter().chain(&TASK)).json();
    document["session_id"].as_str().unwrap().to_owned()
}

/// A session whose agents have all done their work.
fn worked() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let agent = repo.agent_script();
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    repo.hub(["wait", &session]).ok();
    (repo, session)
}

/// A session that was measured.
fn evaluated() -> (TestRepo, String) {
    let (repo, session) = worked();
    repo.hub(["eval", &session]).ok();
    (repo, session)
}

/// A session whose winner was merged; nothing is cleaned up yet.
fn merged() -> (TestRepo, String) {
    let (repo, session) = evaluated();
    repo.hub(["merge", &session]).ok();
    (repo, session)
}

/// Where a session stands.
fn state_of(repo: &TestRepo, session: &str) -> String {
    let document = repo.hub(["status", session, "--json"]).json();
    document["state"]["state"].as_str().unwrap().to_owned()
}

/// Agents that go on until the test opens the gate, or is over.
struct Gate {
    folder: PathBuf,
    /// Waits at the gate and then commits what its agent is known for.
    agent: String,
}

impl Gate {
    fn new(repo: &TestRepo) -> Self {
        let folder = repo.root().join("gate");
        std::fs::create_dir(&folder).unwrap();
        let at = folder.display();
        let wait = format!("while [ -d {at} ] && [ ! -e {at}/open ]; do sleep 0.02; done");
        let usual = repo.agent_script();
        let agent = repo.script("gated.sh", &format!("{wait}\n{usual}"));
        Self { folder, agent }
    }

    fn open(&self, repo: &TestRepo) {
        repo.write(self.folder.join("open"), "");
    }
}
