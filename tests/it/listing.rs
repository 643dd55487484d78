//! `hub list` of many sessions: what is kept from the last time changes nothing but the time.

use std::fs;
use std::path::PathBuf;

use crate::support::{Answer, TestRepo};

/// More than are read without a look into the cache.
const MANY: u32 = 200;

fn many(repo: &TestRepo) {
    for number in 0..MANY {
        let id = id(number);
        let folder = repo.hub_dir().join("sessions").join(&id);
        repo.write(
            folder.join("config.yaml"),
            format!(
                "session_id: {id}\ntask: Be fast {number:03}\nagent_count: 3\n\
                 base_branch: main\nbase_commit: {}\ncreated: 2026-03-17T14:30:22+00:00\n\
                 owner: {}\n",
                "a".repeat(40),
                if number % 2 == 0 { "ada" } else { "bob" },
            ),
        );
        repo.write(folder.join("state.json"), state("running"));
    }
}

fn id(number: u32) -> String {
    format!("20260317-{:02}{:02}00", number / 60, number % 60)
}

fn state(state: &str) -> String {
    format!(
        r#"{{"schema_version": 1, "state": "{state}", "updated": "2026-03-17T14:31:05+00:00"}}"#
    )
}

fn cache(repo: &TestRepo) -> PathBuf {
    let folder = repo.hub_dir().join("cache");
    let mut found = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    let list = found.find(|entry| entry.file_name().to_string_lossy().starts_with("list-"));
    list.unwrap_or_else(|| panic!("no cache in {}", folder.display()))
        .path()
}

/// The command's answer with the cache, without it, and when it is being made again.
fn each_way(repo: &TestRepo, arguments: &[&str]) -> [Answer; 3] {
    let run = || repo.hub(arguments).ok();
    let with = run();
    fs::remove_file(cache(repo)).unwrap();
    [with, run(), run()]
}

#[test]
fn the_cache_changes_no_answer() {
    let repo = TestRepo::new();
    many(&repo);
    repo.hub(["list"]).ok();
    for arguments in [
        &["list", "--json"][..],
        &["list"],
        &["list", "--sort", "oldest", "--json"],
        &["list", "--user", "ada", "--json"],
        &["list", "--state", "running", "--limit", "150", "--json"],
        &["list", "--limit", "150"],
    ] {
        // Where a limit ends it early, nothing is written.
        repo.hub(["list"]).ok();
        let answers = each_way(&repo, arguments);
        let texts = answers.map(|answer| answer.stdout);
        assert_eq!(texts[0], texts[1], "{arguments:?}");
        assert_eq!(texts[0], texts[2], "{arguments:?}");
    }
}

#[test]
fn a_change_by_anybody_is_seen_at_once() {
    let repo = TestRepo::new();
    many(&repo);
    repo.hub(["list"]).ok();
    let folder = repo.hub_dir().join("sessions").join(id(7));
    repo.write(folder.join("state.json"), state("merged "));
    repo.hub(["list"]).fails(9);
    repo.write(folder.join("state.json"), state("merged"));
    let merged = repo.hub(["list", "--state", "merged", "--json"]).json();
    assert_eq!(merged["sessions"][0]["session_id"], id(7));
    let text = repo.read(folder.join("config.yaml"));
    repo.write(
        folder.join("config.yaml"),
        text.replace("fast 007", "slow 007"),
    );
    let merged = repo.hub(["list", "--state", "merged", "--json"]).json();
    assert_eq!(merged["sessions"][0]["task"], "Be slow 007");
    fs::remove_dir_all(folder).unwrap();
    let all = repo.hub(["list", "--json"]).json();
    assert_eq!(all["sessions"].as_array().unwrap().len(), MANY as usize - 1);
}

#[test]
fn git_and_doctor_do_not_see_the_cache() {
    let repo = TestRepo::new();
    many(&repo);
    repo.hub(["list"]).ok();
    assert!(cache(&repo).exists());
    let ignored = repo.git(["status", "--porcelain", "--", ".agenthub/cache"]);
    assert_eq!(ignored, "");
    // The sessions have a base commit that nobody has.
    let doctor = repo.hub(["doctor"]).fails(1);
    assert!(!doctor.stdout.contains("cache"), "{}", doctor.stdout);
}

#[test]
fn few_sessions_need_no_cache() {
    let repo = TestRepo::new();
    repo.spawned(1);
    repo.hub(["list", "--json"]).ok();
    assert!(!repo.hub_dir().join("cache").exists());
}
