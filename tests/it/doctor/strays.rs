//! What no session owns any more.

use std::fs;
use std::path::Path;

use super::{assert_is_well, codes, findings, settled, told};
use crate::support::TestRepo;

/// Takes a session's folder away, as somebody does who empties `.agenthub`.
fn forget(repo: &TestRepo, session: &str) {
    fs::remove_dir_all(repo.hub_dir().join("sessions").join(session)).unwrap();
}

#[test]
fn a_folder_that_git_does_not_know_goes_only_when_it_is_empty() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let folder = repo.worktree(&session, "agent-7");
    fs::create_dir(&folder).unwrap();
    let found = settled(&repo, "unknown_folder");
    assert_eq!(found["path"], folder.to_str().unwrap());
    assert!(!folder.exists());
    repo.write(folder.join("notes"), "mine\n");
    told(&repo, "unknown_folder");
    assert_eq!(repo.read(folder.join("notes")), "mine\n");
}

#[test]
fn files_of_a_removed_worktree_are_deleted_when_git_has_forgotten_it() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let folder = repo.root().join("repo.hub/.removing");
    let aside = folder.join(format!("{session}.agent-7.1"));
    let admin = repo.path().join(".git/worktrees/agent-7");
    repo.write(aside.join(".git"), format!("gitdir: {}\n", admin.display()));
    repo.write(aside.join("folder/file"), "text\n");
    let found = settled(&repo, "left_files");
    assert_eq!(found["path"], aside.to_str().unwrap());
    assert!(!folder.exists());
    // git knows this one: nothing of it is deleted.
    fs::create_dir(&folder).unwrap();
    let aside = folder.join(format!("{session}.agent-1.1"));
    fs::rename(repo.worktree(&session, "agent-1"), &aside).unwrap();
    repo.hub(["doctor", "--fix"]).run();
    assert!(aside.join(".git").exists());
}

#[test]
fn what_a_session_without_its_folder_leaves_is_told_and_goes_where_nothing_is_lost() {
    let repo = TestRepo::new().with_bench();
    let session = repo.archived(1);
    forget(&repo, &session);
    let worktree = repo.worktree(&session, "agent-1");
    fs::remove_dir_all(&worktree).unwrap();
    let found = findings(&repo);
    let expected = [
        "missing_worktree",
        "unknown_folder",
        "orphan_branch",
        "orphan_tags",
    ];
    assert_eq!(codes(&found), expected);
    repo.hub(["doctor", "--fix"]).fails(1);
    // The branch was checked out in what was missing; then it went, too.
    let found = told(&repo, "orphan_tags");
    assert_eq!(found["session_id"], session.as_str());
    assert_eq!(repo.git(["branch", "--format=%(refname:short)"]), "main");
    assert!(!Path::new(&worktree).parent().unwrap().exists());
    repo.git(["tag", "-d", &format!("hub/archive/{session}/agent-1")]);
    assert_is_well(&repo);
}

#[test]
fn a_branch_that_alone_holds_commits_and_snapshots_stay() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    repo.commit_in(repo.worktree(&session, "agent-1"), "work");
    let snapshot = format!("refs/hub/snapshots/{session}/agent-1/uncommitted-1");
    repo.git(["update-ref", &snapshot, "HEAD"]);
    assert_is_well(&repo);
    let worktree = repo.worktree(&session, "agent-1");
    repo.git(["worktree", "remove", worktree.to_str().unwrap()]);
    fs::remove_dir(worktree.parent().unwrap()).unwrap();
    forget(&repo, &session);
    let before = repo.refs();
    let found = findings(&repo);
    assert_eq!(codes(&found), ["orphan_branch", "orphan_snapshots"]);
    repo.hub(["doctor", "--fix", "--yes"]).fails(1);
    assert_eq!(repo.refs(), before);
}
