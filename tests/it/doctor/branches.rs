//! Attempt branches that are gone, and commits that nothing keeps.

use super::{assert_is_well, codes, findings, fixed, settled, told};
use crate::support::TestRepo;

fn branch(session: &str) -> String {
    format!("hub/{session}/agent-1/attempt-1")
}

#[test]
fn a_branch_that_was_deleted_is_made_again_where_it_was() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(2);
    let worktree = repo.worktree(&session, "agent-1");
    let tip = repo.commit_in(&worktree, "work");
    let name = format!("refs/heads/{}", branch(&session));
    repo.git(["update-ref", "-d", &name]);
    let found = settled(&repo, "lost_branch");
    assert_eq!(found["ref"], name);
    assert_eq!(found["agent"], "agent-1");
    assert_eq!(found["danger"], "loss");
    assert_eq!(repo.git(["rev-parse", &name]), tip);
    assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
    let journal = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("events.jsonl");
    let journal = repo.read(journal);
    let told = |line: &&str| line.contains("\"doctor\"") && line.contains(&tip);
    assert_eq!(journal.lines().filter(told).count(), 1, "{journal}");
}

#[test]
fn a_branch_whose_worktree_is_gone_too_comes_back_from_the_evaluation() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| {});
    let tip = repo.git(["rev-parse", &branch(&session)]);
    let worktree = repo.worktree(&session, "agent-1");
    repo.git(["worktree", "remove", "--force", worktree.to_str().unwrap()]);
    repo.git(["branch", "-D", &branch(&session)]);
    let found = findings(&repo);
    assert_eq!(codes(&found), ["lost_branch", "missing_worktree"]);
    repo.hub(["doctor", "--fix"]).fails(1);
    assert_eq!(repo.git(["rev-parse", &branch(&session)]), tip);
    super::asked_for(&repo, "missing_worktree");
    assert_is_well(&repo);
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), tip);
}

#[test]
fn a_branch_that_was_renamed_comes_back_beside_its_new_name() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    let tip = repo.commit_in(&worktree, "work");
    repo.git(["branch", "-m", &branch(&session), "better"]);
    let found = findings(&repo);
    assert_eq!(codes(&found), ["lost_branch", "other_branch"]);
    repo.hub(["doctor", "--fix"]).fails(1);
    for name in [&branch(&session), "better"] {
        assert_eq!(repo.git(["rev-parse", name]), tip);
    }
    repo.git_in(&worktree, ["switch", "--quiet", &branch(&session)]);
    assert_is_well(&repo);
}

#[test]
fn a_branch_of_which_nothing_is_known_is_told() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let worktree = repo.worktree(&session, "agent-1");
    repo.git(["worktree", "remove", worktree.to_str().unwrap()]);
    repo.git(["branch", "-D", &branch(&session)]);
    repo.hub(["update", &session, "--state", "evaluating"]).ok();
    repo.hub(["archive", &session]).ok();
    let found = told(&repo, "lost_branch");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.contains("git fsck"), "{hint}");
}

#[test]
fn an_archived_attempt_without_branch_and_tag_gets_both_back() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| {});
    repo.hub(["archive", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    let tag = format!("hub/archive/{session}/agent-1");
    let tip = repo.git(["rev-parse", &format!("{tag}^{{commit}}")]);
    repo.git(["tag", "-d", &tag]);
    settled(&repo, "lost_branch");
    for name in [branch(&session), format!("{tag}^{{commit}}")] {
        assert_eq!(repo.git(["rev-parse", &name]), tip);
    }
}

#[test]
fn a_measured_commit_that_was_amended_away_is_kept() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| {});
    let worktree = repo.worktree(&session, "agent-1");
    let measured = repo.git(["rev-parse", &branch(&session)]);
    repo.git_in(
        &worktree,
        ["commit", "--quiet", "--amend", "--message", "other"],
    );
    let found = settled(&repo, "unreached_commit");
    assert_eq!(found["agent"], "agent-1");
    let kept = format!(
        "refs/hub/snapshots/{session}/agent-1/discarded-{}",
        &measured[..10]
    );
    assert_eq!(repo.git(["rev-parse", &kept]), measured);
}

#[test]
fn a_ref_without_content_goes_and_comes_back_with_its_commit() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let tip = repo.commit_in(repo.worktree(&session, "agent-1"), "work");
    let name = format!("refs/heads/{}", branch(&session));
    repo.write(repo.path().join(".git").join(&name), "");
    let found = findings(&repo);
    assert_eq!(codes(&found), ["broken_ref", "lost_branch"]);
    assert_eq!(found[0]["ref"], name);
    fixed(&repo);
    assert_is_well(&repo);
    assert_eq!(repo.git(["rev-parse", &name]), tip);
}
