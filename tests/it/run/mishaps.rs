//! Agents and measures that do not do what they should, and commands that cannot be begun.

use serde_json::Value;

use crate::support::{TestRepo, Tree};

use super::{archived, assert_tidy, no_process_is_left, run, status};

/// An agent script: what this agent does, then what the others do.
fn unlike(repo: &TestRepo, agent: &str, its: &str, others: &str) -> String {
    let text = format!("if [ $HUB_AGENT = {agent} ]; then\n{its}\nelse\n{others}\nfi");
    repo.script("agent.sh", &text)
}

/// `agent-1` has 110, `agent-2` 120, and so on.
const FASTER: &str = "\
echo \"1${HUB_AGENT#agent-}0\" >p50_ms
git commit --quiet --all --message \"$HUB_AGENT is faster\"";

/// The `results` of the last evaluation by agent.
fn result<'v>(document: &'v Value, agent: &str) -> &'v Value {
    let results = document["eval"]["results"].as_array().unwrap();
    results
        .iter()
        .find(|result| result["agent"] == agent)
        .unwrap()
}

#[test]
fn an_agent_that_fails_is_out_and_the_others_go_on() {
    let repo = TestRepo::new().with_bench();
    let its = format!("{FASTER}\necho 'cannot go on' >&2\nexit 3");
    let script = unlike(&repo, "agent-1", &its, FASTER);
    let answer = run(&repo, &script, &["--yes"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    p50_ms, lower is better, baseline 180
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-2  120  -60 (-33.3%)  1  +1/-1  clean
       2  agent-3  130  -50 (-27.8%)  1  +1/-1  clean
       -  agent-1  -  -  1  +1/-1  clean
    agent-1: the agent failed with exit status 3
    winner: agent-2
    merged agent-2 into main as [COMMIT]
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-3 as hub/archive/[SESSION]/agent-3
    removed 3 worktrees and 3 branches
    session [SESSION] is merged
    ");
    let session = repo.newest_session();
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(archived(&repo, &session), ["agent-1", "agent-3"]);
    assert_tidy(&repo);
}

#[test]
fn all_agents_fail_and_there_is_no_winner() {
    let repo = TestRepo::new().with_bench();
    let main = repo.git(["rev-parse", "main"]);
    let script = repo.script("agent.sh", &format!("{FASTER}\nexit 1"));
    let answer = run(&repo, &script, &["--yes"]).fails(8);
    let said: Vec<&str> = answer.stderr.lines().rev().take(2).collect();
    insta::assert_snapshot!(repo.normalised(&format!("{}\n{}", said[1], said[0])), @r"
    error: session [SESSION] has no winner: no agent succeeded
    hint: merge one by name with `hub merge [SESSION] --agent agent-N`, or keep all as tags with `hub archive [SESSION]`
    ");
    let session = repo.newest_session();
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    assert_eq!(status(&repo)["state"]["state"], "evaluating");
    for agent in ["agent-1", "agent-2", "agent-3"] {
        let branch = format!("hub/{session}/{agent}/attempt-1");
        let subject = repo.git(["show", "--no-patch", "--format=%s", &branch]);
        assert_eq!(subject, format!("{agent} is faster"));
    }
    no_process_is_left(&repo);
    // A person may still want one of them.
    repo.hub(["merge", &session, "--agent", "agent-3"]).ok();
    assert_eq!(repo.read("p50_ms"), "130\n");
}

#[test]
fn an_agent_that_makes_no_commit_is_out() {
    let repo = TestRepo::new().with_bench();
    let script = unlike(&repo, "agent-1", "true", FASTER);
    let document = run(&repo, &script, &["--yes", "--json"]).ok().json();
    let idle = result(&document, "agent-1");
    assert_eq!(idle["disqualified"], true);
    assert_eq!(idle["rank"], Value::Null);
    assert_eq!(idle["reason"], "it made no commit");
    assert_eq!(document["eval"]["winner"], "agent-2");
    assert_tidy(&repo);
}

#[test]
fn nobody_makes_a_commit_and_there_is_no_winner() {
    let repo = TestRepo::new().with_bench();
    run(&repo, "true", &["--yes"]).fails(8);
    assert_eq!(status(&repo)["state"]["state"], "evaluating");
    let session = repo.newest_session();
    repo.hub(["archive", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    assert_tidy(&repo);
}

#[test]
fn what_an_agent_leaves_uncommitted_is_committed_for_it() {
    let repo = TestRepo::new();
    repo.write(".gitignore", "*.tmp\n");
    let repo = repo.with_bench();
    let script = unlike(
        &repo,
        "agent-1",
        "echo 90 >p50_ms; mkdir -p a/b; echo new >'a/b/new file'; echo junk >junk.tmp; rm README.md",
        FASTER,
    );
    run(&repo, &script, &["--yes"]).ok();
    let session = repo.newest_session();
    assert_eq!(repo.read("p50_ms"), "90\n");
    assert_eq!(repo.read("a/b/new file"), "new\n");
    assert!(!repo.path().join("README.md").exists());
    assert!(!repo.path().join("junk.tmp").exists());
    insta::assert_snapshot!(
        repo.normalised(&repo.git(["show", "--no-patch", "--format=%an%n%B", "main^2"])),
        @r"
        Test Author
        Keep what agent-1 left uncommitted

        Hub-Session: [SESSION]
        Hub-Agent: agent-1
        "
    );
    assert_eq!(archived(&repo, &session), ["agent-2", "agent-3"]);
    assert_tidy(&repo);
}

#[test]
fn what_a_failed_agent_leaves_uncommitted_is_kept_too() {
    let repo = TestRepo::new().with_bench();
    let script = unlike(&repo, "agent-1", "echo half >half.txt; exit 1", FASTER);
    run(&repo, &script, &["--yes"]).ok();
    let session = repo.newest_session();
    let kept = format!("hub/archive/{session}/agent-1:half.txt");
    assert_eq!(repo.git(["show", &kept]), "half");
    assert_tidy(&repo);
}

#[test]
fn an_agent_whose_measure_fails_is_out() {
    let repo = TestRepo::new().with_bench();
    let broken =
        "echo 'echo broken >&2; exit 4' >bench.sh; git commit --quiet --all --message Oops";
    let script = unlike(&repo, "agent-2", broken, FASTER);
    let document = run(&repo, &script, &["--yes", "--json"]).ok().json();
    let out = result(&document, "agent-2");
    assert_eq!(out["disqualified"], true);
    assert_eq!(out["metric_value"], Value::Null);
    assert_eq!(out["exit"]["code"], 4);
    assert_eq!(out["stderr"], "broken");
    assert_eq!(document["eval"]["winner"], "agent-1");
    assert_eq!(document["state"], "merged");
    assert_tidy(&repo);
}

#[test]
fn an_agent_whose_measure_says_nothing_comes_last() {
    let repo = TestRepo::new().with_bench();
    let silent = "echo true >bench.sh; git commit --quiet --all --message Hush";
    let script = unlike(&repo, "agent-1", silent, FASTER);
    let document = run(&repo, &script, &["--yes", "--json"]).ok().json();
    let out = result(&document, "agent-1");
    assert_eq!(out["reason"], "no p50_ms in the output");
    assert_eq!(out["metric_value"], Value::Null);
    assert_eq!(
        (&out["rank"], &out["disqualified"]),
        (&3.into(), &false.into())
    );
    assert_eq!(document["eval"]["winner"], "agent-2");
}

#[test]
fn without_a_metric_nothing_is_ranked_and_a_person_chooses() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    let main = repo.git(["rev-parse", "main"]);
    let task = ["run", "--task", "as you like", "--agent-cmd", &script];
    let answer = repo.hub(task.into_iter().chain(["--yes"])).fails(8);
    let last = answer.stderr.lines().last().unwrap();
    assert!(last.contains("--agent agent-N"), "{answer}");
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    repo.hub(["merge", "--agent", "agent-3"]).ok();
    assert_eq!(repo.read("p50_ms"), "200\n");
    repo.hub(["cleanup"]).ok();
    assert_tidy(&repo);
}

#[test]
fn an_eval_command_without_a_metric_only_says_who_is_out() {
    let repo = TestRepo::new().with_bench();
    let script = unlike(
        &repo,
        "agent-2",
        "echo broken >p50_ms; git commit --quiet --all --message Broken",
        FASTER,
    );
    let task = ["run", "--task", "as you like", "--agent-cmd", &script];
    let check = ["--eval", "! grep broken p50_ms", "--json"];
    repo.hub(task.into_iter().chain(check)).fails(8);
    let eval = repo.hub(["eval", "--json"]).json();
    let out: Vec<bool> = eval["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["disqualified"].as_bool().unwrap())
        .collect();
    assert_eq!(out, [false, false, true]);
    assert_eq!(eval["results"][2]["agent"], "agent-2");
}

#[test]
fn what_an_agent_leaves_running_ends_with_it() {
    let repo = TestRepo::new().with_bench();
    let script = repo.script(
        "agent.sh",
        &format!("sleep 1000 &\nsetsid sleep 1000 &\n{FASTER}"),
    );
    run(&repo, &script, &["--yes"]).ok();
    assert_tidy(&repo);
}

#[test]
fn a_run_that_cannot_begin_leaves_nothing_behind() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    let refs = repo.refs();
    let cases: [(&[&str], i32); 9] = [
        (&["--task", "x"], 2),
        (&["--task", "x", "--agent-cmd", "no-such-program"], 2),
        (&["--task", "x", "--agent-cmd", "./nothing.sh"], 2),
        (&["--task", "x", "--agent-cmd", "echo 'open"], 2),
        (&["--task", "", "--agent-cmd", &script], 2),
        (&["--task", "x", "--agent-cmd", &script, "--agents", "0"], 2),
        (
            &["--task", "x", "--agent-cmd", &script, "--template", "nil"],
            2,
        ),
        (
            &["--task", "x", "--agent-cmd", &script, "--base-branch", "no"],
            3,
        ),
        (
            &["--task", "x", "--agent-cmd", &script, "--metric", "p50_ms"],
            2,
        ),
    ];
    for (arguments, code) in cases {
        let answer = repo
            .hub(["run", "--yes"].iter().chain(arguments))
            .fails(code);
        assert_eq!(answer.stdout, "", "{answer}");
        let list = repo.hub(["list", "--json"]).json();
        assert_eq!(list["sessions"].as_array().unwrap().len(), 0, "{answer}");
        assert_eq!(repo.refs(), refs, "{answer}");
    }
    assert!(!repo.root().join("repo.hub").exists());
}

#[test]
fn a_branch_in_the_way_takes_the_whole_run_back() {
    let repo = TestRepo::new().with_bench();
    let script = repo.agent_script();
    // git cannot hold a branch `hub` beside `hub/…`.
    repo.git(["branch", "hub"]);
    let refs = repo.refs();
    let answer = run(&repo, &script, &["--yes"]);
    assert_ne!(answer.code(), 0, "{answer}");
    assert!(
        answer.stderr.contains("branch hub is there already"),
        "{answer}"
    );
    assert_eq!(repo.refs(), refs);
    let sessions = Tree::read(&repo.hub_dir().join("sessions"));
    assert_eq!(sessions, Tree::default());
    assert!(!repo.root().join("repo.hub").exists());
}
