//! A state or configuration that cannot be read is made anew after a yes.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::agents::LIMIT;
use super::{asked_for, assert_is_well, codes, findings, told};
use crate::support::{TestRepo, wait_until};

/// A session that was measured, and its folder.
fn evaluated() -> (TestRepo, String, PathBuf) {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| {});
    let folder = repo.hub_dir().join("sessions").join(&session);
    assert_is_well(&repo);
    (repo, session, folder)
}

fn state(repo: &TestRepo, session: &str) -> Value {
    repo.hub(["status", session, "--json"]).json()["state"].clone()
}

/// The kept copies of a damaged file.
fn kept(folder: &PathBuf, file: &str) -> Vec<Vec<u8>> {
    let name = format!("{file}.damaged-");
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(&name)
        })
        .collect();
    found.sort();
    found
        .into_iter()
        .map(|path| fs::read(path).unwrap())
        .collect()
}

#[test]
fn a_damaged_state_comes_back_from_journal_refs_and_worktrees() {
    let damages: [&[u8]; 4] = [b"", b"{\"state\": \"eval", b"\0\0\0\0", b"[]"];
    for damage in damages {
        let (repo, session, folder) = evaluated();
        let before = state(&repo, &session);
        repo.write(folder.join("state.json"), damage);
        asked_for(&repo, "damaged_state");
        assert_eq!(kept(&folder, "state.json"), [damage]);
        assert_is_well(&repo);
        let after = state(&repo, &session);
        assert_eq!(after["state"], "evaluating");
        for key in ["session_id", "created"] {
            assert_eq!(after[key], before[key], "{key}");
        }
        for key in ["status", "attempt", "branch", "worktree"] {
            let of = |state: &Value| state["agents"]["agent-1"][key].clone();
            assert_eq!(of(&after), of(&before), "{key}");
        }
        let events = repo.hub(["events", &session, "--json"]).json();
        let last = events["events"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["operation"], "doctor", "{last}");
        assert!(last["detail"]["unknown"].is_array(), "{last}");
        repo.hub(["merge", &session]).ok();
    }
}

#[test]
fn a_state_that_is_missing_comes_back_and_nothing_is_kept_of_it() {
    let (repo, session, folder) = evaluated();
    repo.hub(["merge", &session]).ok();
    // So that nothing is to be said of the worktree.
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("untracked"), "work\n");
    fs::remove_file(folder.join("state.json")).unwrap();
    asked_for(&repo, "damaged_state");
    assert_eq!(kept(&folder, "state.json"), [] as [Vec<u8>; 0]);
    assert_eq!(repo.state(&session), "merged");
    assert_is_well(&repo);
}

#[test]
fn without_a_journal_the_refs_tell() {
    let (repo, session, folder) = evaluated();
    repo.write(folder.join("state.json"), "");
    for name in ["events.jsonl", "events.head"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    asked_for(&repo, "damaged_state");
    let after = state(&repo, &session);
    assert_eq!(after["state"], "evaluating");
    assert_eq!(after["agents"]["agent-1"]["status"], "cancelled");
    assert_is_well(&repo);
}

#[test]
fn a_damaged_configuration_comes_back_from_the_journal() {
    let (repo, session, folder) = evaluated();
    let before = repo.read(folder.join("config.yaml"));
    repo.write(folder.join("config.yaml"), "session_id: [");
    let found = findings(&repo);
    assert_eq!(codes(&found), ["damaged_config"]);
    asked_for(&repo, "damaged_config");
    assert_eq!(repo.read(folder.join("config.yaml")), before);
    assert_eq!(kept(&folder, "config.yaml"), [b"session_id: ["]);
    assert_is_well(&repo);

    // Both at once, as after a disk that has lost what was written last.
    repo.write(folder.join("config.yaml"), "");
    repo.write(folder.join("state.json"), "");
    assert_eq!(codes(&findings(&repo)), ["damaged_config", "damaged_state"]);
    // What is behind them shows, and is mended, in the same go.
    let branch = format!("refs/heads/hub/{session}/agent-1/attempt-1");
    let tip = repo.git(["rev-parse", &branch]);
    repo.git(["update-ref", "-d", &branch]);
    let fixed = repo.hub(["doctor", "--fix", "--yes", "--json"]).json();
    let all = ["damaged_config", "damaged_state", "lost_branch"];
    assert_eq!(codes(fixed["findings"].as_array().unwrap()), all);
    assert_is_well(&repo);
    assert_eq!(repo.state(&session), "evaluating");
    assert_eq!(repo.git(["rev-parse", &branch]), tip);
}

#[test]
fn a_configuration_of_which_no_journal_tells_is_left() {
    let (repo, _, folder) = evaluated();
    fs::remove_file(folder.join("events.jsonl")).unwrap();
    repo.write(folder.join("config.yaml"), "");
    told(&repo, "damaged_config");
    assert_eq!(repo.read(folder.join("config.yaml")), "");
}

#[test]
fn a_state_is_not_made_anew_while_an_agent_runs() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let folder = repo.hub_dir().join("sessions").join(&session);
    let agent = repo.script(
        "agent.sh",
        "touch \"$HUB_DIR/../../begun\"\nwhile ! [ -e \"$HUB_DIR/../../gate\" ]; do sleep 0.02; done",
    );
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    let begun = repo.root().join("begun");
    wait_until(LIMIT, "its process is known", || {
        begun.exists() && repo.read(folder.join("state.json")).contains("\"process\"")
    });
    let whole = repo.read(folder.join("state.json"));
    repo.write(folder.join("state.json"), "");
    let found = told(&repo, "damaged_state");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.contains("still sees to an agent"), "{hint}");
    assert_eq!(repo.read(folder.join("state.json")), "");
    repo.write(folder.join("state.json"), whole);
    repo.write(repo.root().join("gate"), "");
    repo.hub(["wait", &session]).ok();
}
