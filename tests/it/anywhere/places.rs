//! Where in a repository `hub` is started.

use std::fs;
use std::path::PathBuf;

use crate::support::TestRepo;

use super::{json_in, seen_from, whole_road_in};

/// A repository with a session whose worktrees stand.
fn spawned() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    repo.write("src/deep/sum.py", "");
    repo.commit("Folders");
    repo.hub(["init", "--task", "x", "-n", "2"]).ok();
    repo.hub(["spawn", "--no-start"]).ok();
    let session = repo.newest_session();
    (repo, session)
}

#[test]
fn every_folder_of_every_worktree_sees_the_same_sessions() {
    let (repo, session) = spawned();
    let agents = repo.worktree(&session, "agent-1");
    let own = repo.root().join("own");
    repo.git([
        "worktree",
        "add",
        "--quiet",
        "--detach",
        own.to_str().unwrap(),
    ]);
    for folder in [
        repo.path(),
        repo.path().join("src/deep"),
        agents.clone(),
        agents.join("src/deep"),
        own.join("src"),
        repo.hub_dir(),
        repo.hub_dir().join("sessions"),
        repo.path().join(".git"),
        repo.path().join(".git/refs"),
    ] {
        assert_eq!(
            seen_from(&repo, &folder),
            [session.as_str()],
            "{}",
            folder.display()
        );
        assert!(!folder.join(".agenthub").exists() || folder == repo.path());
    }
}

