//! `--verify`: the merged tree stands its test before the base branch moves, or nothing happens.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Terminal, TestRepo, wait_until};

use super::tip;

/// Three agents with 150, 120 and 200 ms; the baseline is 180.
fn evaluated() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let init = ["init", "--task", "Be fast", "--eval", "sh bench.sh"];
    repo.hub(init.iter().chain(&["--metric", "p50_ms"])).ok();
    let id = repo.newest_session();
    repo.hub(["spawn", &id, "--no-start"]).ok();
    for (agent, value) in [("agent-1", "150"), ("agent-2", "120"), ("agent-3", "200")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    repo.hub(["eval", &id]).ok();
    (repo, id)
}

fn logs(repo: &TestRepo, id: &str) -> std::path::PathBuf {
    repo.hub_dir().join("sessions").join(id).join("verify")
}

#[test]
fn bare_it_is_the_eval_command_on_the_merged_tree() {
    let (repo, id) = evaluated();
    repo.write("meanwhile.txt", "meanwhile\n");
    repo.commit("Meanwhile");
    let report = repo.hub(["merge", &id, "--verify", "--json"]).json();
    let verified = &report["verified"];
    assert_eq!(verified["command"], "sh bench.sh");
    assert_eq!(verified["exit"]["code"], 0);
    assert_eq!(verified["metric_value"], 120.0);
    assert_eq!(verified["winner_value"], 120.0);
    assert_eq!(verified["baseline"], 180.0);
    let log = verified["stdout_log"].as_str().unwrap();
    assert_eq!(repo.read(log), "p50_ms: 120\n");
    assert_eq!(repo.state(&id), "merged");
    assert!(!repo.worktree(&id, "scratch").exists());
}

#[test]
fn the_number_is_shown_beside_the_winners_own_and_the_baseline() {
    let (repo, id) = evaluated();
    let answer = repo.hub(["merge", &id, "--verify"]).ok();
    let line = answer.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with("verified with sh bench.sh in "), "{line}");
    assert!(
        line.ends_with(": 120 (agent-2 120, baseline 180)"),
        "{line}"
    );
}

#[test]
fn a_command_runs_in_a_checkout_of_the_merged_tree() {
    let (repo, id) = evaluated();
    repo.write("meanwhile.txt", "meanwhile\n");
    let before = repo.commit("Meanwhile");
    let seen = repo.root().join("seen");
    let command = format!(
        "test -f meanwhile.txt && cat p50_ms >{seen} && git rev-parse HEAD^1 main >>{seen} && echo \"$HUB_AGENT\" >>{seen}",
        seen = seen.display()
    );
    let report = repo
        .hub(["merge", &id, "--json", "--verify", &command])
        .json();
    assert_eq!(
        repo.read(&seen),
        format!("120{before}\n{before}\nagent-2\n")
    );
    assert_eq!(report["verified"]["metric_value"], serde_json::Value::Null);
    assert_eq!(repo.state(&id), "merged");
}

#[test]
fn a_tree_that_fails_changes_nothing_and_the_next_is_named() {
    let (repo, id) = evaluated();
    let before = repo.picture();
    let command = "echo seen; echo broken >&2; ! grep -q 120 p50_ms";
    let how = ["merge", &id, "--squash", "--verify", command, "--json"];
    let error = repo.hub(how).fails(1).json_error();
    assert_eq!(error["code"], "verification_failed");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("agent-2 was not merged into main: "),
        "{message}"
    );
    assert!(
        message.ends_with("ended with exit status 1: broken"),
        "{message}"
    );
    let log = logs(&repo, &id).join("stderr.log");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains(log.to_str().unwrap()), "{hint}");
    assert!(hint.contains("agent-1 is next (150)"), "{hint}");
    assert_eq!(repo.read(log), "broken\n");
    assert_eq!(repo.read(logs(&repo, &id).join("stdout.log")), "seen\n");
    assert_eq!(repo.picture(), before);
    let events = repo.hub(["events", &id, "--json"]).json();
    let last = events["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["operation"], &last["phase"]),
        (&"merge".into(), &"taken_back".into())
    );

    // As the hint says: the same of the next one.
    repo.typed(hint.split('`').nth(1).unwrap());
    assert_eq!(repo.read("p50_ms"), "150");
    assert_eq!(
        repo.git(["show", "--no-patch", "--format=%s"]),
        "Squash agent-1: Be fast"
    );
}

#[test]
fn nobody_who_does_not_beat_the_baseline_is_next() {
    let (repo, id) = evaluated();
    let how = ["merge", &id, "--agent", "agent-1", "--verify", "false"];
    let answer = repo.hub(how).fails(1);
    assert!(!answer.stderr.contains("is next"), "{answer}");
}

#[test]
fn yes_takes_nobody_else() {
    let (repo, id) = evaluated();
    let before = repo.picture();
    let answer = repo
        .hub(["merge", &id, "--yes", "--verify", "false"])
        .fails(1);
    assert!(answer.stderr.contains("agent-1 is next"), "{answer}");
    assert_eq!(repo.picture(), before);
}

