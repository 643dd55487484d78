//! Many who post at once.

use std::collections::BTreeSet;

use super::{board, posts, says};
use crate::support::TestRepo;

#[test]
fn fifty_at_once_get_fifty_numbers() {
    let repo = TestRepo::new();
    let text = |nth: u32| format!("post {nth}");
    let running: Vec<_> = (1..=50)
        .map(|nth| {
            let author = format!("ada-{nth}");
            let text = text(nth);
            let words = ["board", "post", "--author", &author, "--message", &text];
            // A slow machine may take its time; nobody is to give up.
            repo.hub(words.iter().chain(&["--lock-timeout", "300"]))
                .start()
        })
        .collect();
    for one in running {
        one.end().ok();
    }
    let all = posts(&repo, "progress");
    let numbers: Vec<u64> = all
        .iter()
        .map(|post| post["metadata"]["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    let said: BTreeSet<&str> = all
        .iter()
        .map(|post| post["body"].as_str().unwrap())
        .collect();
    let meant: Vec<String> = (1..=50).map(text).collect();
    assert_eq!(said, meant.iter().map(String::as_str).collect());
    let index = repo.read(board(&repo).join("_index.json"));
    assert!(index.contains("\"progress\": 50"), "{index}");
    assert!(says(&repo, "ada", "progress", "last").starts_with("051-ada-"));
}
