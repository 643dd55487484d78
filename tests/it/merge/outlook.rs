//! Whether each candidate would merge: known before anything is chosen.

use serde_json::Value;

use crate::support::{Terminal, TestRepo, Tree, plain};

/// agent-1 changes `shared.txt` and `p50_ms`, agent-2 `p50_ms` alone.
fn evaluated() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    repo.write("shared.txt", "before\n");
    repo.commit("Shared");
    let id = repo.spawned(2);
    for (agent, value) in [("agent-1", "120\n"), ("agent-2", "150\n")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        if agent == "agent-1" {
            repo.write(worktree.join("shared.txt"), "theirs\n");
        }
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &id]).ok();
    (repo, id)
}

fn ours(repo: &TestRepo) {
    repo.write("shared.txt", "ours\n");
    repo.commit("Ours");
}

/// By agent, as `status` and as `eval --show` have it.
fn outlooks(repo: &TestRepo, id: &str) -> [Value; 2] {
    let of = |list: &Value| {
        let mut found: Vec<(String, Value)> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["agent"].to_string(), one["merge"].clone()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let values: Vec<Value> = found.into_iter().map(|(_, outlook)| outlook).collect();
        Value::from(values)
    };
    let status = repo.hub(["status", id, "--json"]).json();
    let shown = repo.hub(["eval", id, "--show", "--json"]).json();
    assert_eq!(status["base_now"], shown["base_now"]);
    [of(&status["agents"]), of(&shown["results"])]
}

fn clean() -> Value {
    serde_json::json!({ "clean": true, "conflicts": [] })
}

#[test]
fn it_is_that_of_this_moment() {
    let (repo, id) = evaluated();
    let all_clean = Value::from(vec![clean(), clean()]);
    assert_eq!(outlooks(&repo, &id), [all_clean.clone(), all_clean]);

    ours(&repo);
    let conflict = serde_json::json!({ "clean": false, "conflicts": ["shared.txt"] });
    let expected = Value::from(vec![conflict, clean()]);
    assert_eq!(outlooks(&repo, &id), [expected.clone(), expected]);
    let status = repo.hub(["status", &id, "--json"]).json();
    assert_eq!(status["base_now"]["branch"], "main");
    assert_eq!(status["base_now"]["moved"], 1);
    assert_eq!(
        status["base_now"]["commit"],
        repo.git(["rev-parse", "main"])
    );

    // What is in the base branch already is no candidate any more.
    let second = format!("hub/{id}/agent-2/attempt-1");
    repo.git(["merge", "--quiet", "--no-edit", &second]);
    let [status, _] = outlooks(&repo, &id);
    assert_eq!(status[1], Value::Null);
}

#[test]
fn it_is_asked_before_anything_is_measured_too() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(2);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    repo.commit_in(&worktree, "agent-1");
    repo.write("p50_ms", "170\n");
    repo.commit("Ours");
    let status = repo.hub(["status", &id, "--json"]).json();
    assert_eq!(status["agents"][0]["merge"]["conflicts"][0], "p50_ms");
    assert_eq!(
        status["agents"][1]["merge"],
        Value::Null,
        "it made no commit"
    );
}

#[test]
fn nothing_is_left_by_it() {
    let (repo, id) = evaluated();
    ours(&repo);
    let git = || Tree::read(&repo.path().join(".git")).outside("index");
    let before = git();
    repo.hub(["status", &id]).ok();
    repo.hub(["eval", &id, "--show"]).ok();
    assert_eq!(git(), before);
}

