//! What is shown of a channel, and how.

use insta::assert_snapshot;
use serde_json::Value;

use super::{as_agent, board, bodies, posts, says};
use crate::support::{Terminal, TestRepo, plain};

fn read(repo: &TestRepo, words: &[&str]) -> Vec<String> {
    let read = ["board", "read"].iter().chain(words).chain(&["--json"]);
    let document = repo.hub(read).json();
    let posts: Vec<Value> = document["posts"].as_array().unwrap().clone();
    bodies(&posts).into_iter().map(str::to_owned).collect()
}

fn reply(repo: &TestRepo, to: &str, text: &str) {
    repo.hub(["board", "reply", to, "--author", "bob", "--message", text])
        .ok();
}

/// Two threads that were written in turns.
fn threads() -> TestRepo {
    let repo = TestRepo::new();
    says(&repo, "ada", "results", "first");
    says(&repo, "ada", "results", "# second\n\n- with **marks**");
    reply(&repo, "results/1", "to the first");
    reply(&repo, "results/3", "to that");
    reply(&repo, "results/2", "to the second");
    repo
}

#[test]
fn answers_stand_below_what_they_answer() {
    let repo = threads();
    let shown = repo.hub(["board", "read", "results"]).ok().stdout;
    assert_snapshot!(repo.normalised(&shown), @r"
    results/001-ada-[STAMP]  ada  [TIME]
    first

      results/003-bob-[STAMP]  bob  [TIME]
      to the first

        results/004-bob-[STAMP]  bob  [TIME]
        to that

    results/002-ada-[STAMP]  ada  [TIME]
    # second

    - with **marks**

      results/005-bob-[STAMP]  bob  [TIME]
      to the second
    ");
    assert_eq!(
        read(&repo, &["results", "--thread", "3"]),
        ["to the first", "to that"]
    );
    // A script gets them in the order of the channel.
    let depths: Vec<u64> = posts(&repo, "results")
        .iter()
        .map(|post| post["depth"].as_u64().unwrap())
        .collect();
    assert_eq!(depths, [0, 0, 1, 2, 1]);
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(2);
    let post = ["board", "post", "-m", "of agent-1"];
    as_agent(&repo, &session, "agent-1", &post).ok();
    says(&repo, "ada", "progress", "of ada");
    let old = "---\nauthor: ada\ntimestamp: 2026-01-01T00:00:00Z\n---\nold";
    repo.write(
        board(&repo).join("progress/003-ada-20260101T000000Z.md"),
        old,
    );
    assert_eq!(
        read(&repo, &["progress", "--session", "latest"]),
        ["of agent-1"]
    );
    assert_eq!(
        read(&repo, &["progress", "--session", &session]),
        ["of agent-1"]
    );
    assert_eq!(
        read(&repo, &["progress", "--author", "ada"]),
        ["of ada", "old"]
    );
    assert_eq!(
        read(&repo, &["progress", "--since", "1h"]),
        ["of agent-1", "of ada"]
    );
    let since = [
        "progress",
        "--author",
        "ada",
        "--since",
        "2025-12-31T23:59:59Z",
    ];
    assert_eq!(read(&repo, &since), ["of ada", "old"]);
    assert_eq!(
        read(&repo, &["progress", "--since", "2999-01-01T00:00:00Z"]),
        [""; 0]
    );
    let none = repo.hub(["board", "read", "results"]).ok();
    assert_eq!(none.stdout, "no posts\n");
    repo.hub(["board", "read", "progress", "--session", "2030"])
        .fails(3);
}

#[test]
fn posts_of_a_session_that_is_gone_are_found_by_it() {
    let repo = TestRepo::new();
    let text = "---\nauthor: ada\nsession: 20250101-000000\n---\nx";
    repo.write(
        board(&repo).join("results/001-ada-20250101T000000Z.md"),
        text,
    );
    let found = read(&repo, &["results", "--session", "20250101-000000"]);
    assert_eq!(found, ["x"]);
}

#[test]
fn a_terminal_shows_marks_as_they_are_meant_and_obeys_nothing() {
    let repo = threads();
    let hostile = "red \x1b[31m and \x1b]0;title\x07 &#27;[2J";
    says(&repo, "ada", "progress", hostile);
    let (code, screen) = Terminal::start(repo.hub(["board", "read", "results"]), 60).ends();
    assert_eq!(code, 0);
    let seen = plain(&screen);
    assert!(seen.contains("\nsecond\n\n• with marks\n"), "{seen}");
    assert!(seen.contains("\n    to that\n"), "{seen}");
    assert!(screen.contains("\x1b[1mmarks\x1b[0m"), "{screen:?}");
    let (_, screen) = Terminal::start(repo.hub(["board", "read", "progress"]), 60).ends();
    for obeyed in ["\x1b[31m", "\x1b]", "\x07", "\x1b[2J"] {
        assert!(!screen.contains(obeyed), "{screen:?}");
    }
    let piped = repo.hub(["board", "read", "progress"]).ok().stdout;
    assert!(!piped.contains('\x1b'), "{piped:?}");
    assert!(piped.contains("red \u{241b}[31m"), "{piped:?}");
    // A script gets what was said.
    assert_eq!(read(&repo, &["progress"]), [hostile]);
}

#[test]
fn status_shows_the_last_words_of_a_session() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    for text in ["one", "## two\n\nmore", "- three"] {
        as_agent(&repo, &session, "agent-1", &["board", "post", "-m", text]).ok();
    }
    says(&repo, "ada", "progress", "of nobody's session");
    let status = repo.hub(["status", &session, "--json"]).json();
    let lines: Vec<&str> = status["posts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["line"].as_str().unwrap())
        .collect();
    assert_eq!(lines, ["one", "two", "three"]);
    assert_eq!(status["posts"][2]["author"], "agent-1");
    assert_eq!(status["posts"][2]["channel"], "progress");
    let text = repo.hub(["status", &session]).ok().stdout;
    assert!(
        repo.normalised(&text)
            .contains("progress/003  agent-1  [AGE]  three\n"),
        "{text}"
    );
}

#[test]
fn a_post_that_cannot_be_read_is_told_of() {
    use std::os::unix::fs::PermissionsExt;
    let repo = TestRepo::new();
    says(&repo, "ada", "results", "one");
    let file = says(&repo, "ada", "results", "two");
    repo.hub_unprivileged(["list"]).ok();
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(board(&repo).join("results").join(&file), closed).unwrap();
    let answer = repo.hub_unprivileged(["board", "read", "results"]).ok();
    assert!(answer.stdout.contains("one"), "{answer}");
    assert!(
        answer.stderr.contains(&format!("{file} is passed over")),
        "{answer}"
    );
}
