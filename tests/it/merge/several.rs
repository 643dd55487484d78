//! Several agents at once: one after the other in the scratch worktree, then one move of the branch.

use crate::support::TestRepo;

use super::{branch, parents, tip};

/// Three agents who have written a file of their own; agents 1 and 3 also `shared`.
fn evaluated() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(3);
    for (agent, value) in [("agent-1", "150"), ("agent-2", "120"), ("agent-3", "130")] {
        let worktree = repo.worktree(&session, agent);
        repo.write(worktree.join(agent), value);
        if agent != "agent-2" {
            repo.write(worktree.join("shared"), value);
        }
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &session]).ok();
    (repo, session)
}

#[test]
fn the_work_of_all_who_are_named_is_merged_and_the_branch_moves_once() {
    let (repo, session) = evaluated();
    let before = tip(&repo, "main");
    let moves = || repo.git(["reflog", "main"]).lines().count();
    let moved_before = moves();
    let command = [
        "merge", &session, "--agent", "agent-3", "--agent", "agent-2",
    ];
    let twice = ["--agent", "agent-3", "--json"];
    let report = repo.hub(command.iter().chain(&twice)).json();
    assert_eq!(moves(), moved_before + 1);
    let after = tip(&repo, "main");
    let [first, second] = &parents(&repo, &after)[..] else {
        panic!("the last merge has two parents");
    };
    assert_eq!(*second, tip(&repo, &branch(&session, "agent-2")));
    let third = tip(&repo, &branch(&session, "agent-3"));
    assert_eq!(parents(&repo, first), [before, third.clone()]);
    assert_eq!(report["winner"], "agent-3");
    assert_eq!(report["merged"][0]["commit"], third.as_str());
    assert_eq!(report["merged"][1]["agent"], "agent-2");
    assert_eq!(report["merged"].as_array().unwrap().len(), 2);
    let kept = report["archived"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "the others become tags");
    assert_eq!(kept[0]["agent"], "agent-1");
    for file in ["agent-2", "agent-3", "shared"] {
        assert!(repo.path().join(file).exists(), "{file}");
    }
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    repo.hub(["cleanup", &session]).ok();
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");

    let next = repo.hub(["init", "--from", &session, "--json"]).json();
    assert_eq!(next["config"]["base_commit"], after.as_str(), "all of it");
}

#[test]
fn the_first_conflict_ends_it_and_nothing_is_changed() {
    let (repo, session) = evaluated();
    let before = repo.picture();
    let command = [
        "merge", &session, "--agent", "agent-1", "--agent", "agent-2",
    ];
    let conflicting = ["--agent", "agent-3"];
    let error = repo.hub(command.iter().chain(&conflicting)).fails(7);
    assert!(
        error.stderr.contains(
            "agent-3 does not merge into main after agent-1, agent-2: 1 conflict in shared"
        ),
        "{error}"
    );
    assert!(error.stderr.contains("leave agent-3 out"), "{error}");
    assert_eq!(repo.picture(), before);
    repo.hub(command).ok();
    assert_eq!(repo.read("shared"), "150");
}
