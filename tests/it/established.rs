//! Hub directories that this hub did not write: of an older tool, damaged, of a newer hub.
//!
//! `fixtures/README.md` says what each session of them is for.

mod damaged_session;
mod damaged_settings;
mod directory;
mod newer_session;
mod older_worktrees;
mod update;

use std::path::PathBuf;

use crate::support::TestRepo;

const INIT: &str = "20260302-090000";
const RUNNING: &str = "20260305-101500";
const EVALUATING: &str = "20260309-140730";
const MERGED: &str = "20260312-080000";
const ARCHIVED: &str = "20260316-173015";

const STATE: &str = "state.json";
const CONFIG: &str = "config.yaml";

fn repo_with(fixtures: &[&str]) -> TestRepo {
    let repo = TestRepo::new();
    for name in fixtures {
        repo.install(name);
    }
    repo
}

fn session_dir(repo: &TestRepo, session: &str) -> PathBuf {
    repo.hub_dir().join("sessions").join(session)
}

/// What an older tool made for an agent: a branch, and a worktree inside the repository.
///
/// The agent has committed one file. Returns the worktree and the commit.
fn older_attempt(repo: &TestRepo, session: &str, agent: &str) -> (PathBuf, String) {
    let branch = format!("hub/{session}/{agent}/attempt-1");
    let path = repo.path().join(".worktrees").join(session).join(agent);
    let folder = path.to_str().unwrap();
    repo.git(["worktree", "add", "--quiet", "-b", &branch, folder, "main"]);
    repo.write(path.join(format!("{agent}.txt")), "work\n");
    let commit = repo.commit_in(&path, &format!("Work of {agent}"));
    (path, commit)
}
