//! `hub restore`: branches and worktrees of a session come back from its archive tags.

use std::fs;
use std::thread;

use crate::support::TestRepo;

fn branch(session: &str, agent: &str) -> String {
    format!("hub/{session}/{agent}/attempt-1")
}

/// A repository with an archived session of two agents that was cleaned up, and the tips.
fn cleaned() -> (TestRepo, String, [String; 2]) {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let tips = ["agent-1", "agent-2"].map(|agent| repo.git(["rev-parse", &branch(&id, agent)]));
    repo.hub(["cleanup", &id]).ok();
    (repo, id, tips)
}

#[test]
fn every_branch_and_worktree_is_as_before_the_cleanup() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let before = repo.picture();
    let dag = repo.hub(["dag", &id, "--json"]).json();
    repo.hub(["cleanup", &id]).ok();
    assert_ne!(repo.picture(), before);
    let restore = repo.hub(["restore", &id]).ok();
    insta::assert_snapshot!(repo.normalised(&restore.stdout), @r"
    restored agent-1 attempt-1 in [TEMP]/repo.hub/[SESSION]/agent-1 at [COMMIT]
    restored agent-2 attempt-1 in [TEMP]/repo.hub/[SESSION]/agent-2 at [COMMIT]
    ");
    assert!(restore.stderr.contains("did not come back"), "{restore}");
    assert_eq!(repo.picture(), before);
    assert_eq!(repo.hub(["dag", &id, "--json"]).json(), dag);
    let worktree = repo.worktree(&id, "agent-1");
    let path = repo.hub(["path", &id, "agent-1"]).ok().stdout;
    assert_eq!(path.trim_end(), worktree.to_str().unwrap());
    let status = repo.hub(["status", &id, "--json"]).json();
    for agent in status["agents"].as_array().unwrap() {
        assert_eq!(agent["missing"], false);
        assert_eq!(agent["uncommitted_files"], 0);
    }
    // Nobody is kept from working in it, and it can be cleaned up again.
    assert!(
        !repo
            .git(["worktree", "list", "--porcelain"])
            .contains("locked")
    );
    repo.hub(["cleanup", &id]).ok();
    assert!(!worktree.exists());
    repo.git(["fsck", "--strict"]);
}

#[test]
fn a_second_time_there_is_nothing_to_do() {
    let (repo, id, _) = cleaned();
    repo.hub(["restore", &id]).ok();
    let before = repo.picture();
    let lines = repo.hub(["events", &id]).ok().stdout.lines().count();
    let again = repo.hub(["restore", &id]).ok();
    assert_eq!(again.stdout, "nothing to restore\n");
    assert_eq!(again.stderr, "");
    assert_eq!(repo.picture(), before);
    let now = repo.hub(["events", &id]).ok().stdout.lines().count();
    assert_eq!(now, lines, "the journal is told of nothing");
}

#[test]
fn an_agent_that_is_named_comes_back_alone() {
    let (repo, id, tips) = cleaned();
    let report = repo.hub(["restore", &id, "agent-2", "--json"]).json();
    let agents = report["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 1);
    assert_eq!(agents[0]["agent"], "agent-2");
    assert_eq!(agents[0]["commit"], tips[1].as_str());
    assert_eq!(agents[0]["made_branch"], true);
    assert_eq!(report["state"], "archived");
    assert!(!repo.worktree(&id, "agent-1").exists());
    let worktree = repo.worktree(&id, "agent-2");
    let name = repo.git_in(&worktree, ["symbolic-ref", "--short", "HEAD"]);
    assert_eq!(name, branch(&id, "agent-2"));
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), tips[1]);
    assert_eq!(repo.git_in(&worktree, ["status", "--porcelain"]), "");
}

#[test]
fn an_older_attempt_comes_back_when_it_is_asked_for() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Be fast", "--agents", "1"])
        .ok();
    let id = repo.newest_session();
    let worktree = repo.worktree(&id, "agent-1");
    let agent = "git commit --quiet --allow-empty --message $HUB_ATTEMPT";
    repo.hub(["spawn", &id, "--agent-cmd", agent]).ok();
    repo.hub(["wait", &id]).ok();
    let first = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    repo.hub(["retry", &id, "--agent", "agent-1"]).ok();
    repo.hub(["wait", &id]).ok();
    let second = repo.git_in(&worktree, ["rev-parse", "HEAD"]);
    assert_ne!(first, second);
    repo.hub(["archive", &id]).ok();
    repo.hub(["cleanup", &id]).ok();
    repo.hub(["restore", &id, "agent-1", "--attempt", "1"]).ok();
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), first);
    // The newest one is meant without a number; the worktree shows another.
    let before = repo.picture();
    let answer = repo.hub(["restore", &id]).fails(6);
    assert!(answer.stderr.contains("attempt-1, not hub/"), "{answer}");
    assert_eq!(repo.picture(), before);
    repo.hub(["cleanup", &id]).ok();
    repo.hub(["restore", &id]).ok();
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), second);
    repo.hub(["restore", &id, "agent-1", "--attempt", "9"])
        .fails(3);
    repo.hub(["restore", &id, "agent-1", "--attempt", "0"])
        .fails(2);
}

