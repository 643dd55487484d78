//! What contestants may not change for their own evaluation, and what they must keep to.

use serde_json::{Value, json};

use super::{Contest, ranks, result_of};
use crate::support::TestRepo;

/// A contest in which the eval command stands in the repository, and `agent-1` has cheated.
fn cheated() -> Contest {
    let repo = TestRepo::new();
    repo.write("bench/run", "cat out; cat bench/more");
    repo.write("bench/more", "size: 1\n");
    repo.write("out", "m: 180\n");
    repo.commit("Measure");
    let flags = ["--eval", "sh bench/run", "--metric", "m"];
    let contest = Contest::in_repo(repo, &flags, &["m: 170\n", "m: 90\n"]);
    let worktree = contest.worktree(1);
    contest.repo.write(worktree.join("bench/run"), "echo m: 1");
    contest
        .repo
        .git_in(&worktree, ["rm", "--quiet", "bench/more"]);
    contest.repo.write(worktree.join("bench/new"), "x");
    contest.repo.commit_in(&worktree, "Cheat");
    contest
}

fn json(contest: &Contest, flags: &[&str]) -> Value {
    let command = [&["eval", &contest.id, "--json"][..], flags].concat();
    contest.repo.hub(command).run().json()
}

#[test]
fn protected_paths_are_measured_as_they_are_in_the_base_commit() {
    let contest = cheated();
    assert_eq!(
        json(&contest, &[])["winner"],
        json!("agent-1"),
        "it can cheat"
    );
    let tip = contest
        .repo
        .git_in(contest.worktree(1), ["rev-parse", "HEAD"]);
    let document = json(&contest, &["--protect", "bench/**"]);
    assert_eq!(
        ranks(&document),
        [("agent-2", Some(1)), ("agent-1", Some(2))]
    );
    let cheat = result_of(&document, 1);
    assert_eq!(
        cheat["metric_value"],
        json!(170.0),
        "by the eval command of the base commit"
    );
    assert_eq!(cheat["numbers"]["size"], json!(1.0));
    assert_eq!(
        cheat["protected_changed"],
        json!(["bench/more", "bench/new", "bench/run"])
    );
    assert_eq!(
        cheat["commit"],
        json!(tip),
        "what would be merged is its own commit"
    );
    assert_eq!(result_of(&document, 2)["protected_changed"], json!([]));
    // Nothing of it is left: no checkout, no branch, no change in the worktree.
    let worktrees = contest.repo.git(["worktree", "list", "--porcelain"]);
    assert!(!worktrees.contains("scratch"), "{worktrees}");
    let status = contest
        .repo
        .git_in(contest.worktree(1), ["status", "--porcelain"]);
    assert_eq!(status, "");
    let text = contest.repo.hub(["eval", &contest.id, "--show"]).ok();
    let remark = "agent-1: it changed bench/more and 2 more, protected; measured with what the base commit has\n";
    assert!(text.stdout.contains(remark), "{text}");
}

#[test]
fn who_has_changed_a_protected_path_can_be_put_out() {
    let contest = cheated();
    let document = json(&contest, &["--protect", "bench", "--protect-strict"]);
    let cheat = result_of(&document, 1);
    assert_eq!(cheat["disqualified"], json!(true));
    assert_eq!(
        cheat["reason"],
        json!("it changed bench/more and 2 more, which are protected")
    );
    assert_eq!(document["winner"], json!("agent-2"));
}

#[test]
fn paths_can_be_protected_by_the_settings() {
    let contest = cheated();
    let settings = contest.repo.hub_dir().join("config.yaml");
    contest
        .repo
        .write(settings, "protect: [bench/**]\nrepeat: 2\n");
    let document = json(&contest, &[]);
    assert_eq!(document["winner"], json!("agent-2"));
    assert_eq!(document["measured"]["repeat"], json!(2));
    assert_eq!(document["measured"]["protect"], json!(["bench/**"]));
}

#[test]
fn who_misses_a_requirement_is_out_with_the_value() {
    let outputs = ["m: 90\nsize_kb: 612\n", "m: 100\nsize_kb: 400\n", "m: 80\n"];
    let contest = Contest::new("m: 180\n", &outputs, &["--metric", "m"]);
    let document = json(
        &contest,
        &["--require", "size_kb < 500", "--require", "m > 0"],
    );
    assert_eq!(document["winner"], json!("agent-2"));
    for (number, reason) in [
        (1, "size_kb is 612, required is size_kb < 500"),
        (3, "size_kb is missing, required is size_kb < 500"),
    ] {
        let out = result_of(&document, number);
        assert_eq!(out["reason"], json!(reason));
        assert_eq!(out["disqualified"], json!(true));
    }
    assert_eq!(
        document["criteria"]["require"],
        json!(["size_kb < 500", "m > 0"])
    );
    // Another number is asked of the same runs.
    let reused = json(&contest, &["--reuse", "--require", "size_kb > 500"]);
    assert_eq!(reused["winner"], json!("agent-1"));
}

#[test]
fn a_number_that_ends_as_none_is_missing_whatever_stood_before_it() {
    let outputs = [
        "m: 90\nsize_kb: 400\nsize_kb: NaN\n",
        "m: 100\nsize_kb: 400\n",
    ];
    let contest = Contest::new("m: 180\n", &outputs, &["--metric", "m"]);
    let document = json(&contest, &["--require", "size_kb < 500"]);
    assert_eq!(
        result_of(&document, 1)["reason"],
        json!("size_kb is missing, required is size_kb < 500")
    );
    assert_eq!(document["winner"], json!("agent-2"));
}

#[test]
fn a_worktree_can_be_measured_as_it_is() {
    let contest = Contest::new("m: 180\n", &["m: 90\n"], &["--metric", "m"]);
    contest
        .repo
        .write(contest.worktree(1).join("out"), "m: 40\n");
    let answer = contest
        .repo
        .hub(["eval", &contest.id, "--in-worktree"])
        .ok();
    let warning = "warning: agent-1 has uncommitted files (1); they are measured, too, and would not be merged\n";
    assert!(answer.stderr.contains(warning), "{answer}");
    let document = json(&contest, &["--show"]);
    assert_eq!(result_of(&document, 1)["metric_value"], json!(40.0));
    // It is somebody's work: it stays.
    assert_eq!(
        contest.repo.read(contest.worktree(1).join("out")),
        "m: 40\n"
    );
}
