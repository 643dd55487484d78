//! Worktrees in hub's folder that nobody needs.

use super::{assert_is_well, codes, findings, fixed};
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