#[test]
fn what_stands_in_the_way_is_refused_before_anything_is_made() {
    let (repo, id, tips) = cleaned();
    let refused = |words: &str| {
        let before = repo.picture();
        let answer = repo.hub(["restore", &id]).fails(6);
        assert!(answer.stderr.contains(words), "{answer}");
        assert_eq!(repo.picture(), before);
    };
    let name = branch(&id, "agent-2");
    repo.git(["branch", &name, "main"]);
    refused("is there already, at");
    repo.git(["branch", "--force", &name, &tips[1]]);
    repo.git(["checkout", "--quiet", &name]);
    refused("is checked out in");
    repo.git(["checkout", "--quiet", "main"]);
    repo.write(repo.worktree(&id, "agent-2").join("mine"), "mine\n");
    refused("is there already and not empty");
    fs::remove_file(repo.worktree(&id, "agent-2").join("mine")).unwrap();
    repo.hub(["restore", &id]).ok();
}

#[test]
fn a_worktree_that_was_deleted_by_hand_comes_back_and_its_commits_stay() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let worktree = repo.worktree(&id, "agent-1");
    let tip = repo.commit_in(&worktree, "Work");
    repo.git_in(&worktree, ["checkout", "--quiet", "--detach"]);
    let apart = repo.commit_in(&worktree, "Apart");
    repo.git_in(&worktree, ["checkout", "--quiet", &branch(&id, "agent-1")]);
    fs::remove_dir_all(&worktree).unwrap();
    repo.hub(["restore", &id]).ok();
    assert_eq!(repo.git_in(&worktree, ["rev-parse", "HEAD"]), tip);
    assert_eq!(repo.state(&id), "running");
    let holding = repo.git(["for-each-ref", "--contains", &apart]);
    assert!(holding.contains("refs/hub/snapshots/"), "{holding}");
}

#[test]
fn a_worktree_that_was_deleted_and_is_locked_stays_as_it_is() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let worktree = repo.worktree(&id, "agent-1");
    repo.git(["worktree", "lock", worktree.to_str().unwrap()]);
    fs::remove_dir_all(&worktree).unwrap();
    let answer = repo.hub(["restore", &id]).fails(6);
    assert!(answer.stderr.contains("is locked"), "{answer}");
}

#[test]
fn an_agent_that_nothing_holds_is_told_of() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Be fast", "--agents", "1"])
        .ok();
    let id = repo.newest_session();
    let answer = repo.hub(["restore", &id]).ok();
    assert!(answer.stderr.contains("nothing holds agent-1"), "{answer}");
    assert_eq!(answer.stdout, "nothing to restore\n");
    repo.hub(["restore", &id, "agent-1"]).fails(3);
    repo.hub(["restore", &id, "agent-7"]).fails(3);
}

#[test]
fn it_works_from_a_subfolder_and_from_inside_a_worktree() {
    let (repo, id, tips) = cleaned();
    let sub = repo.path().join("deep/er");
    fs::create_dir_all(&sub).unwrap();
    repo.hub(["restore", &id, "agent-1"]).in_folder(&sub).ok();
    let inside = repo.worktree(&id, "agent-1");
    repo.hub(["restore", "latest", "agent-2"])
        .in_folder(&inside)
        .ok();
    let worktree = repo.worktree(&id, "agent-2");
    assert_eq!(repo.git_in(worktree, ["rev-parse", "HEAD"]), tips[1]);
}

#[test]
fn two_at_once_bring_everything_back_once() {
    let (repo, id, tips) = cleaned();
    thread::scope(|scope| {
        let one = scope.spawn(|| repo.hub(["restore", &id]).ok());
        let other = scope.spawn(|| repo.hub(["restore", &id]).ok());
        let said = [one.join().unwrap().stdout, other.join().unwrap().stdout];
        assert!(
            said.contains(&"nothing to restore\n".to_owned()),
            "{said:?}"
        );
    });
    for (agent, tip) in ["agent-1", "agent-2"].iter().zip(tips) {
        let worktree = repo.worktree(&id, agent);
        assert_eq!(repo.git_in(worktree, ["rev-parse", "HEAD"]), tip);
    }
}

#[test]
fn the_branch_of_a_merged_agent_comes_back_from_the_journal() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let name = branch(&id, "agent-1");
    let tip = repo.git(["rev-parse", &name]);
    repo.hub(["merge", &id]).ok();
    repo.hub(["cleanup", &id]).ok();
    assert_eq!(repo.git(["tag"]), "");
    repo.hub(["restore", &id]).ok();
    assert_eq!(repo.git(["rev-parse", &name]), tip);
    assert_eq!(repo.state(&id), "merged");
    repo.hub(["cleanup", &id]).ok();
    repo.hub(["restore", &id, "agent-1"]).ok();
    assert_eq!(repo.git(["rev-parse", &name]), tip);
}

#[test]
fn attempts_that_only_their_tags_tell_of_keep_their_numbers() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let (first, second) = (
        repo.git(["rev-parse", "main~1"]),
        repo.git(["rev-parse", "main"]),
    );
    repo.hub(["cleanup", &id]).ok();
    repo.git([
        "tag",
        "--force",
        &format!("hub/archive/{id}/agent-1"),
        &second,
    ]);
    repo.git([
        "tag",
        &format!("hub/archive/{id}/agent-1.attempt-1"),
        &first,
    ]);
    let state = repo.hub_dir().join("sessions").join(&id).join("state.json");
    let mut text: serde_json::Value = serde_json::from_str(&repo.read(&state)).unwrap();
    text["agents"] = serde_json::json!({});
    repo.write(&state, text.to_string());
    repo.hub(["restore", &id]).ok();
    let tip = |attempt: &str| repo.git(["rev-parse", &format!("hub/{id}/agent-1/{attempt}")]);
    assert_eq!(tip("attempt-2"), second);
    repo.hub(["cleanup", &id]).ok();
    repo.hub(["restore", &id, "agent-1", "--attempt", "1"]).ok();
    assert_eq!(tip("attempt-1"), first);
    repo.hub(["cleanup", &id]).ok();
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}
