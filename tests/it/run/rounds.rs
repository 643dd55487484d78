//! `hub run --rounds`: one session after the other, each from the best of the one before.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{TestRepo, wait_until};

use super::{archived, assert_tidy, no_process_is_left, run};

const LIMIT: Duration = Duration::from_secs(120);

/// agent-2 takes 30 off, agent-1 takes 10 off, agent-3 adds 5; nobody comes below 100.
const IMPROVES: &str = "\
now=$(cat p50_ms)
case $HUB_AGENT in
agent-1) now=$((now - 10)) ;;
agent-2) now=$((now - 30)) ;;
*) now=$((now + 5)) ;;
esac
[ $now -ge 100 ] || now=100
echo $now >p50_ms
echo \"$HUB_STRATEGY\" >>\"tried by $HUB_AGENT\"
git add --all
git commit --quiet --message \"$HUB_AGENT: $now ms\"";

/// Of every round: where it started, what it came to, its session's state.
fn road(report: &Value) -> Vec<(f64, f64, &str)> {
    let rounds = report["rounds"].as_array().unwrap().iter();
    rounds
        .map(|round| {
            (
                round["baseline"].as_f64().unwrap(),
                round["metric_value"].as_f64().unwrap(),
                round["state"].as_str().unwrap(),
            )
        })
        .collect()
}

fn state(repo: &TestRepo, session: &str) -> String {
    let status = repo.hub(["status", session, "--json"]).json();
    status["state"]["state"].as_str().unwrap().to_owned()
}

/// The sessions, oldest first.
fn sessions(repo: &TestRepo) -> Vec<String> {
    let list = repo.hub(["list", "--json"]).json();
    let mut ids: Vec<String> = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["session_id"].as_str().unwrap().to_owned())
        .collect();
    ids.reverse();
    ids
}

#[test]
fn rounds_go_on_until_nobody_improves_and_the_last_that_did_is_merged() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", IMPROVES);
    let report = run(&repo, &script, &["--yes", "--rounds", "9", "--json"])
        .ok()
        .json();
    assert_eq!(
        road(&report),
        [
            (180.0, 150.0, "archived"),
            (150.0, 120.0, "archived"),
            (120.0, 100.0, "merged"),
            (100.0, 100.0, "archived"),
        ]
    );
    assert_eq!(report["rounds_end"], "not_improved");
    let rounds = report["rounds"].as_array().unwrap();
    assert_eq!(rounds[0]["parent"], Value::Null);
    for pair in rounds.windows(2) {
        assert_eq!(pair[1]["parent"], pair[0]["session_id"]);
    }
    let improved: Vec<bool> = rounds
        .iter()
        .map(|round| round["improved"].as_bool().unwrap())
        .collect();
    assert_eq!(improved, [true, true, true, false]);
    assert_eq!(report["session_id"], rounds[2]["session_id"]);
    assert_eq!(report["merge"]["winner"], "agent-2");

    assert_eq!(repo.read("p50_ms"), "100\n");
    let subjects = repo.git(["log", "--format=%s", "main^1..main"]);
    assert_eq!(
        subjects,
        "Merge agent-2: make sum faster\nagent-2: 100 ms\nagent-2: 120 ms\nagent-2: 150 ms",
        "one merge with the winners of all rounds"
    );
    let of_round = |n: usize| archived(&repo, rounds[n]["session_id"].as_str().unwrap());
    assert_eq!(of_round(0), ["agent-1", "agent-2", "agent-3"]);
    assert_eq!(of_round(2), ["agent-1", "agent-3"]);
    assert_eq!(of_round(3), ["agent-1", "agent-2", "agent-3"]);
    assert_tidy(&repo);
}

#[test]
fn no_more_rounds_are_held_than_were_asked_for() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", IMPROVES);
    let answer = run(&repo, &script, &["--yes", "--rounds", "2"]).ok();
    let end: Vec<&str> = answer.stdout.lines().rev().take(5).collect();
    let end: Vec<&str> = end.into_iter().rev().collect();
    insta::assert_snapshot!(repo.normalised(&end.join("\n")), @r"
    ROUND  SESSION  FROM  TO  WINNER  STATE
        1  [SESSION]  180  150  agent-2  archived
        2  [SESSION]  150  120  agent-2  merged
    all rounds were held
    session [SESSION] is merged
    ");
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_tidy(&repo);
}

#[test]
fn they_stop_when_the_best_result_is_good_enough() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", IMPROVES);
    let flags = ["--yes", "--rounds", "9", "--stop-when", "p50_ms <= 150"];
    let report = run(&repo, &script, &[&flags[..], &["--json"]].concat());
    let report = report.ok().json();
    assert_eq!(road(&report), [(180.0, 150.0, "merged")]);
    assert_eq!(report["rounds_end"], "reached");
    assert_eq!(repo.read("p50_ms"), "150\n");
    assert_tidy(&repo);
}

#[test]
fn the_best_strategies_go_on_and_the_others_make_place() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", IMPROVES);
    let list = repo.root().join("list");
    repo.write(&list, "a\nb\nc\nd\n");
    let flags = [
        "--yes",
        "--rounds",
        "3",
        "--keep-best",
        "2",
        "--strategies",
        list.to_str().unwrap(),
        "--json",
    ];
    let report = run(&repo, &script, &flags).ok().json();
    let tried = |round: usize| {
        let session = report["rounds"][round]["session_id"].as_str().unwrap();
        let status = repo.hub(["status", session, "--json"]).json();
        let agents = status["agents"].as_array().unwrap().iter();
        let strategy = |agent: &Value| agent["strategy"].as_str().unwrap().to_owned();
        agents.map(strategy).collect::<Vec<String>>().concat()
    };
    assert_eq!(tried(0), "abc");
    assert_eq!(tried(1), "bad", "agent-2 was best, then agent-1");
    assert_eq!(
        tried(2),
        "abd",
        "agent-2 again; nothing is left to be tried"
    );
}

