//! Worktrees that are ready to work in: what comes into them beside the commit.

mod copied;
mod linked;
mod setup;

use std::path::PathBuf;

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
