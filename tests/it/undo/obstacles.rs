//! What stands in the way is named, all of it, and nothing is changed.

use crate::support::{Answer, TestRepo};

use super::worked;

/// Expects that an undo is refused, with these words, and changes nothing.
fn refused(repo: &TestRepo, id: &str, words: &[&str]) -> Answer {
    let before = (repo.picture(), repo.events(id));
    let answer = repo.hub(["undo", id]).fails(6);
    for word in words {
        assert!(answer.stderr.contains(word), "{word:?} in {answer}");
    }
    assert_eq!((repo.picture(), repo.events(id)), before);
    let told = repo.hub(["events", id, "--json"]).json();
    assert_ne!(
        told["undo"]["obstacles"][0]["what"].as_str(),
        None,
        "{told:#}"
    );
    answer
}

#[test]
fn a_base_branch_that_went_on() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    repo.hub(["eval", &id]).ok();
    repo.hub(["merge", &id]).ok();
    repo.write("more", "work\n");
    repo.commit("Go on");
    refused(&repo, &id, &["refs/heads/main is at ", ", not at "]);
}

#[test]
fn everything_at_once() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    repo.hub(["archive", &id]).ok();
    let tag = format!("refs/tags/hub/archive/{id}/agent-1");
    repo.git(["update-ref", &tag, "main"]);
    let tag = format!("refs/tags/hub/archive/{id}/agent-2");
    repo.git(["update-ref", "-d", &tag]);
    // One that is gone already is no obstacle: that is what is wanted.
    let answer = refused(&repo, &id, &["agent-1 is at ", "hint: "]);
    assert!(!answer.stderr.contains("agent-2"), "{answer}");
    let tag = format!("refs/tags/hub/archive/{id}/agent-1");
    repo.git(["update-ref", "-d", &tag]);
    repo.hub(["undo", &id]).ok();
    assert_eq!(repo.state(&id), "running");
}

#[test]
fn work_in_worktrees_of_a_spawn() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(3);
    let worktree = |agent| repo.worktree(&id, agent);
    repo.commit_in(worktree("agent-1"), "Work");
    repo.write(worktree("agent-2").join("untracked"), "work\n");
    repo.git(["worktree", "lock", worktree("agent-3").to_str().unwrap()]);
    refused(
        &repo,
        &id,
        &[
            "somebody has worked there",
            "uncommitted work: untracked",
            "is locked",
        ],
    );
}

#[test]
fn an_agent_that_runs() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let id = repo.newest_session();
    repo.hub(["spawn", &id, "--agent-cmd", "exec sleep 1000"])
        .ok();
    let answer = repo.hub(["undo", &id]).fails(6);
    assert!(answer.stderr.contains("agent-1 runs"), "{answer}");
    assert!(answer.stderr.contains("hub stop"), "{answer}");
    assert_eq!(repo.state(&id), "running");
    repo.hub(["stop", &id]).ok();
    repo.hub(["undo", &id]).ok();
    assert_eq!(repo.state(&id), "init");
}

#[test]
fn something_else_where_a_worktree_stood() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    repo.hub(["cleanup", &id]).ok();
    repo.write(repo.worktree(&id, "agent-1").join("mine"), "work\n");
    refused(&repo, &id, &["agent-1"]);
}

#[test]
fn operations_that_stay() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    let graft = [
        "graft", &id, "--onto", "agent-1", "--from", "agent-2", "p50_ms",
    ];
    repo.hub(graft).ok();
    refused(&repo, &id, &["`hub graft`", "not taken back"]);
}

#[test]
fn what_an_older_hub_did() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| {});
    repo.hub(["merge", &id]).ok();
    let folder = repo.hub_dir().join("sessions").join(&id);
    let older: String = repo.events(&id).iter().fold(String::new(), |text, event| {
        let mut event = event.clone();
        for key in ["user", "host", "refs", "previous"] {
            event.as_object_mut().unwrap().remove(key);
        }
        event["detail"].as_object_mut().unwrap().remove("effects");
        text + &event.to_string() + "\n"
    });
    repo.write(folder.join("events.jsonl"), older);
    std::fs::remove_file(folder.join("events.head")).unwrap();
    refused(&repo, &id, &["older hub", "too little"]);
}

#[test]
fn nothing_to_take_back() {
    let repo = TestRepo::new();
    repo.hub(["undo"]).fails(3);
    repo.hub(["undo", "latest"]).fails(3);
}
