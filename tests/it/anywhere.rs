//! The same sessions from wherever `hub` is started, in every kind of repository.

mod layouts;
mod places;
mod settings;
mod worktree_root;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::TestRepo;

/// `hub` in a folder; its document.
fn json_in(repo: &TestRepo, folder: &Path, arguments: &[&str]) -> Value {
    repo.hub(arguments.iter().chain(&["--json"]))
        .in_folder(folder)
        .json()
}

/// The ids of the sessions that are seen from a folder.
fn seen_from(repo: &TestRepo, folder: &Path) -> Vec<String> {
    let document = json_in(repo, folder, &["list"]);
    let sessions = document["sessions"].as_array().unwrap().iter();
    sessions
        .map(|session| session["session_id"].as_str().unwrap().to_owned())
        .collect()
}

/// Walks the whole road in a folder and returns the session's hub directory.
///
/// The base branch has `bench.sh` and `p50_ms`; nothing may be left but commits and tags.
fn whole_road_in(repo: &TestRepo, folder: &Path) -> PathBuf {
    let agent = repo.agent_script();
    let base = repo.git_in(folder, ["rev-parse", "main"]);
    let worktrees = repo.git_in(folder, ["worktree", "list"]);
    let report = json_in(
        repo,
        folder,
        &[
            "run",
            "--task",
            "make sum faster",
            "--base-branch",
            "main",
            "--agent-cmd",
            &agent,
            "--eval",
            "sh bench.sh",
            "--metric",
            "p50_ms",
            "--yes",
        ],
    );
    assert_eq!(report["state"], "merged");
    assert_eq!(report["merge"]["before"], base);
    assert_eq!(
        report["cleanup"]["removed_worktrees"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(repo.git_in(folder, ["show", "main:p50_ms"]), "120");
    assert_eq!(repo.git_in(folder, ["branch", "--list", "hub/*"]), "");
    assert_eq!(repo.git_in(folder, ["fsck", "--no-dangling"]), "");
    let after = repo.git_in(folder, ["worktree", "list"]);
    assert_eq!(after.lines().count(), worktrees.lines().count(), "{after}");
    let session = report["session_id"].as_str().unwrap();
    assert_eq!(seen_from(repo, folder), [session]);
    let removed = report["cleanup"]["removed_worktrees"][0].as_str().unwrap();
    let root = Path::new(removed).parent().unwrap().parent().unwrap();
    assert!(!root.exists(), "{} is left", root.display());
    let status = json_in(
        repo,
        folder,
        &["init", "--task", "x", "--base-branch", "main"],
    );
    let path = Path::new(status["path"].as_str().unwrap());
    path.parent().unwrap().parent().unwrap().to_owned()
}
