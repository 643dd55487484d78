//! `hub undo`: there and back, and there again; and what stands in the way.

mod base;
mod obstacles;
mod steps;

use crate::support::{Picture, TestRepo};

/// A session of two agents whose work is committed; agent-2 is the better one.
fn worked(repo: &TestRepo) -> String {
    let id = repo.spawned(2);
    for (agent, value) in [("agent-1", "150\n"), ("agent-2", "120\n")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    id
}

fn picture(repo: &TestRepo) -> Picture {
    repo.picture().without_snapshots()
}

/// Does something, takes it back, does it again, and takes that back; everything is as it was
/// each time, and the journal says which refs moved.
fn there_and_back(repo: &TestRepo, id: &str, act: impl FnOnce()) {
    let before = picture(repo);
    act();
    let after = picture(repo);
    assert_ne!(before, after, "it changes something");
    for _ in 0..2 {
        let undone = repo.hub(["undo", id, "--json"]).json();
        assert_eq!(undone["redone"], false, "{undone:#}");
        assert_eq!(picture(repo), before);
        let redone = repo.hub(["undo", id, "--json"]).json();
        assert_eq!(redone["redone"], true, "{redone:#}");
        assert_eq!(redone["undone"]["operation"], undone["undone"]["operation"]);
        assert_eq!(picture(repo), after);
    }
    repo.git(["fsck", "--strict"]);
    repo.assert_refs_are_told(id);
    repo.assert_journal_is_whole();
}
