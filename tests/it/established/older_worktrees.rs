//! The branches and worktrees of an older tool: its state names no agents, git knows them.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{ARCHIVED, CONFIG, MERGED, RUNNING, older_attempt, repo_with, session_dir};
use crate::support::{TestRepo, Tree};

#[test]
fn are_shown_though_the_state_names_no_agents() {
    let repo = repo_with(&["established"]);
    let (first, commit) = older_attempt(&repo, ARCHIVED, "agent-1");
    older_attempt(&repo, ARCHIVED, "agent-2");
    // A worktree of another session, and one of nobody's.
    older_attempt(&repo, MERGED, "agent-1");
    repo.git(["worktree", "add", "--quiet", "--detach", "../elsewhere"]);
    repo.write(first.join("draft.txt"), "not committed\n");

    let status = repo.hub(["status", ARCHIVED]).ok();
    assert_snapshot!(repo.normalised(&status.stdout), @"
    session [SESSION]  archived
    task  Replace the # comments of the old configuration by // comments
    base  main

    AGENT  STATUS  ATTEMPT  BRANCH  AHEAD  FILES  +/-  DIRTY  METRIC  AGE  LAST COMMIT
    agent-1  -  1  hub/[SESSION]/agent-1/attempt-1  1  1  +1/-0  1  -  [AGE]  Work of agent-1
    agent-2  -  1  hub/[SESSION]/agent-2/attempt-1  1  1  +1/-0  0  -  [AGE]  Work of agent-2

    next: hub cleanup [SESSION] (its worktrees are still there)
    ");

    let status = repo.hub(["status", ARCHIVED, "--json"]).json();
    let agent = &status["agents"][0];
    assert_eq!(agent["branch"], format!("hub/{ARCHIVED}/agent-1/attempt-1"));
    assert_eq!(agent["worktree"], first.to_str().unwrap());
    assert_eq!(agent["commit"], commit);
    assert_eq!(agent["commits_ahead"], 1);
    assert_eq!(agent["uncommitted_files"], 1);
    assert_eq!(status["agents"].as_array().unwrap().len(), 2);
    assert_eq!(status["state"]["agents"], json!({}));
}

#[test]
fn are_cleaned_up_and_every_commit_is_kept_as_a_tag() {
    let repo = repo_with(&["established"]);
    let (first, first_commit) = older_attempt(&repo, ARCHIVED, "agent-1");
    let (second, second_commit) = older_attempt(&repo, ARCHIVED, "agent-2");

    let cleanup = repo.hub(["cleanup", ARCHIVED]).ok();
    assert_snapshot!(repo.without_paths(&cleanup.stdout), @"
    archived agent-1 as hub/archive/20260316-173015/agent-1
    archived agent-2 as hub/archive/20260316-173015/agent-2
    removed [TEMP]/repo/.worktrees/20260316-173015/agent-1
    removed [TEMP]/repo/.worktrees/20260316-173015/agent-2
    deleted hub/20260316-173015/agent-1/attempt-1
    deleted hub/20260316-173015/agent-2/attempt-1
    ");

    assert!(!first.exists() && !second.exists());
    let main = repo.git(["rev-parse", "main"]);
    assert_eq!(
        repo.refs(),
        [
            format!("refs/heads/main {main}"),
            format!("refs/tags/hub/archive/{ARCHIVED}/agent-1 {first_commit}"),
            format!("refs/tags/hub/archive/{ARCHIVED}/agent-2 {second_commit}"),
        ]
    );
    assert_eq!(
        repo.git(["worktree", "list", "--porcelain"])
            .matches("worktree ")
            .count(),
        1
    );
}

#[test]
fn are_cleaned_up_once_and_then_there_is_nothing_to_do() {
    let repo = repo_with(&["established"]);
    older_attempt(&repo, ARCHIVED, "agent-1");
    repo.hub(["cleanup", ARCHIVED]).ok();
    let before = repo.refs();
    let again = repo.hub(["cleanup", ARCHIVED]).ok();
    assert_snapshot!(again.stdout, @"nothing to clean up");
    assert_eq!(repo.refs(), before);
    // The attempts are still told of, by their tags.
    let status = repo.hub(["status", ARCHIVED, "--json"]).json();
    assert_eq!(status["agents"][0]["agent"], "agent-1");
    assert_eq!(status["agents"][0]["last_message"], "Work of agent-1");
    assert_eq!(status["agents"][0]["worktree"], Value::Null);
}

#[test]
fn need_no_tag_where_the_base_branch_holds_them() {
    let repo = repo_with(&["established"]);
    let (_, winner) = older_attempt(&repo, MERGED, "agent-1");
    let (_, other) = older_attempt(&repo, MERGED, "agent-2");
    repo.git([
        "merge",
        "--quiet",
        "--ff-only",
        &format!("hub/{MERGED}/agent-1/attempt-1"),
    ]);

    let cleanup = repo.hub(["cleanup", MERGED, "--json"]).json();
    assert_eq!(cleanup["deleted_branches"].as_array().unwrap().len(), 2);
    assert_eq!(
        repo.refs(),
        [
            format!("refs/heads/main {winner}"),
            format!("refs/tags/hub/archive/{MERGED}/agent-2 {other}"),
        ]
    );
}

#[test]
fn stay_as_they_are_while_they_hold_work_that_no_commit_holds() {
    let repo = repo_with(&["established"]);
    older_attempt(&repo, ARCHIVED, "agent-1");
    let (second, _) = older_attempt(&repo, ARCHIVED, "agent-2");
    repo.write(second.join("draft.txt"), "not committed\n");
    repo.write(second.join("agent-2.txt"), "work, changed\n");
    let (refs, worktrees) = (repo.refs(), repo.path().join(".worktrees"));
    let before = Tree::read(&worktrees);

    let refused = repo.hub(["cleanup", ARCHIVED]).fails(6);
    assert_snapshot!(repo.without_paths(&refused.stderr), @"
    error: [TEMP]/repo/.worktrees/20260316-173015/agent-2 has uncommitted work: agent-2.txt, draft.txt
    hint: commit it with `git -C [TEMP]/repo/.worktrees/20260316-173015/agent-2 add -A && git -C [TEMP]/repo/.worktrees/20260316-173015/agent-2 commit`, or give `hub cleanup 20260316-173015 --force`, which keeps it as a snapshot
    ");
    // Also of the clean one: all is checked before anything is removed.
    assert_eq!(repo.refs(), refs);
    before.assert_is(&worktrees);
}

#[test]
fn leave_uncommitted_work_behind_as_a_snapshot_when_forced() {
    let repo = repo_with(&["established"]);
    let (path, commit) = older_attempt(&repo, ARCHIVED, "agent-1");
    repo.write(path.join("draft.txt"), "not committed\n");
    repo.write(path.join("agent-1.txt"), "work, changed\n");

    let cleanup = repo.hub(["cleanup", ARCHIVED, "--force", "--json"]).json();
    assert!(!path.exists());
    let snapshot = cleanup["snapshots"][0]["commit"].as_str().unwrap();
    let named = cleanup["snapshots"][0]["ref"].as_str().unwrap();
    assert_eq!(repo.git(["rev-parse", named]), snapshot);
    assert_eq!(
        repo.git(["show", &format!("{named}:draft.txt")]),
        "not committed"
    );
    assert_eq!(
        repo.git(["show", &format!("{named}:agent-1.txt")]),
        "work, changed"
    );
    assert!(repo.refs().contains(&format!(
        "refs/tags/hub/archive/{ARCHIVED}/agent-1 {commit}"
    )));
}

#[test]
fn are_forgotten_where_the_folder_was_removed_by_hand() {
    let repo = repo_with(&["established"]);
    let (path, commit) = older_attempt(&repo, ARCHIVED, "agent-1");
    let (other, _) = older_attempt(&repo, MERGED, "agent-1");
    std::fs::remove_dir_all(&path).unwrap();
    std::fs::remove_dir_all(&other).unwrap();

    let status = repo.hub(["status", ARCHIVED, "--json"]).json();
    assert_eq!(status["agents"][0]["missing"], true);
    let cleanup = repo.hub(["cleanup", ARCHIVED, "--json"]).json();
    assert_eq!(
        cleanup["forgotten_worktrees"],
        json!([path.to_str().unwrap()])
    );
    assert_eq!(cleanup["removed_worktrees"], json!([]));
    assert!(repo.refs().contains(&format!(
        "refs/tags/hub/archive/{ARCHIVED}/agent-1 {commit}"
    )));
    // That one alone: the other session's is still known to git.
    let known = repo.git(["worktree", "list", "--porcelain"]);
    assert!(
        known.contains(other.to_str().unwrap()) && !known.contains(ARCHIVED),
        "{known}"
    );
}

#[test]
fn are_no_reason_to_touch_anything_before_the_session_is_at_its_end() {
    let repo = repo_with(&["established"]);
    older_attempt(&repo, RUNNING, "agent-1");
    // The refs are in it, too.
    let before = Tree::read(&repo.path());
    let refused = repo.hub(["cleanup", RUNNING]).fails(4);
    assert_snapshot!(refused.stderr, @"
    error: session 20260305-101500 is running; cleanup is for merged and archived ones
    hint: `hub archive 20260305-101500` ends it and keeps its attempts as tags
    ");
    // A lock and an empty journal may come; they say nothing.
    before.assert_is_but_for(&[".lock", "events.jsonl", "events.head"], &repo.path());
    let journal = repo.hub(["events", RUNNING, "--json"]).json();
    assert_eq!(journal["events"], json!([]));
}

#[test]
fn are_kept_though_the_base_branch_is_gone() {
    let (repo, commit) = archived_without_its_base();
    repo.hub(["cleanup", ARCHIVED]).ok();
    let tag = format!("refs/tags/hub/archive/{ARCHIVED}/agent-1 {commit}");
    assert!(repo.refs().contains(&tag), "{:?}", repo.refs());
}

#[test]
fn are_shown_though_the_base_branch_is_gone() {
    let (repo, commit) = archived_without_its_base();
    let status = repo.hub(["status", ARCHIVED, "--json"]).json();
    assert_eq!(status["agents"][0]["commit"], commit);
    // Nobody knows any more where the attempt began.
    assert_eq!(status["agents"][0]["commits_ahead"], Value::Null);
}

/// A repository in which the base branch of a session was deleted, and the commit of its agent.
fn archived_without_its_base() -> (TestRepo, String) {
    let repo = repo_with(&["established"]);
    let config = session_dir(&repo, ARCHIVED).join(CONFIG);
    let text = repo.read(&config);
    repo.write(
        &config,
        text.replace("base_branch: main", "base_branch: gone"),
    );
    let (_, commit) = older_attempt(&repo, ARCHIVED, "agent-1");
    (repo, commit)
}

#[test]
fn keep_an_older_attempt_of_an_agent_under_a_tag_of_its_own() {
    let repo = repo_with(&["established"]);
    let (path, first) = older_attempt(&repo, ARCHIVED, "agent-1");
    let branch = format!("hub/{ARCHIVED}/agent-1/attempt-2");
    repo.git_in(&path, ["checkout", "--quiet", "-b", &branch, "main"]);
    let second = repo.commit_in(&path, "Another try");
    repo.hub(["cleanup", ARCHIVED]).ok();
    let tag = format!("refs/tags/hub/archive/{ARCHIVED}/agent-1");
    for kept in [
        format!("{tag} {second}"),
        format!("{tag}.attempt-1 {first}"),
    ] {
        assert!(repo.refs().contains(&kept), "{kept}: {:?}", repo.refs());
    }
}

#[test]
fn may_be_absent_at_a_cleanup() {
    let repo = repo_with(&["established"]);
    for session in [MERGED, ARCHIVED] {
        let cleanup = repo.hub(["cleanup", session]).ok();
        assert_eq!(cleanup.stdout, "nothing to clean up\n");
    }
}
