//! `hub archive`: every attempt becomes a tag, and nothing goes before its tag stands.

use crate::support::TestRepo;

fn tag(session: &str, agent: &str) -> String {
    format!("refs/tags/hub/archive/{session}/{agent}")
}

/// An attempt that was made without hub: its branch, one commit on the base.
fn attempt(repo: &TestRepo, session: &str, number: u32) -> String {
    let tree = repo.git(["rev-parse", "main^{tree}"]);
    let message = format!("Attempt {number}");
    let commit = repo.git(["commit-tree", &tree, "-p", "main", "-m", &message]);
    let name = format!("refs/heads/hub/{session}/agent-1/attempt-{number}");
    repo.git(["update-ref", &name, &commit]);
    commit
}

#[test]
fn every_agent_gets_an_annotated_tag_with_trailers() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(2);
    for (agent, value) in [("agent-1", "150"), ("agent-2", "120")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &id]).ok();
    let archive = repo.hub(["archive", &id]).ok();
    insta::assert_snapshot!(repo.normalised(&archive.stdout), @r"
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-2 as hub/archive/[SESSION]/agent-2
    session [SESSION] is archived
    ");
    let name = tag(&id, "agent-1");
    assert_eq!(repo.git(["cat-file", "-t", &name]), "tag");
    repo.git(["fsck", "--strict"]);
    let text = repo.git(["for-each-ref", "--format=%(contents)", &name]);
    insta::assert_snapshot!(repo.normalised(&text), @r"
    agent-1 attempt-1 of session [SESSION]

    Be fast

    Hub-Session: [SESSION]
    Hub-Agent: agent-1
    Hub-Attempt: 1
    Hub-Metric: p50_ms=150
    Hub-Rank: 2
    ");
    assert_eq!(
        repo.git(["rev-parse", &format!("{name}^{{commit}}")]),
        repo.git(["rev-parse", &format!("hub/{id}/agent-1/attempt-1")])
    );
}

#[test]
fn whatever_the_task_is_git_reads_the_trailers() {
    for task in ["--- fast", "# fast", "Fix: fast", "Be fast\n\nReally: do"] {
        let repo = TestRepo::new();
        let task = format!("--task={task}");
        repo.hub(["init", &task, "--agents", "1"]).ok();
        let id = repo.newest_session();
        repo.hub(["spawn", &id, "--no-start"]).ok();
        repo.hub(["archive", &id]).ok();
        let name = tag(&id, "agent-1");
        let trailers = repo.typed(&format!(
            "git for-each-ref --format='%(contents)' {name} | git interpret-trailers --parse"
        ));
        let expected = format!("Hub-Session: {id}\nHub-Agent: agent-1\nHub-Attempt: 1");
        assert_eq!(trailers, expected, "{task}");
        let subject = repo.git(["tag", "-n1", "--list"]);
        assert!(
            subject.ends_with(&format!("agent-1 attempt-1 of session {id}")),
            "{subject}"
        );
    }
}

#[test]
fn branches_and_worktrees_stay_until_they_are_cleaned_up() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    assert!(repo.worktree(&id, "agent-1").join("p50_ms").exists());
    let branches = repo.git(["branch", "--list", "hub/*", "--format=%(refname:short)"]);
    assert_eq!(branches, format!("hub/{id}/agent-1/attempt-1"));
}

#[test]
fn older_attempts_carry_their_number_and_the_newest_does_not() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived_with(|repo, id| {
        for number in 2..=10 {
            attempt(repo, id, number);
        }
    });
    let names = repo.git([
        "tag",
        "--list",
        "--format=%(refname:strip=5)",
        "--sort=v:refname",
    ]);
    let mut expected: Vec<String> = (1..=9).map(|n| format!("agent-1.attempt-{n}")).collect();
    expected.insert(0, "agent-1".to_owned());
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    expected.sort();
    assert_eq!(names, expected);
    let newest = repo.git(["rev-parse", &format!("hub/{id}/agent-1/attempt-10")]);
    let tagged = repo.git(["rev-parse", &format!("{}^{{commit}}", tag(&id, "agent-1"))]);
    assert_eq!(tagged, newest);
}

