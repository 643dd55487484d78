//! Worktrees whose folder is gone: git forgets them, and what their reflog names is kept.

use std::fs;

use super::snapshots;
use crate::support::TestRepo;

#[test]
fn a_worktree_that_was_removed_by_hand_is_forgotten_and_no_other() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let users = repo.root().join("users");
    repo.git([
        "worktree",
        "add",
        "--quiet",
        "--detach",
        users.to_str().unwrap(),
    ]);
    fs::remove_dir_all(&users).unwrap();
    let gone = repo.worktree(&id, "agent-1");
    fs::remove_dir_all(&gone).unwrap();

    let report = repo.hub(["cleanup", &id, "--json"]).json();
    assert_eq!(
        report["forgotten_worktrees"],
        serde_json::json!([gone.to_str().unwrap()])
    );
    let list = repo.git(["worktree", "list", "--porcelain"]);
    assert!(!list.contains(&id), "{list}");
    assert!(list.contains(users.to_str().unwrap()), "{list}");
}

#[test]
fn what_only_its_reflog_names_is_kept() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let archived = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
    let reset = repo.commit_in(&worktree, "Reset");
    repo.git_in(&worktree, ["reset", "--quiet", "--hard", &archived]);
    fs::remove_dir_all(&worktree).unwrap();
    repo.hub(["cleanup", &id]).ok();
    let kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
    assert_eq!(kept, [reset]);
}

#[test]
fn a_commit_that_it_had_checked_out_alone_is_refused_and_with_force_kept() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
    let apart = repo.commit_in(&worktree, "Apart");
    fs::remove_dir_all(&worktree).unwrap();
    let before = repo.picture();
    let answer = repo.hub(["cleanup", &id]).fails(6);
    assert!(answer.stderr.contains(&apart[..10]), "{answer}");
    assert_eq!(repo.picture(), before);
    repo.hub(["cleanup", &id, "--force"]).ok();
    let kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
    assert_eq!(kept, [apart]);
}

/// git forgets the entries of reflogs after a time: what is checked out stays named by HEAD.
#[test]
fn what_no_reflog_names_any_more_is_kept_all_the_same() {
    for command in ["doctor --fix", "cleanup --force"] {
        let repo = TestRepo::new().with_bench();
        let id = repo.archived(1);
        let worktree = repo.worktree(&id, "agent-1");
        repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
        let apart = repo.commit_in(&worktree, "Apart");
        let expire = ["reflog", "expire", "--expire=all", "--all"];
        repo.git_in(&worktree, expire);
        fs::remove_dir_all(&worktree).unwrap();
        repo.hub(command.split(' ')).run();
        assert!(!repo.git(["worktree", "list"]).contains(&id), "{command}");
        let kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
        assert_eq!(kept, [apart], "{command}");
    }
}

#[test]
fn a_worktree_that_is_gone_and_locked_is_left_alone() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git(["worktree", "lock", worktree.to_str().unwrap()]);
    fs::remove_dir_all(&worktree).unwrap();
    let before = repo.picture();
    repo.hub(["cleanup", &id]).fails(6);
    repo.hub(["cleanup", &id, "--force"]).fails(6);
    assert_eq!(repo.picture(), before);
}
