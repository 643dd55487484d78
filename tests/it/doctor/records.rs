//! What git keeps of worktrees, held against what stands in their places.

use std::fs;
use std::os::unix::fs::symlink;

use super::{age, asked_for, assert_is_well, settled, told};
use crate::support::TestRepo;

#[test]
fn a_worktree_that_lost_its_link_gets_it_back() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("untracked"), "work\n");
    let whole = repo.read(worktree.join(".git"));
    for damage in [None, Some("gitdir: /nowhere/.git/worktrees/agent-1\n")] {
        fs::remove_file(worktree.join(".git")).unwrap();
        if let Some(text) = damage {
            repo.write(worktree.join(".git"), text);
        }
        let found = settled(&repo, "broken_link");
        assert_eq!(found["path"], worktree.to_str().unwrap());
        assert_eq!(found["agent"], "agent-1");
        assert_eq!(repo.read(worktree.join(".git")), whole);
        assert_eq!(repo.read(worktree.join("untracked")), "work\n");
    }
}

#[test]
fn a_repository_that_was_moved_finds_its_worktrees_again() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    let moved = repo.root().join("moved");
    fs::rename(repo.path(), &moved).unwrap();
    let doctor = |arguments: &[&str]| {
        let doctor = ["-C", moved.to_str().unwrap(), "doctor", "--json"];
        repo.hub(doctor.iter().chain(arguments)).in_folder(&moved)
    };
    let report = doctor(&[]).fails(1).json();
    assert_eq!(report["findings"][0]["code"], "broken_link", "{report:#}");
    let report = doctor(&["--fix"]).json();
    assert_eq!(report["findings"][0]["outcome"], "fixed");
    assert_eq!(doctor(&[]).json()["findings"].as_array().unwrap().len(), 0);
    repo.git_in(&worktree, ["status"]);
    fs::rename(&moved, repo.path()).unwrap();
}

#[test]
fn what_stands_in_a_worktrees_place_is_told_and_stays() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    let aside = repo.root().join("aside");
    fs::rename(&worktree, &aside).unwrap();

    symlink(&aside, &worktree).unwrap();
    let found = told(&repo, "replaced_worktree");
    assert_eq!(
        found["what"],
        "a symbolic link stands in the place of a worktree"
    );
    fs::remove_file(&worktree).unwrap();

    repo.write(worktree.join("theirs"), "mine\n");
    repo.git_in(&worktree, ["init", "--quiet"]);
    told(&repo, "replaced_worktree");
    assert_eq!(repo.read(worktree.join("theirs")), "mine\n");
    fs::remove_dir_all(&worktree).unwrap();

    repo.write(&worktree, "a file\n");
    told(&repo, "replaced_worktree");
    fs::remove_file(&worktree).unwrap();
    fs::rename(&aside, &worktree).unwrap();
    assert_is_well(&repo);
}

#[test]
fn a_record_that_is_not_whole_is_told() {
    let repo = TestRepo::new();
    let admin = repo.path().join(".git/worktrees/half");
    repo.write(admin.join("HEAD"), "ref: refs/heads/x\n");
    let found = told(&repo, "broken_record");
    assert_eq!(found["path"], admin.to_str().unwrap());
    repo.git(["worktree", "prune"]);
    assert_is_well(&repo);
}

#[test]
fn an_index_that_stays_locked_is_freed_after_a_yes() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    let admin = repo.git_in(&worktree, ["rev-parse", "--absolute-git-dir"]);
    let lock = std::path::PathBuf::from(admin).join("index.lock");
    repo.write(&lock, "");
    assert_is_well(&repo);
    age(&lock, 120);
    let found = asked_for(&repo, "index_lock");
    assert_eq!(found["path"], worktree.to_str().unwrap());
    assert!(!lock.exists());
    assert_is_well(&repo);
}
