//! `hub snapshots`: kept work is listed, shown, brought back and given up.

mod expired;
mod restored;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::TestRepo;

/// A session of one agent that was archived and cleaned up by force, with `work` in its worktree.
fn kept(work: impl FnOnce(&TestRepo, &Path)) -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    work(&repo, &repo.worktree(&id, "agent-1"));
    repo.hub(["cleanup", &id, "--force"]).ok();
    (repo, id)
}

/// The same with a changed, a deleted and a new file.
fn with_work() -> (TestRepo, String) {
    kept(|repo, worktree| {
        repo.write(worktree.join("p50_ms"), "changed\n");
        fs::remove_file(worktree.join("README.md")).unwrap();
        repo.write(worktree.join("deep/new"), "new\n");
    })
}

/// The same with a commit that was reset away.
fn with_discarded() -> (TestRepo, String, String) {
    let mut commit = String::new();
    let (repo, id) = kept(|repo, worktree| {
        repo.write(worktree.join("away"), "away\n");
        commit = repo.commit_in(worktree, "Reset away");
        repo.git_in(worktree, ["reset", "--quiet", "--hard", "HEAD~1"]);
    });
    (repo, id, commit)
}

fn listed(repo: &TestRepo) -> Vec<Value> {
    let list = repo.hub(["snapshots", "--json"]).json();
    list["snapshots"].as_array().unwrap().clone()
}

#[test]
fn they_are_listed_with_what_they_hold() {
    let (repo, id) = with_work();
    let snapshots = listed(&repo);
    assert_eq!(snapshots.len(), 1);
    let one = &snapshots[0];
    assert_eq!(one["session_id"], id.as_str());
    assert_eq!(one["agent"], "agent-1");
    assert_eq!(one["kind"], "uncommitted");
    assert_eq!(one["files_changed"], 3);
    let tip = repo.git(["rev-parse", &format!("hub/archive/{id}/agent-1^{{commit}}")]);
    assert_eq!(one["parent"], tip);
    let text = repo.hub(["snapshots"]).ok().stdout;
    let line = text.lines().nth(1).unwrap();
    assert!(
        line.starts_with(&format!("{id}/agent-1/uncommitted-")),
        "{text}"
    );
    assert!(line.contains("Uncommitted work of agent-1"), "{text}");
}

#[test]
fn where_there_are_none_that_is_said() {
    let repo = TestRepo::new();
    let answer = repo.hub(["snapshots"]).ok();
    assert_eq!(answer.stdout, "no snapshots\n");
    assert_eq!(listed(&repo), [] as [Value; 0]);
}

#[test]
fn those_of_one_session_are_listed_even_when_it_is_gone() {
    let (repo, id) = with_work();
    repo.hub(["init", "--task", "Another"]).ok();
    let count = |session: &str| {
        let list = repo
            .hub(["snapshots", "--session", session, "--json"])
            .json();
        list["snapshots"].as_array().unwrap().len()
    };
    assert_eq!(count(&id), 1);
    assert_eq!(count("latest"), 0);
    fs::remove_dir_all(repo.hub_dir().join("sessions").join(&id)).unwrap();
    assert_eq!(count(&id), 1);
    repo.hub(["snapshots", "--session", "1999"]).fails(3);
}

#[test]
fn one_is_shown_with_its_files_and_the_command_that_shows_all() {
    let (repo, _) = with_work();
    let show = repo.hub(["snapshots", "show", "uncommitted"]).ok().stdout;
    insta::assert_snapshot!(repo.normalised(&show), @r"
    refs/hub/snapshots/[SESSION]/agent-1/uncommitted-[TIME]: uncommitted files of agent-1
    [COMMIT] of [TIME], on [COMMIT]
    Uncommitted work of agent-1 of session [SESSION]
    FILE  +  -
    README.md  +0  -1
    deep/new  +1  -0
    p50_ms  +1  -1
    3 files, +2/-2
    all of it: git diff refs/hub/snapshots/[SESSION]/agent-1/uncommitted-[TIME]^1 refs/hub/snapshots/[SESSION]/agent-1/uncommitted-[TIME]
    ");
    let report = repo.hub(["snapshots", "show", "agent-1", "--json"]).json();
    let command = report["diff_command"].as_str().unwrap();
    let diff = repo.typed(command);
    assert!(diff.contains("+changed"), "{diff}");
    assert_eq!(report["staged"], Value::Null);
    assert_eq!(report["diff"]["files_changed"], 3);
}

#[test]
fn one_is_named_by_its_commit_too() {
    let (repo, _, commit) = with_discarded();
    let report = repo
        .hub(["snapshots", "show", &commit[..7], "--json"])
        .json();
    assert_eq!(report["snapshot"]["kind"], "discarded");
    assert_eq!(report["snapshot"]["subject"], "Reset away");
    let error = repo
        .hub(["snapshots", "show", "0000000", "--json"])
        .fails(3);
    assert_eq!(error.json_error()["code"], "not_found");
    repo.hub(["snapshots", "show", "a b"]).fails(2);
}

#[test]
fn a_name_that_two_have_is_refused_with_both() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    for agent in ["agent-1", "agent-2"] {
        repo.write(repo.worktree(&id, agent).join("new"), agent);
    }
    repo.hub(["cleanup", &id, "--force"]).ok();
    let answer = repo.hub(["snapshots", "show", "uncommitted"]).fails(2);
    for agent in ["agent-1", "agent-2"] {
        assert!(
            answer.stderr.contains(&format!("{id}/{agent}/")),
            "{answer}"
        );
    }
    repo.hub(["snapshots", "show", "agent-2"]).ok();
}
