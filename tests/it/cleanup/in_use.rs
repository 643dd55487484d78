//! A worktree in which somebody works, or in the middle of something.

use std::process::{Child, Stdio};

use super::{branch, snapshots};
use crate::support::TestRepo;

/// A process that stands in a folder until it is dropped.
struct Guest(Child);

impl Guest {
    fn in_folder(repo: &TestRepo, folder: impl AsRef<std::path::Path>) -> Self {
        let mut command = repo.shell("exec cat");
        command.current_dir(folder).stdin(Stdio::piped());
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn a_process_that_works_there_is_named() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let deep = repo.worktree(&id, "agent-2").join("deep");
    std::fs::create_dir(&deep).unwrap();
    let guest = Guest::in_folder(&repo, &deep);
    let before = repo.picture();
    let error = repo.hub(["cleanup", &id, "--json"]).fails(6).json_error();
    let pid = guest.0.id();
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("agent-2 is in use by process {pid} (")),
        "{message}"
    );
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains(&format!("kill {pid}"))
    );
    assert_eq!(repo.picture(), before);
    drop(guest);
    repo.hub(["cleanup", &id]).ok();
}

#[test]
fn by_force_it_is_left_alone_and_told_of() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("new"), "mine\n");
    let mut guest = Guest::in_folder(&repo, &worktree);
    let answer = repo.hub(["cleanup", &id, "--force"]).ok();
    assert!(answer.stderr.contains("it is left alone"), "{answer}");
    assert!(guest.runs());
    assert!(!worktree.exists());
    assert_eq!(snapshots(&repo).len(), 1);
}

#[test]
fn hub_itself_and_the_shell_that_started_it_do_not_count() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let hub = env!("CARGO_BIN_EXE_hub");
    let mut command = repo.shell(&format!("{hub} cleanup {id}; exit $?"));
    let output = command.current_dir(&worktree).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!worktree.exists());
}

#[test]
fn whoever_a_teardown_command_ends_is_no_obstacle() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Be fast", "--agents", "1"])
        .ok();
    let id = repo.newest_session();
    let agent = "git commit --quiet --allow-empty --message work";
    let teardown = "kill $(cat \"$HUB_WORKTREE/../pid\")";
    let flags = ["--agent-cmd", agent, "--teardown", teardown];
    repo.hub([&["spawn", &id][..], &flags].concat()).ok();
    repo.hub(["wait", &id]).ok();
    repo.hub(["archive", &id]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    let guest = Guest::in_folder(&repo, &worktree);
    let pid = worktree.parent().unwrap().join("pid");
    repo.write(&pid, guest.0.id().to_string());
    repo.hub(["cleanup", &id]).ok();
    assert!(!worktree.exists());
}

/// What is under way in agent-1's worktree after `make`, by the refusal.
#[track_caller]
fn under_way(what: &str, make: impl FnOnce(&TestRepo, &std::path::Path)) {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write("p50_ms", "90\n");
    repo.commit("Meanwhile");
    make(&repo, &worktree);
    let before = repo.picture();
    let answer = repo.hub(["cleanup", &id]).fails(6);
    let words = format!("in the middle of a {what}");
    assert!(answer.stderr.contains(&words), "{answer}");
    assert_eq!(repo.picture(), before);
    repo.hub(["cleanup", &id, "--force"]).ok();
    assert!(!worktree.exists());
    repo.git(["fsck", "--strict"]);
}

#[test]
fn a_cherry_pick() {
    under_way("cherry-pick", |repo, worktree| {
        assert!(repo.try_git_in(worktree, ["cherry-pick", "main"]).is_err());
    });
}

#[test]
fn a_cherry_pick_between_two_commits() {
    under_way("cherry-pick", |repo, worktree| {
        repo.write("other", "other\n");
        repo.commit("And more");
        let picked = repo.try_git_in(worktree, ["cherry-pick", "main~1", "main"]);
        assert!(picked.is_err());
        repo.git_in(
            worktree,
            [
                "commit",
                "--quiet",
                "--allow-empty",
                "--all",
                "-m",
                "Solved",
            ],
        );
    });
}

#[test]
fn a_revert() {
    under_way("revert", |repo, worktree| {
        repo.git_in(worktree, ["revert", "--no-commit", "HEAD"]);
    });
}

#[test]
fn a_bisect() {
    under_way("bisect", |repo, worktree| {
        repo.git_in(worktree, ["bisect", "start"]);
    });
}

#[test]
fn an_am() {
    under_way("am", |repo, worktree| {
        let patch = repo.git(["format-patch", "-1", "--stdout"]);
        let file = repo.root().join("patch");
        repo.write(&file, patch);
        let applied = repo.try_git_in(worktree, ["am", file.to_str().unwrap()]);
        assert!(applied.is_err());
    });
}

#[test]
fn all_that_stands_in_the_way_is_told_at_once() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(3);
    repo.write(repo.worktree(&id, "agent-1").join("new"), "mine\n");
    let two = repo.worktree(&id, "agent-2");
    repo.git_in(&two, ["bisect", "start"]);
    repo.git(["worktree", "lock", two.to_str().unwrap()]);
    let three = repo.worktree(&id, "agent-3");
    repo.git_in(&three, ["checkout", "--quiet", "--detach"]);
    repo.commit_in(&three, "Apart");
    let before = repo.picture();
    let error = repo.hub(["cleanup", &id, "--json"]).fails(6).json_error();
    let message = error["message"].as_str().unwrap();
    for words in [
        "is not cleaned up, for 4 reasons: ",
        "agent-1 has uncommitted work: new; ",
        "agent-2 is locked; ",
        "agent-2 is in the middle of a bisect; ",
        "which no branch or tag reaches",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
    assert_eq!(repo.picture(), before);
}

#[test]
fn what_a_rebase_has_put_aside_is_kept() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write("p50_ms", "90\n");
    repo.commit("Meanwhile");
    repo.write(worktree.join("bench.sh"), "aside\n");
    let rebased = repo.try_git_in(&worktree, ["rebase", "--autostash", "main"]);
    assert!(rebased.is_err());
    let admin = repo.git_in(&worktree, ["rev-parse", "--absolute-git-dir"]);
    let aside = repo.read(format!("{admin}/rebase-merge/autostash"));
    repo.hub(["cleanup", &id, "--force"]).ok();
    let kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
    assert!(kept.contains(&aside.trim().to_owned()), "{kept:?}");
}

#[test]
fn a_ref_of_the_worktree_alone_is_kept() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let tree = repo.git(["rev-parse", "main^{tree}"]);
    let apart = repo.git(["commit-tree", &tree, "-m", "Apart"]);
    repo.git_in(&worktree, ["update-ref", "refs/worktree/mine", &apart]);
    repo.hub(["cleanup", &id]).ok();
    let kept: Vec<String> = snapshots(&repo).into_iter().map(|kept| kept.1).collect();
    assert_eq!(kept, [apart]);
}

#[test]
fn what_is_staged_and_was_changed_again_is_kept_twice() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    let tip = repo.git(["rev-parse", &branch(&id, "agent-1")]);
    repo.write(worktree.join("p50_ms"), "staged\n");
    repo.git_in(&worktree, ["add", "p50_ms"]);
    repo.write(worktree.join("p50_ms"), "changed again\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    let (name, _) = snapshots(&repo).remove(0);
    let show = |what: &str| repo.git(["show", &format!("{name}{what}")]);
    assert_eq!(show(":p50_ms"), "changed again");
    assert_eq!(show("^2:p50_ms"), "staged");
    assert_eq!(repo.git(["rev-parse", &format!("{name}^1")]), tip);
}
