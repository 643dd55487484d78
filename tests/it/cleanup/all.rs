//! `hub cleanup --all`: every session at its end, and what belongs to none.

use std::fs;

use serde_json::Value;

use super::branch;
use crate::support::TestRepo;

fn cleaned<'d>(document: &'d Value, id: &str) -> Option<&'d Value> {
    let sessions = document["sessions"].as_array().unwrap();
    sessions.iter().find(|session| session["session_id"] == id)
}

#[test]
fn every_session_at_its_end_is_cleaned_and_the_others_stay() {
    let repo = TestRepo::new().with_bench();
    let archived = repo.archived(1);
    let merged = repo.evaluated(|_| ());
    repo.hub(["merge", &merged]).ok();
    let open = repo.spawned(1);
    let report = repo.hub(["cleanup", "--all", "--json"]).json();
    assert_eq!(report["dry_run"], false);
    assert_eq!(report["sessions"].as_array().unwrap().len(), 2);
    for id in [&archived, &merged] {
        let cleaned = &cleaned(&report, id).unwrap()["cleaned"];
        assert_eq!(cleaned["removed_worktrees"].as_array().unwrap().len(), 1);
        assert!(!repo.worktree(id, "agent-1").exists());
    }
    assert!(repo.worktree(&open, "agent-1").exists());
    let again = repo.hub(["cleanup", "--all"]).ok();
    assert_eq!(again.stdout, "nothing to clean up\n");
}

#[test]
fn one_that_is_refused_does_not_stop_the_others() {
    let repo = TestRepo::new().with_bench();
    let dirty = repo.archived(1);
    let clean = repo.archived(1);
    let new = repo.worktree(&dirty, "agent-1").join("new");
    repo.write(&new, "mine\n");
    let answer = repo.hub(["cleanup", "--all", "--json"]).fails(6);
    let report = answer.json();
    let refused = &cleaned(&report, &dirty).unwrap()["refused"];
    assert_eq!(refused["code"], "refused");
    assert!(refused["message"].as_str().unwrap().contains("new"));
    assert!(!repo.worktree(&clean, "agent-1").exists());
    assert_eq!(repo.read(&new), "mine\n");
    let text = repo.hub(["cleanup", "--all"]).fails(6).stdout;
    assert!(text.contains("refused: "), "{text}");
    repo.hub(["cleanup", "--all", "--force"]).ok();
    assert!(!new.exists());
}

#[test]
fn the_largest_status_is_told_and_a_damaged_session_is_named() {
    let repo = TestRepo::new().with_bench();
    let damaged = repo.archived(1);
    let clean = repo.archived(1);
    let state = format!("sessions/{damaged}/state.json");
    repo.write(repo.hub_dir().join(state), "{");
    let answer = repo.hub(["cleanup", "--all", "--json"]).fails(9);
    assert_eq!(answer.json()["corrupt"][0]["session_id"], damaged.as_str());
    assert!(repo.worktree(&damaged, "agent-1").exists());
    assert!(!repo.worktree(&clean, "agent-1").exists());
}

#[test]
fn only_those_that_ended_long_ago() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let before = repo.picture();
    let answer = repo.hub(["cleanup", "--older-than", "7d"]).ok();
    assert_eq!(answer.stdout, "nothing to clean up\n");
    assert_eq!(repo.picture(), before);
    repo.hub(["cleanup", "--older-than", "0s"]).ok();
    assert!(!repo.worktree(&id, "agent-1").exists());
    repo.hub(["cleanup", "--older-than", "7"]).fails(2);
    repo.hub(["cleanup", &id, "--all"]).fails(2);
}

#[test]
fn a_dry_run_tells_all_and_does_nothing() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(3);
    repo.write(repo.worktree(&id, "agent-2").join("new"), "mine\n");
    fs::remove_dir_all(repo.worktree(&id, "agent-3")).unwrap();
    let before = repo.picture();
    let one = repo
        .hub(["cleanup", &id, "--dry-run", "--json"])
        .fails(6)
        .json();
    let actions = |plan: &Value| -> Vec<String> {
        let worktrees = plan["worktrees"].as_array().unwrap().iter();
        let actions = worktrees.map(|one| one["action"].as_str().unwrap().to_owned());
        actions.collect()
    };
    assert_eq!(actions(&one), ["remove", "refuse", "forget"]);
    assert_eq!(one["worktrees"][1]["files"][0], "new");
    assert!(one["size_bytes"].as_u64().unwrap() > 0);
    assert_eq!(one["branches"][0]["branch"], branch(&id, "agent-1"));
    assert_eq!(
        one["branches"][0]["tag"],
        format!("hub/archive/{id}/agent-1")
    );
    let forced = ["cleanup", &id, "--force", "--dry-run", "--json"];
    assert_eq!(
        actions(&repo.hub(forced).json()),
        ["remove", "snapshot", "forget"]
    );
    let text = repo.hub(["cleanup", &id, "--dry-run"]).fails(6).stdout;
    assert!(text.contains("refused: "), "{text}");
    assert!(text.contains("nothing would be done as long"), "{text}");
    let all = repo
        .hub(["cleanup", "--all", "--dry-run", "--json"])
        .fails(6)
        .json();
    assert_eq!(cleaned(&all, &id).unwrap()["plan"], one);
    assert_eq!(repo.picture(), before);
    let open = repo.spawned(1);
    repo.hub(["cleanup", &open, "--dry-run"]).fails(4);
}
