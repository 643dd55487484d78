//! `hub snapshots restore`: the files are there again, and nothing else is overwritten.

use std::fs;
use std::path::Path;

use super::{kept, with_discarded, with_work};
use crate::support::{TestRepo, Tree};

/// The work of [`with_work`] is there as uncommitted files.
#[track_caller]
fn has_work(repo: &TestRepo, worktree: &Path) {
    assert_eq!(repo.read(worktree.join("p50_ms")), "changed\n");
    assert_eq!(repo.read(worktree.join("deep/new")), "new\n");
    assert!(!worktree.join("README.md").exists());
    let status = repo.git_in(worktree, ["status", "--porcelain", "--untracked-files=all"]);
    assert_eq!(status.trim(), "D README.md\n M p50_ms\n?? deep/new");
}

#[test]
fn into_the_agents_worktree_which_is_brought_back_first() {
    let (repo, id) = with_work();
    let worktree = repo.worktree(&id, "agent-1");
    let answer = repo.hub(["snapshots", "restore", "uncommitted"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    restored [SESSION]/agent-1/uncommitted-[TIME] in [TEMP]/repo.hub/[SESSION]/agent-1, as uncommitted files
    the snapshot stays
    ");
    has_work(&repo, &worktree);
    let head = repo.git_in(&worktree, ["symbolic-ref", "--short", "HEAD"]);
    assert_eq!(head, format!("hub/{id}/agent-1/attempt-1"));
    assert!(
        !repo
            .git(["worktree", "list", "--porcelain"])
            .contains("locked")
    );
    // The snapshot stays, and a second time there is nothing to do.
    assert_eq!(super::listed(&repo).len(), 1);
    let before = repo.picture();
    let again = repo.hub(["snapshots", "restore", "uncommitted"]).ok();
    assert_eq!(again.stdout, "nothing to restore\n");
    assert_eq!(repo.picture(), before);
    // Kept once more it is the same snapshot.
    repo.hub(["cleanup", &id, "--force"]).ok();
    assert_eq!(super::listed(&repo).len(), 1);
}

#[test]
fn into_the_agents_worktree_that_stands() {
    let (repo, id) = with_work();
    repo.hub(["restore", &id]).ok();
    repo.hub(["snapshots", "restore", "uncommitted"]).ok();
    has_work(&repo, &repo.worktree(&id, "agent-1"));
}

#[test]
fn work_that_would_be_overwritten_is_refused_and_other_work_stays() {
    let (repo, id) = with_work();
    repo.hub(["restore", &id]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "mine\n");
    repo.write(worktree.join("mine"), "mine\n");
    let before = repo.picture();
    let answer = repo.hub(["snapshots", "restore", "uncommitted"]).fails(6);
    assert!(
        answer.stderr.contains("are in the way: p50_ms\n"),
        "{answer}"
    );
    assert_eq!(repo.picture(), before);
    repo.git_in(&worktree, ["checkout", "--quiet", "p50_ms"]);
    repo.git_in(&worktree, ["mv", "bench.sh", "staged.sh"]);
    repo.hub(["snapshots", "restore", "uncommitted"]).ok();
    assert_eq!(repo.read(worktree.join("p50_ms")), "changed\n");
    assert_eq!(repo.read(worktree.join("mine")), "mine\n");
    assert!(worktree.join("staged.sh").exists());
}

#[test]
fn an_ignored_file_is_not_overwritten() {
    let (repo, id) = with_work();
    repo.hub(["restore", &id]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(repo.path().join(".git/info/exclude"), "deep/\n");
    repo.write(worktree.join("deep/new"), "ignored\n");
    let answer = repo.hub(["snapshots", "restore", "uncommitted"]).fails(6);
    assert!(answer.stderr.contains("deep/new"), "{answer}");
    assert_eq!(repo.read(worktree.join("deep/new")), "ignored\n");
}

#[test]
fn a_worktree_that_went_on_is_refused_and_a_folder_takes_it() {
    let (repo, id) = with_work();
    repo.hub(["restore", &id]).ok();
    repo.commit_in(repo.worktree(&id, "agent-1"), "Went on");
    let before = repo.picture();
    let error = repo
        .hub(["snapshots", "restore", "uncommitted", "--json"])
        .fails(6);
    let hint = error.json_error()["hint"].as_str().unwrap().to_owned();
    assert_eq!(repo.picture(), before);
    let command = hint.split('`').nth(1).unwrap();
    repo.typed(&command.replace("FOLDER", "../back"));
    has_work(&repo, &repo.root().join("back"));
}

#[test]
fn a_folder_with_a_branch_of_its_own() {
    let (repo, _) = with_work();
    let sub = repo.path().join("sub");
    fs::create_dir(&sub).unwrap();
    let command = [
        "snapshots",
        "restore",
        "agent-1",
        "--into",
        "../../back",
        "--branch",
        "mine",
    ];
    repo.hub(command).in_folder(&sub).ok();
    let back = repo.root().join("back");
    has_work(&repo, &back);
    assert_eq!(
        repo.git_in(&back, ["symbolic-ref", "--short", "HEAD"]),
        "mine"
    );
    let again = repo.hub(command).in_folder(&sub).ok();
    assert_eq!(again.stdout, "nothing to restore\n");
    // A branch that is somebody's, or a folder with something in it, is refused.
    let before = repo.picture();
    for place in [
        ["--into", "../other", "--branch", "main"],
        ["--into", ".", "--branch", "new"],
    ] {
        let command = [&["snapshots", "restore", "agent-1"][..], &place].concat();
        repo.hub(command).fails(6);
        assert_eq!(repo.picture(), before);
    }
}

#[test]
fn a_discarded_commit_gets_a_branch_or_a_worktree() {
    let (repo, _, commit) = with_discarded();
    let answer = repo.hub(["snapshots", "restore", "discarded"]).fails(2);
    assert!(answer.stderr.contains("--branch NAME"), "{answer}");
    repo.hub(["snapshots", "restore", "discarded", "--branch", "rescued"])
        .ok();
    assert_eq!(repo.git(["rev-parse", "rescued"]), commit);
    let again = repo
        .hub(["snapshots", "restore", "discarded", "--branch", "rescued"])
        .ok();
    assert_eq!(again.stdout, "nothing to restore\n");
    repo.hub(["snapshots", "restore", "discarded", "--branch", "main"])
        .fails(6);
    repo.hub(["snapshots", "restore", "discarded", "--into", "../back"])
        .ok();
    let back = repo.root().join("back");
    assert_eq!(repo.git_in(&back, ["rev-parse", "HEAD"]), commit);
    assert_eq!(repo.git_in(&back, ["status", "--porcelain"]), "");
}

#[test]
fn the_work_of_a_merged_agent_comes_back_on_its_branch() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.hub(["merge", &id]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("new"), "new\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    repo.hub(["snapshots", "restore", "agent-1"]).ok();
    assert_eq!(repo.read(worktree.join("new")), "new\n");
    let head = repo.git_in(&worktree, ["symbolic-ref", "--short", "HEAD"]);
    assert_eq!(head, format!("hub/{id}/agent-1/attempt-1"));
}

#[test]
fn a_snapshot_without_a_session_becomes_a_branch() {
    let (repo, id) = with_work();
    fs::remove_dir_all(repo.hub_dir().join("sessions").join(&id)).unwrap();
    let answer = repo.hub(["snapshots", "restore", "agent-1"]).fails(3);
    assert!(answer.stderr.contains("is gone"), "{answer}");
    repo.hub(["snapshots", "restore", "agent-1", "--branch", "mine"])
        .ok();
    assert_eq!(repo.git(["show", "mine:deep/new"]), "new");
}

#[test]
fn files_of_every_kind_are_as_they_were() {
    let mut whole = Tree::default();
    let (repo, id) = kept(|repo, worktree| {
        repo.write(worktree.join("a\nnew line"), "new line\n");
        repo.write(worktree.join("bytes"), b"\0\xff\r\n".as_slice());
        std::os::unix::fs::symlink("bytes", worktree.join("link")).unwrap();
        repo.git_in(worktree, ["mv", "bench.sh", "moved.sh"]);
        fs::remove_file(worktree.join("README.md")).unwrap();
        repo.write(worktree.join("README.md/is a folder now"), "");
        whole = Tree::read(worktree).outside(".git");
    });
    repo.hub(["snapshots", "restore", "agent-1"]).ok();
    whole.assert_is_but_for(&[".git"], &repo.worktree(&id, "agent-1"));
}
