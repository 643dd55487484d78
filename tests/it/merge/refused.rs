//! Merges that do not happen: nothing is changed, and what to do is said.

use super::{branch, tip};
use crate::support::TestRepo;

#[test]
fn a_conflict_names_the_files_and_changes_nothing() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|worktree| repo.write(worktree.join("README.md"), "theirs\n"));
    repo.write("README.md", "ours\n");
    repo.commit("Ours");
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(7).json_error();
    assert_eq!(error["code"], "conflict");
    assert_eq!(
        error["message"],
        "agent-1 does not merge into main: 1 conflict in README.md"
    );
    assert_eq!(repo.picture(), before);
}

#[test]
fn what_is_said_at_a_conflict_solves_it_as_typed() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|worktree| repo.write(worktree.join("README.md"), "theirs\n"));
    repo.write("README.md", "ours\n");
    repo.commit("Ours");
    let error = repo.hub(["merge", &id, "--json"]).fails(7).json_error();
    let hint = error["hint"].as_str().unwrap();
    let commands: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
    let [merge, eval, again] = commands.as_slice() else {
        panic!("{hint}");
    };
    // The merge itself stops at the conflict; solving it is the person's part.
    let worktree = repo.worktree(&id, "agent-1");
    repo.typed(&format!("{merge} || true"));
    assert_eq!(
        repo.git_in(&worktree, ["diff", "--name-only", "--diff-filter=U"]),
        "README.md"
    );
    repo.write(worktree.join("README.md"), "both\n");
    repo.commit_in(&worktree, "Solve");
    repo.typed(eval);
    repo.typed(again);
    assert_eq!(repo.read("README.md"), "both\n");
    assert_eq!(repo.state(&id), "merged");
}

#[test]
fn a_branch_that_moved_after_its_measurement_is_refused_with_both_commits() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let measured = tip(&repo, &branch(&id, "agent-1"));
    let moved = repo.commit_in(repo.worktree(&id, "agent-1"), "One more");
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(6).json_error();
    assert_eq!(error["code"], "refused");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&measured[..10]), "{message}");
    assert!(message.contains(&moved[..10]), "{message}");
    assert_eq!(repo.picture(), before);

    // Naming the agent takes it as it is.
    repo.hub(["merge", &id, "--agent", "agent-1"]).ok();
    assert_eq!(tip(&repo, "main^2"), moved);
}

#[test]
fn a_branch_that_was_deleted_after_its_measurement_is_named_and_comes_back() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let gone = branch(&id, "agent-1");
    let measured = tip(&repo, &gone);
    repo.git(["update-ref", "-d", &gone]);
    let short = gone.trim_start_matches("refs/heads/");
    let before = repo.picture();
    for words in [&["merge", &id][..], &["merge", &id, "--agent", "agent-1"]] {
        let error = repo.hub(words).fails(3);
        assert!(
            error.stderr.contains(&format!("{short} is gone")),
            "{error}"
        );
        assert!(error.stderr.contains("`hub doctor --fix`"), "{error}");
    }
    assert_eq!(repo.picture(), before);
    repo.hub(["doctor", "--fix"]).run();
    assert_eq!(tip(&repo, &gone), measured);
    repo.hub(["merge", &id]).ok();
    assert_eq!(tip(&repo, "main^2"), measured);
}

#[test]
fn a_winner_that_is_in_the_base_branch_already_is_no_winner() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["merge", "--quiet", "--no-edit", &branch(&id, "agent-1")]);
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(8).json_error();
    assert_eq!(error["code"], "no_winner");
    assert_eq!(repo.picture(), before);
}

#[test]
fn an_agent_that_is_not_there_is_not_merged() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let before = repo.picture();
    repo.hub(["merge", &id, "--agent", "agent-9"]).fails(3);
    assert_eq!(repo.picture(), before);
}

#[test]
fn a_session_that_was_not_measured_is_not_merged() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let before = repo.picture();
    repo.hub(["merge", &id]).fails(4);
    repo.hub(["merge", &id, "--agent", "agent-1"]).fails(4);
    assert_eq!(repo.picture(), before);
}

#[test]
fn a_base_branch_that_is_gone_is_named() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.git(["branch", "--move", "main", "trunk"]);
    let before = repo.picture();
    let error = repo.hub(["merge", &id, "--json"]).fails(3).json_error();
    assert_eq!(error["message"], "base branch main does not exist");
    assert_eq!(repo.picture(), before);
}

#[test]
fn a_branch_with_a_history_of_its_own_is_not_merged() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["checkout", "--quiet", "--orphan", "apart"]);
    let apart = repo.commit_in(&worktree, "Apart");
    repo.git_in(
        &worktree,
        ["update-ref", &branch(&id, "agent-1"), apart.as_str()],
    );
    let before = repo.picture();
    let answer = repo.hub(["merge", &id, "--agent", "agent-1"]).run();
    assert_ne!(answer.code(), 0, "{answer}");
    assert!(
        answer.stderr.contains("unrelated histories"),
        "git's own words: {answer}"
    );
    assert_eq!(repo.picture(), before);
}
