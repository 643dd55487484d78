//! A spawn that ends in the middle of writing.

use std::time::Duration;

use crate::support::{TestRepo, wait_until};

use super::spawned;

/// How long it may take on a machine that has much to do.
const LIMIT: Duration = Duration::from_secs(60);

fn with_files() -> TestRepo {
    let repo = TestRepo::new();
    for number in 0..300 {
        repo.write(format!("folder-{}/{number}", number % 7), "text\n");
    }
    repo.commit("Files");
    repo.hub(["init", "--task", "t", "--agents", "2"]).ok();
    repo
}

/// Nothing is there that was not there before.
fn nothing_is_left(repo: &TestRepo) {
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_kill_is_taken_back_by_the_next_one() {
    for fault in [
        "before fill=1*return(kill)",
        "after fill=3*off->1*return(kill)",
    ] {
        let repo = with_files();
        let id = repo.newest_session();
        let spawn = repo.hub(["spawn", &id, "--no-start"]);
        assert_eq!(spawn.env("HUB_FAIL", fault).run().code(), 137);
        let said = repo.hub(["spawn", &id, "--no-start"]).ok().stderr;
        assert!(said.contains("it was taken back"), "{said}");
        let worktree = repo.worktree(&id, "agent-2");
        assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
    }
}

#[test]
fn a_full_disk_leaves_nothing() {
    let repo = with_files();
    let spawn = repo.hub(["spawn", "--no-start"]);
    let answer = spawn
        .env("HUB_FAIL", "before fill=2*off->1*return(ENOSPC)")
        .fails(1);
    assert!(
        answer.stderr.contains("No space left on device"),
        "{answer}"
    );
    nothing_is_left(&repo);
}

#[test]
fn a_signal_leaves_nothing() {
    let repo = with_files();
    let gate = repo.root().join("gate");
    let hold = format!("before fill=1*return(hold {})", gate.display());
    let spawn = repo
        .hub(["spawn", "--no-start"])
        .env("HUB_FAIL", hold)
        .start();
    wait_until(LIMIT, "it writes", || {
        gate.with_extension("reached").exists()
    });
    spawn.signal(rustix::process::Signal::INT);
    repo.write(&gate, "");
    let answer = spawn.end().fails(130);
    assert!(answer.stderr.contains("interrupted"), "{answer}");
    nothing_is_left(&repo);
    let (said, _) = spawned(&repo);
    assert!(said.contains(super::AT_ONCE), "{said}");
}
