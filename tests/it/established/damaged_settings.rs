//! A configuration of the project that cannot be meant.

use insta::assert_snapshot;

use super::{CONFIG, INIT, MERGED, repo_with};
use crate::support::{TestRepo, Tree, fixture};

/// A repository with established sessions and one of `fixtures/edited/settings/`.
fn repo_with_settings(name: &str) -> TestRepo {
    let repo = repo_with(&["established"]);
    let settings = fixture("edited").join("settings").join(name);
    repo.write(repo.hub_dir().join(CONFIG), repo.read(settings));
    repo
}

#[test]
fn is_named_with_its_line_and_no_command_goes_on() {
    for (name, said) in [
        ("unknown-key.yaml", ", line 3: unknown key \"worktree_rot\""),
        ("deep-nesting.yaml", ", line 2: "),
    ] {
        expect_refused(&repo_with_settings(name), said);
    }
}

#[test]
fn is_named_with_the_line_on_which_a_key_stands_again() {
    expect_refused(&repo_with_settings("duplicate.yaml"), ", line 3: ");
}

#[test]
fn is_named_with_a_line_where_aliases_multiply() {
    expect_refused(&repo_with_settings("alias-bomb.yaml"), ", line ");
}

#[test]
fn names_the_key_that_was_meant() {
    let repo = repo_with_settings("unknown-key.yaml");
    let error = repo.hub(["list"]).fails(2);
    assert_snapshot!(repo.without_paths(&error.stderr), @r#"
    error: [TEMP]/repo/.agenthub/config.yaml, line 3: unknown key "worktree_rot"
    hint: did you mean worktree_root?
    "#);
}

#[test]
fn is_not_read_to_its_end_where_it_has_ten_megabytes() {
    let repo = repo_with(&["established"]);
    repo.write(repo.hub_dir().join(CONFIG), "# comment\n".repeat(1_000_000));
    let answer = repo.hub(["list", "--json"]).run();
    assert_ne!(answer.code(), 0, "{answer}");
    let message = answer.json_error()["message"].to_string();
    assert!(message.contains("longer than 64 KiB"), "{message}");
}

/// Expects that every command says this of the project's configuration and does nothing.
fn expect_refused(repo: &TestRepo, said: &str) {
    let file = repo.hub_dir().join(CONFIG);
    let before = Tree::read(&repo.hub_dir());
    for arguments in [
        vec!["list"],
        vec!["status", INIT],
        vec!["update", INIT, "--state", "running"],
        vec!["cleanup", MERGED],
    ] {
        let error = repo
            .hub([arguments, vec!["--json"]].concat())
            .fails(2)
            .json_error();
        assert_eq!(error["code"], "usage", "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("{}{said}", file.display())),
            "{message}"
        );
    }
    before.assert_is(&repo.hub_dir());
}
