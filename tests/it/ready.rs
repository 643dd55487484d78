//! Worktrees that are ready to work in: what comes into them beside the commit.

mod copied;
mod linked;
mod ports;
mod setup;
mod teardown;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::TestRepo;

/// A repository that ignores what is usual, with some of it in its main worktree.
fn with_ignored() -> TestRepo {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitignore", ".env\nnode_modules/\n/target\n*.key\n");
    repo.commit("Ignore");
    repo.write(".env", "TOKEN=1\n");
    repo.write("node_modules/a/index.js", "a\n");
    repo.write("node_modules/b/index.js", "b\n");
    repo.write("target/debug/app", "app\n");
    repo.write("keys/one.key", "1\n");
    repo.write("keys/two.key", "2\n");
    repo
}

/// The worktree of the only agent of a new session.
fn worktree(repo: &TestRepo) -> PathBuf {
    let id = repo.spawned(1);
    repo.worktree(&id, "agent-1")
}

/// Writes the project's configuration.
fn configure(repo: &TestRepo, text: &str) {
    repo.write(".agenthub/.gitignore", "*\n");
    repo.write(".agenthub/config.yaml", text);
}

/// A session of so many agents, which is not spawned yet.
fn init(repo: &TestRepo, agents: &str) -> String {
    repo.hub(["init", "--task", "x", "-n", agents]).ok();
    repo.newest_session()
}

/// Spawns with these flags and waits for the end, which may be a bad one.
fn spawn_and_wait(repo: &TestRepo, id: &str, flags: &[&str]) -> Value {
    let spawn = ["spawn", id].into_iter().chain(flags.iter().copied());
    repo.hub(spawn).ok();
    repo.hub(["wait", id, "--json"]).run().json()
}

fn agent_file(repo: &TestRepo, id: &str, name: &str) -> PathBuf {
    let folder = repo.hub_dir().join("sessions").join(id);
    folder.join("agents/agent-1").join(name)
}