#[test]
fn all_tags_are_made_or_none() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(3);
    // Not a commit: hub cannot take it for a tag of its own.
    let blob = repo.git(["rev-parse", "main:README.md"]);
    repo.git(["update-ref", &tag(&id, "agent-2"), &blob]);
    let before = repo.refs();
    let error = repo.hub(["archive", &id, "--json"]).fails(6).json_error();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains(&tag(&id, "agent-2")),
        "{error}"
    );
    assert_eq!(repo.refs(), before);
    assert_ne!(repo.state(&id), "archived");

    repo.git(["update-ref", "-d", &tag(&id, "agent-2")]);
    repo.hub(["archive", &id]).ok();
    assert_eq!(repo.state(&id), "archived");
    assert_eq!(repo.git(["tag"]).lines().count(), 3);
}

#[test]
fn a_tag_of_somebody_elses_is_neither_overwritten_nor_taken_for_hubs() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived_with(|repo, id| {
        repo.git(["tag", &format!("hub/archive/{id}/agent-1"), "main~1"]);
    });
    assert_eq!(
        repo.git(["rev-parse", &tag(&id, "agent-1")]),
        repo.git(["rev-parse", "main~1"])
    );
    // The attempt is not behind a tag, so its branch stays.
    let tip = repo.git(["rev-parse", &format!("hub/{id}/agent-1/attempt-1")]);
    let cleanup = repo.hub(["cleanup", &id]).ok();
    assert!(cleanup.stderr.contains("stays"), "{cleanup}");
    assert_eq!(
        repo.git(["rev-parse", &format!("hub/{id}/agent-1/attempt-1")]),
        tip
    );
}

#[test]
fn a_tag_of_somebody_elses_is_told_of() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    repo.commit_in(repo.worktree(&id, "agent-1"), "Work");
    repo.git(["tag", &format!("hub/archive/{id}/agent-1"), "main~1"]);
    let archive = repo.hub(["archive", &id]).ok();
    assert!(
        archive.stderr.contains("is there already and holds"),
        "{archive}"
    );
    assert!(!archive.stdout.contains("archived agent-1 as"), "{archive}");
}

#[test]
fn a_branch_that_cannot_be_deleted_leaves_tags_and_branches_whole() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let before = repo.refs();
    let lock = format!(".git/refs/heads/hub/{id}/agent-2/attempt-1.lock");
    repo.write(&lock, "");
    let answer = repo.hub(["cleanup", &id]).run();
    assert_ne!(answer.code(), 0, "{answer}");
    assert_eq!(repo.refs(), before);
    std::fs::remove_file(repo.path().join(&lock)).unwrap();
    repo.hub(["cleanup", &id]).ok();
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn an_archived_session_is_not_archived_again() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    let before = repo.picture();
    repo.hub(["archive", &id]).fails(4);
    assert_eq!(repo.picture(), before);
}

#[test]
fn a_session_that_never_began_walks_every_edge() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Be fast"]).ok();
    let id = repo.newest_session();
    repo.hub(["archive", &id]).ok();
    assert_eq!(repo.state(&id), "archived");
    assert_eq!(repo.git(["tag"]), "");
}

#[test]
fn a_branch_that_was_deleted_by_hand_is_told_of_and_comes_back() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let gone = format!("hub/{id}/agent-1/attempt-1");
    let tip = repo.git(["rev-parse", &gone]);
    repo.git(["update-ref", "-d", &format!("refs/heads/{gone}")]);
    let answer = repo.hub(["archive", &id]).ok();
    assert!(
        answer.stderr.contains(&format!("warning: {gone} is gone")),
        "{answer}"
    );
    repo.hub(["doctor", "--fix"]).run();
    let tag = format!("{}^{{commit}}", tag(&id, "agent-1"));
    assert_eq!(repo.git(["rev-parse", &tag]), tip);
}
