//! `--mode`: agents that each do a part, and agents that go on from each other.

use serde_json::Value;

use crate::support::{Answer, TestRepo, wait_until};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

fn run(repo: &TestRepo, agent: &str, more: &[&str]) -> Answer {
    let usual = [
        "run",
        "--task",
        "make it good",
        "--agent-cmd",
        agent,
        "--yes",
    ];
    repo.hub(usual.iter().chain(more)).run()
}

fn statuses(repo: &TestRepo, session: &str) -> Vec<String> {
    let status = repo.hub(["status", session, "--json"]).json();
    let agents = status["agents"].as_array().unwrap().iter();
    agents
        .map(|agent| agent["status"].as_str().unwrap().to_owned())
        .collect()
}

fn is_tidy(repo: &TestRepo) {
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}

/// A repository with a list of three parts beside it.
fn divided() -> (TestRepo, String) {
    let repo = TestRepo::new();
    let list = repo.root().join("parts");
    repo.write(
        &list,
        "write the \"docs\"\n\nwrite the tests: all\nwrite the code\n",
    );
    (repo, list.to_str().unwrap().to_owned())
}

const WRITES_ITS_PART: &str = "\
grep -q \"^$HUB_SUBTASK$\" \"$HUB_PROMPT_FILE\"
grep -q '^make it good$' \"$HUB_PROMPT_FILE\"
[ \"$HUB_TASK\" = 'make it good' ]
echo \"$HUB_SUBTASK\" >\"$HUB_AGENT\"";

#[test]
fn of_an_ensemble_each_does_its_part_and_all_parts_are_merged() {
    let (repo, list) = divided();
    let script = repo.script("agent.sh", WRITES_ITS_PART);
    let flags = ["--mode", "ensemble", "--subtasks", &list, "--json"];
    let report = run(&repo, &script, &flags).ok().json();
    assert_eq!(report["state"], "merged");
    let merged = report["merge"]["merged"].as_array().unwrap();
    let agents: Vec<&Value> = merged.iter().map(|one| &one["agent"]).collect();
    assert_eq!(agents, ["agent-1", "agent-2", "agent-3"]);
    assert_eq!(repo.read("agent-1"), "write the \"docs\"\n");
    assert_eq!(repo.read("agent-3"), "write the code\n");
    let session = report["session_id"].as_str().unwrap();
    let config = repo.hub(["status", session, "--json"]).json()["config"].clone();
    assert_eq!(config["mode"], "ensemble");
    assert_eq!(config["agent_count"], 3);
    assert_eq!(config["subtasks"][1], "write the tests: all");
    is_tidy(&repo);
}

#[test]
fn parts_that_failed_stay_out_of_the_merge() {
    let (repo, list) = divided();
    let fails = format!("[ $HUB_AGENT != agent-2 ] || exit 1\n{WRITES_ITS_PART}");
    let script = repo.script("agent.sh", &fails);
    let flags = ["--mode", "ensemble", "--subtasks", &list];
    let answer = run(&repo, &script, &flags).ok();
    assert!(
        answer.stdout.contains("merged agent-1, agent-3 into main"),
        "{answer}"
    );
    assert!(!repo.path().join("agent-2").exists());
    is_tidy(&repo);

    let none = repo.script("none.sh", "exit 1");
    let refused = run(&repo, &none, &flags).fails(8);
    assert!(refused.stderr.contains("no agent succeeded"), "{refused}");
}

#[test]
fn parts_that_conflict_change_nothing() {
    let (repo, list) = divided();
    let script = repo.script("agent.sh", "echo $HUB_AGENT >same");
    let before = repo.git(["rev-parse", "main"]);
    let refused = run(&repo, &script, &["--mode", "ensemble", "--subtasks", &list]).fails(7);
    assert!(
        refused.stderr.contains("after agent-1: 1 conflict in same"),
        "{refused}"
    );
    assert_eq!(repo.git(["rev-parse", "main"]), before);
    repo.hub(["merge", "--agent", "agent-1"]).ok();
}

#[test]
fn longer_parts_stand_between_lines() {
    let repo = TestRepo::new();
    let command = [
        "init",
        "--task",
        "x",
        "--mode",
        "ensemble",
        "--subtasks",
        "-",
    ];
    repo.hub(command).stdin("one\nand more\n---\n# two\n").ok();
    let config = repo.hub(["status", "--json"]).json()["config"].clone();
    assert_eq!(
        config["subtasks"],
        serde_json::json!(["one\nand more", "# two"])
    );
    let session = repo.newest_session();
    let file = repo.read(format!(".agenthub/sessions/{session}/config.yaml"));
    assert!(
        file.ends_with("\nsubtasks: [\"one\\nand more\", \"# two\"]\n"),
        "{file}"
    );
}

#[test]
fn a_mode_that_cannot_be_meant_is_refused() {
    let (repo, list) = divided();
    for flags in [
        &["--mode", "together"][..],
        &["--mode", "ensemble"],
        &["--subtasks", &list],
        &["--mode", "pipeline", "--subtasks", &list],
        &["--mode", "ensemble", "--subtasks", &list, "--agents", "2"],
        &["--mode", "pipeline", "--rounds", "2"],
    ] {
        run(&repo, "true", flags).fails(2);
    }
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"], serde_json::json!([]));
}

/// Adds a line to `line`, and to a file beside the repository which prompt it had.
const ADDS_A_LINE: &str = "\
git rev-parse HEAD >\"$HUB_DIR/../../saw-$HUB_AGENT\"
grep -o '[0-9a-f]\\{40\\}' \"$HUB_PROMPT_FILE\" >>\"$HUB_DIR/../../saw-$HUB_AGENT\" || true
echo $HUB_AGENT >>line";

#[test]
fn of_a_pipeline_each_goes_on_from_where_the_one_before_it_ended() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script("agent.sh", ADDS_A_LINE);
    let flags = [
        "--mode",
        "pipeline",
        "--agents",
        "3",
        "--eval",
        "echo m: $(wc -l <line)",
        "--metric",
        "m",
        "--direction",
        "higher",
        "--json",
    ];
    let report = run(&repo, &script, &flags).ok().json();
    assert_eq!(report["state"], "merged");
    assert_eq!(report["merge"]["winner"], "agent-3");
    assert_eq!(repo.read("line"), "agent-1\nagent-2\nagent-3\n");
    let session = report["session_id"].as_str().unwrap();
    for (agent, before) in [("agent-2", "agent-1"), ("agent-3", "agent-2")] {
        let saw = repo.read(repo.root().join(format!("saw-{agent}")));
        let tip = repo.git(["rev-parse", &format!("hub/archive/{session}/{before}^{{}}")]);
        assert_eq!(saw.lines().next(), Some(tip.as_str()), "{agent}");
    }
    is_tidy(&repo);
}