#[test]
fn it_is_a_column_for_people() {
    let (repo, id) = evaluated();
    ours(&repo);
    let shown = repo.hub(["eval", &id, "--show"]).ok();
    insta::assert_snapshot!(repo.normalised(&shown.stdout), @r"
    p50_ms, lower is better, no baseline
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-1  120  -  2  +2/-2  1 conflict
       2  agent-2  150  -  1  +1/-1  clean
    main has moved by 1 commit since the session began
    agent-1: it conflicts with main now, in shared.txt
    winner: agent-1
    ");
    let status = repo.hub(["status", &id]).ok().stdout;
    assert!(
        status.contains(", which has moved by 1 commit to "),
        "{status}"
    );
    let row = |agent: &str| status.lines().find(|line| line.starts_with(agent)).unwrap();
    assert!(row("agent-1").contains("  1 conflict  "), "{status}");
    assert!(row("agent-2").contains("  clean  "), "{status}");
}

#[test]
fn it_fits_a_terminal_of_80_columns() {
    let (repo, id) = evaluated();
    ours(&repo);
    for command in [&["status", &id][..], &["eval", &id, "--show"]] {
        let (code, screen) = Terminal::start(repo.hub(command), 80).ends();
        let screen = plain(&screen);
        assert_eq!(code, 0, "{screen}");
        assert!(screen.contains("1 conflict"), "{screen}");
        let widest = screen.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{screen}");
    }
}

#[test]
fn it_is_on_the_page_of_the_evaluation() {
    let (repo, id) = evaluated();
    ours(&repo);
    let page = repo
        .hub(["eval", &id, "--show", "--report", "-"])
        .ok()
        .stdout;
    assert!(page.contains(">1 conflict</span>"), "{page}");
    assert!(page.contains(">clean</td>"), "{page}");
}

#[test]
fn a_git_that_is_too_old_leaves_it_unknown() {
    let (repo, id) = evaluated();
    ours(&repo);
    // Merges without a worktree came with 2.38.
    let old = repo.script(
        "bin/git",
        "case $1 in --version) echo 'git version 2.37.0'; exit;; esac\n\
         case \" $* \" in *' --version '*) echo 'git version 2.37.0'; exit;; *' merge-tree '*) exit 129;; esac\n\
         PATH=${PATH#*:} exec git \"$@\"",
    );
    let path = format!(
        "{}:{}",
        std::path::Path::new(&old).parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let status = repo
        .hub(["status", &id, "--json"])
        .env("PATH", &path)
        .json();
    for agent in status["agents"].as_array().unwrap() {
        assert_eq!(agent["merge"], Value::Null);
    }
    assert_eq!(status["base_now"]["moved"], 1);
    let plan = ["merge", &id, "--dry-run", "--json"];
    let plan = repo.hub(plan).env("PATH", &path).json();
    assert_eq!(plan["merges"], Value::Null);
    assert_eq!(plan["diff"], Value::Null);
}

#[test]
fn a_history_of_its_own_is_not_guessed_at() {
    let (repo, id) = evaluated();
    let worktree = repo.worktree(&id, "agent-2");
    repo.git_in(&worktree, ["checkout", "--quiet", "--orphan", "apart"]);
    let apart = repo.commit_in(&worktree, "Apart");
    let branch = super::branch(&id, "agent-2");
    repo.git_in(&worktree, ["update-ref", &branch, &apart]);
    let status = repo.hub(["status", &id, "--json"]).json();
    assert_eq!(status["agents"][1]["merge"], Value::Null);
    assert_eq!(status["agents"][0]["merge"], clean());
}

#[test]
fn merge_drivers_are_asked() {
    let repo = TestRepo::new().with_bench();
    repo.write(".gitattributes", "*.list merge=both\n");
    repo.write("all.list", "a\n");
    repo.commit("List");
    let id = repo.evaluated(|worktree| repo.write(worktree.join("all.list"), "a\ntheirs\n"));
    repo.write("all.list", "a\nours\n");
    repo.commit("Ours");
    let outlook = || {
        let status = repo.hub(["status", &id, "--json"]).json();
        status["agents"][0]["merge"]["clean"].clone()
    };
    assert_eq!(outlook(), false);
    repo.git(["config", "merge.both.driver", "sort -u %A %B -o %A"]);
    assert_eq!(outlook(), true);
}
