//! Worktrees in hub's folder that nobody needs.

use std::fs;

use super::{asked_for, assert_is_well, codes, findings, fixed, settled, told};
use crate::support::TestRepo;

fn add(repo: &TestRepo, path: &std::path::Path, options: &[&str]) {
    let add = ["worktree", "add", "--quiet", "--detach"];
    let path = path.to_str().unwrap();
    repo.git(add.iter().chain(options).chain(&[path]));
}

#[test]
fn a_checkout_of_hubs_own_that_nobody_uses_goes() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let scratches = [
        repo.worktree(&session, "scratch"),
        repo.worktree("20200101-000000", "scratch"),
    ];
    for scratch in &scratches {
        add(&repo, scratch, &["--lock", "--reason", "hub works in it"]);
    }
    assert_eq!(codes(&findings(&repo)), ["stale_scratch"; 2]);
    fixed(&repo);
    assert!(scratches.iter().all(|scratch| !scratch.exists()));
    assert!(repo.worktree(&session, "agent-1").exists());
    assert_is_well(&repo);
}

#[test]
fn what_somebody_else_has_locked_in_its_place_stays() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let scratch = repo.worktree(&session, "scratch");
    add(&repo, &scratch, &["--lock", "--reason", "mine"]);
    repo.hub(["doctor", "--fix"]).ok();
    assert!(scratch.exists());
}

#[test]
fn a_worktree_of_no_session_is_told_of_and_left_alone() {
    let repo = TestRepo::new().with_bench();
    repo.spawned(1);
    let unknown = repo.worktree("20200101-000000", "agent-1");
    add(&repo, &unknown, &[]);
    repo.write(unknown.join("work"), "somebody's\n");
    add(&repo, &repo.root().join("elsewhere"), &[]);
    let found = findings(&repo);
    assert_eq!(codes(&found), ["unknown_worktree"]);
    assert_eq!(found[0]["path"], unknown.to_str().unwrap());
    let hint = found[0]["hint"].as_str().unwrap();
    assert!(hint.starts_with("`git worktree remove "), "{hint}");
    repo.hub(["doctor", "--fix"]).fails(1);
    assert_eq!(repo.read(unknown.join("work")), "somebody's\n");
}

#[test]
fn a_worktree_of_a_session_at_its_end_is_for_cleanup() {
    let repo = TestRepo::new().with_bench();
    let session = repo.archived(2);
    let (spent, work) = ("agent-1", repo.worktree(&session, "agent-2"));
    repo.write(work.join("untracked"), "work\n");
    let found = findings(&repo);
    assert_eq!(codes(&found), ["spent_worktree"], "the other holds work");
    assert_eq!(found[0]["agent"], spent);
    let hint = format!("`hub cleanup {session}` removes it");
    assert_eq!(found[0]["hint"], hint);
    repo.hub(["doctor", "--fix"]).fails(1);
    assert!(repo.worktree(&session, spent).exists());
    repo.hub(["cleanup", &session, "--force"]).ok();
    assert_is_well(&repo);
}

#[test]
fn a_worktree_that_is_gone_is_told_while_it_is_needed_and_forgotten_after() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(2);
    let worktree = repo.worktree(&session, "agent-1");
    let tip = repo.commit_in(&worktree, "work");
    fs::remove_dir_all(&worktree).unwrap();
    let found = asked_for(&repo, "missing_worktree");
    assert_eq!(found["danger"], "loss");
    assert_is_well(&repo);
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), tip);

    repo.write(
        repo.worktree(&session, "agent-2").join("untracked"),
        "work\n",
    );
    repo.hub(["archive", &session]).ok();
    fs::remove_dir_all(&worktree).unwrap();
    let found = settled(&repo, "missing_worktree");
    assert_eq!(found["danger"], "none");
    let listed = repo.git(["worktree", "list"]);
    assert!(!listed.contains("agent-1"), "{listed}");
}

#[test]
fn a_folder_of_all_worktrees_that_is_gone_is_told_once() {
    let repo = TestRepo::new().with_bench();
    repo.spawned(2);
    let root = repo.root().join("repo.hub");
    let away = repo.root().join("unmounted");
    fs::rename(&root, &away).unwrap();
    let found = told(&repo, "root_gone");
    assert_eq!(found["path"], root.to_str().unwrap());
    fs::rename(&away, &root).unwrap();
    assert_is_well(&repo);
}

#[test]
fn a_lock_of_hubs_goes_and_a_persons_is_told_when_it_is_in_the_way() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    let path = worktree.to_str().unwrap();
    repo.git(["worktree", "lock", "--reason", "hub is making it", path]);
    settled(&repo, "locked_worktree");
    repo.git(["worktree", "lock", "--reason", "mine", path]);
    assert_is_well(&repo);
    repo.hub(["archive", &session]).ok();
    repo.write(worktree.join("untracked"), "work\n");
    let found = told(&repo, "locked_worktree");
    assert_eq!(found["what"], "the worktree is locked: mine");
    repo.git(["worktree", "unlock", path]);
    assert_is_well(&repo);
}

#[test]
fn another_branch_or_none_in_a_worktree_is_told() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    let own = format!("hub/{session}/agent-1/attempt-1");
    repo.git_in(&worktree, ["switch", "--quiet", "-c", "other"]);
    let found = told(&repo, "other_branch");
    assert_eq!(found["danger"], "misleading");
    repo.git_in(&worktree, ["switch", "--quiet", "--detach"]);
    assert_eq!(told(&repo, "other_branch")["danger"], "misleading");
    let tip = repo.commit_in(&worktree, "on no branch");
    let found = told(&repo, "other_branch");
    assert_eq!(found["danger"], "loss");
    for command in found["hint"]
        .as_str()
        .unwrap()
        .split('`')
        .skip(1)
        .step_by(2)
    {
        repo.typed(command);
    }
    assert_eq!(repo.git(["rev-parse", &own]), tip);
    assert_is_well(&repo);
}

#[test]
fn a_branch_that_is_checked_out_twice_is_told() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let own = format!("hub/{session}/agent-1/attempt-1");
    let second = repo.root().join("second");
    let second = second.to_str().unwrap();
    repo.git(["worktree", "add", "--quiet", "--force", second, &own]);
    let found = told(&repo, "shared_branch");
    assert_eq!(found["path"], second);
    repo.typed(found["hint"].as_str().unwrap().split('`').nth(1).unwrap());
    assert_is_well(&repo);
}

#[test]
fn what_was_not_brought_to_its_end_in_a_worktree_is_told() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(&worktree, "mine");
    repo.write("p50_ms", "100\n");
    repo.commit("theirs");
    repo.try_git_in(&worktree, ["rebase", "--quiet", "main"])
        .unwrap_err();
    let found = told(&repo, "halted_worktree");
    assert_eq!(found["what"], "a rebase is under way in the worktree");
    repo.git_in(&worktree, ["rebase", "--abort"]);
    repo.git_in(&worktree, ["bisect", "start"]);
    let found = told(&repo, "halted_worktree");
    repo.typed(found["hint"].as_str().unwrap().split('`').nth(1).unwrap());
    assert_is_well(&repo);
}
