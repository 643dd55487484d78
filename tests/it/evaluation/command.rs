//! What the eval command is run on, and what it may do there.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::{Contest, ranks, result_of};
use crate::support::{TestRepo, wait_until};

const METRIC: [&str; 2] = ["--metric", "m"];

#[test]
fn a_command_that_fails_puts_the_agent_out_with_the_last_of_what_it_said() {
    let eval = "cat out; if grep -q 'm: 1$' out; then seq 20 >&2; exit 3; fi";
    let contest = Contest::in_repo(
        TestRepo::new(),
        &["--eval", eval, "--metric", "m"],
        &["m: 1\n", "m: 5\n"],
    );
    insta::assert_snapshot!(contest.text().ok().stdout, @"
    m, lower is better, no baseline
    RANK  AGENT    METRIC  DELTA  FILES  +/-    MERGE
       1  agent-2       5      -      1  +1/-0  clean
       -  agent-1       -      -      1  +1/-0  clean
    agent-1: the eval command ended with exit status 3
        16
        17
        18
        19
        20
    winner: agent-2
    ");
    let document = contest.json();
    let out = result_of(&document, 1);
    assert_eq!(out["disqualified"], json!(true));
    assert_eq!(out["exit"], json!({ "code": 3 }));
    assert_eq!(out["stderr"], json!("16\n17\n18\n19\n20"));
    // What it printed before it failed is no result.
    assert_eq!(out["metric_value"], json!(null));
}

#[test]
fn a_command_that_dies_of_a_signal_puts_the_agent_out() {
    let contest = Contest::in_repo(
        TestRepo::new(),
        &["--eval", "cat out; kill -9 $$", "--metric", "m"],
        &["m: 1\n"],
    );
    let document = contest.json();
    let out = result_of(&document, 1);
    assert_eq!(out["exit"], json!({ "signal": 9 }));
    assert_eq!(out["disqualified"], json!(true));
}

#[test]
fn what_is_not_committed_is_not_measured() {
    let contest = Contest::new("m: 180\n", &["m: 50\n", "m: 60\n"], &METRIC);
    contest
        .repo
        .write(contest.worktree(1).join("out"), "m: 1\n");
    contest.repo.write(contest.worktree(2).join("new"), "x");
    let text = contest.text().ok();
    for agent in ["agent-1", "agent-2"] {
        let warning = format!(
            "warning: {agent} has uncommitted files (1); its last commit is measured without them\n"
        );
        assert!(text.stderr.contains(&warning), "{text}");
    }
    let document = contest.json();
    for (number, value) in [(1, 50.0), (2, 60.0)] {
        let result = result_of(&document, number);
        assert_eq!(result["metric_value"], json!(value));
        assert_eq!(result["uncommitted_files"], json!(1));
    }
    // They are still there, and the checkout that was measured is not.
    assert_eq!(contest.repo.read(contest.worktree(1).join("out")), "m: 1\n");
    assert_eq!(contest.repo.read(contest.worktree(2).join("new")), "x");
    let beside = contest.worktree(1).with_file_name("scratch");
    assert!(!beside.exists());
    let worktrees = contest.repo.git(["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 3, "{worktrees}");
}

#[test]
fn the_tip_of_the_branch_is_measured_wherever_its_worktree_stands() {
    let contest = Contest::new("m: 180\n", &["m: 50\n", "m: 60\n"], &METRIC);
    let tips: Vec<String> = [1, 2]
        .map(|number| {
            contest
                .repo
                .git_in(contest.worktree(number), ["rev-parse", "HEAD"])
        })
        .into();
    let first = contest.worktree(1);
    contest
        .repo
        .git_in(&first, ["switch", "--quiet", "--detach", "main"]);
    fs::remove_dir_all(contest.worktree(2)).unwrap();
    let document = contest.json();
    for (number, value) in [(1, 50.0), (2, 60.0)] {
        let result = result_of(&document, number);
        assert_eq!(result["metric_value"], json!(value));
        assert_eq!(result["commit"], json!(tips[number - 1]));
    }
}

#[test]
fn what_the_command_changes_in_tracked_files_is_put_back() {
    let contest = Contest::in_repo(
        TestRepo::new(),
        &[
            "--eval",
            "cat out; echo 'm: 0' >out; rm README.md; echo x >left",
            "--metric",
            "m",
        ],
        &["m: 5\n"],
    );
    let text = contest.text().ok();
    assert!(
        text.stdout
            .contains("agent-1: the eval command changed 2 tracked files; they were put back\n"),
        "{text}"
    );
    let worktree = contest.worktree(1);
    assert_eq!(
        contest.repo.git_in(&worktree, ["status", "--porcelain"]),
        "?? left"
    );
    // Measured again, it is the same: nothing of the first time is in it.
    let document = contest.json();
    assert_eq!(result_of(&document, 1)["metric_value"], json!(5.0));
    assert_eq!(
        result_of(&document, 1)["put_back"],
        json!(["README.md", "out"])
    );
}

#[test]
fn evaluating_again_measures_again() {
    let contest = Contest::new("m: 180\n", &["m: 50\n", "m: 60\n"], &METRIC);
    let stable = |mut document: serde_json::Value| {
        for differs in ["evaluated", "measured"] {
            document[differs].take();
        }
        for result in document["results"].as_array_mut().unwrap() {
            result["elapsed_s"].take();
            for run in result["runs"].as_array_mut().unwrap() {
                run["elapsed_s"].take();
            }
        }
        document
    };
    let first = stable(contest.json());
    assert_eq!(stable(contest.json()), first);
    contest.commits(2, "m: 40\n");
    let later = contest.json();
    assert_eq!(ranks(&later), [("agent-2", Some(1)), ("agent-1", Some(2))]);
    assert_eq!(later["state"], json!("evaluating"));
}

#[test]
fn the_command_knows_what_it_measures() {
    let eval = "cat out; env | grep '^HUB_' | sort >&2; exit 1";
    let contest = Contest::in_repo(
        TestRepo::new(),
        &["--eval", eval, "--metric", "m", "--no-baseline"],
        &["m: 5\n"],
    );
    contest.text().fails(8);
    let log = contest
        .repo
        .hub_dir()
        .join("sessions")
        .join(&contest.id)
        .join("evaluations/1/agent-1/run-1.stderr.log");
    insta::assert_snapshot!(contest.repo.normalised(&contest.repo.read(log)), @"
    HUB_AGENT=agent-1
    HUB_ATTEMPT=1
    HUB_BASELINE=
    HUB_DIR=[TEMP]/repo/.agenthub
    HUB_DIRECTION=lower
    HUB_EVAL_CMD=cat out; env | grep '^HUB_' | sort >&2; exit 1
    HUB_EVAL_RUN=[TEMP]/repo/.agenthub/sessions/[SESSION]/evaluations/1/agent-1/run-1.stdout.log
    HUB_METRIC=m
    HUB_SESSION=[SESSION]
    HUB_TASK=x
    HUB_WORKTREE=[TEMP]/repo.hub/[SESSION]/agent-1
    ");
}

#[test]
fn nothing_is_measured_while_an_agent_runs() {
    let repo = TestRepo::new();
    let go = repo.root().join("go");
    let agent = repo.script(
        "agent.sh",
        &format!(
            "while [ ! -e '{}' ]; do sleep 0.05; done\necho 'm: 1' >out\ngit add --all\ngit commit --quiet --message done",
            go.display()
        ),
    );
    let init = ["init", "--task", "x", "--agents", "1", "--eval", "cat out"];
    repo.hub([&init[..], &METRIC].concat()).ok();
    let id = repo.newest_session();
    repo.hub(["spawn", &id, "--agent-cmd", &agent]).ok();
    let refused = repo.hub(["eval", &id, "--json"]).fails(4).json_error();
    assert_eq!(refused["code"], "wrong_state", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("agent-1"), "{message}");
    let status = repo.hub(["status", &id, "--json"]).json();
    assert_eq!(status["state"]["state"], "running");

    repo.write(&go, "");
    wait_until(Duration::from_secs(60), "the agent has ended", || {
        let status = repo.hub(["status", &id, "--json"]).json();
        status["agents"][0]["status"] == "succeeded"
    });
    let document = repo.hub(["eval", &id, "--json"]).json();
    assert_eq!(result_of(&document, 1)["metric_value"], json!(1.0));
}
