//! Files and operations that a killed hub has left half done, and files that nobody can read.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{assert_is_well, codes, findings, fixed, told};
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
fn damaged_sessions_are_told_of_and_not_touched_without_a_yes() {
    let repo = TestRepo::new();
    repo.install("damaged");
    repo.write(".agenthub/.gitignore", "*\n");
    let before = Tree::read(&repo.hub_dir());
    let answer = repo.hub(["doctor", "--fix", "--json"]).fails(1);
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 3, "{report:#}");
    for finding in findings {
        super::documented::check(finding);
        assert_eq!(finding["outcome"], "found");
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

/// The file of a session.
fn file(repo: &TestRepo, session: &str, name: &str) -> std::path::PathBuf {
    repo.hub_dir().join("sessions").join(session).join(name)
}

#[test]
fn a_session_that_is_no_folder_is_told() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let folder = file(&repo, &session, "");
    let elsewhere = repo.root().join("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.components().as_path()).unwrap();
    let found = told(&repo, "corrupt_session");
    assert_eq!(found["session_id"], session.as_str());
}

#[test]
fn a_session_under_another_name_is_told() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let folder = file(&repo, &session, "");
    let other = file(&repo, "20200101-000000", "");
    Tree::read(&folder).write(&other);
    let found = told(&repo, "renamed_session");
    assert_eq!(found["session_id"], "20200101-000000");
    assert_eq!(found["cause"], "the folder of a session was copied by hand");
    fs::remove_dir_all(&folder).unwrap();
    let found = told(&repo, "renamed_session");
    let hint = found["hint"].as_str().unwrap();
    repo.typed(hint.split('`').nth(1).unwrap());
    assert_is_well(&repo);
}

#[test]
fn other_files_that_cannot_be_read_are_told_with_their_place() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| {});
    for (name, text) in [
        ("events.jsonl", "{}\n"),
        ("launch.json", "["),
        ("evaluation.json", ""),
        ("evaluations/1/plan.json", "{"),
        ("evaluations/1/report.json", "{}"),
        ("agents/agent-1/inbox.md", "\u{0}"),
    ] {
        let path = file(&repo, &session, name);
        let before = fs::read(&path).ok();
        let text = text.replace('\0', "");
        repo.write(
            &path,
            if text.is_empty() {
                b"\xff".as_slice()
            } else {
                text.as_bytes()
            },
        );
        let found = told(&repo, "damaged_file");
        assert_eq!(found["path"], path.to_str().unwrap());
        match before {
            Some(bytes) => repo.write(&path, bytes),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    assert_is_well(&repo);
}

#[test]
fn a_file_of_a_later_hub_is_told() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let path = file(&repo, &session, "state.json");
    let text = repo.read(&path);
    repo.write(
        &path,
        text.replace("\"schema_version\": 1", "\"schema_version\": 9"),
    );
    let found = told(&repo, "newer_version");
    let what = found["what"].as_str().unwrap();
    assert!(
        what.contains("has schema_version 9; this hub writes 1"),
        "{what}"
    );
}

#[test]
fn a_time_that_is_yet_to_come_is_told() {
    let repo = TestRepo::new();
    let session = made(&repo);
    for name in ["state.json", "config.yaml", "events.jsonl"] {
        let path = file(&repo, &session, name);
        let text = repo.read(&path);
        let year = &session[..4];
        repo.write(&path, text.replace(&format!("{year}-"), "2999-"));
        let found = findings(&repo);
        // What is changed in a journal is told of, too.
        let also = &["journal_changed"][..usize::from(name == "events.jsonl")];
        let mut told = codes(&found);
        told.dedup();
        assert_eq!(told, [&["future_time"][..], also].concat());
        assert_eq!(found[0]["path"], path.to_str().unwrap());
        repo.write(&path, text);
    }
    assert_is_well(&repo);
}

#[test]
fn agents_that_are_not_those_that_are_counted_are_told() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(2);
    let path = file(&repo, &session, "config.yaml");
    let text = repo.read(&path);
    for (count, said) in [("1", "tells of agent-2"), ("3", "does not tell of agent-3")] {
        repo.write(
            &path,
            text.replace("agent_count: 2", &format!("agent_count: {count}")),
        );
        let found = told(&repo, "agent_count");
        let what = found["what"].as_str().unwrap();
        assert!(what.ends_with(said), "{what}");
    }
}

#[test]
fn a_journal_that_somebody_has_changed_is_told_and_stays() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let path = file(&repo, &session, "events.jsonl");
    let changed = repo
        .read(&path)
        .replacen("\"phase\":\"begin\"", "\"phase\": \"begin\"", 1);
    repo.write(&path, &changed);
    let found = told(&repo, "journal_changed");
    assert_eq!(found["path"], path.to_str().unwrap());
    assert_eq!(repo.read(&path), changed);
}
