//! `hub doctor`: what killed processes leave running or half done, and how it is settled.

mod agents;
mod files;
mod reboot;
mod worktrees;

use serde_json::Value;

use crate::support::TestRepo;

/// The findings; the exit status tells whether there are any.
fn findings(repo: &TestRepo) -> Vec<Value> {
    let answer = repo.hub(["doctor", "--json"]).run();
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap().clone();
    assert_eq!(answer.code(), i32::from(!findings.is_empty()), "{answer}");
    for finding in &findings {
        assert_eq!(finding["outcome"], "found", "{finding}");
    }
    findings
}

fn codes(findings: &[Value]) -> Vec<&str> {
    let codes = findings.iter().map(|finding| finding["code"].as_str());
    codes.map(Option::unwrap).collect()
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

#[test]
fn nothing_is_found_where_all_is_well() {
    let repo = TestRepo::new();
    for _ in 0..2 {
        let answer = repo.hub(["doctor"]).ok();
        assert_eq!(answer.stdout, "nothing is left running or half done\n");
        repo.hub(["doctor", "--fix"]).ok();
        repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
        repo.hub(["spawn", "latest", "--agent-cmd", "true"]).ok();
        repo.hub(["wait"]).ok();
    }
}

#[test]
fn a_git_that_is_missing_is_told() {
    let repo = TestRepo::new();
    let answer = repo.hub(["doctor", "--json"]).env("PATH", "/nowhere");
    let report = answer.fails(1).json();
    assert_eq!(report["findings"][0]["code"], "git");
    assert!(report["findings"][0]["hint"].is_string(), "{report:#}");
    assert_eq!(report["findings"][0]["fix"], Value::Null);
}
