//! The files of removed worktrees: put aside first, and deleted by whoever has the time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Hub, TestRepo, wait_until};

/// How long it may take on a machine that has much to do.
const LIMIT: Duration = Duration::from_secs(60);

/// A session at its end, whose one worktree has more files than a command deletes itself.
fn with_many_files() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    for number in 0..2600 {
        repo.write(format!("folder-{}/{number}", number / 50), "text\n");
    }
    repo.commit("Files");
    let id = repo.archived(1);
    (repo, id)
}

fn asides(repo: &TestRepo) -> Vec<PathBuf> {
    let folder = repo.root().join("repo.hub/.removing");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn wait_for_space(repo: &TestRepo) {
    wait_until(LIMIT, "the files are deleted", || {
        !repo.root().join("repo.hub").exists() && repo.processes().is_empty()
    });
}

/// A cleanup whose remover in the background is struck.
fn struck(repo: &TestRepo, id: &str, blow: &str) -> Hub {
    repo.hub(["cleanup", id, "--json"])
        .env("HUB_FAIL_SUPERVISOR", blow)
}

/// A session whose remover was killed: its files are left.
fn left() -> (TestRepo, String) {
    let (repo, id) = with_many_files();
    struck(&repo, &id, "before remove-tree=1*off->1*return(kill)").ok();
    wait_until(LIMIT, "it is killed", || repo.processes().is_empty());
    assert_eq!(asides(&repo).len(), 1);
    (repo, id)
}

#[test]
fn many_files_are_deleted_in_the_background() {
    let (repo, id) = with_many_files();
    let gate = repo.root().join("gate");
    let hold = format!("before remove-tree=1*return(hold {})", gate.display());
    let answer = struck(&repo, &id, &hold).ok();
    let said = "the files of 1 worktree are being deleted in the background";
    assert!(answer.stderr.contains(said), "{answer}");
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let worktree = repo.worktree(&id, "agent-1");
    assert_eq!(report["removed_worktrees"][0], worktree.to_str().unwrap());
    let aside = PathBuf::from(report["deleting"][0].as_str().unwrap());
    assert_eq!(asides(&repo), [aside]);
    wait_until(LIMIT, "it begins", || {
        gate.with_extension("reached").exists()
    });
    // It is gone for all others, and can be brought back.
    assert!(!worktree.exists());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    assert_eq!(
        repo.hub(["cleanup", "--all", "--json"]).json()["strays"],
        Value::Array(vec![])
    );
    repo.hub(["restore", &id]).ok();
    repo.write(&gate, "");
    wait_until(LIMIT, "the files are deleted", || asides(&repo).is_empty());
    assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
    repo.hub(["cleanup", &id]).ok();
    wait_for_space(&repo);
}

#[test]
fn few_files_are_deleted_at_once() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let report = repo.hub(["cleanup", &id, "--json"]).json();
    assert_eq!(report["deleting"], Value::Array(vec![]));
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn the_next_command_goes_on_after_a_kill() {
    let (repo, id) = left();
    let again = repo.hub(["cleanup", &id]).ok();
    assert_eq!(again.stdout, "nothing to clean up\n");
    wait_for_space(&repo);
}

#[test]
fn doctor_tells_of_what_was_left_and_deletes_it() {
    let (repo, _) = left();
    let report = repo.hub(["doctor", "--json"]).run();
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let codes = report["findings"].as_array().unwrap().iter();
    let codes: Vec<&Value> = codes.map(|finding| &finding["code"]).collect();
    assert!(codes.contains(&&"left_files".into()), "{report}");
    repo.hub(["doctor", "--fix"]).ok();
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn a_cleanup_of_all_deletes_what_was_left() {
    let (repo, _) = left();
    let report = repo.hub(["cleanup", "--all", "--json"]).json();
    assert_eq!(report["strays"][0]["kind"], "left_files", "{report}");
    assert_eq!(report["strays"][0]["outcome"], "removed", "{report}");
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn a_worktree_that_git_has_not_forgotten_is_put_back_and_removed_anew() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let cleanup = repo.hub(["cleanup", &id]);
    let killed = cleanup.env("HUB_FAIL", "after rename=1*return(kill)").run();
    assert_eq!(killed.code(), 137, "{killed}");
    assert_eq!(asides(&repo).len(), 1);
    // Nobody takes it for rubbish: git still knows it.
    repo.hub(["doctor"]).run();
    assert_eq!(asides(&repo).len(), 1);
    let again = repo.hub(["cleanup", &id]).ok();
    assert!(again.stderr.contains("was killed in the middle"), "{again}");
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn a_file_that_appears_at_the_last_moment_keeps_the_worktree() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let gate = repo.root().join("gate");
    let hold = format!("after rename=1*return(hold {})", gate.display());
    let cleanup = repo.hub(["cleanup", &id]).env("HUB_FAIL", hold).start();
    wait_until(LIMIT, "it is put aside", || {
        gate.with_extension("reached").exists()
    });
    repo.write(asides(&repo)[0].join("late"), "late\n");
    repo.write(&gate, "");
    let answer = cleanup.end().fails(6);
    assert!(
        answer.stderr.contains("has changed or new files"),
        "{answer}"
    );
    let worktree = repo.worktree(&id, "agent-1");
    assert_eq!(repo.read(worktree.join("late")), "late\n");
    assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "?? late");
    repo.hub(["cleanup", &id, "--force"]).ok();
    assert!(!worktree.exists());
}

#[test]
fn what_links_lead_to_stays() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitignore", "link\n");
    repo.commit("Ignore");
    let id = repo.archived(1);
    let theirs = repo.root().join("theirs");
    repo.write(theirs.join("file"), "theirs\n");
    let link = repo.worktree(&id, "agent-1").join("link");
    std::os::unix::fs::symlink(&theirs, link).unwrap();
    repo.hub(["cleanup", &id]).ok();
    assert!(!repo.root().join("repo.hub").exists());
    assert_eq!(repo.read(theirs.join("file")), "theirs\n");
}

