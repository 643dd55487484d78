//! Names that stand in each other's way.

use super::Road;
use crate::support::TestRepo;

#[test]
fn a_tag_of_the_base_branchs_name_is_not_taken_for_it() {
    let repo = TestRepo::new().with_bench();
    repo.git(["tag", "main", "main~1"]);
    let tag = repo.git(["rev-parse", "refs/tags/main"]);
    Road::of(&repo, repo.path()).walk();
    assert_eq!(repo.git(["rev-parse", "refs/tags/main"]), tag);
}

#[test]
fn a_tag_of_an_attempts_name_is_not_taken_for_it() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let name = format!("hub/{id}/agent-1/attempt-1");
    repo.git(["tag", &name, "main"]);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    let work = repo.commit_in(&worktree, "Work");
    repo.hub(["eval", &id]).ok();
    repo.hub(["merge", &id]).ok();
    assert_eq!(repo.git(["rev-parse", "refs/heads/main^2"]), work);
    repo.hub(["cleanup", &id]).ok();
    assert_eq!(repo.git(["tag"]), name);
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn base_branches_with_slashes_and_other_letters() {
    for base in ["team/feature/one", "größe", "機能/速い", "a'b", "v1.0-rc+1"] {
        let repo = TestRepo::new().with_bench();
        repo.git(["branch", "--move", "main", base]);
        let mut road = Road::of(&repo, repo.path());
        // As the shell is given it.
        road.base = base;
        if base.contains('\'') {
            road.base = "$(git branch --show-current)";
            let id = road.spawned().0;
            assert_eq!(
                repo.hub(["status", &id, "--json"]).json()["config"]["base_branch"],
                base
            );
            continue;
        }
        road.walk();
    }
}

#[test]
fn a_branch_called_hub_is_told_of_before_anything_is_made() {
    let repo = TestRepo::new().with_bench();
    repo.git(["branch", "hub"]);
    repo.hub(["init", "--task", "Be fast"]).ok();
    let id = repo.newest_session();
    let before = repo.picture();
    let error = repo
        .hub(["spawn", &id, "--no-start", "--json"])
        .fails(6)
        .json_error();
    assert_eq!(error["message"], "branch hub is there already");
    assert_eq!(repo.picture(), before);
    assert_eq!(repo.state(&id), "init");

    let hint = error["hint"].as_str().unwrap();
    let rename = hint.split('`').nth(3).unwrap();
    repo.typed(&rename.replace("OTHER", "mine"));
    repo.hub(["spawn", &id, "--no-start"]).ok();
}

#[test]
fn a_repository_whose_path_has_every_kind_of_character() {
    let repo = TestRepo::new();
    let home = repo.root().join("it's a \"größe\" $HOME");
    repo.git(["init", "--quiet", home.to_str().unwrap()]);
    super::bench(&repo, &home);
    let id = {
        let init = ["init", "--task", "Be fast", "-n", "1", "--json"];
        let report = repo.hub(init).in_folder(&home).json();
        report["session_id"].as_str().unwrap().to_owned()
    };
    let spawn = repo
        .hub(["spawn", &id, "--no-start", "--json"])
        .in_folder(&home)
        .json();
    let worktree = spawn["agents"][0]["worktree"].as_str().unwrap().to_owned();
    repo.write(format!("{worktree}/README.md"), "theirs\n");
    repo.commit_in(&worktree, "Work");
    repo.write(home.join("README.md"), "ours\n");
    repo.commit_in(&home, "Ours");
    repo.hub(["eval", &id]).in_folder(&home).ok();
    let error = repo
        .hub(["merge", &id, "--agent", "agent-1", "--json"])
        .in_folder(&home)
        .fails(7)
        .json_error();
    // The path that hub prints is one word to the shell.
    let hint = error["hint"].as_str().unwrap();
    let merge = hint.split('`').nth(1).unwrap();
    let there = shell_words::quote(home.to_str().unwrap());
    repo.typed(&format!("cd {there} && {merge} || true"));
    let status = repo.git_in(&worktree, ["status", "--porcelain"]);
    assert!(status.contains("AA README.md"), "{status}");
}
