//! `hub merge`: made in a scratch worktree, brought to the base branch when it is whole.

mod as_git;
mod checkout;
mod dry_run;
mod messages;
mod outlook;
mod refused;
mod several;
mod strategies;
mod verify;

use crate::support::TestRepo;

/// The commits that a merge commit joins.
fn parents(repo: &TestRepo, commit: &str) -> Vec<String> {
    let parents = repo.git(["show", "--no-patch", "--format=%P", commit]);
    parents.split(' ').map(str::to_owned).collect()
}

fn branch(session: &str, agent: &str) -> String {
    format!("refs/heads/hub/{session}/{agent}/attempt-1")
}

fn tip(repo: &TestRepo, name: &str) -> String {
    repo.git(["rev-parse", name])
}

#[test]
fn the_winner_and_the_base_branch_become_one_commit() {
    let repo = TestRepo::new().with_bench();
    let before = tip(&repo, "main");
    let id = repo.evaluated(|worktree| repo.write(worktree.join("new.txt"), "new\n"));
    let winner = tip(&repo, &branch(&id, "agent-1"));

    let report = repo.hub(["merge", &id, "--json"]).json();
    let after = tip(&repo, "main");
    assert_eq!(parents(&repo, &after), [before.clone(), winner.clone()]);
    for (key, value) in [
        ("winner", "agent-1"),
        ("base_branch", "main"),
        ("merged_commit", &winner),
        ("before", &before),
        ("after", &after),
        ("checkout", repo.path().to_str().unwrap()),
        ("state", "merged"),
    ] {
        assert_eq!(report[key], value, "{key}");
    }
    assert_eq!(repo.read("new.txt"), "new\n");
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    assert_eq!(repo.state(&id), "merged");
    assert!(!repo.worktree(&id, "scratch").exists());
    assert!(!repo.git(["worktree", "list"]).contains("scratch"));
}

#[test]
fn the_others_become_tags_and_the_winner_none() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(3);
    for (agent, value) in [("agent-1", "150"), ("agent-2", "120"), ("agent-3", "200")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &id]).ok();
    let merge = repo.hub(["merge", &id]).ok();
    insta::assert_snapshot!(repo.normalised(&merge.stdout), @r"
    merged agent-2 into main as [COMMIT]
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-3 as hub/archive/[SESSION]/agent-3
    ");
    let tags = repo.git(["tag", "--list", "--format=%(refname:short) %(*objectname)"]);
    let expected = ["agent-1", "agent-3"].map(|agent| {
        let tip = tip(&repo, &branch(&id, agent));
        format!("hub/archive/{id}/{agent} {tip}")
    });
    assert_eq!(tags, expected.join("\n"));
}

#[test]
fn a_base_branch_that_moved_on_is_merged_at_its_tip() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.write("meanwhile.txt", "meanwhile\n");
    let moved = repo.commit("Meanwhile");
    repo.hub(["merge", &id]).ok();
    let after = tip(&repo, "main");
    assert_eq!(
        parents(&repo, &after),
        [moved, tip(&repo, &branch(&id, "agent-1"))]
    );
    assert_eq!(repo.read("meanwhile.txt"), "meanwhile\n");
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn a_named_agent_is_merged_whatever_the_ranking_says() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(2);
    for (agent, value) in [("agent-1", "150"), ("agent-2", "120")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &id]).ok();
    let report = repo
        .hub(["merge", &id, "--agent", "agent-1", "--json"])
        .json();
    assert_eq!(report["winner"], "agent-1");
    assert_eq!(repo.read("p50_ms"), "150");
    assert_eq!(report["archived"][0]["agent"], "agent-2");
}

#[test]
fn the_message_names_the_session_the_agent_and_the_metric_in_trailers() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    repo.hub(["merge", &id]).ok();
    assert_eq!(
        repo.git(["log", "-1", "--format=%s"]),
        "Merge agent-1: Be fast"
    );
    let trailers = repo.typed("git log -1 --format=%B | git interpret-trailers --parse");
    assert_eq!(
        trailers,
        format!("Hub-Session: {id}\nHub-Agent: agent-1\nHub-Metric: p50_ms=120")
    );
}

#[test]
fn a_message_of_the_users_own_is_followed_by_the_trailers() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let message = "Faster\n\nMuch.\n\nReviewed-by: Ada";
    repo.hub(["merge", &id, "--message", message]).ok();
    let trailers = format!("Hub-Session: {id}\nHub-Agent: agent-1\nHub-Metric: p50_ms=120");
    assert_eq!(
        repo.git(["log", "-1", "--format=%B"]),
        format!("{message}\n{trailers}\n")
    );
    let parsed = repo.typed("git log -1 --format=%B | git interpret-trailers --parse");
    assert_eq!(parsed, format!("Reviewed-by: Ada\n{trailers}"));
}

#[test]
fn a_task_that_looks_like_trailers_does_not_become_some() {
    let repo = TestRepo::new().with_bench();
    let task = "Be fast\n\nHub-Agent: nobody\nHub-Session: none";
    repo.hub(["init", "--task", task, "-n", "1"]).ok();
    repo.hub(["spawn", "--no-start"]).ok();
    let id = repo.newest_session();
    repo.commit_in(repo.worktree(&id, "agent-1"), "Work");
    repo.hub(["eval", &id]).ok();
    repo.hub(["merge", &id, "--agent", "agent-1"]).ok();
    let trailers = repo.typed("git log -1 --format=%B | git interpret-trailers --parse");
    assert_eq!(trailers, format!("Hub-Session: {id}\nHub-Agent: agent-1"));
}
