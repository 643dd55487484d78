//! A worktree that was being made when hub was killed: a checkout that was cut off goes, what
//! somebody has put there stays.

use std::fs;
use std::path::PathBuf;

use crate::kills::{initialised, words, worked};
use crate::support::TestRepo;

/// Kills a command before it unlocks its first worktree, and cuts the checkout in it off.
fn half_made(repo: &TestRepo, command: &str) -> PathBuf {
    let hub = repo.hub(words(command));
    hub.env("HUB_FAIL", "before git-worktree-change=1*return(kill)")
        .fails(137);
    let worktree = repo.worktree(&repo.newest_session(), "agent-1");
    let admin = repo.path().join(".git/worktrees/agent-1");
    assert!(admin.join("locked").exists());
    // git writes its index last, and a file from its beginning on.
    fs::remove_file(admin.join("index")).unwrap();
    fs::remove_file(worktree.join("bench.sh")).unwrap();
    repo.write(worktree.join("README.md"), "A repo");
    worktree
}

/// A session before its spawn, or before its restore.
fn before(repo: &TestRepo, command: &str) -> String {
    if command == "restore" {
        let session = worked(repo);
        repo.hub(["archive", &session]).ok();
        repo.hub(["cleanup", &session]).ok();
        return format!("restore {session}");
    }
    format!("spawn {} --no-start", initialised(repo))
}

#[test]
fn a_checkout_that_was_cut_off_is_made_again() {
    for command in ["spawn", "restore"] {
        let repo = TestRepo::new().with_bench();
        let line = before(&repo, command);
        let worktree = half_made(&repo, &line);
        let again = repo.hub(words(&line)).ok();
        assert!(again.stderr.contains("was killed in the middle"), "{again}");
        assert!(worktree.join("bench.sh").exists());
        assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
        let list = repo.git(["worktree", "list", "--porcelain"]);
        assert!(!list.contains("locked"), "{list}");
    }
}

#[test]
fn what_somebody_has_put_into_it_stays() {
    for (file, text) in [("mine", "work\n"), ("README.md", "Mine.\n")] {
        for command in ["spawn", "restore"] {
            let repo = TestRepo::new().with_bench();
            let line = before(&repo, command);
            let worktree = half_made(&repo, &line);
            repo.write(worktree.join(file), text);
            let again = repo.hub(words(&line)).run();
            assert!(
                again
                    .stderr
                    .contains(&format!("somebody has put {file} into it")),
                "{again}"
            );
            assert_eq!(repo.read(worktree.join(file)), text, "{again}");
            // It goes by hand, and then all is as it was to be.
            let path = worktree.to_str().unwrap();
            repo.git(["worktree", "remove", "--force", "--force", path]);
            if command == "spawn" {
                let session = repo.newest_session();
                repo.git(["branch", "-D", &format!("hub/{session}/agent-1/attempt-1")]);
            }
            repo.hub(words(&line)).ok();
            assert!(worktree.join("bench.sh").exists());
        }
    }
}