#[test]
fn an_agents_worktree_is_a_place_to_work_from() {
    let (repo, session) = spawned();
    let agents = repo.worktree(&session, "agent-1");
    repo.write(agents.join("p50_ms"), "100\n");
    repo.commit_in(&agents, "Faster");
    let from_there = json_in(&repo, &agents, &["status"]);
    assert_eq!(from_there, json_in(&repo, &repo.path(), &["status"]));
    assert_eq!(from_there["agents"][0]["commits_ahead"], 1);
    let path = repo.hub(["path", "agent-2"]).in_folder(&agents).ok().stdout;
    assert_eq!(
        path.trim_end(),
        repo.worktree(&session, "agent-2").to_str().unwrap()
    );
    // From start to end, and its own worktree goes last.
    repo.hub(["eval"]).in_folder(&agents).ok();
    repo.hub(["merge", "--agent", "agent-1"])
        .in_folder(&agents)
        .ok();
    assert_eq!(repo.read("p50_ms"), "100\n");
    repo.hub(["cleanup"]).in_folder(&agents).ok();
    assert!(!agents.exists());
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn a_session_made_in_an_agents_worktree_starts_at_that_agents_branch() {
    let (repo, session) = spawned();
    let agents = repo.worktree(&session, "agent-1");
    let document = json_in(&repo, &agents, &["init", "--task", "go on"]);
    let branch = format!("hub/{session}/agent-1/attempt-1");
    assert_eq!(document["config"]["base_branch"], branch.as_str());
    assert_eq!(seen_from(&repo, &repo.path()).len(), 2);
}

#[test]
fn a_path_can_be_given_instead_of_going_there() {
    let (repo, session) = spawned();
    for path in ["repo", "repo/src/deep", "repo/.git", "./repo/../repo"] {
        for arguments in [
            ["-C", path, "list", "--json"],
            ["list", "-C", path, "--json"],
        ] {
            let document = repo.hub(arguments).in_folder(repo.root()).json();
            assert_eq!(
                document["sessions"][0]["session_id"],
                session.as_str(),
                "{path}"
            );
        }
    }
    let absolute = repo.path();
    let elsewhere = repo.hub(["-C", absolute.to_str().unwrap(), "list"]);
    elsewhere.in_folder(repo.home()).ok();
    repo.hub(["-C", "nowhere", "list"]).fails(3);
}

#[test]
fn a_command_beside_the_person_is_found_from_a_subfolder() {
    let repo = TestRepo::new().with_bench();
    let deep = repo.path().join("src/deep");
    repo.write("src/deep/keep", "");
    repo.commit("Folders");
    // Not committed: the worktrees do not have it.
    let agent = repo.agent_script();
    fs::copy(&agent, deep.join("agent.sh")).unwrap();
    repo.hub(["init", "--task", "x", "-n", "1"])
        .in_folder(&deep)
        .ok();
    let spawn = repo
        .hub(["spawn", "--agent-cmd", "./agent.sh"])
        .in_folder(&deep)
        .ok();
    assert!(spawn.stderr.contains("the agent command is"), "{spawn}");
    repo.hub(["wait"]).in_folder(&deep).ok();
}

#[test]
fn a_hooks_variables_do_not_lead_to_another_repository() {
    let repo = TestRepo::new().with_bench();
    let other = repo.root().join("other");
    repo.git(["clone", "--quiet", ".", other.to_str().unwrap()]);
    let before = repo.git_in(&other, ["for-each-ref"]);
    let agent = repo.agent_script();
    let as_in_a_hook = |arguments: &[&str]| {
        repo.hub(arguments)
            .env("GIT_DIR", other.join(".git"))
            .env("GIT_WORK_TREE", &other)
            .env("GIT_INDEX_FILE", other.join(".git/index"))
            .env("GIT_OBJECT_DIRECTORY", other.join(".git/objects"))
            .env("GIT_COMMON_DIR", other.join(".git"))
            .env("GIT_PREFIX", "src/")
            .ok()
    };
    as_in_a_hook(&[
        "init",
        "--task",
        "x",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ]);
    as_in_a_hook(&["spawn", "--agent-cmd", &agent]);
    as_in_a_hook(&["wait"]);
    as_in_a_hook(&["status"]);
    as_in_a_hook(&["eval"]);
    as_in_a_hook(&["merge"]);
    as_in_a_hook(&["cleanup"]);
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert!(!other.join(".agenthub").exists());
    assert_eq!(repo.git_in(&other, ["for-each-ref"]), before);
    assert_eq!(repo.git_in(&other, ["status", "--porcelain"]), "");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn a_real_hook_can_call_hub() {
    let repo = TestRepo::new();
    let hub = env!("CARGO_BIN_EXE_hub");
    let hook = repo.path().join(".git/hooks/pre-commit");
    let script = repo.script(
        "pre-commit",
        &format!("'{hub}' init --task 'from a hook' --json >made.json"),
    );
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::copy(script, &hook).unwrap();
    repo.write("README.md", "changed\n");
    repo.git(["commit", "--quiet", "--all", "--message", "With a hook"]);
    assert_eq!(seen_from(&repo, &repo.path()).len(), 1);
    assert_eq!(
        repo.git(["show", "--format=", "--name-only", "HEAD"]),
        "README.md"
    );
}

#[test]
fn a_folder_that_is_gone_is_said_to_be_gone() {
    let repo = TestRepo::new();
    let program = env!("CARGO_BIN_EXE_hub");
    let gone = repo.root().join("gone");
    fs::create_dir(&gone).unwrap();
    let script = repo.script(
        "from-gone.sh",
        &format!(
            "cd '{}'\nrmdir ../gone\nexec '{program}' list",
            gone.display()
        ),
    );
    // git runs the script with the harness's environment.
    let answer = repo.git([
        "-c",
        &format!("alias.gone=!'{script}' 2>&1; echo \"exit $?\" #"),
        "gone",
    ]);
    insta::assert_snapshot!(repo.without_paths(&answer), @r"
    error: the current folder is gone: No such file or directory (os error 2)
    hint: go to a folder that is there, or give -C PATH
    exit 3
    ");
}

#[test]
fn a_repository_reached_through_a_link_is_the_same_one() {
    let repo = TestRepo::new().with_bench();
    let link = repo.root().join("link");
    std::os::unix::fs::symlink(repo.path(), &link).unwrap();
    let hub_dir = whole_road_in(&repo, &link);
    assert_eq!(hub_dir, repo.hub_dir());
    assert!(!repo.root().join("link.hub").exists());
    assert_eq!(seen_from(&repo, &link), seen_from(&repo, &repo.path()));
}

#[test]
fn the_first_command_in_a_linked_worktree_makes_the_hub_directory_in_the_main_one() {
    let repo = TestRepo::new();
    let own: PathBuf = repo.root().join("own");
    repo.git([
        "worktree",
        "add",
        "--quiet",
        "-b",
        "mine",
        own.to_str().unwrap(),
    ]);
    let document = json_in(&repo, &own, &["init", "--task", "x"]);
    assert_eq!(document["config"]["base_branch"], "mine");
    assert!(repo.hub_dir().is_dir());
    assert!(!own.join(".agenthub").exists());
}
