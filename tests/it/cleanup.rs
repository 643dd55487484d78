//! `hub cleanup`: removes what is kept elsewhere, and nothing else.

mod all;
mod eval_files;
mod forced;
mod in_use;
mod missing;
mod put_aside;
mod refused;
mod strays;

use crate::support::TestRepo;

fn branch(session: &str, agent: &str) -> String {
    format!("hub/{session}/{agent}/attempt-1")
}

/// The refs under which snapshots are kept, with the commits.
fn snapshots(repo: &TestRepo) -> Vec<(String, String)> {
    let refs = repo.refs();
    let kept = refs
        .iter()
        .filter(|line| line.starts_with("refs/hub/snapshots/"));
    kept.map(|line| {
        let (name, commit) = line.split_once(' ').unwrap();
        (name.to_owned(), commit.to_owned())
    })
    .collect()
}

#[test]
fn an_archived_session_leaves_its_tags_and_nothing_else() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let tips = ["agent-1", "agent-2"].map(|agent| repo.git(["rev-parse", &branch(&id, agent)]));
    let cleanup = repo.hub(["cleanup", &id]).ok();
    insta::assert_snapshot!(repo.normalised(&cleanup.stdout), @r"
    removed [TEMP]/repo.hub/[SESSION]/agent-1
    removed [TEMP]/repo.hub/[SESSION]/agent-2
    deleted hub/[SESSION]/agent-1/attempt-1
    deleted hub/[SESSION]/agent-2/attempt-1
    ");
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(repo.git(["branch", "--format=%(refname:short)"]), "main");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    assert_eq!(snapshots(&repo), []);
    for (agent, tip) in ["agent-1", "agent-2"].iter().zip(tips) {
        let tag = format!("hub/archive/{id}/{agent}^{{commit}}");
        assert_eq!(repo.git(["rev-parse", &tag]), tip);
    }
    assert_eq!(repo.state(&id), "archived");
}

#[test]
fn a_merged_session_leaves_its_winner_in_the_base_branch() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let tip = repo.git(["rev-parse", &branch(&id, "agent-1")]);
    repo.hub(["merge", &id]).ok();
    let report = repo.hub(["cleanup", &id, "--json"]).json();
    assert_eq!(report["deleted_branches"][0], branch(&id, "agent-1"));
    assert_eq!(report["archived"], serde_json::json!([]));
    assert_eq!(repo.git(["rev-parse", "main^2"]), tip);
    assert_eq!(repo.git(["tag"]), "");
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn a_second_time_there_is_nothing_to_do() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    repo.hub(["cleanup", &id]).ok();
    let before = repo.picture();
    let again = repo.hub(["cleanup", &id]).ok();
    assert_eq!(again.stdout, "nothing to clean up\n");
    assert_eq!(repo.picture(), before);
}

#[test]
fn a_branch_that_is_not_archived_is_deleted_only_behind_a_tag() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.hub(["merge", &id]).ok();
    // The base branch is taken back: now nothing but the branch holds the winner.
    let tip = repo.git(["rev-parse", "main^2"]);
    repo.git(["reset", "--quiet", "--hard", "main^1"]);
    let cleanup = repo.hub(["cleanup", &id]).ok();
    assert!(
        cleanup.stdout.starts_with("archived agent-1 as "),
        "{cleanup}"
    );
    let tag = format!("hub/archive/{id}/agent-1^{{commit}}");
    assert_eq!(repo.git(["rev-parse", &tag]), tip);
    assert_eq!(repo.git(["branch", "--format=%(refname:short)"]), "main");
}

#[test]
fn a_branch_that_is_checked_out_by_the_user_stays() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let name = branch(&id, "agent-1");
    repo.git_in(
        repo.worktree(&id, "agent-1"),
        ["checkout", "--quiet", "--detach"],
    );
    repo.git(["checkout", "--quiet", &name]);
    let cleanup = repo.hub(["cleanup", &id]).ok();
    assert!(cleanup.stderr.contains("is checked out in"), "{cleanup}");
    assert_eq!(repo.git(["symbolic-ref", "--short", "HEAD"]), name);
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn a_branch_that_was_deleted_by_hand_is_no_obstacle() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
    repo.git(["branch", "--quiet", "-D", &branch(&id, "agent-1")]);
    repo.hub(["cleanup", &id]).ok();
    assert!(!worktree.exists());
}

#[test]
fn a_branch_that_was_renamed_by_hand_stays_under_its_name() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let tip = repo.git(["rev-parse", &branch(&id, "agent-1")]);
    repo.git(["branch", "--move", &branch(&id, "agent-1"), "mine"]);
    repo.hub(["cleanup", &id]).ok();
    assert_eq!(repo.git(["rev-parse", "mine"]), tip);
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn a_branch_that_moved_on_after_it_was_archived_stays() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let more = repo.commit_in(repo.worktree(&id, "agent-1"), "One more");
    let cleanup = repo.hub(["cleanup", &id]).ok();
    assert!(
        cleanup.stderr.contains("has moved since it was archived"),
        "{cleanup}"
    );
    assert_eq!(repo.git(["rev-parse", &branch(&id, "agent-1")]), more);
}

#[test]
fn ignored_files_go_and_the_large_ones_are_named() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitignore", "target/\n*.log\n");
    repo.commit("Ignore");
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("target/large"), vec![0; 3 * 1024 * 1024]);
    repo.write(worktree.join("small.log"), "small\n");
    let cleanup = repo.hub(["cleanup", &id]).ok();
    assert!(cleanup.stderr.contains("target/ (3 MiB)"), "{cleanup}");
    assert!(!cleanup.stderr.contains("small.log"), "{cleanup}");
    assert!(!worktree.exists());
}
