//! How refs, objects, indexes and settings are stored.

use super::{Road, made};
use crate::support::TestRepo;

/// Who did an operation, as `-v` tells it.
fn told(repo: &TestRepo, home: &std::path::Path) -> String {
    repo.hub(["list", "-v"]).in_folder(home).ok().stderr
        + &repo.hub(["status", "-v"]).in_folder(home).ok().stderr
}

#[test]
fn a_plain_repository_is_read_by_libgit2() {
    let repo = TestRepo::new().with_bench();
    Road::of(&repo, repo.path()).walk();
    let said = told(&repo, &repo.path());
    assert!(said.contains("libgit2: open "), "{said}");
    assert!(!said.contains("git does it all"), "{said}");
}

#[test]
fn refs_in_tables() {
    let repo = TestRepo::new();
    let Some(home) = made(&repo, &["--ref-format=reftable"]) else {
        return;
    };
    Road::of(&repo, &home).walk();
    let said = told(&repo, &home);
    assert!(said.contains("git does it all"), "{said}");
}

#[test]
fn objects_named_by_sha256() {
    let repo = TestRepo::new();
    let Some(home) = made(&repo, &["--object-format=sha256"]) else {
        return;
    };
    let merge = Road::of(&repo, &home).walk();
    assert_eq!(merge["after"].as_str().unwrap().len(), 64);
    let said = told(&repo, &home);
    assert!(said.contains("git does it all"), "{said}");
}

#[test]
fn packed_refs() {
    let repo = TestRepo::new().with_bench();
    let road = Road::of(&repo, repo.path());
    repo.git(["pack-refs", "--all"]);
    repo.git(["tag", "--annotate", "--message", "One", "v1"]);
    repo.git(["pack-refs", "--all"]);
    let merge = road.walk();
    assert_eq!(merge["winner"], "agent-1");
}

#[test]
fn refs_that_are_packed_between_all_steps() {
    let repo = TestRepo::new().with_bench();
    let mut road = Road::of(&repo, repo.path());
    road.before = "git pack-refs --all --prune &&".to_owned();
    road.walk();
}

#[test]
fn a_split_index() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "core.splitIndex", "true"]);
    repo.git(["update-index", "--split-index"]);
    Road::of(&repo, repo.path()).walk();
}

#[test]
fn a_split_index_holds_its_snapshot() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "core.splitIndex", "true"]);
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["update-index", "--split-index"]);
    repo.write(worktree.join("mine.txt"), "mine\n");
    let report = repo.hub(["cleanup", &id, "--force", "--json"]).json();
    let commit = report["snapshots"][0]["commit"].as_str().unwrap();
    assert_eq!(repo.git(["show", &format!("{commit}:mine.txt")]), "mine");
    assert_eq!(repo.git(["show", &format!("{commit}:p50_ms")]), "120");
}

#[test]
fn a_file_system_monitor_that_is_off() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "core.fsmonitor", "false"]);
    repo.git(["config", "core.untrackedCache", "true"]);
    repo.git(["update-index", "--untracked-cache", "--no-fsmonitor"]);
    Road::of(&repo, repo.path()).walk();
}

#[test]
fn settings_of_each_worktree() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "extensions.worktreeConfig", "true"]);
    repo.git(["config", "--worktree", "user.email", "main@example.com"]);
    Road::of(&repo, repo.path()).walk();
}

#[test]
fn links_between_worktrees_that_are_relative() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "worktree.useRelativePaths", "true"]);
    // git knows it from 2.48 on; before that the setting says nothing.
    Road::of(&repo, repo.path()).walk();
}

#[test]
fn a_bare_repository() {
    let repo = TestRepo::new().with_bench();
    let home = super::cloned(&repo, &["--bare"]);
    let merge = Road::of(&repo, &home).walk();
    assert_eq!(merge["checkout"], serde_json::Value::Null);
    assert!(home.join(".agenthub/sessions").exists());
}

#[test]
fn a_bare_repository_with_a_worktree_of_the_base_branch() {
    let repo = TestRepo::new().with_bench();
    let home = super::cloned(&repo, &["--bare"]);
    let linked = repo.root().join("linked");
    repo.git_in(
        &home,
        [
            "worktree",
            "add",
            "--quiet",
            linked.to_str().unwrap(),
            "main",
        ],
    );
    let merge = Road::of(&repo, &home).walk();
    assert_eq!(merge["checkout"], linked.to_str().unwrap());
    assert_eq!(repo.read(linked.join("p50_ms")), "120\n");
}

#[test]
fn a_git_directory_apart_from_its_worktree() {
    let repo = TestRepo::new();
    let apart = repo.root().join("apart.git");
    let apart = format!("--separate-git-dir={}", apart.display());
    let home = made(&repo, &[&apart]).unwrap();
    let merge = Road::of(&repo, &home).walk();
    assert_eq!(merge["checkout"], home.to_str().unwrap());
}

#[test]
fn a_base_checkout_that_cannot_be_found_does_not_fall_behind() {
    let repo = TestRepo::new();
    let apart = repo.root().join("apart.git");
    let apart = format!("--separate-git-dir={}", apart.display());
    let home = made(&repo, &[&apart]).unwrap();
    let road = Road::of(&repo, &home);
    let (id, worktree) = road.spawned();
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(&worktree, "Work");
    road.hub(&format!("eval {id}"));
    // From a linked worktree nothing leads to the main one.
    let before = repo.git_in(&home, ["rev-parse", "main"]);
    repo.hub(["merge", &id]).in_folder(&worktree).fails(6);
    assert_eq!(repo.git_in(&home, ["rev-parse", "main"]), before);
    assert_eq!(repo.git_in(&home, ["status", "--porcelain"]), "");
    road.hub(&format!("merge {id}"));
    assert_eq!(repo.git_in(&home, ["status", "--porcelain"]), "");
}

#[test]
fn a_hundred_thousand_refs() {
    let repo = TestRepo::new().with_bench();
    let tip = repo.git(["rev-parse", "HEAD"]);
    let head = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    let refs = (100_000..200_000).map(|number| format!("{tip} refs/heads/many/{number}\n"));
    repo.write(".git/packed-refs", head + &refs.collect::<String>());
    Road::of(&repo, repo.path()).walk_back();
    let list = repo.git(["for-each-ref", "--format=%(refname)", "refs/heads/many"]);
    assert_eq!(list.lines().count(), 100_000);
}
