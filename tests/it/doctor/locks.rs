//! Locks of sessions that nobody gives back.

use std::fs::File;

use super::{age, assert_is_well, codes, findings};
use crate::support::TestRepo;

#[test]
fn a_lock_that_somebody_else_than_its_hub_holds_for_long_is_told() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go"]).ok();
    let session = repo.newest_session();
    let path = repo.hub_dir().join("sessions").join(&session).join(".lock");
    let lock = File::open(&path).unwrap();
    lock.lock().unwrap();
    assert_is_well(&repo);
    age(&path, 3600);
    let found = findings(&repo);
    assert_eq!(codes(&found), ["held_lock"]);
    let pid = std::process::id();
    assert_eq!(found[0]["processes"][0]["pid"], pid);
    let hint = found[0]["hint"].as_str().unwrap();
    assert!(hint.starts_with(&format!("`kill {pid}`")), "{hint}");
    repo.hub(["doctor", "--fix", "--yes"]).fails(1);
    drop(lock);
    assert_is_well(&repo);
}
