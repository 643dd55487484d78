//! Where worktrees are made, when it is set: absolute or relative, in a file or a variable.

use std::path::{Path, PathBuf};

use crate::support::TestRepo;

/// The worktree of the one agent of a new session, made with these variables.
fn worktree_made(repo: &TestRepo, folder: &Path, variables: &[(&str, &str)]) -> PathBuf {
    let with = |arguments: &[&str]| {
        let hub = repo.hub(arguments).in_folder(folder);
        variables
            .iter()
            .fold(hub, |hub, (name, value)| hub.env(name, value))
    };
    with(&["init", "--task", "x", "-n", "1"]).ok();
    let document = with(&["spawn", "--no-start", "--json"]).json();
    let worktree = PathBuf::from(document["agents"][0]["worktree"].as_str().unwrap());
    assert!(worktree.join("README.md").is_file());
    let session = document["session_id"].as_str().unwrap();
    assert!(worktree.ends_with(Path::new(session).join("agent-1")));
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    worktree
}

/// The folder that holds the sessions' worktrees.
fn root_of(worktree: &Path) -> &Path {
    worktree.parent().unwrap().parent().unwrap()
}

#[test]
fn beside_the_repository_where_nothing_is_set() {
    let repo = TestRepo::new();
    let worktree = worktree_made(&repo, &repo.path(), &[]);
    assert_eq!(root_of(&worktree), repo.root().join("repo.hub"));
}

#[test]
fn an_absolute_one_in_the_projects_file() {
    let repo = TestRepo::new();
    let root = repo.root().join("some where");
    repo.write(
        ".agenthub/config.yaml",
        format!("worktree_root: {}\n", root.display()),
    );
    // The directory that ignores itself comes with the first session.
    repo.write(".git/info/exclude", ".agenthub/\n");
    let worktree = worktree_made(&repo, &repo.path(), &[]);
    assert_eq!(root_of(&worktree), root);
}

#[test]
fn a_relative_one_starts_at_the_main_worktree_wherever_hub_is_started() {
    let repo = TestRepo::new();
    repo.write("src/keep", "");
    repo.commit("Folders");
    let set = [("HUB_WORKTREE_ROOT", "../trees")];
    for folder in [repo.path(), repo.path().join("src")] {
        let worktree = worktree_made(&repo, &folder, &set);
        let root = root_of(&worktree).canonicalize().unwrap();
        assert_eq!(root, repo.root().join("trees"));
        // As git itself names it, so that both speak of the same folder.
        let known = repo.git(["worktree", "list", "--porcelain"]);
        let line = format!("worktree {}", worktree.display());
        assert!(
            known.lines().any(|found| found == line),
            "{line} in {known}"
        );
    }
}

#[test]
fn the_whole_road_goes_through_a_relative_one() {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let hub = |arguments: &[&str]| {
        repo.hub(arguments)
            .env("HUB_WORKTREE_ROOT", "../trees/here")
            .ok()
    };
    hub(&[
        "init",
        "--task",
        "x",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ]);
    hub(&["spawn", "--agent-cmd", &agent]);
    hub(&["wait"]);
    hub(&["eval"]);
    let path = hub(&["path", "agent-2"]).stdout;
    assert!(Path::new(path.trim_end()).join("p50_ms").is_file());
    let status = repo.hub(["status", "--json"]).json();
    for agent in status["agents"].as_array().unwrap() {
        assert_eq!(agent["missing"], false);
        assert_eq!(agent["uncommitted_files"], 0);
    }
    hub(&["merge"]);
    hub(&["cleanup"]);
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert!(!repo.root().join("trees/here").exists());
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn worktrees_are_found_again_when_the_setting_has_changed() {
    let repo = TestRepo::new().with_bench();
    let worktree = worktree_made(&repo, &repo.path(), &[("HUB_WORKTREE_ROOT", "../one")]);
    repo.write(worktree.join("new.txt"), "new\n");
    repo.commit_in(&worktree, "New");
    let elsewhere = |arguments: &[&str]| {
        let hub = repo.hub(arguments);
        hub.env("HUB_WORKTREE_ROOT", "../two").ok()
    };
    let path = elsewhere(&["path", "agent-1"]).stdout;
    assert_eq!(Path::new(path.trim_end()), worktree);
    elsewhere(&["archive"]);
    elsewhere(&["cleanup"]);
    assert!(!worktree.exists());
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn through_a_link_it_is_the_folder_behind_it() {
    let repo = TestRepo::new().with_bench();
    let (real, link) = (repo.root().join("real"), repo.root().join("link"));
    std::fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let set = [("HUB_WORKTREE_ROOT", link.to_str().unwrap())];
    let worktree = worktree_made(&repo, &repo.path(), &set);
    repo.write(worktree.join("new.txt"), "new\n");
    let status = repo.hub(["status", "--json"]).json();
    assert_eq!(status["agents"][0]["missing"], false);
    assert_eq!(status["agents"][0]["uncommitted_files"], 1);
    repo.commit_in(&worktree, "New");
    repo.hub(["archive"]).ok();
    repo.hub(["cleanup"]).ok();
    assert!(!worktree.exists());
}
