//! Files that appear while worktrees are being removed.

use std::fs::File;
use std::time::Duration;

use crate::support::invariants::{self, Before};
use crate::support::points::{Blow, When};
use crate::support::wait_until;

use super::scenario;

/// Holds a command before each of its effects and puts a new file into each worktree that is
/// still there: it stays where it is, or is in a snapshot.
fn keeps_what_comes_late(name: &str) {
    let (scenario, trace) = scenario(name).traced();
    let repo = &scenario.repo;
    for (number, effect) in (1..).zip(&trace.effects) {
        let gate = repo.root().join("gate");
        let first = scenario.strike(When::Before, number, &Blow::Hold(gate.clone()));
        let reached = gate.with_extension("reached");
        wait_until(Duration::from_secs(60), "it is held", || reached.exists());
        let session = repo.newest_session();
        for agent in ["agent-1", "agent-2"] {
            let worktree = repo.worktree(&session, agent);
            // git itself looks where hub has found no work; where it has, hub looks last.
            let is_looked_at = effect != "git-worktree-remove" || !name.contains("--force");
            if worktree.join(".git").exists() && is_looked_at {
                repo.write(worktree.join("late"), format!("{agent}, {number}\n"));
            }
        }
        let before = Before::of(repo);
        File::create(&gate).unwrap();
        let answer = first.end();
        for file in [&gate, &reached] {
            std::fs::remove_file(file).unwrap();
        }
        let undo = name.starts_with("undo");
        assert!(
            [0, 6].contains(&answer.code()) || undo,
            "{effect}: {answer}"
        );
        invariants::check(repo, &before);
    }
}

#[test]
fn a_cleanup_refuses_them() {
    keeps_what_comes_late("cleanup");
}

#[test]
fn a_cleanup_by_force_keeps_them() {
    keeps_what_comes_late("cleanup --force");
}

#[test]
fn a_cleanup_of_all_refuses_them() {
    keeps_what_comes_late("cleanup --all");
}

#[test]
fn an_undo_of_a_spawn_keeps_them() {
    keeps_what_comes_late("undo of a spawn");
}
