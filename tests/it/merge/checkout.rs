//! Where the base branch is checked out, and what stands there.

use super::{branch, parents, tip};
use crate::support::TestRepo;

#[test]
fn uncommitted_files_that_are_not_in_the_way_stay_byte_for_byte() {
    let repo = TestRepo::new().with_bench();
    repo.write("staged.txt", "before\n");
    repo.write("both.txt", "before\n");
    repo.commit("Files");
    let id = repo.evaluated(|_| ());
    repo.write("README.md", "changed\n");
    repo.write("staged.txt", "staged\n");
    repo.write("both.txt", "staged\n");
    repo.git(["add", "staged.txt", "both.txt"]);
    repo.write("both.txt", "staged and changed\n");
    repo.write("untracked/deep.txt", b"\0untracked\xff".as_slice());
    let status = repo.git(["status", "--porcelain"]);
    let staged = repo.git(["diff", "--cached"]);
    let changed = repo.git(["diff"]);

    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(repo.git(["status", "--porcelain"]), status);
    assert_eq!(repo.git(["diff", "--cached"]), staged);
    assert_eq!(repo.git(["diff"]), changed);
    let untracked = std::fs::read(repo.path().join("untracked/deep.txt")).unwrap();
    assert_eq!(untracked, b"\0untracked\xff");
}

/// The merge is refused for `file`, which `put` puts in the way; without it, it goes on.
fn in_the_way(repo: &TestRepo, id: &str, file: &str, put: impl FnOnce()) {
    put();
    let before = repo.picture();
    let error = repo.hub(["merge", id, "--json"]).fails(6).json_error();
    assert_eq!(error["code"], "refused");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with(&format!("are in the way: {file}")),
        "{message}"
    );
    assert_eq!(repo.picture(), before);
    assert_eq!(repo.state(id), "evaluating");

    let hint = error["hint"].as_str().unwrap();
    let stash = hint.split('`').nth(1).unwrap();
    repo.typed(stash);
    repo.hub(["merge", id]).ok();
    assert_eq!(repo.state(id), "merged");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn a_changed_file_in_the_way_is_refused_until_it_is_stashed() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    in_the_way(&repo, &id, "p50_ms", || repo.write("p50_ms", "mine\n"));
    assert_eq!(repo.git(["show", "stash@{0}:p50_ms"]), "mine");
}

#[test]
fn a_staged_file_in_the_way_is_refused_until_it_is_stashed() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    in_the_way(&repo, &id, "p50_ms", || {
        repo.write("p50_ms", "mine\n");
        repo.git(["add", "p50_ms"]);
    });
}

#[test]
fn an_untracked_file_in_the_way_is_refused_until_it_is_stashed() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|worktree| repo.write(worktree.join("ü new.txt"), "theirs\n"));
    in_the_way(&repo, &id, "ü new.txt", || {
        repo.write("ü new.txt", "mine\n");
    });
    assert_eq!(repo.git(["show", "stash@{0}^3:ü new.txt"]), "mine");
}

#[test]
fn untracked_files_in_a_folder_that_becomes_a_file_are_in_the_way() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|worktree| repo.write(worktree.join("notes"), "a file\n"));
    in_the_way(&repo, &id, "notes", || {
        repo.write("notes/mine.txt", "mine\n");
    });
    assert_eq!(repo.git(["show", "stash@{0}^3:notes/mine.txt"]), "mine");
}

#[test]
fn an_ignored_file_is_not_overwritten_either() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitignore", ".env\n");
    repo.commit("Ignore");
    let id = repo.evaluated(|worktree| {
        repo.write(worktree.join(".env"), "theirs\n");
        repo.git_in(worktree, ["add", "--force", ".env"]);
    });
    repo.write(".env", "my secret\n");
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).fails(6);
    assert!(answer.stderr.contains(".env"), "{answer}");
    assert_eq!(repo.picture(), before);
    assert_eq!(repo.read(".env"), "my secret\n");
}