#[test]
fn supervisors_alone_hand_the_work_on_and_one_that_fails_stops_the_line() {
    let repo = TestRepo::new();
    let script = repo.script(
        "agent.sh",
        &format!("[ $HUB_AGENT != agent-2 ] || [ -e \"$HUB_DIR/../../good\" ]\n{ADDS_A_LINE}"),
    );
    let init = [
        "init", "--task", "Go", "--agents", "3", "--mode", "pipeline",
    ];
    repo.hub(init).ok();
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    wait_until(LIMIT, "the line has stopped", || {
        repo.processes().is_empty() && statuses(&repo, &session)[1] == "failed"
    });
    assert_eq!(
        statuses(&repo, &session),
        ["succeeded", "failed", "pending"]
    );
    repo.hub(["wait", &session]).fails(1);

    repo.write(repo.root().join("good"), "");
    repo.hub(["retry", &session]).ok();
    repo.hub(["wait", &session]).ok();
    assert_eq!(
        statuses(&repo, &session),
        ["succeeded", "succeeded", "succeeded"]
    );
    let line = format!("hub/{session}/agent-3/attempt-1:line");
    assert_eq!(repo.git(["show", &line]), "agent-1\nagent-2\nagent-3");
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
    repo.hub(["eval", &session]).run();
    repo.hub(["merge", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    is_tidy(&repo);
}

#[test]
fn a_line_that_has_stopped_has_no_winner_but_each_can_be_merged_by_name() {
    let repo = TestRepo::new();
    let fails = format!("[ $HUB_AGENT = agent-1 ]\n{ADDS_A_LINE}");
    let script = repo.script("agent.sh", &fails);
    let refused = run(&repo, &script, &["--mode", "pipeline", "--agents", "3"]).fails(8);
    assert!(
        refused
            .stderr
            .contains("the last agent of its line has no result"),
        "{refused}"
    );
    repo.hub(["merge", "--agent", "agent-1"]).ok();
    assert_eq!(repo.read("line"), "agent-1\n");
}

#[test]
fn an_agent_that_has_gone_its_own_way_is_not_started_until_it_stands_in_line() {
    let repo = TestRepo::new();
    let init = [
        "init", "--task", "Go", "--agents", "2", "--mode", "pipeline",
    ];
    repo.hub(init).ok();
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--no-start"]).ok();
    let two = repo.worktree(&session, "agent-2");
    repo.write(two.join("own"), "work\n");
    repo.commit_in(&two, "Own work");
    let script = repo.script("agent.sh", ADDS_A_LINE);
    let spawn = ["spawn", &session, "--agent-cmd", &script];
    repo.hub(spawn).ok();
    repo.hub(["wait", &session]).ok();
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
    assert_eq!(statuses(&repo, &session), ["succeeded", "pending"]);
    let refused = repo.hub(spawn.iter().chain(&["--json"])).fails(6);
    let hint = refused.json_error()["hint"].as_str().unwrap().to_owned();
    let rebase = hint.split('`').nth(1).unwrap();
    repo.typed(rebase);
    repo.hub(spawn).ok();
    repo.hub(["wait", &session]).ok();
    assert_eq!(repo.read(two.join("line")), "agent-1\nagent-2\n");
    assert_eq!(repo.read(two.join("own")), "work\n");
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}
