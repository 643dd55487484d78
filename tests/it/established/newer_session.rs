//! A session of a later hub.

use insta::assert_snapshot;

use super::{STATE, older_attempt, repo_with, session_dir};
use crate::support::Tree;

const NEWER: &str = "20260501-120000";

#[test]
fn is_read() {
    let repo = repo_with(&["newer"]);
    let list = repo.hub(["list"]).ok();
    assert_snapshot!(list.stdout, @"
    SESSION          STATE    AGENTS  CREATED                    TASK
    20260501-120000  running       2  2026-05-01T12:00:00+00:00  Make the start-up faster
    ");
    let status = repo.hub(["status", NEWER, "--json"]).json();
    assert_eq!(status["state"]["state"], "running");
    assert_eq!(status["config"]["baseline"], 180.0);
}

#[test]
fn is_never_written_and_the_error_says_which_version_it_is() {
    let repo = repo_with(&["newer"]);
    let before = Tree::read(&repo.hub_dir());
    let refused = repo
        .hub(["update", NEWER, "--state", "evaluating"])
        .fails(1);
    assert_snapshot!(repo.without_paths(&refused.stderr), @"
    error: [TEMP]/repo/.agenthub/sessions/20260501-120000/state.json has schema_version 9; this hub writes 1 and would lose what is new in it
    hint: use the hub that wrote it, or a newer one
    ");
    before.assert_is(&repo.hub_dir());
}

#[test]
fn is_not_cleaned_up_either() {
    let repo = repo_with(&["newer"]);
    let state = session_dir(&repo, NEWER).join(STATE);
    repo.write(&state, repo.read(&state).replace("running", "archived"));
    older_attempt(&repo, NEWER, "agent-1");
    let before = Tree::read(&repo.path());
    let refused = repo.hub(["cleanup", NEWER, "--force", "--json"]).fails(1);
    let message = refused.json_error()["message"].to_string();
    assert!(message.contains("schema_version 9"), "{message}");
    before.assert_is(&repo.path());
}
