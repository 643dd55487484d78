//! What `update` does to a session of an older tool.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use super::{ARCHIVED, CONFIG, EVALUATING, INIT, MERGED, RUNNING, STATE, repo_with, session_dir};
use crate::support::{TestRepo, Tree, fixture};

#[test]
fn walks_every_edge_to_the_end() {
    let repo = repo_with(&["established"]);
    for (session, states) in [
        (INIT, ["running", "evaluating", "merged"].as_slice()),
        (RUNNING, &["evaluating", "archived"]),
        (EVALUATING, &["merged"]),
    ] {
        for state in states {
            let update = repo
                .hub(["update", session, "--state", state, "--json"])
                .json();
            assert_eq!(update["state"], *state);
            assert_eq!(state_of(&repo, session)["state"], *state);
        }
    }
}

#[test]
fn keeps_keys_that_hub_does_not_know_and_gains_a_version() {
    let repo = repo_with(&["established"]);
    let before = state_of(&repo, RUNNING);
    let update = repo.hub(["update", RUNNING, "--state", "evaluating"]).ok();
    assert_snapshot!(update.stdout, @"session 20260305-101500: running → evaluating");

    let mut after = state_of(&repo, RUNNING);
    assert_eq!(after["schema_version"], 1);
    assert_ne!(after["updated"], before["updated"]);
    // But for these three it is what it was, the number to its last digit.
    after.as_object_mut().unwrap().remove("schema_version");
    after["state"] = before["state"].clone();
    after["updated"] = before["updated"].clone();
    assert_eq!(after, before);
    let text = repo.read(session_dir(&repo, RUNNING).join(STATE));
    assert!(text.contains("0.30000000000000004"), "{text}");
}

#[test]
fn leaves_config_and_every_other_session_alone() {
    let repo = repo_with(&["established"]);
    repo.hub(["update", RUNNING, "--state", "evaluating"]).ok();
    repo.hub(["update", INIT, "--state", "running"]).ok();
    for session in [INIT, RUNNING] {
        let path = Path::new("sessions").join(session).join(CONFIG);
        let original = repo.read(fixture("established").join(&path));
        assert_eq!(repo.read(repo.hub_dir().join(&path)), original);
    }
    for session in [EVALUATING, MERGED, ARCHIVED] {
        let original = Tree::read(&fixture("established").join("sessions").join(session));
        original.assert_is(&session_dir(&repo, session));
    }
}

#[test]
fn begins_a_journal() {
    let repo = repo_with(&["established"]);
    repo.hub(["update", INIT, "--state", "running"]).ok();
    let events = repo.hub(["events", INIT, "--json"]).json();
    let phases: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{} {} {}", event["seq"], event["operation"], event["phase"]))
        .collect();
    assert_eq!(phases, [r#"1 "update" "begin""#, r#"2 "update" "end""#]);
}

#[test]
fn along_no_edge_is_refused_and_changes_nothing() {
    let repo = repo_with(&["established"]);
    let before = state_and_config(&repo);
    for (session, state) in [
        (INIT, "evaluating"),
        (INIT, "merged"),
        (RUNNING, "init"),
        (RUNNING, "running"),
        (EVALUATING, "running"),
        (MERGED, "archived"),
        (ARCHIVED, "running"),
    ] {
        let refused = repo
            .hub(["update", session, "--state", state, "--json"])
            .fails(4);
        assert_eq!(
            refused.json_error()["code"],
            "invalid_transition",
            "{session} {state}"
        );
    }
    assert_eq!(state_and_config(&repo), before);
    let refused = repo.hub(["update", MERGED, "--state", "running"]).fails(4);
    assert_snapshot!(refused.stderr, @"
    error: session 20260312-080000 is merged; no state follows it
    hint: a new round is a new session: `hub init`
    ");
}

/// The two established files of every session.
fn state_and_config(repo: &TestRepo) -> Vec<String> {
    [INIT, RUNNING, EVALUATING, MERGED, ARCHIVED]
        .iter()
        .flat_map(|session| [CONFIG, STATE].map(|name| (session, name)))
        .map(|(session, name)| repo.read(session_dir(repo, session).join(name)))
        .collect()
}

/// A session's `state.json` as a document.
fn state_of(repo: &TestRepo, session: &str) -> Value {
    serde_json::from_str(&repo.read(session_dir(repo, session).join(STATE))).unwrap()
}