#[test]
fn on_a_terminal_the_next_is_asked_for() {
    let command = "! grep -q 120 p50_ms";
    let (repo, id) = evaluated();
    let before = repo.picture();
    let asked = |answer: &str| {
        let hub = repo.hub(["merge", &id, "--verify", command]);
        let mut terminal = Terminal::start(hub, 80);
        terminal.sees("agent-1 is next, 150: merge it instead?");
        terminal.types(answer);
        terminal.ends()
    };
    let (code, _) = asked("n");
    assert_eq!(code, 1);
    assert_eq!(repo.picture(), before);
    let (code, shown) = asked("y");
    assert_eq!(code, 0, "{shown}");
    assert_eq!(repo.read("p50_ms"), "150");
    assert_eq!(repo.state(&id), "merged");
}

#[test]
fn an_eval_command_that_prints_no_number_is_a_failure() {
    let (repo, id) = evaluated();
    repo.write("bench.sh", "#!/bin/sh\necho none\n");
    repo.commit("Break the measure");
    let before = repo.picture();
    let answer = repo.hub(["merge", &id, "--verify"]).fails(1);
    assert!(
        answer.stderr.contains("no p50_ms in the output"),
        "{answer}"
    );
    assert_eq!(repo.picture(), before);
}

#[test]
fn one_that_takes_too_long_is_ended_with_all_that_it_started() {
    let (repo, id) = evaluated();
    let before = repo.picture();
    let command = "sleep 1000 & sleep 1000";
    let how = [
        "merge",
        &id,
        "--verify-timeout",
        "0.3s",
        "--verify",
        command,
    ];
    let answer = repo.hub(how).fails(1);
    assert!(answer.stderr.contains("took longer than 0.3 s"), "{answer}");
    assert_eq!(repo.picture(), before);
    assert_eq!(repo.processes(), [] as [&str; 0]);
}

#[test]
fn ctrl_c_ends_it_and_nothing_is_changed() {
    let (repo, id) = evaluated();
    let before = repo.picture();
    let begun = repo.root().join("begun");
    let command = format!("touch {}; sleep 1000", begun.display());
    let running = repo.hub(["merge", &id, "--verify", &command]).start();
    wait_until(Duration::from_secs(60), "it runs", || begun.exists());
    running.signal(Signal::INT);
    let answer = running.end();
    assert_eq!(answer.code(), 130, "{answer}");
    assert_eq!(repo.processes(), [] as [&str; 0]);
    std::fs::remove_file(begun).unwrap();
    assert_eq!(repo.picture(), before);
    repo.hub(["merge", &id]).ok();
}

#[test]
fn what_it_writes_or_commits_does_not_come_along() {
    let (repo, id) = evaluated();
    let command = "echo x >p50_ms; echo y >new; git add new; git commit -qm extra";
    repo.hub(["merge", &id, "--verify", command]).ok();
    assert_eq!(repo.read("p50_ms"), "120");
    assert!(!repo.path().join("new").exists());
    assert_eq!(
        tip(&repo, "main^2"),
        tip(&repo, &super::branch(&id, "agent-2"))
    );
}

#[test]
fn an_eval_command_that_came_with_a_clone_is_not_run() {
    let (repo, id) = evaluated();
    repo.git(["add", "--force", ".agenthub"]);
    repo.git(["commit", "--quiet", "--message", "Share the session"]);
    let before = repo.refs();
    let answer = repo.hub(["merge", &id, "--verify"]).fails(6);
    assert!(
        answer.stderr.contains("came with the repository"),
        "{answer}"
    );
    assert!(!logs(&repo, &id).exists());
    assert_eq!(repo.refs(), before);
}

#[test]
fn without_an_eval_command_it_needs_one_of_its_own() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Be fast", "-n", "1"]).ok();
    let id = repo.newest_session();
    repo.hub(["spawn", &id, "--no-start"]).ok();
    repo.commit_in(repo.worktree(&id, "agent-1"), "Work");
    repo.hub(["eval", &id]).ok();
    let before = repo.picture();
    let how = ["merge", &id, "--agent", "agent-1", "--verify"];
    let error = repo
        .hub(how.iter().chain(&["--json"]))
        .fails(2)
        .json_error();
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("--verify 'make test'"),
        "{error}"
    );
    assert_eq!(repo.picture(), before);
    repo.hub(how.iter().chain(&["true"])).ok();
}

#[test]
fn doctor_finds_nothing_of_it_that_is_not_hubs() {
    let (repo, id) = evaluated();
    let strange = |repo: &TestRepo| {
        let report = repo.hub(["doctor", "--json"]).run().json();
        let findings = report["findings"].as_array().unwrap().iter();
        let codes = findings.map(|one| one["code"].as_str().unwrap().to_owned());
        let by_hand = codes.filter(|code| code != "spent_worktree");
        by_hand.collect::<Vec<_>>()
    };
    // One that fails leaves its logs, too.
    repo.hub(["merge", &id, "--verify", "echo no >&2; exit 1"])
        .fails(1);
    assert_eq!(strange(&repo), [""; 0]);
    repo.hub(["merge", &id, "--verify"]).ok();
    assert!(logs(&repo, &id).join("stdout.log").exists());
    assert_eq!(strange(&repo), [""; 0]);
}