#[test]
fn a_linked_worktree_with_the_base_branch_goes_along() {
    let repo = TestRepo::new().with_bench();
    let linked = repo.root().join("linked");
    repo.git(["checkout", "--quiet", "--detach"]);
    repo.git([
        "worktree",
        "add",
        "--quiet",
        linked.to_str().unwrap(),
        "main",
    ]);
    let id = {
        repo.hub(["init", "--task", "Be fast", "-n", "1", "-b", "main"])
            .ok();
        repo.newest_session()
    };
    repo.hub(["spawn", &id, "--no-start"]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(&worktree, "Work");
    repo.hub(["eval", &id]).ok();
    let here = repo.git(["rev-parse", "HEAD"]);
    let report = repo
        .hub(["merge", &id, "--agent", "agent-1", "--json"])
        .json();
    assert_eq!(report["checkout"], linked.to_str().unwrap());
    assert_eq!(repo.read(linked.join("p50_ms")), "120\n");
    assert_eq!(repo.git_in(&linked, ["status", "--porcelain"]), "");
    assert_eq!(repo.git(["rev-parse", "HEAD"]), here);
    assert_eq!(repo.read("p50_ms"), "180\n");
}

#[test]
fn a_base_branch_that_is_checked_out_nowhere_moves_alone() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["checkout", "--quiet", "-b", "other"]);
    repo.write("README.md", "changed\n");
    let files = repo.git(["diff"]);
    let before = tip(&repo, "main");
    let report = repo.hub(["merge", &id, "--json"]).json();
    assert_eq!(report["checkout"], serde_json::Value::Null);
    assert_eq!(
        parents(&repo, "main"),
        [before, tip(&repo, &branch(&id, "agent-1"))]
    );
    assert_eq!(repo.git(["show", "main:p50_ms"]), "120");
    // The checkout that there is has another branch, and nothing of it moved.
    assert_eq!(repo.git(["diff"]), files);
    assert_eq!(repo.read("p50_ms"), "180\n");
    assert_eq!(repo.git(["symbolic-ref", "HEAD"]), "refs/heads/other");
    let reflog = repo.git(["reflog", "show", "main"]);
    assert!(reflog.contains("hub: merge"), "{reflog}");
}

#[test]
fn a_detached_head_stays_where_it_is() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["checkout", "--quiet", "--detach"]);
    let head = repo.git(["rev-parse", "HEAD"]);
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.git(["rev-parse", "HEAD"]), head);
    assert_eq!(repo.read("p50_ms"), "180\n");
    assert_eq!(repo.git(["show", "main:p50_ms"]), "120");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn a_rebase_of_the_base_branch_is_waited_for() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["checkout", "--quiet", "-b", "side", "main~1"]);
    repo.write("README.md", "side\n");
    repo.commit("Side");
    repo.git(["checkout", "--quiet", "main"]);
    repo.write("README.md", "main\n");
    repo.commit("Main");
    assert!(repo.try_git_in(repo.path(), ["rebase", "side"]).is_err());
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(6).json_error();
    assert!(
        error["message"].as_str().unwrap().contains("rebase"),
        "{error}"
    );
    assert_eq!(repo.picture(), before);

    // As the hint says.
    let hint = error["hint"].as_str().unwrap();
    repo.typed(hint.split('`').nth(1).unwrap());
    repo.hub(["merge", &id]).ok();
}

#[test]
fn a_merge_in_the_base_checkout_is_waited_for() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["branch", "side"]);
    repo.write("main.txt", "main\n");
    repo.commit("Main");
    repo.git(["checkout", "--quiet", "side"]);
    repo.write("side.txt", "side\n");
    repo.commit("Side");
    repo.git(["checkout", "--quiet", "main"]);
    repo.git(["merge", "--quiet", "--no-commit", "side"]);
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(6).json_error();
    assert!(
        error["message"].as_str().unwrap().contains("merge"),
        "{error}"
    );
    assert_eq!(repo.picture(), before);
    let hint = error["hint"].as_str().unwrap();
    repo.typed(hint.split('`').nth(1).unwrap());
    repo.hub(["merge", &id]).ok();
}

#[test]
fn a_bisection_that_has_just_begun_is_ended_as_the_hint_says() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["bisect", "start"]);
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(6).json_error();
    assert_eq!(repo.picture(), before);
    let hint = error["hint"].as_str().unwrap();
    repo.typed(hint.split('`').nth(1).unwrap());
    repo.hub(["merge", &id]).ok();
}

#[test]
fn a_base_branch_that_is_checked_out_twice_is_refused() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let second = repo.root().join("second");
    let second = second.to_str().unwrap();
    repo.git(["worktree", "add", "--quiet", "--force", second, "main"]);
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).fails(6);
    assert!(answer.stderr.contains(second), "{answer}");
    assert_eq!(repo.picture(), before);
    repo.git(["worktree", "remove", second]);
    repo.hub(["merge", &id]).ok();
}

#[test]
fn a_checkout_on_a_disk_that_is_not_there_now_is_not_left_behind() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let (stick, away) = (repo.root().join("stick"), repo.root().join("away"));
    repo.git(["checkout", "--quiet", "--detach"]);
    repo.git([
        "worktree",
        "add",
        "--quiet",
        stick.to_str().unwrap(),
        "main",
    ]);
    repo.git(["worktree", "lock", stick.to_str().unwrap()]);
    std::fs::rename(&stick, &away).unwrap();
    let before = repo.picture();
    let answer = repo.hub(["merge", &id]).fails(6);
    assert!(answer.stderr.contains(stick.to_str().unwrap()), "{answer}");
    assert_eq!(repo.picture(), before);

    std::fs::rename(&away, &stick).unwrap();
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.read(stick.join("p50_ms")), "120\n");
    assert_eq!(repo.git_in(&stick, ["status", "--porcelain"]), "");
}
