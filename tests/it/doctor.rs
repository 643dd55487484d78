//! `hub doctor`: what is not as it should be, and how it is mended.

mod agents;
mod base;
mod board;
mod branches;
mod directory;
mod documented;
mod environment;
mod files;
mod health;
mod locks;
mod processes;
mod reboot;
mod rebuild;
mod records;
mod refs;
mod strays;
mod tags;
mod worktrees;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::TestRepo;

/// The findings; the exit status tells whether there are any.
fn findings(repo: &TestRepo) -> Vec<Value> {
    findings_of(repo, &[])
}

/// The same with more arguments, such as a session.
fn findings_of(repo: &TestRepo, arguments: &[&str]) -> Vec<Value> {
    let doctor = ["doctor", "--json"];
    let answer = repo.hub(doctor.iter().chain(arguments)).run();
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap().clone();
    assert_eq!(answer.code(), i32::from(!findings.is_empty()), "{answer}");
    for finding in &findings {
        assert_eq!(finding["outcome"], "found", "{finding}");
        documented::check(finding);
    }
    findings
}

fn codes(findings: &[Value]) -> Vec<&str> {
    let codes = findings.iter().map(|finding| finding["code"].as_str());
    codes.map(Option::unwrap).collect()
}

/// Finds one thing that `--fix` does not touch; what the looking says of it.
fn told(repo: &TestRepo, code: &str) -> Value {
    let found = findings(repo);
    assert_eq!(codes(&found), [code], "{found:#?}");
    let finding = found.into_iter().next().unwrap();
    assert_eq!(finding["cure"], "by_hand", "{finding:#}");
    assert!(finding["hint"].is_string(), "{finding:#}");
    let after = repo.hub(["doctor", "--fix", "--yes", "--json"]).fails(1);
    let after = after.json();
    let left = after["findings"].as_array().unwrap();
    assert_eq!(left[0], finding, "{after:#}");
    finding
}

/// Finds one thing, which `--fix` settles; what the looking says of it.
fn settled(repo: &TestRepo, code: &str) -> Value {
    let found = findings(repo);
    assert_eq!(codes(&found), [code], "{found:#?}");
    assert_eq!(found[0]["cure"], "safe", "{found:#?}");
    assert_eq!(codes(&fixed(repo)), [code]);
    assert_is_well(repo);
    found.into_iter().next().unwrap()
}

/// Finds one thing, which `--fix` leaves without a yes and settles with one.
fn asked_for(repo: &TestRepo, code: &str) -> Value {
    let found = findings(repo);
    assert_eq!(codes(&found), [code], "{found:#?}");
    assert_eq!(found[0]["cure"], "asks", "{found:#?}");
    let hint = found[0]["hint"].as_str().unwrap();
    assert!(
        hint.contains("--yes") || hint.contains("hub restore"),
        "{hint}"
    );
    let left = repo.hub(["doctor", "--fix", "--json"]).fails(1).json();
    assert_eq!(left["findings"][0], found[0], "nobody has said yes");
    let after = repo.hub(["doctor", "--fix", "--yes", "--json"]).json();
    assert_eq!(after["findings"][0]["outcome"], "fixed", "{after:#}");
    found.into_iter().next().unwrap()
}

/// Settles what is found, all of it.
fn fixed(repo: &TestRepo) -> Vec<Value> {
    let report = repo.hub(["doctor", "--fix", "--json"]).json();
    let findings = report["findings"].as_array().unwrap().clone();
    for finding in &findings {
        assert_eq!(finding["outcome"], "fixed", "{finding}");
    }
    findings
}

fn assert_is_well(repo: &TestRepo) {
    assert_eq!(findings(repo), [] as [Value; 0]);
}

/// Lets a file be older than it is.
fn age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    fs::File::open(path).unwrap().set_modified(then).unwrap();
}
