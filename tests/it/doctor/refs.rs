//! Refs and locks in the places of hub's own and beside them.

use super::{age, assert_is_well, codes, findings, settled, told};
use crate::support::TestRepo;

#[test]
fn refs_that_others_have_made_there_are_told_and_stay() {
    let repo = TestRepo::new();
    for name in ["refs/heads/hub/mine", "refs/tags/hub/v1", "refs/hub/notes"] {
        repo.git(["update-ref", name, "HEAD"]);
        let found = told(&repo, "foreign_ref");
        assert_eq!(found["ref"], name);
        repo.git(["update-ref", "-d", name]);
    }
    repo.git(["branch", "hubble"]);
    assert_is_well(&repo);
}

#[test]
fn a_branch_where_hub_makes_its_own_is_in_the_way() {
    let repo = TestRepo::new();
    repo.git(["branch", "hub"]);
    let found = told(&repo, "ref_in_the_way");
    assert_eq!(found["danger"], "blocked");
    repo.hub(["init", "--task", "Go"]).ok();
    repo.hub(["spawn", "latest", "--no-start"]).run();
    let hint = found["hint"].as_str().unwrap();
    repo.typed(hint.split('`').nth(1).unwrap());
    assert_is_well(&repo);
    repo.hub(["spawn", "latest", "--no-start"]).ok();
}

#[test]
fn locks_that_a_dead_process_has_left_go_where_refs_are_hubs() {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(1);
    let refs = repo.path().join(".git/refs");
    let own = refs.join(format!("heads/hub/{session}/agent-1/attempt-1.lock"));
    repo.write(&own, "");
    assert_is_well(&repo);
    age(&own, 120);
    let found = settled(&repo, "ref_lock");
    assert_eq!(found["path"], own.to_str().unwrap());
    assert!(!own.exists());

    let others = [
        refs.join("heads/main.lock"),
        repo.path().join(".git/HEAD.lock"),
    ];
    for lock in &others {
        repo.write(lock, "");
        age(lock, 120);
    }
    assert_eq!(codes(&findings(&repo)), ["ref_lock"; 2]);
    repo.hub(["doctor", "--fix", "--yes"]).fails(1);
    assert!(
        others.iter().all(|lock| lock.exists()),
        "they are not hub's"
    );
}
