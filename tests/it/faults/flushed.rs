//! What is kept for good reaches the disk before anything is built on it.

use agenthub::fault::Point;
use serde_json::Value;

use super::scenario;

/// The command lines of git that hub calls, as git writes them down.
fn calls(name: &str) -> Vec<Vec<String>> {
    let scenario = scenario(name);
    let file = scenario.repo.root().join("calls");
    scenario.hub().env("GIT_TRACE2_EVENT", &file).ok();
    let text = scenario.repo.read(&file);
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    // What git starts by itself has more than one part in its name.
    let own =
        |event: &Value| event["event"] == "start" && !event["sid"].as_str().unwrap().contains('/');
    let argv = events.filter(own).map(|event| {
        let words = event["argv"].as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    });
    argv.collect()
}

/// The point of a call, whatever options stand before its subcommand.
fn point(call: &[String]) -> Option<Point> {
    let mut words = call.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-C" | "-c" => drop(words.next()),
            word if word.starts_with('-') => {}
            word => {
                let next = words.next().map_or("", String::as_str);
                return Point::of_git(word, next);
            }
        }
    }
    None
}

#[test]
fn commits_merges_and_refs_are_flushed() {
    let kept = [
        Point::GitObject,
        Point::GitCommit,
        Point::GitMerge,
        Point::GitRefs,
    ];
    for name in [
        "merge",
        "merge --squash",
        "merge --strategy rebase",
        "merge into a branch apart",
        "archive without libgit2",
        "cleanup --force",
        "graft",
        "undo of a merge",
    ] {
        let calls = calls(name);
        let keeps = |call: &&Vec<String>| point(call).is_some_and(|point| kept.contains(&point));
        let keeping: Vec<&Vec<String>> = calls.iter().filter(keeps).collect();
        assert!(!keeping.is_empty(), "{name}: {calls:?}");
        for call in keeping {
            let flushes = call.iter().any(|word| word == "core.fsync=all");
            assert!(flushes, "{name}: {call:?}");
        }
    }
}
