//! Repeated measuring: in which order, what is made of the numbers, and what is kept.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Contest, ranks, result_of};
use crate::support::{TestRepo, wait_until};

/// Seven numbers around `centre`, with a noise of one that is another for each `kind`.
fn around(centre: f64, kind: usize) -> String {
    let pattern = [-1.0, 0.6, -0.2, 1.0, 0.1, -0.7, 0.2];
    let value = |at: usize| centre + pattern[(at * (kind + 1)) % 7];
    (0..7)
        .map(|at| format!("m: {:.1}\n", value(at)))
        .collect::<Vec<_>>()
        .concat()
}

/// A contest whose eval command prints the next line of `out` at each run, and tells in a file
/// who was measured when.
fn noisy(base: &str, outputs: &[&str], more: &str) -> Contest {
    let repo = TestRepo::new();
    repo.write("out", base);
    repo.commit("Print");
    let root = repo.root().display().to_string();
    let eval = format!(
        "who=${{HUB_AGENT:-base}}; echo $who >>'{root}/order'; f='{root}/n-'$who; \
         n=$(cat $f 2>/dev/null || echo 0); echo $((n + 1)) >$f; sed -n \"$((n % 7 + 1))p\" out; {more}"
    );
    // The baseline is measured by the rounds.
    let flags = ["--eval", &eval, "--metric", "m", "--no-baseline"];
    Contest::in_repo(repo, &flags, outputs)
}

fn order(contest: &Contest) -> Vec<String> {
    let file = contest.repo.root().join("order");
    let text = contest.repo.read(file);
    text.lines().map(str::to_owned).collect()
}

fn eval(contest: &Contest, flags: &[&str]) -> crate::support::Answer {
    let command = [&["eval", &contest.id][..], flags].concat();
    contest.repo.hub(command).run()
}

fn json(contest: &Contest, flags: &[&str]) -> Value {
    eval(contest, &[flags, &["--json"]].concat()).json()
}

const REPEAT: [&str; 4] = ["--repeat", "7", "--seed", "5"];

