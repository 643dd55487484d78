//! `hub run`: the whole road in one command.

mod mishaps;
mod question;
mod rounds;
mod stopped;
mod tournament;

use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, TestRepo, wait_until};

/// `hub run` with the usual measure and this agent command, and whatever else is given.
fn run(repo: &TestRepo, agent: &str, more: &[&str]) -> Answer {
    let usual = [
        "run",
        "--task",
        "make sum faster",
        "--agents",
        "3",
        "--agent-cmd",
        agent,
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--direction",
        "lower",
    ];
    repo.hub(usual.iter().chain(more)).run()
}

/// The document of `hub status` for the newest session.
fn status(repo: &TestRepo) -> Value {
    repo.hub(["status", "latest", "--json"]).json()
}

/// The tags below `hub/archive/<session>/`, without that.
fn archived(repo: &TestRepo, session: &str) -> Vec<String> {
    let prefix = format!("refs/tags/hub/archive/{session}/");
    let pattern = format!("{prefix}**");
    let list = repo.git(["for-each-ref", "--format=%(refname)", &pattern]);
    let name = |line: &str| line.strip_prefix(&prefix).unwrap().to_owned();
    list.lines().map(name).collect()
}

/// Nothing of `hub`'s is in the repository but its own directory, the commits and the tags.
fn assert_tidy(repo: &TestRepo) {
    assert_eq!(
        repo.git(["fsck", "--full", "--strict", "--no-dangling"]),
        ""
    );
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    let worktrees = repo.git(["worktree", "list", "--porcelain"]);
    let paths: Vec<&str> = worktrees
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "))
        .collect();
    assert_eq!(paths, [repo.path().to_str().unwrap()]);
    let branches = repo.git(["branch", "--list", "hub/*"]);
    assert_eq!(branches, "");
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(
        repo.hub(["cleanup", "latest"]).ok().stdout,
        "nothing to clean up\n"
    );
    no_process_is_left(repo);
}

/// A supervisor ends a moment after it has recorded its agent's end.
fn no_process_is_left(repo: &TestRepo) {
    let limit = Duration::from_secs(20);
    wait_until(limit, "no process is left", || repo.processes().is_empty());
}
