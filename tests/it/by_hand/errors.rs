//! Errors as text and as a document, and the exit status beside them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::TestRepo;

use super::{TASK, init};

/// A command that cannot be done, its exit status and its code.
const CASES: [(&[&str], i32, &str); 14] = [
    (&["status", "2027"], 3, "not_found"),
    (
        &["update", "latest", "--state", "merged"],
        4,
        "invalid_transition",
    ),
    (&["merge", "latest"], 4, "wrong_state"),
    (&["cleanup", "latest"], 4, "wrong_state"),
    (&["wait"], 3, "not_found"),
    (&["path", "agent-1"], 3, "not_found"),
    (&["path", "../x"], 2, "usage"),
    (&["stop"], 3, "not_found"),
    (&["spawn", "latest"], 2, "usage"),
    (&["init"], 2, "usage"),
    (&["init", "--task", "x", "--agents", "many"], 2, "usage"),
    (&["init", "--task", "x", "--base-branch", "-x"], 2, "usage"),
    (&["no-such-command"], 2, "usage"),
    (&["list", "--no-such-flag"], 2, "usage"),
];

#[test]
fn an_error_has_two_lines_on_stderr_and_none_on_stdout() {
    let repo = TestRepo::new().with_bench();
    init(&repo);
    for (arguments, status, _) in CASES {
        let answer = repo.hub(arguments).fails(status);
        assert_eq!(answer.stdout, "", "{answer}");
        let lines: Vec<&str> = answer.stderr.lines().collect();
        assert_eq!(lines.len(), 2, "{answer}");
        assert!(lines[0].starts_with("error: "), "{answer}");
        assert!(lines[1].starts_with("hint: "), "{answer}");
    }
}

#[test]
fn in_json_an_error_is_one_document_on_stderr() {
    let repo = TestRepo::new().with_bench();
    init(&repo);
    for (arguments, status, code) in CASES {
        let text = repo.hub(arguments).run().stderr;
        let forms: [&[&str]; 3] = [&["--format", "json"], &["--format=json"], &["--json"]];
        for form in forms {
            let error = repo
                .hub(arguments.iter().chain(form))
                .fails(status)
                .json_error();
            let keys: Vec<&String> = error.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["code", "message", "hint"], "{arguments:?}");
            assert_eq!(error["code"], code, "{arguments:?}");
            let same = format!(
                "error: {}\nhint: {}\n",
                word(&error["message"]),
                word(&error["hint"])
            );
            assert_eq!(same, text, "{arguments:?}");
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn outside_of_a_repository_every_command_says_so() {
    let repo = TestRepo::new();
    for arguments in [
        vec!["list"],
        vec!["status"],
        vec!["init", "--task", "x"],
        vec!["cleanup"],
    ] {
        let error = repo
            .hub(arguments.iter().chain(&["--json"]))
            .in_folder(repo.root())
            .fails(3)
            .json_error();
        assert_eq!(error["code"], "not_found");
        let message = repo.without_paths(word(&error["message"]));
        assert_eq!(message, "[TEMP] is not in a git repository");
    }
}

#[test]
fn a_repository_without_a_commit_has_nothing_to_start_from() {
    let repo = TestRepo::new();
    let empty = repo.root().join("empty");
    repo.git(["init", "--quiet", empty.to_str().unwrap()]);
    let answer = repo.hub(["init", "--task", "x"]).in_folder(&empty).run();
    assert_ne!(answer.code(), 0);
    insta::assert_snapshot!(answer.stderr, @r"
    error: branch main has no commit yet
    hint: make a first one: `git commit --allow-empty -m 'start'`
    ");
    assert!(!empty.join(".agenthub").exists());
}

#[test]
fn what_init_cannot_mean_is_said_before_anything_is_made() {
    let repo = TestRepo::new().with_bench();
    let detached = repo.git(["rev-parse", "HEAD"]);
    let mut said = String::new();
    for arguments in [
        &["--task", "x", "--agents", "0"][..],
        &["--task", "x", "--agents", "100000"],
        &["--task", " "],
        &["--task", "x", "--metric", "ms"],
        &["--task", "x", "--direction", "lower"],
        &["--task", "x", "--eval", "no-such-program"],
        &["--task", "x", "--eval", "./no-such-file"],
        &["--task", "x", "--base-branch", "nothing"],
    ] {
        let answer = repo.hub(["init"].iter().chain(arguments)).run();
        assert_ne!(answer.code(), 0, "{answer}");
        let (given, code) = (arguments[2..].join(" "), answer.code());
        write!(said, "{given} → {code}\n{}", answer.stderr).unwrap();
    }
    insta::assert_snapshot!(said, @r#"
    --agents 0 → 2
    error: "0" is not a number of agents: it must be 1 to 256
    hint: `hub init --help` shows what it takes
    --agents 100000 → 2
    error: "100000" is not a number of agents: it must be 1 to 256
    hint: `hub init --help` shows what it takes
     → 2
    error: " " is not a task: it is empty
    hint: `hub init --help` shows what it takes
    --metric ms → 2
    error: --metric is given without an eval command
    hint: give --eval CMD too
    --direction lower → 2
    error: --direction is given without a metric
    hint: give --metric NAME too
    --eval no-such-program → 2
    error: eval command "no-such-program" cannot be run: no-such-program is not found
    hint: install no-such-program, or give the path to it
    --eval ./no-such-file → 2
    error: eval command "./no-such-file" cannot be run: ./no-such-file is not found
    hint: a relative path is looked up in the base commit, then in the current folder
    --base-branch nothing → 3
    error: base branch nothing does not exist
    hint: `git branch` shows the branches there are
    "#);
    repo.git(["checkout", "--quiet", "--detach", &detached]);
    let answer = repo.hub(["init"].iter().chain(&TASK)).fails(2);
    insta::assert_snapshot!(answer.stderr, @r"
    error: HEAD is detached, so there is no branch to start from
    hint: name one with --base-branch BRANCH
    ");
    assert!(!repo.hub_dir().exists());
}
