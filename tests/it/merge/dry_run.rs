//! `--dry-run`: what the merge would do, and nothing of it.

use serde_json::Value;

use super::{branch, tip};
use crate::support::{TestRepo, Tree};

const STRATEGIES: [&str; 4] = ["merge", "squash", "rebase", "cherry-pick"];

/// Everything that a dry run must leave as it is, objects and the hub directory among it.
fn all(repo: &TestRepo) -> impl PartialEq + std::fmt::Debug + use<> {
    // What a look at a worktree may refresh is no change.
    let git = Tree::read(&repo.path().join(".git")).outside("index");
    (repo.picture(), git, Tree::read(&repo.hub_dir()))
}

/// A session of two agents, of which agent-2 wins, and a base branch that moved on.
fn evaluated() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(2);
    for (agent, value) in [("agent-1", "150\n"), ("agent-2", "120\n")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, &format!("{agent}: first"));
        repo.write(worktree.join("new/file.txt"), "one\ntwo\n");
        repo.commit_in(&worktree, &format!("{agent}: second"));
    }
    repo.hub(["eval", &id]).ok();
    repo.write("meanwhile.txt", "meanwhile\n");
    repo.commit("Meanwhile");
    (repo, id)
}

fn planned(repo: &TestRepo, id: &str, how: &[&str], code: i32) -> Value {
    let before = all(repo);
    let command = [&["merge", id, "--dry-run", "--json"][..], how].concat();
    let answer = repo.hub(command).run();
    assert_eq!(answer.code(), code, "{answer}");
    assert_eq!(answer.stderr, "", "{answer}");
    assert_eq!(all(repo), before, "{answer}");
    answer.json()
}

