//! Posts and answers.

use std::fs;

use serde_json::json;

use super::{as_agent, board, bodies, posts, says};
use crate::support::TestRepo;

#[test]
fn the_first_post_makes_the_board() {
    let repo = TestRepo::new();
    let answer = repo
        .hub(["board", "post", "--author", "ada", "-m", "hello"])
        .ok();
    let said = repo.normalised(&answer.stdout);
    assert_eq!(said, "posted progress/001-ada-[STAMP]\n");
    assert_eq!(answer.stderr, "");
    let folder = fs::read_dir(board(&repo).join("progress")).unwrap();
    let file = folder.map(|entry| entry.unwrap().path()).next().unwrap();
    assert_eq!(
        repo.normalised(&repo.read(file)),
        "---\nauthor: ada\ntimestamp: [TIME]\nchannel: progress\nsequence: 1\nparent: null\n---\n\nhello\n"
    );
    assert_eq!(
        repo.read(board(&repo).join("_index.json")),
        "{\n  \"channels\": [\n    \"dispatch\",\n    \"progress\",\n    \"results\"\n  ],\n  \
        \"counters\": {\n    \"dispatch\": 0,\n    \"progress\": 1,\n    \"results\": 0\n  }\n}\n"
    );
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn an_agent_need_not_say_who_it_is() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(2);
    let posted = as_agent(
        &repo,
        &session,
        "agent-2",
        &["board", "post", "-m", "half", "--json"],
    );
    let posted = posted.json();
    assert_eq!(posted["channel"], "progress");
    assert_eq!(posted["metadata"]["author"], "agent-2");
    assert_eq!(posted["metadata"]["session"], session);
    assert!(
        posted["path"]
            .as_str()
            .unwrap()
            .starts_with(repo.hub_dir().to_str().unwrap())
    );
    let named = [
        "board",
        "post",
        "--author",
        "ada",
        "--channel",
        "results",
        "-m",
        "x",
        "--json",
    ];
    let posted = as_agent(&repo, &session, "agent-1", &named).json();
    assert_eq!(posted["metadata"]["author"], "ada");
    assert_eq!(posted["metadata"]["session"], session);
}

#[test]
fn an_agent_in_another_repository_is_a_guest() {
    let (home, other) = (TestRepo::new().with_bench(), TestRepo::new());
    let session = home.spawned(1);
    let words = ["board", "post", "-m", "x", "--json"];
    let posted = as_agent(&home, &session, "agent-1", &words)
        .in_folder(other.path())
        .json();
    assert_ne!(posted["metadata"]["author"], "agent-1");
    assert_eq!(posted["metadata"]["session"], json!(null));
    assert_eq!(posts(&other, "progress").len(), 1);
}

#[test]
fn what_is_said_comes_from_a_file_or_from_stdin() {
    let repo = TestRepo::new();
    let text = "\n## Head\n\n---\n\n    code\n\n";
    repo.write("note.md", text);
    let post = ["board", "post", "--author", "ada", "--channel", "results"];
    let say = |words: &[&str]| repo.hub(post.iter().chain(words));
    say(&["--file", "note.md"]).ok();
    say(&["-F", "-"]).stdin(text).ok();
    say(&["-"]).stdin(text).ok();
    say(&["--message", "--- not an option"]).ok();
    repo.write("sub/note.md", "below");
    let below = repo.hub(post.iter().chain(&["--file", "note.md"]));
    below.in_folder(repo.path().join("sub")).ok();
    let all = posts(&repo, "results");
    let text = text.trim_start_matches('\n').trim_end();
    assert_eq!(
        bodies(&all),
        [text, text, text, "--- not an option", "below"]
    );
}

#[test]
fn an_answer_goes_where_its_post_is() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let words = [
        "board",
        "post",
        "--channel",
        "results",
        "-m",
        "done",
        "--json",
    ];
    let post = as_agent(&repo, &session, "agent-1", &words).json();
    let file = post["file"].as_str().unwrap().to_owned();
    let stem = file.strip_suffix(".md").unwrap();
    for named in ["results/1", stem, file.as_str(), "001-agent-1"] {
        let reply = [
            "board", "reply", named, "--author", "ada", "-m", "good", "--json",
        ];
        let reply = repo.hub(reply).json();
        assert_eq!(reply["channel"], "results", "{named}");
        assert_eq!(reply["metadata"]["parent"], stem);
        assert_eq!(reply["metadata"]["session"], session);
    }
    let all = posts(&repo, "results");
    assert!(
        all[1..]
            .iter()
            .all(|post| post["answers"] == file.as_str() && post["depth"] == 1)
    );
    // The number alone is that of another post, too.
    says(&repo, "ada", "progress", "x");
    let error = repo
        .hub(["board", "reply", "1", "-m", "x", "--json"])
        .fails(2);
    let error = error.json_error();
    assert_eq!(error["code"], "usage");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("results/001-agent-1-"),
        "{error}"
    );
    repo.hub(["board", "reply", "1", "--channel", "results", "-m", "x"])
        .ok();
}

#[test]
fn no_command_changes_a_post() {
    let repo = TestRepo::new();
    let file = says(&repo, "ada", "results", "one");
    let before = repo.read(board(&repo).join("results").join(&file));
    says(&repo, "ada", "results", "one");
    repo.hub([
        "board",
        "reply",
        "results/1",
        "--author",
        "ada",
        "-m",
        "two",
    ])
    .ok();
    assert_eq!(repo.read(board(&repo).join("results").join(&file)), before);
    assert_eq!(posts(&repo, "results").len(), 3);
    let help = repo.hub(["board", "--help"]).ok().stdout;
    for verb in ["edit", "delete", "remove"] {
        assert!(!help.contains(verb), "{help}");
    }
}
