//! A session of which a file is damaged.

use insta::assert_snapshot;
use serde_json::Value;

use super::{ARCHIVED, CONFIG, MERGED, STATE, older_attempt, repo_with, session_dir};
use crate::support::{Answer, TestRepo, Tree};

/// A session, which file of it is damaged, and what is said of that.
type Damage = (&'static str, &'static str, &'static str);

/// The sessions of which one file cannot be read.
const DAMAGED: [Damage; 6] = [
    ("20260401-010000", STATE, ", line 1 is damaged: it is empty"),
    ("20260401-020000", STATE, ", line 4 is damaged: EOF"),
    ("20260401-030000", STATE, ", line 1 is damaged: "),
    ("20260401-040000", STATE, ", line 1 is damaged: "),
    ("20260401-050000", STATE, " is damaged: it is missing"),
    (
        "20260401-060000",
        CONFIG,
        ", line 3 is damaged: agent_count",
    ),
];

/// The sessions of which the configuration was edited until nobody can tell what it means.
const EDITED: [Damage; 3] = [
    ("20260401-070000", CONFIG, ", line 10 is damaged: "),
    ("20260401-080000", CONFIG, ", line 10 is damaged: "),
    ("20260401-090000", CONFIG, ", line "),
];

#[test]
fn is_corrupt_to_every_command_and_written_by_none() {
    expect_corrupt(&repo_with(&["damaged"]), &DAMAGED);
}

#[test]
fn is_corrupt_where_nobody_can_tell_what_its_configuration_means() {
    expect_corrupt(&repo_with(&["edited"]), &EDITED);
}

#[test]
fn does_not_change_how_the_others_are_listed() {
    let alone = repo_with(&["established"]).hub(["list", "--json"]).json();
    let repo = repo_with(&["established", "damaged"]);
    let list = repo.hub(["list", "--json"]).fails(9).json();
    assert_eq!(
        list["sessions"].as_array().unwrap().len(),
        5 + DAMAGED.len()
    );
    for session in alone["sessions"].as_array().unwrap() {
        assert_eq!(
            listed(&list, session["session_id"].as_str().unwrap()),
            session
        );
    }
}

#[test]
fn is_listed_with_its_reason_for_people_too() {
    let repo = repo_with(&["established"]);
    repo.write(session_dir(&repo, MERGED).join(STATE), "");
    let list = repo.hub(["list"]).fails(9);
    assert_snapshot!(repo.without_paths(&list.stdout), @r#"
    SESSION          STATE       AGENTS  CREATED                    TASK
    20260316-173015  archived         2  2026-03-16T17:30:15+00:00  Replace the # comments of the old configuration by // comments
    20260312-080000  corrupt          -  -                          [TEMP]/repo/.agenthub/sessions/20260312-080000/state.json, line 1 is damaged: it is empty
    20260309-140730  evaluating       3  2026-03-09T14:07:30+00:00  Optimize: the API response time, below 100 ms
    20260305-101500  running          2  2026-03-05T10:15:00+00:00  Make the start-up faster
    20260302-090000  init             3  2026-03-02T09:00:00+00:00  Say "hi" to the user who logs in
    "#);
    assert_snapshot!(repo.without_paths(&list.stderr), @"
    warning: session 20260312-080000 is corrupt: [TEMP]/repo/.agenthub/sessions/20260312-080000/state.json, line 1 is damaged: it is empty
    ");
    let status = repo.hub(["status", MERGED]).fails(9);
    assert_snapshot!(repo.without_paths(&status.stderr), @"
    error: [TEMP]/repo/.agenthub/sessions/20260312-080000/state.json, line 1 is damaged: it is empty
    hint: nothing was changed; mend [TEMP]/repo/.agenthub/sessions/20260312-080000/state.json by hand or move its session's folder away
    ");
}

#[test]
fn is_passed_over_where_no_session_is_named() {
    let repo = repo_with(&["established", "damaged"]);
    let status = repo.hub(["status", "--json"]).json();
    assert_eq!(status["config"]["session_id"], ARCHIVED);
    let cleanup = repo.hub(["cleanup", "--json"]).json();
    assert_eq!(cleanup["session_id"], ARCHIVED);
}

#[test]
fn keeps_its_branches_and_worktrees() {
    let repo = repo_with(&["damaged"]);
    let (session, ..) = DAMAGED[0];
    older_attempt(&repo, session, "agent-1");
    let before = Tree::read(&repo.path());
    for answer in asked(&repo, session) {
        answer.fails(9);
    }
    before.assert_is(&repo.path());
}

/// The session of this id in the answer of `hub list`.
fn listed<'l>(list: &'l Value, session: &str) -> &'l Value {
    let sessions = list["sessions"].as_array().unwrap();
    sessions
        .iter()
        .find(|listed| listed["session_id"] == session)
        .unwrap()
}

/// The answers of the commands that take one session.
fn asked(repo: &TestRepo, session: &str) -> Vec<Answer> {
    [
        vec!["status", session, "--json"],
        vec!["update", session, "--state", "evaluating", "--json"],
        vec!["cleanup", session, "--json"],
        vec!["cleanup", session, "--force", "--json"],
    ]
    .into_iter()
    .map(|arguments| repo.hub(arguments).run())
    .collect()
}

/// Expects that `list` shows the damage, that every other command ends with it, and that
/// nothing is written, not even by those that failed.
fn expect_corrupt(repo: &TestRepo, damages: &[Damage]) {
    let before = Tree::read(&repo.hub_dir());
    let answer = repo.hub(["list", "--json"]).fails(9);
    let list = answer.json();
    for (session, file, said) in damages {
        let path = session_dir(repo, session).join(file);
        let expected = format!("{}{said}", path.display());
        let found = listed(&list, session);
        assert_eq!(found["state"], "corrupt", "{session}");
        assert_eq!(found["task"], Value::Null, "{session}");
        let reason = found["reason"].as_str().unwrap();
        assert!(reason.starts_with(&expected), "{session}: {reason}");
        assert!(
            answer
                .stderr
                .contains(&format!("session {session} is corrupt: ")),
            "{answer}"
        );
        for answer in asked(repo, session) {
            let error = answer.fails(9).json_error();
            assert_eq!(error["code"], "corrupt", "{session}");
            assert_eq!(error["message"], reason, "{session}");
            let hint = error["hint"].as_str().unwrap();
            assert!(
                hint.starts_with("nothing was changed; "),
                "{session}: {hint}"
            );
        }
    }
    before.assert_is(&repo.hub_dir());
}
