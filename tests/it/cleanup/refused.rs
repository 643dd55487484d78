//! What only a worktree holds stops the cleanup before anything is touched.

use std::fs;
use std::path::Path;

use super::branch;
use crate::support::TestRepo;

/// With `make` done to agent-2's worktree cleanup is refused with these words, agent-1's stays, too.
#[track_caller]
fn refused(words: &str, make: impl FnOnce(&TestRepo, &Path)) -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    make(&repo, &repo.worktree(&id, "agent-2"));
    refused_in(&repo, &id, &["cleanup", &id], words);
    (repo, id)
}

#[track_caller]
fn refused_in(repo: &TestRepo, id: &str, command: &[&str], words: &str) {
    let before = repo.picture();
    let answer = repo.hub(command).fails(6);
    assert!(answer.stderr.contains(words), "{answer}");
    assert_eq!(repo.picture(), before);
    assert!(repo.worktree(id, "agent-1").join("p50_ms").exists());
}

#[test]
fn a_modified_file() {
    refused("uncommitted work: p50_ms", |repo, worktree| {
        repo.write(worktree.join("p50_ms"), "1\n");
    });
}

#[test]
fn a_staged_file() {
    refused("uncommitted work: p50_ms", |repo, worktree| {
        repo.write(worktree.join("p50_ms"), "1\n");
        repo.git_in(worktree, ["add", "p50_ms"]);
        repo.write(worktree.join("p50_ms"), "120\n");
    });
}

#[test]
fn an_untracked_file() {
    refused("uncommitted work: notes.txt", |repo, worktree| {
        repo.write(worktree.join("notes.txt"), "mine\n");
    });
}

#[test]
fn an_untracked_file_that_the_users_settings_hide() {
    refused("uncommitted work: notes.txt", |repo, worktree| {
        repo.git(["config", "status.showUntrackedFiles", "no"]);
        repo.write(worktree.join("notes.txt"), "mine\n");
    });
}

#[test]
fn a_change_that_git_was_told_not_to_look_at() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        refused("uncommitted work: p50_ms", |repo, worktree| {
            repo.git_in(worktree, ["update-index", flag, "p50_ms"]);
            repo.write(worktree.join("p50_ms"), "1\n");
        });
    }
}

#[test]
fn a_commit_that_nothing_else_reaches() {
    let (repo, id) = refused("which no branch or tag reaches", |repo, worktree| {
        repo.git_in(worktree, ["checkout", "--quiet", "--detach"]);
        repo.commit_in(worktree, "Apart");
    });
    // A branch of the user's makes it go.
    let worktree = repo.worktree(&id, "agent-2");
    let apart = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    repo.git_in(&worktree, ["branch", "mine"]);
    repo.hub(["cleanup", &id]).ok();
    assert_eq!(repo.git(["rev-parse", "mine"]), apart);
}

#[test]
fn a_worktree_that_the_user_locked_even_with_force() {
    let (repo, id) = refused("is locked: still reading", |repo, worktree| {
        let path = worktree.to_str().unwrap();
        repo.git(["worktree", "lock", "--reason", "still reading", path]);
    });
    refused_in(&repo, &id, &["cleanup", &id, "--force"], "is locked");
    let error = repo.hub(["cleanup", &id, "--json"]).fails(6).json_error();
    repo.typed(error["hint"].as_str().unwrap().split('`').nth(1).unwrap());
    repo.hub(["cleanup", &id]).ok();
}

#[test]
fn a_rebase_under_way() {
    let (repo, id) = refused("in the middle of a rebase", |repo, worktree| {
        repo.write("p50_ms", "90\n");
        repo.commit("Meanwhile");
        assert!(repo.try_git_in(worktree, ["rebase", "main"]).is_err());
        repo.git_in(worktree, ["checkout", "--quiet", "--ours", "p50_ms"]);
        repo.git_in(worktree, ["add", "p50_ms"]);
    });
    let error = repo.hub(["cleanup", &id, "--json"]).fails(6).json_error();
    repo.typed(error["hint"].as_str().unwrap().split('`').nth(1).unwrap());
    repo.hub(["cleanup", &id]).ok();
}

#[test]
fn a_merge_under_way() {
    refused("in the middle of a merge", |repo, worktree| {
        repo.write("other.txt", "other\n");
        repo.commit("Meanwhile");
        repo.git_in(worktree, ["merge", "--quiet", "--no-commit", "main"]);
    });
}

