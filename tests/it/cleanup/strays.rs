//! What other tools and hands have left: it goes where nothing is lost, else it is named.

use std::fs;

use serde_json::{Value, json};

use super::branch;
use crate::support::TestRepo;

/// The strays by kind and outcome, as `hub cleanup --all` tells of them.
fn strays(repo: &TestRepo, flags: &[&str]) -> Vec<Value> {
    let command = [&["cleanup", "--all", "--json"][..], flags].concat();
    let report = repo.hub(command).run().json();
    report["strays"].as_array().unwrap().clone()
}

fn kinds(strays: &[Value]) -> Vec<String> {
    let told = strays.iter().map(|stray| {
        let word = |key: &str| stray[key].as_str().unwrap().to_owned();
        format!("{} {}", word("kind"), word("outcome"))
    });
    told.collect()
}

/// Takes a session's folder away, as somebody does who empties `.agenthub`.
fn forget(repo: &TestRepo, id: &str) {
    fs::remove_dir_all(repo.hub_dir().join("sessions").join(id)).unwrap();
}

#[test]
fn a_record_of_a_missing_worktree_and_a_branch_that_a_tag_holds_go() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    forget(&repo, &id);
    fs::remove_dir_all(repo.worktree(&id, "agent-1")).unwrap();
    let before = repo.picture();
    let dry = strays(&repo, &["--dry-run"]);
    assert_eq!(
        kinds(&dry),
        [
            "missing_worktree removable",
            "unknown_folder removable",
            "orphan_branch found",
            "orphan_tags found"
        ]
    );
    assert_eq!(repo.picture(), before);
    strays(&repo, &[]);
    // The branch was checked out in what was missing; now it is not.
    let rest = strays(&repo, &[]);
    assert_eq!(kinds(&rest), ["orphan_branch removed", "orphan_tags found"]);
    assert_eq!(repo.git(["branch", "--format=%(refname:short)"]), "main");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(repo.git(["tag"]).lines().count(), 1);
}

#[test]
fn a_branch_that_nothing_else_holds_stays_and_is_named() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let worktree = repo.worktree(&id, "agent-1");
    let tip = repo.commit_in(&worktree, "Work");
    forget(&repo, &id);
    let found = strays(&repo, &[]);
    assert_eq!(
        kinds(&found),
        ["unknown_worktree found", "orphan_branch found"]
    );
    assert!(worktree.exists());
    assert!(found[1]["danger"].is_string());
    repo.git(["worktree", "remove", worktree.to_str().unwrap()]);
    let found = strays(&repo, &[]);
    let told = kinds(&found);
    assert_eq!(told, ["unknown_folder removed", "orphan_branch found"]);
    assert_eq!(repo.git(["rev-parse", &branch(&id, "agent-1")]), tip);
    // Of two branches that hold each other's commits one stays.
    let twin = format!("hub/{id}/agent-2/attempt-1");
    repo.git(["branch", &twin, &tip]);
    let told = kinds(&strays(&repo, &[]));
    let removed = told.iter().filter(|one| one.ends_with("removed")).count();
    assert_eq!(removed, 1, "{told:?}");
    assert_eq!(repo.git(["branch", "--list", "hub/*"]).lines().count(), 1);
    // A commit that only the branch's reflog names counts, too.
    repo.git(["branch", "mine", &tip]);
    let left = repo.git(["branch", "--list", "hub/*", "--format=%(refname:short)"]);
    let other = repo.git(["commit-tree", "main^{tree}", "-m", "Other"]);
    repo.git(["branch", "--force", &left, &other]);
    repo.git(["branch", "--force", &left, &tip]);
    assert_eq!(kinds(&strays(&repo, &[])), ["orphan_branch found"]);
}

#[test]
fn a_folder_that_git_does_not_know_goes_when_it_is_empty() {
    let repo = TestRepo::new().with_bench();
    let root = repo.root().join("repo.hub");
    let id = "20200101-000000";
    fs::create_dir_all(root.join(id).join("agent-1")).unwrap();
    repo.write(root.join(id).join("agent-2/mine"), "mine\n");
    // Whatever else is there is none of hub's.
    repo.write(root.join("theirs/file"), "theirs\n");
    let told = strays(&repo, &[]);
    assert_eq!(
        kinds(&told),
        ["unknown_folder removed", "unknown_folder found"]
    );
    assert_eq!(told[1]["agent"], "agent-2");
    assert!(!root.join(id).join("agent-1").exists());
    assert_eq!(repo.read(root.join(id).join("agent-2/mine")), "mine\n");
    assert_eq!(repo.read(root.join("theirs/file")), "theirs\n");
}

#[test]
fn a_missing_worktree_with_a_commit_of_its_own_is_not_forgotten() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
    let apart = repo.commit_in(&worktree, "Apart");
    forget(&repo, &id);
    fs::remove_dir_all(&worktree).unwrap();
    let found = strays(&repo, &[]);
    let missing = found.iter().find(|one| one["kind"] == "missing_worktree");
    let missing = missing.unwrap();
    assert_eq!(missing["outcome"], "found");
    let cure = missing["cure"].as_str().unwrap();
    assert!(cure.contains(&apart), "{cure}");
    repo.git(["branch", "mine", &apart]);
    assert_eq!(kinds(&strays(&repo, &[]))[0], "missing_worktree removed");
}

#[test]
fn a_worktree_of_an_open_session_that_was_deleted_is_told_of_and_comes_back() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let worktree = repo.worktree(&id, "agent-1");
    let tip = repo.commit_in(&worktree, "Work");
    fs::remove_dir_all(&worktree).unwrap();
    let found = strays(&repo, &[]);
    assert_eq!(kinds(&found), ["lost_worktree found"]);
    let cure = found[0]["cure"]
        .as_str()
        .unwrap()
        .split('`')
        .nth(1)
        .unwrap();
    repo.typed(cure);
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), tip);
    assert_eq!(strays(&repo, &[]), [] as [Value; 0]);
}

#[test]
fn snapshots_without_a_session_are_named() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    repo.write(repo.worktree(&id, "agent-1").join("new"), "new\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    assert_eq!(strays(&repo, &[]), [] as [Value; 0]);
    forget(&repo, &id);
    let found = strays(&repo, &[]);
    assert_eq!(
        kinds(&found),
        ["orphan_tags found", "orphan_snapshots found"]
    );
    assert_eq!(found[1]["refs"].as_array().unwrap().len(), 1);
    assert_eq!(found[1]["session_id"], json!(id));
    let text = repo.hub(["cleanup", "--all"]).ok().stdout;
    assert!(text.contains("1 snapshot of session"), "{text}");
}
