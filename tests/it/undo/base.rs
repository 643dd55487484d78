//! The base branch with its checkout: nothing in it is overwritten.

use crate::support::TestRepo;

use super::worked;

fn merged(repo: &TestRepo) -> String {
    let id = worked(repo);
    repo.hub(["eval", &id]).ok();
    repo.hub(["merge", &id]).ok();
    id
}

/// The merge brings a file and takes one away.
fn merged_with_files(repo: &TestRepo) -> String {
    repo.write("doomed", "to go\n");
    repo.write(".gitignore", "*.ignored\n");
    repo.write("kept.ignored", "tracked although ignored\n");
    repo.git(["add", "--force", "kept.ignored"]);
    repo.commit("More");
    let id = repo.evaluated(|worktree| {
        repo.git_in(worktree, ["rm", "--quiet", "doomed", "kept.ignored"]);
    });
    repo.hub(["merge", &id]).ok();
    id
}

#[test]
fn uncommitted_changes_elsewhere_stay() {
    let repo = TestRepo::new().with_bench();
    let id = merged(&repo);
    repo.write("README.md", "changed\n");
    repo.write("bench.sh", "staged\n");
    repo.git(["add", "bench.sh"]);
    repo.write("new", "untracked\n");
    let status = repo.git(["status", "--porcelain"]);
    repo.hub(["undo", &id]).ok();
    assert_eq!(repo.git(["status", "--porcelain"]), status);
    assert_eq!(repo.read("README.md"), "changed\n");
    assert_eq!(repo.read("p50_ms"), "180\n");
    repo.hub(["undo", &id]).ok();
    assert_eq!(repo.git(["status", "--porcelain"]), status);
    assert_eq!(repo.read("p50_ms"), "120\n");
}

#[test]
fn a_changed_file_in_the_way_is_named() {
    let repo = TestRepo::new().with_bench();
    let id = merged(&repo);
    repo.write("p50_ms", "mine\n");
    let before = repo.picture();
    let refused = repo.hub(["undo", &id]).fails(6);
    assert!(refused.stderr.contains("p50_ms"), "{refused}");
    assert_eq!(repo.picture(), before);
}

#[test]
fn untracked_and_ignored_files_in_the_way_are_never_overwritten() {
    for name in ["doomed", "kept.ignored"] {
        let repo = TestRepo::new().with_bench();
        let id = merged_with_files(&repo);
        repo.write(name, "somebody's\n");
        let before = repo.picture();
        let refused = repo.hub(["undo", &id]).fails(6);
        assert!(refused.stderr.contains(name), "{refused}");
        assert_eq!(repo.picture(), before);
        std::fs::remove_file(repo.path().join(name)).unwrap();
        // A folder in the place of a file is in the way as well.
        repo.write(format!("{name}/x.ignored"), "somebody's\n");
        repo.hub(["undo", &id]).fails(6);
        assert_eq!(repo.read(format!("{name}/x.ignored")), "somebody's\n");
        std::fs::remove_dir_all(repo.path().join(name)).unwrap();
        repo.hub(["undo", &id]).ok();
        assert_eq!(repo.read("doomed"), "to go\n");
        assert_eq!(repo.git(["status", "--porcelain"]), "");
    }
}

#[test]
fn a_base_branch_that_is_checked_out_nowhere_goes_back_too() {
    let repo = TestRepo::new().with_bench();
    let id = merged(&repo);
    let before = repo.git(["rev-parse", "main~1"]);
    repo.git(["switch", "--quiet", "--create", "other", "main~1"]);
    repo.hub(["undo", &id]).ok();
    assert_eq!(repo.git(["rev-parse", "main"]), before);
}

#[test]
fn one_that_is_checked_out_in_another_worktree_goes_back_there() {
    let repo = TestRepo::new().with_bench();
    let id = merged(&repo);
    repo.git(["switch", "--quiet", "--detach"]);
    let other = repo.root().join("other");
    repo.git([
        "worktree",
        "add",
        "--quiet",
        other.to_str().unwrap(),
        "main",
    ]);
    repo.hub(["undo", &id]).in_folder(&other).ok();
    assert_eq!(repo.read(other.join("p50_ms")), "180\n");
    assert_eq!(repo.git_in(&other, ["status", "--porcelain"]), "");
}

#[test]
fn the_merge_commit_is_kept_where_nothing_else_reaches_it() {
    let repo = TestRepo::new().with_bench();
    let id = merged(&repo);
    let merge = repo.git(["rev-parse", "main"]);
    let undone = repo.hub(["undo", &id, "--json"]).json();
    assert_eq!(undone["snapshots"][0]["commit"], merge.as_str());
    repo.git(["reflog", "expire", "--expire=now", "--all"]);
    repo.git(["gc", "--quiet", "--prune=now"]);
    repo.git(["cat-file", "-e", &merge]);
}

#[test]
fn a_merge_that_was_pushed_is_asked_about() {
    let repo = TestRepo::new().with_bench();
    let id = merged(&repo);
    repo.git(["update-ref", "refs/remotes/origin/main", "main"]);
    let before = repo.picture();
    let refused = repo.hub(["undo", &id]).fails(6);
    assert!(refused.stderr.contains("--yes"), "{refused}");
    assert_eq!(repo.picture(), before);
    let events = repo.hub(["events", &id, "--json"]).json();
    let told = events["undo"]["obstacles"][0]["what"].as_str().unwrap();
    assert!(told.contains("origin/main"), "{told}");
    repo.hub(["undo", &id, "--yes"]).ok();
    assert_eq!(repo.state(&id), "evaluating");
}
