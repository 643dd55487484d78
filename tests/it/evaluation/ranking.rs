//! How results are ordered, and what they are compared with.

use serde_json::json;

use super::{Contest, ranks, result_of};
use crate::support::TestRepo;

const LOWER: [&str; 2] = ["--metric", "p50_ms"];
const HIGHER: [&str; 4] = ["--metric", "p50_ms", "--direction", "higher"];

#[test]
fn the_smallest_number_wins_and_the_delta_is_to_the_baseline() {
    let contest = Contest::new(
        "p50_ms: 180\n",
        &["p50_ms: 150\n", "p50_ms: 90\n", "p50_ms: 200\n"],
        &LOWER,
    );
    insta::assert_snapshot!(contest.text().ok().stdout, @"
    p50_ms, lower is better, baseline 180
    RANK  AGENT    METRIC         DELTA  FILES  +/-    MERGE
       1  agent-2      90  -90 (-50.0%)      1  +1/-1  clean
       2  agent-1     150  -30 (-16.7%)      1  +1/-1  clean
       3  agent-3     200  +20 (+11.1%)      1  +1/-1  clean
    winner: agent-2
    ");
    let document = contest.json();
    assert_eq!(
        (&document["winner"], &document["beats_baseline"]),
        (&json!("agent-2"), &json!(true))
    );
    assert_eq!(result_of(&document, 2)["delta"], json!(-90.0));
    assert_eq!(result_of(&document, 2)["delta_percent"], json!(-50.0));
}

#[test]
fn where_more_is_better_the_largest_number_wins() {
    let contest = Contest::new(
        "p50_ms: 100\n",
        &["p50_ms: 150\n", "p50_ms: 90\n", "p50_ms: 200\n"],
        &HIGHER,
    );
    insta::assert_snapshot!(contest.text().ok().stdout, @"
    p50_ms, higher is better, baseline 100
    RANK  AGENT    METRIC           DELTA  FILES  +/-    MERGE
       1  agent-3     200  +100 (+100.0%)      1  +1/-1  clean
       2  agent-1     150    +50 (+50.0%)      1  +1/-1  clean
       3  agent-2      90    -10 (-10.0%)      1  +1/-1  clean
    winner: agent-3
    ");
}

#[test]
fn equal_numbers_share_a_rank_and_the_smaller_change_stands_first() {
    let contest = Contest::new(
        "p50_ms: 180\n",
        &[
            "\n\n\np50_ms: 90\n",
            "p50_ms: 90\n",
            "p50_ms: 95\n",
            "p50_ms: 80\n",
        ],
        &LOWER,
    );
    assert_eq!(
        ranks(&contest.json()),
        [
            ("agent-4", Some(1)),
            ("agent-2", Some(2)),
            ("agent-1", Some(2)),
            ("agent-3", Some(4))
        ]
    );
}

#[test]
fn a_winner_that_is_no_better_than_the_baseline_is_told() {
    let contest = Contest::new("p50_ms: 80\n", &["p50_ms: 80\n", "p50_ms: 90\n"], &LOWER);
    let text = contest.text().fails(8);
    assert!(
        text.stdout.ends_with("nobody beats the baseline\n"),
        "{text}"
    );
    let document = contest.json();
    assert_eq!(document["beats_baseline"], json!(false));
    assert_eq!(document["winner"], json!(null));
}

#[test]
fn without_a_baseline_there_is_no_delta() {
    let contest = Contest::new(
        "p50_ms: 180\n",
        &["p50_ms: 150\n"],
        &[&LOWER[..], &["--no-baseline"]].concat(),
    );
    insta::assert_snapshot!(contest.text().ok().stdout, @"
    p50_ms, lower is better, no baseline
    RANK  AGENT    METRIC  DELTA  FILES  +/-    MERGE
       1  agent-1     150      -      1  +1/-1  clean
    winner: agent-1
    ");
    let document = contest.json();
    for unknown in [&document["baseline"], &document["beats_baseline"]] {
        assert_eq!(*unknown, json!(null));
    }
    for unknown in ["delta", "delta_percent"] {
        assert_eq!(result_of(&document, 1)[unknown], json!(null), "{unknown}");
    }
}

#[test]
fn a_baseline_that_cannot_be_measured_is_told_and_is_no_failure() {
    for (base, problem) in [
        ("echo fast", "no p50_ms in the output"),
        ("echo p50_ms: inf", "p50_ms is inf, not a finite number"),
        (
            "echo out of tea >&2; exit 3",
            "the eval command ended with exit status 3: out of tea",
        ),
    ] {
        let repo = TestRepo::new();
        let eval = format!("if [ -e out ]; then cat out; else {base}; fi");
        let init = ["init", "--task", "x", "--eval", &eval, "--metric", "p50_ms"];
        let text = repo.hub(init).ok();
        assert!(
            text.stdout.contains(&format!("\nno baseline: {problem}\n")),
            "{text}"
        );
        let document = repo.hub([&init[..], &["--json"]].concat()).json();
        assert_eq!(document["baseline_problem"], json!(problem));
        assert_eq!(document["config"]["baseline"], json!(null));

        let contest = Contest::in_repo(repo, &init[3..], &["p50_ms: 7\n"]);
        let result = contest.json();
        assert_eq!(result_of(&result, 1)["metric_value"], json!(7.0));
        assert_eq!(result_of(&result, 1)["delta"], json!(null));
    }
}

#[test]
fn an_agent_without_a_commit_is_out() {
    let contest = Contest::in_repo(
        TestRepo::new(),
        &["--eval", "echo p50_ms: 1", "--metric", "p50_ms"],
        &["x", "y"],
    );
    let base = contest.repo.git(["rev-parse", "main"]);
    let worktree = contest.worktree(1);
    contest
        .repo
        .git_in(&worktree, ["reset", "--quiet", "--hard", &base]);
    let document = contest.json();
    assert_eq!(ranks(&document), [("agent-2", Some(1)), ("agent-1", None)]);
    let out = result_of(&document, 1);
    assert_eq!(out["disqualified"], json!(true));
    assert_eq!(out["reason"], json!("it made no commit"));
}

#[test]
fn without_a_metric_nobody_is_ranked() {
    let contest = Contest::new("", &["a\n", "b\n"], &[]);
    insta::assert_snapshot!(contest.text().ok().stdout, @"
    RANK  AGENT    METRIC  DELTA  FILES  +/-    MERGE
       -  agent-1       -      -      1  +1/-0  clean
       -  agent-2       -      -      1  +1/-0  clean
    ");
    let document = contest.json();
    for absent in ["metric", "direction", "baseline", "winner"] {
        assert_eq!(document[absent], json!(null), "{absent}");
    }
}

#[test]
fn where_nobody_has_a_number_the_answer_stands_and_the_status_says_so() {
    let contest = Contest::new("p50_ms: 180\n", &["slow\n", "fast\n"], &LOWER);
    let text = contest.text().fails(8);
    insta::assert_snapshot!(text.stdout, @"
    p50_ms, lower is better, baseline 180
    RANK  AGENT    METRIC  DELTA  FILES  +/-    MERGE
       1  agent-1       -      -      1  +1/-1  clean
       1  agent-2       -      -      1  +1/-1  clean
    agent-1: no p50_ms in the output
    agent-2: no p50_ms in the output
    no winner
    ");
    assert_eq!(text.stderr, "");
    assert_eq!(contest.json()["winner"], json!(null));
}