#[test]
fn rounds_go_round_all_and_the_table_tells_what_is_noise() {
    let (slow, fast) = (around(98.0, 1), around(80.0, 2));
    let contest = noisy(&around(100.0, 0), &[&slow, &fast], "");
    let answer = eval(&contest, &REPEAT).ok();
    insta::assert_snapshot!(answer.stdout, @"
    m, lower is better, baseline 100.1
    7 runs of each, in an order from seed 5; intervals of 95 % from 2000 resamples
    RANK  AGENT    MEDIAN  INTERVAL          DELTA  RUNS  FILES  +/-    MERGE  EACH RUN
       1  agent-2    80.1  79 to 81   -20 (-20.0%)     7      1  +7/-7  clean  •●•
       2  agent-1    98.1  97 to 99     -2 (-2.0%)     7      1  +6/-6  clean                     •●·
       -  base      100.1  99 to 101             -     7      -  -      -                           •●•
    winner: agent-2
    ");
    for round in order(&contest).chunks(3) {
        let mut round = round.to_vec();
        round.sort();
        assert_eq!(round, ["agent-1", "agent-2", "base"]);
    }
    assert_eq!(order(&contest).len(), 21);
}

#[test]
fn warm_up_runs_come_first_and_do_not_count() {
    let contest = noisy(&around(100.0, 0), &[&around(80.0, 1)], "");
    let document = json(&contest, &["--repeat", "3", "--warmup", "2"]);
    assert_eq!(order(&contest).len(), 2 * (3 + 2));
    let runs = result_of(&document, 1)["runs"].as_array().unwrap();
    let counts: Vec<bool> = runs
        .iter()
        .map(|run| run["warmup"] == json!(false))
        .collect();
    assert_eq!(counts, [false, false, true, true, true]);
    assert_eq!(document["measured"]["warmup"], json!(2));
}

#[test]
fn what_noise_hides_is_a_tie_and_no_gain() {
    let (one, two) = (around(100.2, 1), around(100.0, 2));
    let contest = noisy(&around(100.1, 0), &[&one, &two], "");
    let answer = eval(&contest, &REPEAT).fails(8);
    assert!(
        answer.stdout.contains("nobody beats the baseline\n"),
        "{answer}"
    );
    let document = json(&contest, &["--reuse"]);
    let both = ranks(&document).into_iter().map(|(_, rank)| rank);
    assert_eq!(both.collect::<Vec<_>>(), [Some(1), Some(1)]);
    assert_eq!(document["winner"], json!(null));
    for result in document["results"].as_array().unwrap() {
        assert_eq!(result["tied"], json!(true));
        assert_eq!(result["beats_baseline"], json!(false));
    }
    let allowed = json(&contest, &["--reuse", "--allow-no-gain"]);
    assert_ne!(allowed["winner"], json!(null));
    // What noise hides is not merged, either, unless that was allowed.
    contest.repo.hub(["merge", &contest.id, "--yes"]).ok();
}

#[test]
fn tie_breaks_decide_between_those_that_are_tied() {
    let print = |noise: &str, size: u32| -> String {
        noise
            .lines()
            .map(|line| format!("{line} size: {size}\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    let outputs = [print(&around(80.2, 1), 9), print(&around(80.0, 2), 3)];
    let contest = noisy(&around(100.0, 0), &[&outputs[0], &outputs[1]], "");
    let document = json(
        &contest,
        &[&REPEAT[..], &["--tie-break", "size:lower"]].concat(),
    );
    assert_eq!(
        ranks(&document),
        [("agent-2", Some(1)), ("agent-1", Some(1))]
    );
    assert_eq!(document["winner_decided_by"], json!("size"));
    let higher = json(&contest, &["--reuse", "--tie-break", "size:higher"]);
    assert_eq!(ranks(&higher)[0].0, "agent-1");
    assert_eq!(result_of(&higher, 2)["numbers"]["size"], json!(3.0));
}

#[test]
fn who_fails_in_one_run_is_out_and_not_run_again() {
    let fails = "[ \"$who$n\" != agent-12 ]";
    let contest = noisy(
        &around(100.0, 0),
        &[&around(50.0, 1), &around(80.0, 2)],
        fails,
    );
    let document = json(&contest, &REPEAT);
    let out = result_of(&document, 1);
    assert_eq!(out["disqualified"], json!(true));
    assert_eq!(
        out["reason"],
        json!("run 3: the eval command ended with exit status 1")
    );
    let runs = order(&contest)
        .iter()
        .filter(|who| *who == "agent-1")
        .count();
    assert_eq!(runs, 3);
    assert_eq!(document["winner"], json!("agent-2"));
}

#[test]
fn a_run_that_takes_too_long_is_out() {
    let contest = noisy("m: 9\n", &["m: 5\n"], "[ $who = base ] || sleep 1000");
    let document = json(&contest, &["--timeout", "0.5"]);
    let out = result_of(&document, 1);
    assert_eq!(
        out["reason"],
        json!("the eval command took longer than 0.5 s")
    );
    assert_eq!(out["runs"][0]["timed_out"], json!(true));
}

#[test]
fn what_a_run_leaves_behind_ends_with_it() {
    let contest = noisy("m: 9\n", &["m: 5\n"], "setsid -f sleep 1000");
    json(&contest, &[]);
    let left = || contest.repo.processes();
    assert!(left().is_empty(), "{:?}", left());
}

#[test]
fn a_baseline_of_zero_has_no_per_cent() {
    let contest = noisy(
        &"m: 0\n".repeat(7),
        &[&around(-5.0, 1), &"m: 0\n".repeat(7)],
        "",
    );
    let document = json(&contest, &REPEAT);
    assert_eq!(document["baseline"], json!(0.0));
    for number in [1, 2] {
        assert_eq!(result_of(&document, number)["delta_percent"], json!(null));
    }
    assert_eq!(document["winner"], json!("agent-1"));
    assert_eq!(result_of(&document, 2)["delta"], json!(0.0));
}

#[test]
fn a_single_agent_is_held_against_the_base() {
    for (centre, winner) in [(80.0, json!("agent-1")), (100.0, json!(null))] {
        let contest = noisy(&around(100.0, 0), &[&around(centre, 1)], "");
        let document = json(&contest, &REPEAT);
        assert_eq!(document["winner"], winner, "{centre}");
        assert_eq!(result_of(&document, 1)["rank"], json!(1));
        assert_eq!(document["measured"]["method"], json!("intervals"));
    }
}

#[test]
fn where_no_agent_has_a_commit_there_is_nothing_to_measure() {
    let repo = TestRepo::new();
    repo.write("out", "m: 9\n");
    repo.commit("Print");
    let init = [
        "init", "--task", "x", "-n", "2", "--eval", "cat out", "--metric", "m",
    ];
    repo.hub(init).ok();
    repo.hub(["spawn", "--no-start"]).ok();
    let answer = repo.hub(["eval", "--repeat", "3"]).fails(8);
    assert!(
        answer.stdout.contains("agent-2: it made no commit\n"),
        "{answer}"
    );
    assert!(answer.stdout.ends_with("no winner\n"), "{answer}");
}

#[test]
fn several_runs_at_once_are_warned_of() {
    let (one, two) = (around(90.0, 1), around(80.0, 2));
    let contest = noisy(&around(100.0, 0), &[&one, &two], "");
    let answer = eval(&contest, &["--repeat", "3", "--jobs", "3"]).ok();
    let warning = "warning: several runs at once disturb each other: times are not comparable\n";
    assert!(answer.stderr.contains(warning), "{answer}");
    assert_eq!(order(&contest).len(), 9);
}

#[test]
fn an_evaluation_that_is_broken_off_is_gone_on_with() {
    let (one, two) = (around(90.0, 1), around(80.0, 2));
    // The tenth run waits until somebody breaks the evaluation off.
    let waits = "[ $(wc -l <\"${f%/*}/order\") != 10 ] || sleep 1000";
    let contest = noisy(&around(100.0, 0), &[&one, &two], waits);
    let command = [&["eval", &contest.id][..], &REPEAT].concat();
    let running = contest.repo.hub(command).start();
    wait_until(Duration::from_secs(60), "the tenth run is made", || {
        contest.repo.root().join("order").exists() && order(&contest).len() == 10
    });
    running.signal(Signal::INT);
    running.end().fails(130);
    let answer = eval(&contest, &[]).ok();
    let note = "going on with evaluation 1: 9 runs are made, 12 are left\n";
    assert!(answer.stderr.contains(note), "{answer}");
    assert_eq!(
        order(&contest).len(),
        22,
        "the one that was broken off is made again"
    );
    let document = json(&contest, &["--show"]);
    assert_eq!(document["measured"]["evaluation"], json!(1));
    assert_eq!(document["measured"]["seed"], json!(5));
    assert_eq!(document["measured"]["rounds"], json!(7));
}

/// An evaluation that was broken off in its third run; the runs leave a file.
fn broken_off() -> Contest {
    let waits = "echo x >left; [ $(wc -l <\"${f%/*}/order\") != 3 ] || sleep 1000";
    let contest = noisy("m: 9\n", &["m: 5\n"], waits);
    let command = ["eval", &contest.id, "--repeat", "7", "--seed", "5"];
    let running = contest.repo.hub(command).start();
    wait_until(Duration::from_secs(60), "the third run is made", || {
        contest.repo.root().join("order").exists() && order(&contest).len() == 3
    });
    running.signal(Signal::INT);
    running.end().fails(130);
    assert!(contest.worktree(1).join("left").exists());
    contest
}

#[test]
fn what_the_runs_left_before_they_were_broken_off_is_no_work_of_the_agents() {
    let contest = broken_off();
    let status = contest.repo.hub(["status", &contest.id, "--json"]).json();
    assert_eq!(status["agents"][0]["uncommitted_files"], json!(0));
    let answer = eval(&contest, &[]);
    assert!(
        answer.stderr.contains("going on with evaluation 1"),
        "{answer}"
    );
    assert!(!answer.stderr.contains("uncommitted"), "{answer}");
}

#[test]
fn what_the_runs_left_before_they_were_broken_off_goes_with_the_worktree() {
    let contest = broken_off();
    contest.repo.hub(["archive", &contest.id]).ok();
    contest.repo.hub(["cleanup", &contest.id]).ok();
    assert!(!contest.worktree(1).exists());
}

#[test]
fn the_last_evaluation_is_shown_and_ranked_again_without_a_run() {
    let contest = noisy(&around(100.0, 0), &[&around(90.0, 1)], "");
    let measured = json(&contest, &REPEAT);
    let runs = order(&contest).len();
    assert_eq!(json(&contest, &["--show"]), measured);
    let mut again = json(&contest, &["--reuse"]);
    again["evaluated"] = measured["evaluated"].clone();
    assert_eq!(again, measured, "a seed gives the same intervals");
    assert_eq!(order(&contest).len(), runs);
}

#[test]
fn one_agent_is_measured_again_and_the_runs_of_the_others_stay() {
    let contest = noisy(&around(100.0, 0), &[&around(90.0, 1), &around(80.0, 2)], "");
    let before = json(&contest, &REPEAT);
    let later = json(&contest, &["--only", "agent-2"]);
    assert_eq!(order(&contest).len(), 21 + 7);
    assert_eq!(later["measured"]["evaluation"], json!(2));
    let runs = |document, number| result_of(document, number)["runs"].clone();
    assert_eq!(runs(&later, 1), runs(&before, 1));
    assert_eq!(later["base"], before["base"]);
    assert_ne!(runs(&later, 2), runs(&before, 2));
}

#[test]
fn nothing_can_be_shown_before_there_is_something() {
    let contest = noisy("m: 9\n", &["m: 5\n"], "");
    for flag in ["--show", "--reuse", "--only=agent-1"] {
        let refused = eval(&contest, &[flag, "--json"]).fails(4).json_error();
        assert_eq!(refused["code"], json!("wrong_state"), "{flag}");
    }
    let unknown = eval(&contest, &["--only", "agent-9", "--json"]).fails(3);
    assert_eq!(unknown.json_error()["code"], json!("not_found"));
}

#[test]
fn options_that_cannot_be_meant_are_refused() {
    let contest = noisy("m: 9\n", &["m: 5\n"], "");
    for (flags, why) in [
        (&["--repeat", "0"][..], "it must be 1 to 1000"),
        (&["--repeat", "1001"], "it must be 1 to 1000"),
        (&["--require", "m = 1"], "equal is =="),
        (&["--require", "m"], "it has no operator"),
        (
            &["--tie-break", "size"],
            "it must be a metric and a direction",
        ),
        (&["--protect", "../x"], "it leads out of the repository"),
        (&["--timeout", "0"], "it must be more than 0"),
        (&["--show", "--repeat", "3"], "cannot be used with"),
    ] {
        let refused = eval(&contest, flags).fails(2);
        assert!(refused.stderr.contains(why), "{flags:?}: {refused}");
    }
}
