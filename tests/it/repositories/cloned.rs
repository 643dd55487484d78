//! What a checkout fetches, filters or leaves out.

use super::{Road, cloned};
use crate::support::TestRepo;

#[test]
fn a_shallow_clone() {
    let repo = TestRepo::new().with_bench();
    let home = cloned(&repo, &["--depth=1"]);
    assert!(home.join(".git/shallow").exists());
    Road::of(&repo, &home).walk();
}

#[test]
fn a_partial_clone_fetches_what_it_lacks() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "uploadpack.allowFilter", "true"]);
    repo.git(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    repo.git(["checkout", "--quiet", "-b", "other"]);
    repo.write("lacking.txt", "lacking\n");
    repo.commit("Lacking");
    repo.git(["checkout", "--quiet", "main"]);
    let home = cloned(&repo, &["--filter=blob:none"]);
    // Nothing of this branch was checked out, so its new file is not here yet.
    repo.git_in(&home, ["branch", "--quiet", "other", "origin/other"]);
    let missing = repo.git_in(
        &home,
        [
            "rev-list",
            "--objects",
            "--missing=print",
            "--no-object-names",
            "other",
        ],
    );
    assert!(
        missing.lines().any(|line| line.starts_with('?')),
        "{missing}"
    );
    let mut road = Road::of(&repo, &home);
    road.base = "other";
    road.walk();
    assert_eq!(repo.git_in(&home, ["show", "other:lacking.txt"]), "lacking");
}

/// A repository with a submodule `sub` on its base branch.
fn with_submodule() -> TestRepo {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "--global", "protocol.file.allow", "always"]);
    let origin = repo.root().join("origin");
    repo.git(["init", "--quiet", origin.to_str().unwrap()]);
    repo.write(origin.join("sub.txt"), "sub\n");
    repo.commit_in(&origin, "Sub");
    repo.git([
        "submodule",
        "--quiet",
        "add",
        origin.to_str().unwrap(),
        "sub",
    ]);
    repo.commit("Submodule");
    repo
}

#[test]
fn submodules_stay_empty_in_worktrees_as_git_leaves_them() {
    let repo = with_submodule();
    let mut road = Road::of(&repo, repo.path());
    // The base checkout has its submodule, a new worktree has an empty folder.
    road.own = &[".git", ".agenthub", "sub"];
    road.walk();
    assert_eq!(repo.read("sub/sub.txt"), "sub\n");
}

#[test]
fn a_submodule_that_moves_on_is_merged() {
    let repo = with_submodule();
    let origin = repo.root().join("origin");
    repo.write(origin.join("sub.txt"), "newer\n");
    let newer = repo.commit_in(&origin, "Newer");
    let id = repo.evaluated(|worktree| {
        repo.git_in(worktree, ["submodule", "--quiet", "update", "--init"]);
        repo.git_in(worktree.join("sub"), ["fetch", "--quiet"]);
        repo.git_in(worktree.join("sub"), ["checkout", "--quiet", &newer]);
    });
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.git(["rev-parse", "main:sub"]), newer);
    repo.hub(["cleanup", &id]).ok();
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn a_filter_as_large_file_storage_has_one() {
    let repo = TestRepo::new().with_bench();
    let store = repo.root().join("store");
    std::fs::create_dir(&store).unwrap();
    let store = store.display();
    // A pointer is in the commit, the content in a store beside it.
    let clean = repo.script(
        "clean",
        &format!("t=$(mktemp); cat >\"$t\"; n=$(git hash-object \"$t\"); mv \"$t\" '{store}'/$n; echo \"pointer $n\""),
    );
    let smudge = repo.script("smudge", &format!("read -r _ n; cat '{store}'/$n"));
    repo.git(["config", "filter.large.clean", &clean]);
    repo.git(["config", "filter.large.smudge", &smudge]);
    repo.git(["config", "filter.large.required", "true"]);
    repo.write(".gitattributes", "*.bin filter=large\n");
    repo.write("model.bin", "much content\n");
    repo.commit("Model");
    assert!(repo.git(["show", "main:model.bin"]).starts_with("pointer "));

    Road::of(&repo, repo.path()).walk();
    assert_eq!(repo.read("model.bin"), "much content\n");
    // What is kept as a snapshot goes through the filter, too.
    let id = repo.archived(1);
    repo.write(repo.worktree(&id, "agent-1").join("mine.bin"), "mine\n");
    let report = repo.hub(["cleanup", &id, "--force", "--json"]).json();
    let commit = report["snapshots"][0]["commit"].as_str().unwrap();
    let held = repo.git(["show", &format!("{commit}:mine.bin")]);
    assert!(held.starts_with("pointer "), "{held}");
}

#[test]
fn a_sparse_checkout_in_a_cone() {
    let repo = TestRepo::new().with_bench();
    repo.write("in/file.txt", "in\n");
    repo.write("out/file.txt", "out\n");
    repo.commit("Folders");
    repo.git(["sparse-checkout", "set", "--cone", "in"]);
    Road::of(&repo, repo.path()).walk();
    assert!(!repo.path().join("out").exists());
    assert_eq!(repo.git(["show", "main:out/file.txt"]), "out");
}

#[test]
fn an_encoding_of_the_working_tree() {
    let repo = TestRepo::new().with_bench();
    repo.write(
        ".gitattributes",
        "*.u16 text working-tree-encoding=UTF-16LE eol=lf\n",
    );
    repo.write("wide.u16", b"w\0i\0d\0e\0\n\0".as_slice());
    repo.commit("Wide");
    assert_eq!(repo.git(["show", "main:wide.u16"]), "wide");
    Road::of(&repo, repo.path()).walk();
}
