//! With `--force` what only a worktree holds is kept as a snapshot, whole.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{branch, snapshots};
use crate::support::{TestRepo, Tree};

/// Cleans up by force; returns the one snapshot that is told of, brought back as the report says.
fn brought_back(repo: &TestRepo, id: &str) -> Tree {
    let cleanup = repo.hub(["cleanup", id, "--force"]).ok();
    let kept = snapshots(repo);
    let [(name, _)] = kept.as_slice() else {
        panic!("{kept:?}: {cleanup}");
    };
    assert!(!repo.worktree(id, "agent-1").exists());
    let line = cleanup.stdout.lines().find(|line| line.contains(name));
    let command = line.unwrap().split('`').nth(1).unwrap();
    repo.typed(&format!("{command} --into ../back"));
    Tree::read(&repo.root().join("back")).outside(".git")
}

#[test]
fn every_kind_of_change_comes_back() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitignore", "ignored/\n");
    for name in ["modified", "staged", "deleted", "moved", "executable"] {
        repo.write(name, format!("{name} before\n"));
    }
    repo.commit("Files");
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("modified"), "modified\n");
    repo.write(worktree.join("staged"), "staged\n");
    repo.git_in(&worktree, ["add", "staged"]);
    fs::remove_file(worktree.join("deleted")).unwrap();
    repo.git_in(&worktree, ["mv", "moved", "here"]);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(worktree.join("executable"), executable).unwrap();
    symlink("modified", worktree.join("link")).unwrap();
    repo.write(
        worktree.join("untracked/deep/file"),
        b"\0\xff\r\n".as_slice(),
    );
    repo.write(worktree.join("a\nnew line"), "new line\n");
    repo.write(
        worktree.join(OsStr::from_bytes(b"not-\xff-utf8")),
        "bytes\n",
    );
    let whole = Tree::read(&worktree).outside(".git");
    repo.write(worktree.join("ignored/file"), "ignored\n");

    assert_eq!(brought_back(&repo, &id), whole);
}

#[test]
fn the_snapshot_says_whose_it_is_and_stands_on_the_agents_commit() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let tip = repo.git(["rev-parse", &branch(&id, "agent-1")]);
    repo.write(repo.worktree(&id, "agent-1").join("new"), "new\n");
    let report = repo.hub(["cleanup", &id, "--force", "--json"]).json();
    let snapshot = &report["snapshots"][0];
    let name = snapshot["ref"].as_str().unwrap();
    assert!(
        name.starts_with(&format!("refs/hub/snapshots/{id}/agent-1/uncommitted-")),
        "{name}"
    );
    assert_eq!(snapshot["commit"], repo.git(["rev-parse", name]));
    assert_eq!(repo.git(["rev-parse", &format!("{name}^")]), tip);
    let trailers = repo.typed(&format!(
        "git log -1 --format=%B {name} | git interpret-trailers --parse"
    ));
    assert_eq!(trailers, format!("Hub-Session: {id}\nHub-Agent: agent-1"));
    // It is out of the way of `git branch`, `git tag` and `git push --all`.
    assert_eq!(
        repo.git(["branch", "--all", "--format=%(refname)"]),
        "refs/heads/main"
    );
}

#[test]
fn amended_and_reset_commits_are_kept_without_being_asked_for() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let archived = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    repo.write(worktree.join("amended"), "before\n");
    let amended = repo.commit_in(&worktree, "Amended");
    repo.git_in(&worktree, ["commit", "--quiet", "--amend", "-m", "After"]);
    let reset = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    repo.git_in(&worktree, ["reset", "--quiet", "--hard", &archived]);

    let report = repo.hub(["cleanup", &id, "--json"]).json();
    let mut kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
    kept.sort();
    let mut expected = vec![amended, reset];
    expected.sort();
    assert_eq!(kept, expected);
    assert_eq!(report["snapshots"].as_array().unwrap().len(), 2);
}

#[test]
fn a_commit_that_only_the_branchs_own_reflog_names_is_kept() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let name = branch(&id, "agent-1");
    let archived = repo.git(["rev-parse", &name]);
    let lost = repo.commit_in(&worktree, "Lost");
    repo.git_in(&worktree, ["reset", "--quiet", "--hard", &archived]);
    // With the worktree goes its reflog; the branch's is left.
    repo.git(["worktree", "remove", worktree.to_str().unwrap()]);
    repo.hub(["cleanup", &id]).ok();
    let kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
    assert_eq!(kept, [lost]);
}

#[test]
fn a_commit_on_a_detached_head_is_kept() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
    repo.write(worktree.join("apart"), "apart\n");
    repo.commit_in(&worktree, "Apart");
    let whole = Tree::read(&worktree).outside(".git");
    assert_eq!(brought_back(&repo, &id), whole);
}

#[test]
fn a_rebase_under_way_is_kept_with_its_conflict() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write("p50_ms", "90\n");
    repo.commit("Meanwhile");
    assert!(repo.try_git_in(&worktree, ["rebase", "main"]).is_err());
    let whole = Tree::read(&worktree).outside(".git");
    assert_eq!(brought_back(&repo, &id), whole);
}

#[test]
fn a_file_outside_of_a_sparse_checkout_is_kept() {
    let repo = TestRepo::new().with_bench();
    repo.write("in/file", "in\n");
    repo.write("out/file", "out\n");
    repo.commit("Folders");
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["sparse-checkout", "set", "--cone", "in"]);
    repo.write(worktree.join("in/new"), "new\n");
    repo.write(worktree.join("out/new"), "new\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    let (name, _) = snapshots(&repo).remove(0);
    let files = repo.git(["ls-tree", "-r", "--name-only", &name, "in", "out"]);
    assert_eq!(files, "in/file\nin/new\nout/file\nout/new");
}

#[test]
fn a_change_that_git_was_told_not_to_look_at_is_kept() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let repo = TestRepo::new().with_bench();
        let id = repo.archived(1);
        let worktree = repo.worktree(&id, "agent-1");
        repo.git_in(&worktree, ["update-index", flag, "p50_ms"]);
        repo.write(worktree.join("p50_ms"), "1\n");
        let whole = Tree::read(&worktree).outside(".git");
        assert_eq!(brought_back(&repo, &id), whole, "{flag}");
    }
}

/// git reads such a file, as its index is not newer than that.
#[test]
fn a_change_within_the_second_of_the_last_commit_is_kept() {
    let repo = TestRepo::new().with_bench();
    repo.git(["config", "core.trustCtime", "false"]);
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let file = worktree.join("p50_ms");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    repo.write(&file, "999\n");
    let index = repo.git_in(&worktree, ["rev-parse", "--git-path", "index"]);
    for path in [&file, &worktree.join(index)] {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    }
    let whole = Tree::read(&worktree).outside(".git");
    assert_eq!(brought_back(&repo, &id), whole);
}
