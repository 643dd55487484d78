//! Files and operations that a killed hub has left half done, and files that nobody can read.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{assert_is_well, codes, findings, fixed};
use crate::support::fault::{self, Fault};
use crate::support::{TestRepo, Tree};

fn made(repo: &TestRepo) -> String {
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    repo.newest_session()
}

#[test]
fn an_operation_that_was_killed_is_settled() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let spawn = repo.hub(["spawn", &session, "--no-start"]);
    let killed = fault::with(spawn, &repo, Fault::KillBeforeGit(3)).run();
    assert_eq!(killed.code(), 137, "{killed}");

    let found = findings(&repo);
    assert_eq!(codes(&found), ["unfinished_operation"], "{found:#?}");
    let what = "`hub spawn` was killed in the middle";
    assert_eq!(found[0]["what"], what);
    assert_eq!(found[0]["session_id"], session.as_str());

    fixed(&repo);
    assert_is_well(&repo);
    assert_eq!(repo.state(&session), "init");
    assert!(!repo.worktree(&session, "agent-1").exists());
    let unfinished = repo.hub(["status", &session, "--json"]).json()["unfinished"].clone();
    assert!(unfinished.is_null(), "{unfinished}");
}

#[test]
fn a_session_whose_making_was_killed_goes() {
    let repo = TestRepo::new().with_bench();
    let init = [
        "init",
        "--task",
        "Go",
        "--metric",
        "p50_ms",
        "--eval",
        "sh bench.sh",
    ];
    let calls = {
        fault::git_counted(repo.hub(init), &repo).ok();
        fault::git_calls(&repo)
    };
    let killed = fault::with(repo.hub(init), &repo, Fault::KillBeforeGit(calls)).run();
    assert_eq!(killed.code(), 137, "{killed}");
    let found = findings(&repo);
    assert!(
        codes(&found).contains(&"unfinished_operation"),
        "{found:#?}"
    );
    fixed(&repo);
    assert_is_well(&repo);
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    let worktrees = repo.git(["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
}

#[test]
fn what_another_hub_is_at_is_not_half_done() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let folder = repo.hub_dir().join("sessions").join(&session);
    repo.write(folder.join(".new-x"), "half");
    let lock = fs::File::open(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    assert_is_well(&repo);
    drop(lock);
    assert_eq!(codes(&findings(&repo)), ["unfinished_file"]);
}

#[test]
fn files_and_drafts_of_dead_processes_go() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let sessions = repo.hub_dir().join("sessions");
    let beside = [
        sessions.join(&session).join(".new-a"),
        sessions.join(&session).join("agents/agent-1/.new-b"),
    ];
    for file in &beside {
        repo.write(file, "half");
    }
    let (draft, young) = (sessions.join(".draft-old"), sessions.join(".draft-young"));
    for folder in [&draft, &young] {
        repo.write(folder.join("state.json"), "{}");
    }
    let hour = SystemTime::now() - Duration::from_secs(3600);
    fs::File::open(&draft).unwrap().set_modified(hour).unwrap();

    let found = findings(&repo);
    let expected = ["dead_draft", "unfinished_file", "unfinished_file"];
    assert_eq!(codes(&found), expected);
    assert_eq!(found[0]["path"], draft.to_str().unwrap());
    fixed(&repo);
    assert!(!draft.exists() && beside.iter().all(|file| !file.exists()));
    assert!(young.exists(), "somebody may be about to make it a session");
    assert_is_well(&repo);
}

#[test]
fn a_configuration_that_is_not_valid_yaml_is_written_anew_with_the_same_values() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let path = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("config.yaml");
    let text = repo.read(&path).replace("task: Go", "task: \"Say \"hi\"\"");
    repo.write(&path, format!("{text}theirs: kept\n"));
    let before = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(before["config"]["task"], "Say \"hi\"");

    let found = findings(&repo);
    assert_eq!(codes(&found), ["invalid_config"]);
    let fix = "writes task anew with the same values";
    assert_eq!(found[0]["fix"], fix);
    fixed(&repo);
    let after = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(after["config"], before["config"]);
    let text = repo.read(&path);
    assert!(text.contains("\ntask: Say \"hi\"\n"), "{text}");
    assert!(text.ends_with("theirs: kept\n"), "{text}");
    assert_is_well(&repo);
}

#[test]
fn a_corrupt_session_is_told_of_and_never_touched() {
    let repo = TestRepo::new();
    repo.install("damaged");
    repo.write(".agenthub/.gitignore", "*\n");
    let before = Tree::read(&repo.hub_dir());
    let answer = repo.hub(["doctor", "--fix", "--json"]).fails(1);
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 3, "{report:#}");
    for finding in findings {
        assert_eq!(finding["code"], "corrupt_session");
        assert_eq!(finding["outcome"], "found");
        assert_eq!(finding["fix"], serde_json::Value::Null);
    }
    assert_eq!(Tree::read(&repo.hub_dir()), before);
}

#[test]
fn a_hub_directory_that_git_does_not_ignore_is_ignored_again() {
    let repo = TestRepo::new();
    made(&repo);
    let ignore = repo.hub_dir().join(".gitignore");
    fs::remove_file(&ignore).unwrap();
    assert_eq!(codes(&findings(&repo)), ["not_ignored"]);
    fixed(&repo);
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    assert_is_well(&repo);

    // What somebody wrote there is left to him.
    repo.write(&ignore, "# mine\n");
    let report = repo.hub(["doctor", "--fix", "--json"]).fails(1).json();
    assert_eq!(report["findings"][0]["outcome"], "found");
    assert_eq!(repo.read(&ignore), "# mine\n");
}
