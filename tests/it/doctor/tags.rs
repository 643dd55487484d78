//! Archive tags that are gone, moved, or without a message.

use super::{assert_is_well, codes, findings, told};
use crate::support::TestRepo;

/// An archived session whose worktree holds work, so that nothing is to be said of that.
fn archived() -> (TestRepo, String, String) {
    let repo = TestRepo::new().with_bench();
    let session = repo.archived_with(|repo, session| {
        repo.write(
            repo.worktree(session, "agent-1").join("untracked"),
            "work\n",
        );
    });
    let tag = format!("hub/archive/{session}/agent-1");
    assert_is_well(&repo);
    (repo, session, tag)
}

#[test]
fn a_tag_that_was_deleted_is_made_again() {
    let (repo, session, tag) = archived();
    let message = repo.git(["tag", "-l", "--format=%(contents)", &tag]);
    repo.git(["tag", "-d", &tag]);
    let found = super::settled(&repo, "missing_tag");
    assert_eq!(found["session_id"], session.as_str());
    assert_eq!(
        repo.git(["tag", "-l", "--format=%(contents)", &tag]),
        message
    );
}

#[test]
fn a_tag_without_a_message_gets_one() {
    let (repo, _, tag) = archived();
    let commit = format!("{tag}^{{commit}}");
    let before = repo.git(["rev-parse", &commit]);
    repo.git(["tag", "-f", &tag, &before]);
    let found = super::settled(&repo, "light_tag");
    assert_eq!(found["ref"], format!("refs/tags/{tag}"));
    assert_eq!(repo.git(["cat-file", "-t", &tag]), "tag");
    assert_eq!(repo.git(["rev-parse", &commit]), before);
}

#[test]
fn a_branch_that_went_on_after_its_archive_is_told() {
    let (repo, session, tag) = archived();
    let worktree = repo.worktree(&session, "agent-1");
    repo.commit_in(&worktree, "more");
    let found = findings(&repo);
    assert_eq!(codes(&found), ["moved_tag", "spent_worktree"]);
    repo.write(worktree.join("untracked-2"), "work\n");
    let found = told(&repo, "moved_tag");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("{tag}...hub/{session}/")), "{hint}");
}

#[test]
fn a_state_that_was_set_by_hand_asks_for_no_tags() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    for state in ["evaluating", "archived"] {
        repo.hub(["update", &session, "--state", state]).ok();
    }
    repo.write(
        repo.worktree(&session, "agent-1").join("untracked"),
        "work\n",
    );
    assert_is_well(&repo);
}
