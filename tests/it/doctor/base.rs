//! The base branch, the base commit, and what was merged.

use super::{assert_is_well, codes, findings, told};
use crate::support::TestRepo;

#[test]
fn a_merge_that_was_reset_away_is_told_and_its_commit_kept() {
    let repo = TestRepo::new().with_bench();
    let before = repo.git(["rev-parse", "main"]);
    let session = repo.evaluated(|_| {});
    repo.hub(["merge", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    let merge = repo.git(["rev-parse", "main"]);
    assert_is_well(&repo);
    repo.git(["reset", "--quiet", "--hard", &before]);
    let found = findings(&repo);
    assert_eq!(codes(&found), ["merge_gone", "unreached_commit"]);
    assert_eq!(found[0]["ref"], "refs/heads/main");
    repo.hub(["doctor", "--fix"]).fails(1);
    assert_ne!(repo.git(["for-each-ref", "--contains", &merge]), "");
    told(&repo, "merge_gone");
    repo.git(["merge", "--quiet", "--ff-only", &merge]);
    assert_is_well(&repo);
}

#[test]
fn a_base_branch_that_is_gone_is_told_once() {
    let repo = TestRepo::new().with_bench();
    repo.git(["branch", "dev"]);
    for _ in 0..2 {
        repo.hub(["init", "--task", "Go", "--base-branch", "dev"])
            .ok();
    }
    repo.git(["branch", "-D", "dev"]);
    let found = told(&repo, "base_gone");
    let what = found["what"].as_str().unwrap();
    assert!(what.ends_with("and of 1 more sessions"), "{what}");
    let hint = found["hint"].as_str().unwrap();
    repo.typed(hint.split('`').nth(1).unwrap());
    assert_is_well(&repo);
}

#[test]
fn a_base_commit_that_is_not_there_is_told() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go"]).ok();
    let session = repo.newest_session();
    let config = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("config.yaml");
    let head = repo.git(["rev-parse", "HEAD"]);
    repo.write(
        &config,
        repo.read(&config).replace(&head, &"ab12".repeat(10)),
    );
    let found = told(&repo, "base_commit_gone");
    assert_eq!(found["session_id"], session.as_str());
}
