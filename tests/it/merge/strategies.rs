//! `--strategy` and `--squash`: each as git itself would do it.

use serde_json::Value;

use super::{parents, tip};
use crate::support::TestRepo;

const STRATEGIES: [&str; 4] = ["merge", "squash", "rebase", "cherry-pick"];

/// A session of one agent with two commits of Ada's, and a base branch that moved on beside them.
fn moved_on() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    let worktree = repo.worktree(&id, "agent-1");
    for (file, text, date) in [
        ("p50_ms", "120\n", "2026-01-02T03:04:05+02:00"),
        ("two.txt", "two\n", "2026-01-03T03:04:05+02:00"),
    ] {
        repo.write(worktree.join(file), text);
        repo.git_in(&worktree, ["add", "--all"]);
        let by_ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let commit = ["commit", "--quiet", "--date", date, "-m", file];
        repo.git_in(&worktree, by_ada.iter().chain(&commit));
    }
    repo.hub(["eval", &id]).ok();
    repo.write("meanwhile.txt", "meanwhile\n");
    repo.commit("Meanwhile");
    (repo, id)
}

fn branch(id: &str) -> String {
    super::branch(id, "agent-1")
}

/// The tree that git itself makes of the two.
fn by_git(repo: &TestRepo, id: &str, words: &[&str]) -> String {
    let by_hand = repo.root().join("by-hand");
    let folder = by_hand.to_str().unwrap();
    repo.git(["worktree", "add", "--quiet", "--detach", folder, "main"]);
    for line in words {
        let line = line.replace("BRANCH", &branch(id));
        repo.git_in(&by_hand, line.split(' '));
    }
    let tree = repo.git_in(&by_hand, ["rev-parse", "HEAD^{tree}"]);
    repo.git(["worktree", "remove", "--force", folder]);
    tree
}

fn tags(repo: &TestRepo) -> String {
    repo.git(["tag", "--list", "--format=%(refname:short) %(*objectname)"])
}

fn subjects(repo: &TestRepo, range: &str) -> Vec<String> {
    let log = repo.git(["log", "--format=%s", range]);
    log.lines().map(str::to_owned).collect()
}