#[test]
fn it_tells_what_comes_and_changes_nothing() {
    let (repo, id) = evaluated();
    let plan = planned(&repo, &id, &[], 0);
    assert_eq!(plan["base_branch"], "main");
    assert_eq!(plan["base_tip"], tip(&repo, "main"));
    assert_eq!(plan["base_commit"], tip(&repo, "main~1"));
    assert_eq!(plan["base_moved"], 1);
    assert_eq!(plan["merges"], true);
    let agents = plan["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 1);
    assert_eq!(agents[0]["agent"], "agent-2");
    let subjects: Vec<&Value> = agents[0]["commits"].as_array().unwrap().iter().collect();
    assert_eq!(subjects[0]["subject"], "agent-2: second");
    assert_eq!(
        subjects[1]["commit"],
        tip(&repo, &format!("{}~1", branch(&id, "agent-2")))
    );
    assert_eq!(plan["diff"]["insertions"], 3);
    assert_eq!(plan["files"][0]["file"], "new/file.txt");
    assert_eq!(plan["files"][1]["deletions"], 1);
    assert_eq!(plan["archived"].as_array().unwrap().len(), 1);
    assert_eq!(plan["checkout"], repo.path().to_str().unwrap());
    assert_eq!(plan["in_the_way"], serde_json::json!([]));
}

#[test]
fn it_is_drawn_for_people() {
    let (repo, id) = evaluated();
    let before = all(&repo);
    let how = ["merge", "--dry-run", "--squash", "--verify"];
    let answer = repo.hub(how).ok();
    assert_eq!(all(&repo), before);
    let _ = id;
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    session [SESSION]
    would be squashed: agent-2 into main at [COMMIT]
    main has moved by 1 commit since the session began
    agent-2: 2 commits
        [COMMIT] agent-2: second
        [COMMIT] agent-2: first
    2 files, +3/-1
        new/file.txt +2/-0
        p50_ms +1/-1
    would be verified with sh bench.sh
    would archive agent-1 as hub/archive/[SESSION]/agent-1
    would archive agent-2 as hub/archive/[SESSION]/agent-2
    [TEMP]/repo would go along
    nothing was changed
    ");
}

#[test]
fn each_strategy_does_then_what_was_told() {
    for strategy in STRATEGIES {
        let (repo, id) = evaluated();
        let how = ["--strategy", strategy, "--agent", "agent-2"];
        let plan = planned(&repo, &id, &how, 0);
        let command = [&["merge", &id, "--json"][..], &how].concat();
        let report = repo.hub(command).json();
        assert_eq!(plan["strategy"], report["strategy"]);
        assert_eq!(plan["archived"], report["archived"], "{strategy}");
        assert_eq!(plan["checkout"], report["checkout"], "{strategy}");
        assert_eq!(plan["base_tip"], report["before"], "{strategy}");
        let range = format!("{}..main", report["before"].as_str().unwrap());
        let changed = repo.git(["diff", "--name-only", &range]);
        let told: Vec<&str> = plan["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["file"].as_str().unwrap())
            .collect();
        assert_eq!(told, changed.lines().collect::<Vec<_>>(), "{strategy}");
    }
}

#[test]
fn a_conflict_is_told_with_the_status_of_the_merge() {
    for strategy in STRATEGIES {
        let (repo, id) = evaluated();
        repo.write("new/file.txt", "ours\n");
        repo.commit("Ours");
        let plan = planned(&repo, &id, &["--strategy", strategy], 7);
        assert_eq!(plan["merges"], false);
        assert_eq!(plan["conflict"]["agent"], "agent-2");
        assert_eq!(
            plan["conflict"]["paths"],
            serde_json::json!(["new/file.txt"])
        );
        repo.hub(["merge", &id, "--strategy", strategy]).fails(7);
    }
}

#[test]
fn of_several_the_first_that_does_not_go_in_is_named() {
    let (repo, id) = evaluated();
    let both = ["--agent", "agent-1", "--agent", "agent-2"];
    let plan = planned(&repo, &id, &both, 7);
    assert_eq!(plan["conflict"]["agent"], "agent-2");
    assert_eq!(plan["conflict"]["paths"], serde_json::json!(["p50_ms"]));
    let swapped = ["--agent", "agent-2", "--agent", "agent-1"];
    let plan = planned(&repo, &id, &swapped, 7);
    assert_eq!(plan["conflict"]["agent"], "agent-1");
}

#[test]
fn files_in_the_way_are_those_that_the_merge_names() {
    type Put = fn(&TestRepo);
    let puts: [(&str, Put); 6] = [
        ("p50_ms", |repo| repo.write("p50_ms", "mine\n")),
        ("p50_ms", |repo| {
            repo.write("p50_ms", "mine\n");
            repo.git(["add", "p50_ms"]);
        }),
        ("p50_ms", |repo| {
            repo.git(["rm", "--quiet", "p50_ms"]);
        }),
        ("new/file.txt", |repo| repo.write("new/file.txt", "mine\n")),
        ("new", |repo| repo.write("new", "mine\n")),
        ("new/file.txt", |repo| {
            repo.write(".git/info/exclude", "new\n");
            repo.write("new/file.txt/deep.txt", "mine\n");
        }),
    ];
    for (file, put) in puts {
        let (repo, id) = evaluated();
        put(&repo);
        let plan = planned(&repo, &id, &[], 6);
        assert_eq!(plan["in_the_way"], serde_json::json!([file]));
        let answer = repo.hub(["merge", &id]).fails(6);
        assert!(answer.stderr.contains(file), "{file}: {answer}");
    }
}

#[test]
fn files_that_are_not_in_the_way_are_not_told() {
    let (repo, id) = evaluated();
    repo.write("README.md", "mine\n");
    repo.write("new/other.txt", "mine\n");
    std::fs::remove_file(repo.path().join("p50_ms")).unwrap();
    let plan = planned(&repo, &id, &[], 0);
    assert_eq!(plan["in_the_way"], serde_json::json!([]));
    repo.hub(["merge", &id]).ok();
}

#[test]
fn what_would_refuse_the_merge_is_told() {
    let (repo, id) = evaluated();
    repo.git(["bisect", "start"]);
    let plan = planned(&repo, &id, &[], 6);
    let refused = plan["refused"].as_str().unwrap();
    assert!(refused.contains("bisect"), "{refused}");
    assert_eq!(plan["merges"], true);
    repo.hub(["merge", &id]).fails(6);
}

#[test]
fn where_there_is_nothing_to_merge_it_is_the_error_of_the_merge() {
    let (repo, id) = evaluated();
    repo.git(["merge", "--quiet", "--no-edit", &branch(&id, "agent-2")]);
    let before = all(&repo);
    repo.hub(["merge", &id, "--dry-run"]).fails(8);
    assert_eq!(all(&repo), before);
    repo.hub(["archive", &id]).ok();
    repo.hub(["merge", &id, "--dry-run"]).fails(4);
}

#[test]
fn a_base_branch_that_is_checked_out_nowhere_has_no_checkout() {
    let (repo, id) = evaluated();
    repo.git(["checkout", "--quiet", "--detach"]);
    let plan = planned(&repo, &id, &[], 0);
    assert_eq!(plan["checkout"], Value::Null);
}