#[test]
fn folders_of_others_among_them_stay() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let folder = repo.root().join("repo.hub/.removing");
    let other = folder.join(format!("{id}.agent-1.7"));
    // Another repository's, and one that is named otherwise.
    repo.write(
        other.join(".git"),
        "gitdir: /nowhere/.git/worktrees/agent-1\n",
    );
    repo.write(other.join("file"), "other\n");
    repo.write(folder.join("mine/file"), "mine\n");
    repo.hub(["cleanup", &id]).ok();
    repo.hub(["cleanup", "--all"]).ok();
    repo.hub(["doctor", "--fix"]).run();
    assert_eq!(repo.read(other.join("file")), "other\n");
    assert_eq!(repo.read(folder.join("mine/file")), "mine\n");
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn another_file_system_is_not_entered() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitignore", "mounted/\n");
    repo.commit("Ignore");
    let id = repo.archived(1);
    let theirs = repo.root().join("theirs");
    repo.write(theirs.join("file"), "theirs\n");
    let mounted = repo.worktree(&id, "agent-1").join("mounted");
    fs::create_dir(&mounted).unwrap();
    let Some(said) = cleaned_with_mount(&repo, &id, &theirs, &mounted) else {
        // Nothing can be mounted here.
        return;
    };
    assert!(
        said.contains("another file system is mounted there"),
        "{said}"
    );
    assert_eq!(repo.read(theirs.join("file")), "theirs\n");
    assert!(!mounted.exists());
}

/// Cleans up where one folder is mounted in another one, for this command alone; what it says to
/// stderr.
fn cleaned_with_mount(repo: &TestRepo, id: &str, from: &Path, at: &Path) -> Option<String> {
    let script = "mount --bind \"$1\" \"$2\" || exit 77; exec \"$3\" cleanup \"$4\"";
    let mut command = repo.shell("exec unshare --mount --map-root-user sh -c \"$@\"");
    command.args(["sh", script, "sh"]).args([from, at]);
    command.args([env!("CARGO_BIN_EXE_hub"), id]);
    let output = command.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(said)
}