#[test]
fn each_gives_the_tree_that_git_gives() {
    for (strategy, words) in [
        ("merge", &["merge --no-ff --no-edit BRANCH"][..]),
        ("squash", &["merge --squash BRANCH", "commit -m squashed"]),
        ("rebase", &["rebase HEAD BRANCH"]),
        ("cherry-pick", &["cherry-pick main..BRANCH"]),
    ] {
        let (repo, id) = moved_on();
        let before = tip(&repo, "main");
        // A branch that is rebased by name moves, so git is given its commit.
        let words: Vec<String> = words
            .iter()
            .map(|line| match strategy {
                "rebase" => line.replace("BRANCH", &tip(&repo, &branch(&id))),
                _ => (*line).to_owned(),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let expected = by_git(&repo, &id, &words);
        let attempt = tip(&repo, &branch(&id));
        let report = repo
            .hub(["merge", &id, "--strategy", strategy, "--json"])
            .json();
        assert_eq!(report["strategy"], strategy);
        assert_eq!(report["before"], before.as_str(), "{strategy}");
        assert_eq!(report["base_moved"], 1, "{strategy}");
        assert_eq!(report["after"], tip(&repo, "main"), "{strategy}");
        assert_eq!(tip(&repo, "main^{tree}"), expected, "{strategy}");
        assert_eq!(tip(&repo, &branch(&id)), attempt, "the attempt stays");
        assert_eq!(repo.read("p50_ms"), "120\n");
        assert_eq!(repo.git(["status", "--porcelain"]), "", "{strategy}");
        assert!(!repo.worktree(&id, "scratch").exists());

        // What the base branch does not have commit by commit is kept by a tag.
        let kept = match strategy {
            "merge" => String::new(),
            _ => format!("hub/archive/{id}/agent-1 {attempt}"),
        };
        assert_eq!(tags(&repo), kept, "{strategy}");
        repo.hub(["cleanup", &id]).ok();
        assert_eq!(repo.git(["branch", "--list", "hub/*"]), "", "{strategy}");
        assert_eq!(tags(&repo), kept, "{strategy}");
    }
}

#[test]
fn a_squash_is_one_commit_on_the_base_tip() {
    let (repo, id) = moved_on();
    let before = tip(&repo, "main");
    let answer = repo.hub(["merge", &id, "--squash"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    squashed agent-1 into main as [COMMIT]
    main had moved by 1 commit since the session began, from [COMMIT] to [COMMIT]
    archived agent-1 as hub/archive/[SESSION]/agent-1
    ");
    assert_eq!(parents(&repo, "main"), [before]);
    assert_eq!(
        repo.git(["log", "-1", "--format=%an: %B"]),
        format!(
            "Test Author: Squash agent-1: Be fast\n\nHub-Session: {id}\nHub-Agent: agent-1\nHub-Metric: p50_ms=120\n"
        )
    );
}

#[test]
fn replayed_commits_keep_their_author_date_and_message() {
    for strategy in ["rebase", "cherry-pick"] {
        let (repo, id) = moved_on();
        let before = tip(&repo, "main");
        let own = repo.git(["log", "-2", "--format=%H", &branch(&id)]);
        let own: Vec<&str> = own.lines().collect();
        repo.hub(["merge", &id, "--strategy", strategy]).ok();
        assert_eq!(parents(&repo, "main~1"), [before], "{strategy}");
        let log = repo.git(["log", "-2", "--format=%an %ad %s%n%b", "--date=iso-strict"]);
        let log: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
        let [second, first] = own.as_slice() else {
            panic!("{own:?}");
        };
        let from = |commit| format!("(cherry picked from commit {commit})");
        let mut expected = vec!["Ada 2026-01-03T03:04:05+02:00 two.txt".to_owned()];
        expected.extend((strategy == "cherry-pick").then(|| from(second)));
        expected.push("Ada 2026-01-02T03:04:05+02:00 p50_ms".to_owned());
        expected.extend((strategy == "cherry-pick").then(|| from(first)));
        assert_eq!(log, expected, "{strategy}");
    }
}

#[test]
fn a_rebase_onto_a_base_branch_that_has_not_moved_is_a_fast_forward() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| ());
    let attempt = tip(&repo, &branch(&id));
    repo.hub(["merge", &id, "--strategy", "rebase"]).ok();
    assert_eq!(tip(&repo, "main"), attempt);
    assert_eq!(tags(&repo), "", "the base branch has it");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    repo.hub(["cleanup", &id]).ok();
}

#[test]
fn several_agents_come_one_after_the_other() {
    for (strategy, expected) in [
        (
            "squash",
            ["Squash agent-1: Be fast", "Squash agent-3: Be fast"],
        ),
        ("rebase", ["agent-1", "agent-3"]),
        ("cherry-pick", ["agent-1", "agent-3"]),
    ] {
        let repo = TestRepo::new().with_bench();
        let id = repo.spawned(3);
        for agent in ["agent-1", "agent-2", "agent-3"] {
            let worktree = repo.worktree(&id, agent);
            repo.write(worktree.join(agent), agent);
            repo.commit_in(&worktree, agent);
        }
        repo.hub(["eval", &id]).ok();
        let before = tip(&repo, "main");
        let agents = ["--agent", "agent-3", "--agent", "agent-1"];
        let how = ["merge", &id, "--strategy", strategy];
        repo.hub(how.iter().chain(&agents)).ok();
        assert_eq!(subjects(&repo, &format!("{before}..main")), expected);
        assert!(!repo.path().join("agent-2").exists());
        let kept = tags(&repo).lines().count();
        // The first of a rebase is in the base branch as it was.
        assert_eq!(kept, if strategy == "rebase" { 2 } else { 3 }, "{strategy}");
        repo.hub(["cleanup", &id]).ok();
        assert_eq!(repo.git(["branch", "--list", "hub/*"]), "", "{strategy}");
    }
}

#[test]
fn a_conflict_of_each_names_the_files_and_changes_nothing() {
    for (strategy, verb) in [
        ("merge", "merge into"),
        ("squash", "merge into"),
        ("rebase", "rebase onto"),
        ("cherry-pick", "cherry-pick onto"),
    ] {
        let (repo, id) = moved_on();
        repo.write("two.txt", "ours\n");
        repo.commit("Ours");
        let before = repo.picture();
        let how = ["merge", &id, "--strategy", strategy, "--json"];
        let error = repo.hub(how).fails(7).json_error();
        let message = error["message"].as_str().unwrap();
        assert_eq!(
            message,
            format!("agent-1 does not {verb} main: 1 conflict in two.txt")
        );
        assert_eq!(repo.picture(), before, "{strategy}");
        assert_eq!(repo.state(&id), "evaluating");
        repo.hub(["archive", &id]).ok();
    }
}

#[test]
fn what_the_base_branch_has_already_is_left_out() {
    for strategy in ["rebase", "cherry-pick"] {
        let (repo, id) = moved_on();
        repo.git(["cherry-pick", &format!("{}~1", branch(&id))]);
        let before = tip(&repo, "main");
        repo.hub(["merge", &id, "--strategy", strategy]).ok();
        let came = subjects(&repo, &format!("{before}..main"));
        assert_eq!(came, ["two.txt"], "{strategy}");
    }
    for strategy in ["squash", "rebase", "cherry-pick"] {
        let (repo, id) = moved_on();
        repo.git(["cherry-pick", &format!("main..{}", branch(&id))]);
        let before = repo.picture();
        let answer = repo.hub(["merge", &id, "--strategy", strategy]).fails(8);
        assert!(
            answer.stderr.contains("main has all that would be merged"),
            "{answer}"
        );
        assert_eq!(repo.picture(), before, "{strategy}");
    }
}

/// The agent has merged a branch of its own; `evil` changes more than the two have.
fn with_a_merge(evil: bool) -> (TestRepo, String) {
    let (repo, id) = moved_on();
    let worktree = repo.worktree(&id, "agent-1");
    let git = |words: &str| repo.git_in(&worktree, words.split(' '));
    git("checkout --quiet -b side HEAD~1");
    repo.write(worktree.join("side.txt"), "side\n");
    repo.commit_in(&worktree, "side");
    git(&format!("checkout --quiet hub/{id}/agent-1/attempt-1"));
    git("merge --quiet --no-ff --no-commit side");
    if evil {
        repo.write(worktree.join("evil.txt"), "in neither\n");
        git("add --all");
    }
    git("commit --quiet -m merged");
    repo.hub(["eval", &id]).ok();
    (repo, id)
}

#[test]
fn merges_of_the_agents_own_are_left_out_where_that_changes_nothing() {
    for strategy in ["rebase", "cherry-pick"] {
        let (repo, id) = with_a_merge(false);
        let expected = by_git(&repo, &id, &["merge --no-ff --no-edit BRANCH"]);
        let before = tip(&repo, "main");
        repo.hub(["merge", &id, "--strategy", strategy]).ok();
        assert_eq!(tip(&repo, "main^{tree}"), expected, "{strategy}");
        let mut came = subjects(&repo, &format!("{before}..main"));
        came.sort();
        assert_eq!(came, ["p50_ms", "side", "two.txt"], "{strategy}");
    }
}

#[test]
fn merges_that_changed_more_are_not_left_out_without_a_word() {
    for strategy in ["rebase", "cherry-pick"] {
        let (repo, id) = with_a_merge(true);
        let before = repo.picture();
        let how = ["merge", &id, "--strategy", strategy, "--json"];
        let error = repo.hub(how).fails(6).json_error();
        assert_eq!(repo.picture(), before, "{strategy}");
        let hint = error["hint"].as_str().unwrap();
        repo.typed(hint.split('`').nth(1).unwrap());
        assert_eq!(repo.read("evil.txt"), "in neither\n");
    }
}

#[test]
fn work_that_stands_on_the_base_tip_already_is_rebased_with_its_merges() {
    let (repo, id) = moved_on();
    let worktree = repo.worktree(&id, "agent-1");
    repo.git_in(&worktree, ["merge", "--quiet", "--no-edit", "main"]);
    repo.hub(["eval", &id]).ok();
    let attempt = tip(&repo, &branch(&id));
    repo.hub(["merge", &id, "--strategy", "rebase"]).ok();
    assert_eq!(tip(&repo, "main"), attempt);
}

#[test]
fn hooks_that_refuse_a_squash_are_heard() {
    let (repo, id) = moved_on();
    let hook = repo.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = repo.script("pre-commit", "echo 'not on a Friday' >&2; exit 1");
    std::os::unix::fs::symlink(script, &hook).unwrap();
    let before = repo.picture();
    let answer = repo.hub(["merge", &id, "--squash"]).fails(1);
    assert!(answer.stderr.contains("not on a Friday"), "{answer}");
    assert_eq!(repo.picture(), before);
    std::fs::remove_file(hook).unwrap();
    repo.hub(["merge", &id, "--squash"]).ok();
}

#[test]
fn settings_of_git_for_ones_own_work_do_not_matter() {
    for (strategy, name, value) in [
        ("squash", "merge.ff", "false"),
        ("squash", "merge.ff", "only"),
        ("squash", "commit.cleanup", "strip"),
        ("rebase", "rebase.updateRefs", "true"),
        ("rebase", "rebase.autoStash", "true"),
        ("rebase", "rebase.rebaseMerges", "true"),
        ("rebase", "pull.rebase", "interactive"),
    ] {
        let (repo, id) = moved_on();
        repo.git(["config", name, value]);
        let attempt = tip(&repo, &branch(&id));
        repo.write("README.md", "changed\n");
        repo.hub(["merge", &id, "--strategy", strategy]).ok();
        assert_eq!(tip(&repo, &branch(&id)), attempt, "{name}={value}");
        assert_eq!(repo.read("p50_ms"), "120\n");
        assert_eq!(
            repo.git(["status", "--porcelain"]),
            " M README.md",
            "{name}={value}"
        );
    }
}

#[test]
fn the_settings_say_the_strategy_and_the_flag_wins() {
    let asked = |arguments: &[&str], file: &str, variable: &str| -> Value {
        let (repo, id) = moved_on();
        repo.write(repo.hub_dir().join("config.yaml"), file);
        let command = [&["merge", &id, "--json"][..], arguments].concat();
        let report = repo.hub(command).env("HUB_MERGE_STRATEGY", variable);
        report.json()["strategy"].clone()
    };
    assert_eq!(asked(&[], "merge_strategy: squash\n", ""), "squash");
    assert_eq!(asked(&[], "merge_strategy: squash\n", "rebase"), "rebase");
    assert_eq!(
        asked(&["--squash"], "merge_strategy: rebase\n", ""),
        "squash"
    );
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    let (repo, id) = moved_on();
    let before = repo.picture();
    for arguments in [
        &["--strategy", "octopus"][..],
        &["--squash", "--strategy", "rebase"],
        &["--strategy", "rebase", "--message", "Mine"],
        &["--strategy", "cherry-pick", "--message", "Mine"],
        &["--verify-timeout", "3s"],
    ] {
        repo.hub([&["merge", &id], arguments].concat()).fails(2);
    }
    assert_eq!(repo.picture(), before);
}

#[test]
fn the_next_round_begins_where_the_work_is_in_the_base_branch() {
    for strategy in STRATEGIES {
        let (repo, id) = moved_on();
        let attempt = tip(&repo, &branch(&id));
        repo.hub(["merge", &id, "--strategy", strategy]).ok();
        let next = repo.hub(["init", "--from", &id, "--json"]).json();
        let expected = match strategy {
            "merge" => attempt,
            _ => tip(&repo, "main"),
        };
        assert_eq!(next["config"]["base_commit"], expected, "{strategy}");
    }
}
