//! The question before the merge: asked on a terminal only, and else answered by `--yes` alone.

use crate::support::TestRepo;

use super::{archived, assert_tidy, no_process_is_left, run, status};

#[test]
fn without_a_terminal_and_without_yes_nothing_is_merged_and_all_work_stays() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    let main = repo.git(["rev-parse", "main"]);
    let answer = run(&repo, &script, &[]).fails(6);
    let session = repo.newest_session();
    let said: Vec<&str> = answer.stderr.lines().rev().take(2).collect();
    insta::assert_snapshot!(repo.normalised(&format!("{}\n{}", said[1], said[0])), @r"
    error: the merge of agent-2 into main needs a yes, and there is no terminal to ask on
    hint: `hub merge [SESSION]` merges it, `hub archive [SESSION]` keeps all as tags; `--yes` asks nothing
    ");
    assert!(answer.stdout.contains("winner: agent-2"), "{answer}");

    assert_eq!(repo.git(["rev-parse", "main"]), main);
    assert_eq!(status(&repo)["state"]["state"], "evaluating");
    assert_eq!(archived(&repo, &session), [] as [&str; 0]);
    for agent in ["agent-1", "agent-2", "agent-3"] {
        assert!(repo.worktree(&session, agent).join("p50_ms").is_file());
    }
    no_process_is_left(&repo);

    repo.hub(["merge", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(archived(&repo, &session), ["agent-1", "agent-3"]);
    assert_tidy(&repo);
}

#[test]
fn the_question_is_never_asked_through_a_pipe() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    let main = repo.git(["rev-parse", "main"]);
    let answer = repo
        .hub([
            "run",
            "--task",
            "make sum faster",
            "--agent-cmd",
            &script,
            "--eval",
            "sh bench.sh",
            "--metric",
            "p50_ms",
        ])
        .stdin("y\ny\ny\n")
        .fails(6);
    assert!(!answer.stderr.contains("[y/n]"), "{answer}");
    assert_eq!(repo.git(["rev-parse", "main"]), main);
}

#[test]
fn nobody_beats_the_baseline_and_yes_keeps_all_as_tags() {
    let repo = TestRepo::new().with_bench();
    let script = slower(&repo);
    let main = repo.git(["rev-parse", "main"]);
    let answer = run(&repo, &script, &["--yes"]).fails(8);
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    p50_ms, lower is better, baseline 180
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-1  191  +11 (+6.1%)  1  +1/-1  clean
       2  agent-2  192  +12 (+6.7%)  1  +1/-1  clean
       3  agent-3  193  +13 (+7.2%)  1  +1/-1  clean
    nobody beats the baseline
    session [SESSION] is archived; nothing was merged
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-2 as hub/archive/[SESSION]/agent-2
    archived agent-3 as hub/archive/[SESSION]/agent-3
    removed 3 worktrees and 3 branches
    session [SESSION] is archived
    ");
    let session = repo.newest_session();
    assert_eq!(status(&repo)["state"]["state"], "archived");
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    assert_eq!(archived(&repo, &session), ["agent-1", "agent-2", "agent-3"]);
    assert_tidy(&repo);
}

#[test]
fn nobody_beats_the_baseline_and_without_yes_the_commands_to_type_are_said() {
    let repo = TestRepo::new().with_bench();
    let script = slower(&repo);
    let answer = run(&repo, &script, &["--json"]).fails(8);
    let session = repo.newest_session();
    let last = answer.stderr.lines().last().unwrap();
    let error: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(error["error"]["code"], "no_winner");
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("`hub archive {session}`")), "{hint}");
    assert_eq!(answer.stdout, "");
    assert_eq!(status(&repo)["state"]["state"], "evaluating");
    assert_eq!(archived(&repo, &session), [] as [&str; 0]);
    // What it says works.
    repo.hub(["archive", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    assert_tidy(&repo);
}

#[test]
fn what_is_as_good_as_the_baseline_does_not_beat_it() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script(
        "same.sh",
        "echo more >>README.md; git commit --quiet --all --message Same",
    );
    run(&repo, &script, &["--yes"]).fails(8);
    assert_eq!(status(&repo)["state"]["state"], "archived");
}

#[test]
fn higher_is_better_where_that_is_said() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    repo.hub([
        "run",
        "--task",
        "make more of it",
        "--agent-cmd",
        &script,
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--direction",
        "higher",
        "--yes",
    ])
    .ok();
    assert_eq!(repo.read("p50_ms"), "200\n");
}

/// Agents that make it worse, each by another amount.
fn slower(repo: &TestRepo) -> String {
    repo.script(
        "slower.sh",
        "echo \"19${HUB_AGENT#agent-}\" >p50_ms; git commit --quiet --all --message Slower",
    )
}
