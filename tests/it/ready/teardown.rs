//! Commands that are run in a worktree before it is removed.

use super::{agent_file, configure, init, spawn_and_wait};
use crate::support::TestRepo;

/// An archived session whose only agent ran with these flags.
fn archived(repo: &TestRepo, flags: &[&str]) -> String {
    let id = init(repo, "1");
    let agent = ["--agent-cmd", "echo new >new"];
    let flags: Vec<&str> = agent.into_iter().chain(flags.iter().copied()).collect();
    spawn_and_wait(repo, &id, &flags);
    repo.hub(["archive", &id]).ok();
    id
}

#[test]
fn commands_run_in_each_worktree_before_it_goes() {
    let repo = TestRepo::new();
    let seen = repo.root().join("seen");
    let first = format!("cat new >>'{0}'; pwd >>'{0}'", seen.display());
    let second = "echo $HUB_AGENT $HUB_ATTEMPT down";
    let id = archived(&repo, &["--teardown", &first, "--teardown", second]);
    assert!(!seen.exists());
    repo.hub(["cleanup", &id]).ok();
    let worktree = repo.worktree(&id, "agent-1");
    assert!(!worktree.exists());
    assert_eq!(repo.read(seen), format!("new\n{}\n", worktree.display()));
    assert_eq!(
        repo.read(agent_file(&repo, &id, "teardown.log")),
        format!("$ {first}\n$ {second}\nagent-1 1 down\n")
    );
}

#[test]
fn a_failing_one_refuses_the_removal() {
    let repo = TestRepo::new();
    let down = "test -e ../down || { echo still busy >&2; exit 4; }";
    let id = archived(&repo, &["--teardown", down]);
    let before = repo.picture();
    let refused = repo.hub(["cleanup", &id]).fails(6);
    insta::assert_snapshot!(repo.normalised(&refused.stderr), @r#"
    error: teardown command "test -e ../down || { echo still busy >&2; exit 4; }" in [TEMP]/repo.hub/[SESSION]/agent-1 ended with exit status 4: still busy
    hint: nothing was removed; all of its output is in the agent's teardown.log, `hub cleanup [SESSION] --force` removes the worktrees all the same
    "#);
    assert_eq!(repo.picture(), before);
    repo.write(repo.worktree(&id, "down"), "");
    repo.hub(["cleanup", &id]).ok();
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn with_force_the_worktree_goes_all_the_same() {
    let repo = TestRepo::new();
    let id = archived(&repo, &["--teardown", "false"]);
    let cleanup = repo.hub(["cleanup", &id, "--force"]).ok();
    assert!(
        cleanup.stderr.contains("teardown command \"false\" in "),
        "{cleanup}"
    );
    assert!(!repo.worktree(&id, "agent-1").exists());
}

#[test]
fn work_that_a_command_makes_is_not_lost() {
    let repo = TestRepo::new();
    let id = archived(&repo, &["--teardown", "echo dump >dump.sql"]);
    let refused = repo.hub(["cleanup", &id]).fails(6);
    assert!(
        refused.stderr.contains("has uncommitted work: dump.sql"),
        "{refused}"
    );
    assert!(repo.worktree(&id, "agent-1").join("dump.sql").exists());
}

#[test]
fn nothing_is_torn_down_where_the_cleanup_is_refused_anyway() {
    let repo = TestRepo::new();
    let seen = repo.root().join("seen");
    let id = archived(
        &repo,
        &["--teardown", &format!("touch '{}'", seen.display())],
    );
    repo.write(repo.worktree(&id, "agent-1").join("mine"), "work\n");
    repo.hub(["cleanup", &id]).fails(6);
    assert!(!seen.exists());
}

#[test]
fn the_configuration_names_them_when_the_session_is_spawned() {
    let repo = TestRepo::new();
    let seen = repo.root().join("seen");
    configure(&repo, &format!("teardown: touch '{}'\n", seen.display()));
    let id = archived(&repo, &[]);
    configure(&repo, "");
    repo.hub(["cleanup", &id]).ok();
    assert!(seen.exists());
}

#[test]
fn a_run_tears_down_what_it_cleans_up() {
    let repo = TestRepo::new().with_bench();
    let seen = repo.root().join("seen");
    let down = format!("echo $HUB_AGENT >>'{}'", seen.display());
    let agent = repo.agent_script();
    let run = ["run", "--task", "x", "-n", "2", "--eval", "sh bench.sh"];
    let run = run.into_iter().chain(["--metric", "p50_ms", "--yes"]);
    repo.hub(run.chain(["--agent-cmd", &agent, "--teardown", &down]))
        .ok();
    assert_eq!(repo.read(seen), "agent-1\nagent-2\n");
}

#[test]
fn a_command_of_a_hub_directory_that_came_with_the_repository_is_not_run() {
    let repo = TestRepo::new();
    let seen = repo.root().join("seen");
    let id = archived(
        &repo,
        &["--teardown", &format!("touch '{}'", seen.display())],
    );
    let launch = format!(".agenthub/sessions/{id}/launch.json");
    repo.git(["add", "--force", &launch]);
    repo.commit("Take the hub directory along");
    let refused = repo.hub(["cleanup", &id]).fails(6);
    assert!(
        refused.stderr.contains("came with the repository"),
        "{refused}"
    );
    assert!(!seen.exists());
}
