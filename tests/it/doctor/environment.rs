//! git, the user and the disks.

use serde_json::Value;

use super::{assert_is_well, codes, documented};
use crate::support::fault::{self, Disk};
use crate::support::{Hub, TestRepo};

/// The one thing that is found, which a person has to mend.
fn told_by(hub: Hub) -> Value {
    let report = hub.fails(1).json();
    let found = report["findings"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{report:#}");
    documented::check(&found[0]);
    assert_eq!(found[0]["outcome"], "found");
    found[0].clone()
}

#[test]
fn a_git_that_is_missing_is_told() {
    let repo = TestRepo::new();
    for arguments in [&["doctor", "--json"][..], &["doctor", "--json", "--fix"]] {
        let found = told_by(repo.hub(arguments).env("PATH", "/nowhere"));
        assert_eq!(found["code"], "git");
        assert!(found["hint"].is_string(), "{found:#}");
        assert_eq!(found["fix"], Value::Null);
    }
    assert_is_well(&repo);
}

#[test]
fn a_git_without_a_name_is_told() {
    let repo = TestRepo::new();
    repo.write(
        repo.home().join(".gitconfig"),
        "[user]\n\tuseConfigOnly = true\n",
    );
    let found = told_by(repo.hub(["doctor", "--json"]));
    assert_eq!(found["code"], "no_identity");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.contains("git config --global user.name"), "{hint}");
}

#[test]
fn a_home_that_is_not_known_is_told() {
    let repo = TestRepo::new();
    let doctor = repo.hub(["doctor", "--json"]);
    let found = told_by(doctor.env("HOME", "").env("XDG_CONFIG_HOME", ""));
    assert_eq!(found["code"], "no_home");
}

#[test]
fn a_disk_that_is_nearly_full_is_told_once() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go"]).ok();
    let doctor = repo.hub(["doctor", "--json"]);
    let found = told_by(fault::on_disk(doctor, Disk::Free(100 * 1024 * 1024)));
    assert_eq!(found["code"], "full_disk");
    assert_eq!(found["what"], "100 MiB are free on the disk");
    assert_is_well(&repo);
}

#[test]
fn a_file_system_without_locks_is_told() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go"]).ok();
    let doctor = repo.hub(["doctor", "--json"]);
    let report = fault::on_disk(doctor, Disk::WithoutLocks).fails(1).json();
    let found = report["findings"].as_array().unwrap();
    assert_eq!(codes(found), ["weak_file_system"]);
    documented::check(&found[0]);
    assert_is_well(&repo);
}
