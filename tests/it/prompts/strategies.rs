//! Strategies: given, from a file, or the template's own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{handed_out, prompt, spawned_with};
use crate::support::TestRepo;

const ROLES: [&str; 4] = ["optimizer", "refactorer", "test-writer", "bug-fixer"];

#[test]
fn each_agent_of_a_role_gets_another_strategy_of_the_template() {
    let repo = TestRepo::new();
    for role in ROLES {
        spawned_with(&repo, 6, &["--template", role]);
        let lines = handed_out(&repo);
        let different: BTreeSet<_> = lines.iter().collect();
        assert_eq!(different.len(), 6, "{role}: {lines:?}");
        for (agent, line) in (1..).zip(&lines) {
            let line = line.as_deref().unwrap();
            let told = prompt(&repo, agent);
            assert!(told.contains(&format!("\nStrategy: {line}\n")), "{told}");
        }
    }
}

#[test]
fn the_plain_template_has_none() {
    let repo = TestRepo::new();
    spawned_with(&repo, 2, &[]);
    assert_eq!(handed_out(&repo), [None, None]);
    assert!(!prompt(&repo, 1).contains("Strategy:"));
}

#[test]
fn strategies_that_are_given_take_the_place_of_the_templates_own() {
    let repo = TestRepo::new();
    let given = ["--strategy", "try a cache", "--strategy", "try a loop"];
    let arguments = [&["--template", "optimizer"][..], &given].concat();
    spawned_with(&repo, 3, &arguments);
    let lines = handed_out(&repo).into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(lines, ["try a cache", "try a loop", "try a cache"]);
}

#[test]
fn no_strategies_can_be_asked_for_in_two_ways() {
    let repo = TestRepo::new();
    for none in [&["--no-strategies"][..], &["--strategy", ""]] {
        let arguments = [&["--template", "optimizer"][..], none].concat();
        spawned_with(&repo, 2, &arguments);
        assert_eq!(handed_out(&repo), [None, None], "{none:?}");
        assert!(!prompt(&repo, 1).contains("Strategy:"), "{none:?}");
    }
}

#[test]
fn a_file_holds_one_a_line() {
    let repo = TestRepo::new();
    repo.write("ideas.txt", "# ours\n\n  try a cache\r\n\ntry # a loop\n");
    spawned_with(&repo, 3, &["--strategies", "ideas.txt"]);
    let lines = handed_out(&repo).into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(lines, ["try a cache", "try # a loop", "try a cache"]);
}

#[test]
fn a_dash_stands_for_stdin() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x", "--agents", "2"]).ok();
    let spawn = repo.hub(["spawn", "--no-start", "--strategies", "-"]);
    spawn.stdin("one\n# no\ntwo\n").ok();
    let lines = handed_out(&repo).into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn a_file_that_cannot_be_meant_is_refused_before_anything_is_made() {
    let repo = TestRepo::new();
    repo.write("bell.txt", "fine\n\nring \u{7} it\n");
    repo.write("empty.txt", "# nothing\n\n");
    let before = repo.picture();
    for (file, status, expected) in [
        (
            "bell.txt",
            2,
            "error: bell.txt: line 3: \"ring \\u{7} it\" is not a strategy: it must be one line without control characters\n",
        ),
        (
            "empty.txt",
            2,
            "error: empty.txt: no line of it is a strategy\n",
        ),
        ("nowhere.txt", 1, "error: cannot read nowhere.txt: "),
    ] {
        let agents = ["--agent-cmd", "true", "--strategies", file];
        let run = ["run", "--task", "x"].into_iter().chain(agents);
        let answer = repo.hub(run).fails(status);
        assert!(answer.stderr.starts_with(expected), "{answer}");
    }
    assert_eq!(repo.picture(), before);
    assert!(!repo.hub_dir().exists());
}

#[test]
fn a_strategy_is_one_line() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x"]).ok();
    let spawn = ["spawn", "--no-start", "--strategy", "one\ntwo"];
    let answer = repo.hub(spawn).fails(2);
    assert!(answer.stderr.contains("it must be one line"), "{answer}");
}

#[test]
fn the_ways_to_name_strategies_exclude_each_other() {
    let repo = TestRepo::new();
    for pair in [
        ["--strategy", "x", "--strategies", "y"],
        ["--no-strategies", "--strategy", "x", "-q"],
        ["--no-strategies", "--strategies", "y", "-q"],
    ] {
        let answer = repo.hub(["spawn"].iter().chain(&pair)).fails(2);
        assert!(answer.stderr.contains("cannot be used with"), "{answer}");
    }
}

#[test]
fn the_list_of_templates_tells_the_strategies_that_are_handed_out() {
    let repo = TestRepo::new();
    spawned_with(&repo, 3, &["--template", "bug-fixer"]);
    let one = repo.hub(["templates", "bug-fixer", "--json"]).json();
    let listed = one["templates"][0]["strategies"].as_array().unwrap();
    let listed = listed.iter().map(Value::as_str).take(3);
    let handed = handed_out(&repo);
    assert!(listed.eq(handed.iter().map(Option::as_deref)));
}