#[test]
fn where_nobody_improves_at_all_it_ends_like_a_single_run() {
    let repo = TestRepo::new().with_bench();
    let slower = "echo 200 >p50_ms; git commit --quiet --all --message Slower";
    let script = repo.script("agent.sh", slower);
    let refused = run(&repo, &script, &["--rounds", "3"]).fails(8);
    assert!(refused.stderr.contains("nobody beats"), "{refused}");
    let [session] = &sessions(&repo)[..] else {
        panic!("one round was enough");
    };
    assert_eq!(state(&repo, session), "evaluating");
    let report = run(&repo, &script, &["--rounds", "3", "--yes", "--json"]).fails(8);
    assert_eq!(road(&report.json()), [(180.0, 200.0, "archived")]);
}

#[test]
fn without_a_yes_every_session_stays_as_it_is_and_the_message_says_how_to_go_on() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", IMPROVES);
    let refused = run(&repo, &script, &["--rounds", "2"]).fails(6);
    let [first, second] = &sessions(&repo)[..] else {
        panic!("two rounds were asked for");
    };
    for session in [first, second] {
        assert_eq!(state(&repo, session), "evaluating");
    }
    for words in [
        format!("hub archive {first}"),
        format!("hub merge {second}"),
    ] {
        assert!(refused.stderr.contains(&words), "{words}: {refused}");
    }
    repo.hub(["merge", second]).ok();
    repo.hub(["archive", first]).ok();
    assert_eq!(repo.read("p50_ms"), "120\n");
}

/// A run whose second round waits for a file `go`.
fn in_the_second_round(repo: &TestRepo) -> crate::support::Running {
    let go = repo.root().join("go");
    let waits = format!(
        "[ $(cat p50_ms) -eq 180 ] || until [ -e {} ]; do sleep 0.02; done",
        go.display()
    );
    let script = repo.script("agent.sh", &format!("{waits}\n{IMPROVES}"));
    let running = repo
        .hub([
            "run",
            "--task",
            "make sum faster",
            "--agents",
            "3",
            "--agent-cmd",
            &script,
            "--eval",
            "sh bench.sh",
            "--metric",
            "p50_ms",
            "--rounds",
            "3",
            "--yes",
        ])
        .start();
    wait_until(LIMIT, "the second round runs", || {
        let list = repo.hub(["list", "--json"]).json();
        let newest = &list["sessions"][0];
        let all_run = || {
            let status = repo.hub(["status", "latest", "--json"]).json();
            let agents = status["agents"].as_array().unwrap().clone();
            agents.iter().all(|agent| agent["status"] == "running")
        };
        newest["parent"].is_string() && newest["state"] == "running" && all_run()
    });
    running
}

#[test]
fn an_interrupted_round_leaves_the_best_until_then_to_be_merged() {
    let repo = TestRepo::new().with_bench();
    let running = in_the_second_round(&repo);
    running.signal(Signal::INT);
    let answer = running.end().fails(130);
    let [first, second] = &sessions(&repo)[..] else {
        panic!("two rounds were begun");
    };
    for words in [
        format!("hub eval {second}"),
        format!("the best is agent-2 of round 1, session {first}: 150"),
        format!("hub merge {first}"),
        format!("hub run --from {first} --rounds N"),
    ] {
        assert!(answer.stderr.contains(&words), "{words}: {answer}");
    }
    no_process_is_left(&repo);
    assert_eq!(state(&repo, first), "evaluating");
    assert_eq!(state(&repo, second), "running");
    repo.write(repo.root().join("go"), "");
    let script = repo.root().join("scripts/agent.sh");
    let again = [
        "run",
        "--from",
        first,
        "--rounds",
        "2",
        "--agent-cmd",
        script.to_str().unwrap(),
        "--yes",
        "--json",
    ];
    let report = repo.hub(again).json();
    assert_eq!(
        road(&report),
        [(150.0, 120.0, "archived"), (120.0, 100.0, "merged")]
    );
    for session in [first, second] {
        repo.hub(["archive", session]).ok();
        repo.hub(["cleanup", session]).ok();
    }
    assert_tidy(&repo);
}

#[test]
fn a_killed_run_leaves_sessions_that_are_gone_on_with_by_hand() {
    let repo = TestRepo::new().with_bench();
    let running = in_the_second_round(&repo);
    running.signal(Signal::KILL);
    running.end().fails(137);
    repo.write(repo.root().join("go"), "");
    let [first, second] = &sessions(&repo)[..] else {
        panic!("two rounds were begun");
    };
    repo.hub(["wait", second]).ok();
    repo.hub(["eval", second]).ok();
    repo.hub(["merge", second]).ok();
    repo.hub(["archive", first]).ok();
    for session in [first, second] {
        repo.hub(["cleanup", session]).ok();
    }
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_tidy(&repo);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_made() {
    let repo = TestRepo::new().with_bench();
    let none = repo.hub(["run", "--task", "x", "--agent-cmd", "true", "--rounds", "2"]);
    let none = none.fails(2);
    assert!(none.stderr.contains("without a metric"), "{none}");
    for flags in [
        &["--rounds", "0"][..],
        &["--keep-best", "2"],
        &["--stop-when", "p50_ms < 1"],
        &["--rounds", "2", "--stop-when", "p50_ms"],
        &["--rounds", "2", "--stop-when", "size < 1"],
    ] {
        run(&repo, "true", flags).fails(2);
    }
    assert_eq!(sessions(&repo), [] as [&str; 0]);
}