#[test]
fn another_repository_in_the_worktrees_place_even_with_force() {
    let (repo, id) = refused("not the worktree that git knows there", |repo, worktree| {
        fs::remove_dir_all(worktree).unwrap();
        repo.git(["init", "--quiet", worktree.to_str().unwrap()]);
        repo.write(worktree.join("theirs.txt"), "theirs\n");
        repo.commit_in(worktree, "Theirs");
    });
    refused_in(
        &repo,
        &id,
        &["cleanup", &id, "--force"],
        "not the worktree that git knows there",
    );
}

#[test]
fn a_symlink_in_the_worktrees_place_even_with_force() {
    let (repo, id) = refused("not the worktree that git knows there", |repo, worktree| {
        let moved = repo.root().join("moved");
        fs::rename(worktree, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, worktree).unwrap();
    });
    refused_in(
        &repo,
        &id,
        &["cleanup", &id, "--force"],
        "not the worktree that git knows there",
    );
}

#[test]
fn a_repository_inside_of_the_worktree_even_with_force() {
    let make = |repo: &TestRepo, worktree: &Path| {
        let nested = worktree.join("vendor/nested");
        repo.git(["init", "--quiet", nested.to_str().unwrap()]);
        repo.write(nested.join("theirs.txt"), "theirs\n");
        repo.commit_in(&nested, "Theirs");
    };
    let (repo, id) = refused("vendor", make);
    refused_in(
        &repo,
        &id,
        &["cleanup", &id, "--force"],
        "holds a repository of its own at vendor/nested",
    );
}

#[test]
fn a_repository_in_an_ignored_folder_even_with_force() {
    let (repo, id) = refused(
        "holds commits in deps/nested that were pushed nowhere",
        |repo, worktree| {
            let exclude = repo.path().join(".git/info/exclude");
            repo.write(exclude, "deps/\n");
            let nested = worktree.join("deps/nested");
            repo.git(["init", "--quiet", nested.to_str().unwrap()]);
            repo.write(nested.join("theirs.txt"), "theirs\n");
            repo.commit_in(&nested, "Theirs");
        },
    );
    refused_in(
        &repo,
        &id,
        &["cleanup", &id, "--force"],
        "holds commits in deps/nested that were pushed nowhere",
    );
}

/// A repository with a submodule `sub`, and an archived session of two agents on it.
fn with_submodule() -> (TestRepo, String) {
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
    let id = repo.archived(2);
    let worktree = repo.worktree(&id, "agent-2");
    repo.git_in(&worktree, ["submodule", "--quiet", "update", "--init"]);
    (repo, id)
}

#[test]
fn a_commit_in_a_submodule_that_was_pushed_nowhere_even_with_force() {
    let (repo, id) = with_submodule();
    let worktree = repo.worktree(&id, "agent-2");
    // The worktree itself is clean: the commit is recorded, and is nowhere else.
    repo.write(worktree.join("sub/new.txt"), "new\n");
    let new = repo.commit_in(worktree.join("sub"), "New");
    repo.commit_in(&worktree, "Use it");
    for command in [["cleanup", &id].as_slice(), &["cleanup", &id, "--force"]] {
        refused_in(
            &repo,
            &id,
            command,
            "holds commits in sub that were pushed nowhere",
        );
    }
    // Pushed, it is kept elsewhere.
    repo.git_in(
        worktree.join("sub"),
        ["push", "--quiet", "origin", "HEAD:refs/heads/new"],
    );
    repo.hub(["cleanup", &id]).ok();
    assert!(!worktree.exists());
    assert_eq!(
        repo.git_in(repo.root().join("origin"), ["rev-parse", "new"]),
        new
    );
}

#[test]
fn a_changed_file_in_a_submodule_even_with_force() {
    let (repo, id) = with_submodule();
    let worktree = repo.worktree(&id, "agent-2");
    repo.write(worktree.join("sub/sub.txt"), "mine\n");
    refused_in(&repo, &id, &["cleanup", &id], "uncommitted work: sub");
    refused_in(
        &repo,
        &id,
        &["cleanup", &id, "--force"],
        "holds a repository of its own at sub",
    );
}

#[test]
fn a_submodule_as_it_was_cloned_is_no_obstacle() {
    let (repo, id) = with_submodule();
    repo.hub(["cleanup", &id]).ok();
    assert!(!repo.worktree(&id, "agent-2").exists());
    assert_eq!(repo.read("sub/sub.txt"), "sub\n");
}

#[test]
fn a_session_that_is_not_at_its_end() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let before = repo.picture();
    let error = repo.hub(["cleanup", &id, "--json"]).fails(4).json_error();
    assert_eq!(error["code"], "wrong_state");
    repo.hub(["cleanup", &id, "--force"]).fails(4);
    assert_eq!(repo.picture(), before);
    assert!(
        repo.refs()
            .iter()
            .any(|line| line.contains(&branch(&id, "agent-1")))
    );
}
