//! Boards that older tools and hands wrote: read, shown, and never changed.

use std::fs;

use serde_json::{Value, json};

use super::{board, posts, says};
use crate::support::{TestRepo, Tree};

fn older() -> TestRepo {
    let repo = TestRepo::new();
    repo.install("older-board");
    repo
}

#[test]
fn it_is_listed_in_the_established_shape() {
    let repo = older();
    let list = repo.hub(["board", "list", "--json"]).json();
    assert_eq!(
        list,
        json!({ "channels": [
            { "channel": "dispatch", "posts": 2, "last": "002-agent-2.md" },
            { "channel": "progress", "posts": 1, "last": "001-agent-1-20260317T143300Z.md" },
            { "channel": "results", "posts": 6, "last": "merge-summary.md" },
        ]})
    );
}

#[test]
fn every_post_is_read_whatever_it_lacks() {
    let repo = older();
    let before = Tree::read(&repo.hub_dir());
    let told = |post: &Value| {
        let metadata = &post["metadata"];
        json!([
            metadata["author"],
            metadata["timestamp"],
            metadata["sequence"],
            post["answers"],
            post["body"],
        ])
    };
    let all: Vec<Value> = posts(&repo, "results").iter().map(told).collect();
    assert_eq!(
        all[..5],
        [
            json!([
                "agent-1",
                "2026-03-17T14:35:10+00:00",
                1,
                null,
                "## Result Summary\n\n- **Metric**: 165ms"
            ]),
            json!([
                "coordinator",
                "2026-03-17T14:36:00+00:00",
                2,
                "001-agent-1-20260317T143510Z.md",
                "Which input was that?"
            ]),
            json!([
                "agent-3",
                "2026-03-17T14:34:22+00:00",
                5,
                null,
                "above\n\n---\n\nbelow"
            ]),
            json!([
                "agent-4",
                "2026-03-17T14:40:00+00:00",
                6,
                "001-agent-1-20260317T143510Z.md",
                "first\nsecond"
            ]),
            // Its time is that of the file.
            json!([
                "agent-2",
                all[4][1],
                null,
                null,
                "## Result\n\nna\u{fffd}ve"
            ]),
        ]
    );
    assert_eq!(all[5][0], "coordinator");
    let hand = &posts(&repo, "results")[2];
    assert_eq!(hand["metadata"]["note"], "written by hand");
    assert_eq!(posts(&repo, "dispatch")[1]["metadata"]["author"], "agent-2");
    repo.hub(["board", "list"]).ok();
    repo.hub(["board", "read", "results"]).ok();
    before.assert_is(&repo.hub_dir());
}

#[test]
fn a_new_post_is_numbered_above_all_and_leaves_the_others_alone() {
    let repo = older();
    let before = Tree::read(&board(&repo));
    let file = says(&repo, "ada", "results", "new");
    assert!(file.starts_with("007-ada-"), "{file}");
    before.assert_is_but_for(&["_index.json", ".lock", &file], &board(&repo));
    let index: Value = serde_json::from_str(&repo.read(board(&repo).join("_index.json"))).unwrap();
    assert_eq!(
        index["counters"],
        json!({ "dispatch": 1, "progress": 1, "results": 7 })
    );
    assert_eq!(index["created_by"], "board_manager");
    // The counter lags behind what was put there by hand.
    assert!(says(&repo, "ada", "dispatch", "new").starts_with("003-ada-"));
}

#[test]
fn a_channel_of_its_own_is_read_and_posted_to() {
    let repo = older();
    fs::create_dir(board(&repo).join("notes")).unwrap();
    assert!(says(&repo, "ada", "notes", "x").starts_with("001-ada-"));
    let list = repo.hub(["board", "list", "--json"]).json();
    assert_eq!(list["channels"][3]["channel"], "notes");
}

#[test]
fn a_damaged_index_is_left_alone() {
    let repo = older();
    for damaged in ["", "{\"counters\":", "[]"] {
        repo.write(board(&repo).join("_index.json"), damaged);
        repo.hub(["board", "list"]).ok();
        says(&repo, "ada", "results", "x");
        assert_eq!(repo.read(board(&repo).join("_index.json")), damaged);
    }
    let numbers: Vec<Value> = posts(&repo, "results")
        .iter()
        .map(|post| post["metadata"]["sequence"].clone())
        .collect();
    assert_eq!(numbers[4..7], [json!(7), json!(8), json!(9)]);
}

#[test]
fn ten_megabytes_are_read_as_they_are() {
    let repo = older();
    let text = "0123456789abcde\n".repeat(10 * 1024 * 64);
    repo.write(
        board(&repo).join("progress/002-ada-20260317T150000Z.md"),
        &text,
    );
    let post = &posts(&repo, "progress")[1];
    assert_eq!(post["body"].as_str().unwrap(), text.trim_end());
    let shown = repo.hub(["board", "read", "progress"]).ok().stdout;
    assert!(shown.len() > text.len());
}
