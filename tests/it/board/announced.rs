//! What hub itself posts.

use serde_json::{Value, json};

use super::{abouts, posts};
use crate::support::{TestRepo, Tree};

const INIT: [&str; 8] = [
    "init",
    "--task",
    "Be fast",
    "--agents",
    "2",
    "--eval",
    "sh bench.sh",
    "--metric=p50_ms",
];

/// A session whose agents have run.
fn worked() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    repo.hub(INIT).ok();
    let session = repo.newest_session();
    let agent = repo.agent_script();
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    repo.hub(["wait", &session]).ok();
    (repo, session)
}

fn body(post: &Value) -> &str {
    post["body"].as_str().unwrap()
}

#[test]
fn a_tournament_is_told_from_its_prompts_to_its_cleanup() {
    let (repo, session) = worked();
    let dispatch = posts(&repo, "dispatch");
    let told = ["agent-1 attempt-1 dispatch", "agent-2 attempt-1 dispatch"];
    assert_eq!(abouts(&dispatch), told);
    for (post, agent) in dispatch.iter().zip(["agent-1", "agent-2"]) {
        let agents = repo
            .hub_dir()
            .join("sessions")
            .join(&session)
            .join("agents");
        let prompt = repo.read(agents.join(agent).join("prompt.md"));
        assert_eq!(body(post), prompt.trim_end());
        assert_eq!(post["metadata"]["author"], "hub");
        assert_eq!(post["metadata"]["session"], session);
    }
    let progress = posts(&repo, "progress");
    let mut told = abouts(&progress);
    told.sort_unstable();
    let expected = [
        "agent-1 attempt-1 end",
        "agent-1 attempt-1 start",
        "agent-2 attempt-1 end",
        "agent-2 attempt-1 start",
    ];
    assert_eq!(told, expected);
    let end = progress
        .iter()
        .find(|post| body(post).starts_with("agent-1 succeeded after "));
    assert!(body(end.unwrap()).contains("- **Exit**: exit status 0"));

    repo.hub(["eval", &session]).ok();
    repo.hub(["merge", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    let results = posts(&repo, "results");
    assert_eq!(abouts(&results), ["eval", "merge", "cleanup"]);
    assert!(
        body(&results[0]).starts_with(
            "## Ranking: agent-2 is first by p50_ms\n\np50_ms, lower is better, baseline 180\n\n\
            - **1. agent-2**: 120 (-60), 2 files, +2/-1\n- **2. agent-1**: 150 (-30)"
        ),
        "{}",
        body(&results[0])
    );
    let merged = repo.git(["rev-parse", "--short=10", "main"]);
    for line in [
        format!("- **Session**: {session}"),
        "- **Winner**: agent-2".to_owned(),
        format!("- **Merged into**: main as {merged}"),
        format!("- **Archived**: hub/archive/{session}/agent-1"),
    ] {
        assert!(body(&results[1]).contains(&line), "{}", body(&results[1]));
    }
    assert_eq!(results[2]["answers"], results[1]["file"]);
    assert_eq!(
        body(&results[2]),
        "Cleaned up\n\n- **Worktrees cleaned**: 2"
    );
}

#[test]
fn the_same_ranking_again_is_no_news() {
    let (repo, session) = worked();
    repo.hub(["eval", &session]).ok();
    repo.hub(["eval", &session]).ok();
    assert_eq!(abouts(&posts(&repo, "results")), ["eval"]);
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("p50_ms"), "90\n");
    repo.commit_in(&worktree, "Be faster");
    repo.hub(["eval", &session]).ok();
    let results = posts(&repo, "results");
    assert_eq!(abouts(&results), ["eval", "eval"]);
    assert!(body(&results[1]).contains("agent-1 is first"));
}

#[test]
fn another_attempt_is_told_with_its_prompt_and_how_the_first_ended() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    repo.hub(["spawn", "--agent-cmd", "test $HUB_ATTEMPT = 2"])
        .ok();
    repo.hub(["wait"]).run();
    repo.hub(["retry"]).ok();
    repo.hub(["wait"]).ok();
    let dispatch = posts(&repo, "dispatch");
    let told = ["agent-1 attempt-1 dispatch", "agent-1 attempt-2 dispatch"];
    assert_eq!(abouts(&dispatch), told);
    assert!(body(&dispatch[1]).contains("You are agent-1, attempt 2,"));
    let progress = posts(&repo, "progress");
    let first: Vec<&str> = progress
        .iter()
        .map(|post| {
            body(post)
                .split(" after ")
                .next()
                .unwrap()
                .lines()
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(
        first,
        [
            "agent-1 started",
            "agent-1 failed",
            "agent-1 started",
            "agent-1 succeeded"
        ]
    );
}

#[test]
fn a_session_that_is_archived_says_what_was_kept() {
    let repo = TestRepo::new().with_bench();
    let session = repo.archived(1);
    let results = posts(&repo, "results");
    assert_eq!(abouts(&results), ["archive"]);
    let line = format!("- **Archived**: hub/archive/{session}/agent-1");
    assert!(body(&results[0]).contains(&line), "{}", body(&results[0]));
    // Those of another session are not taken for its own.
    repo.archived(1);
    assert_eq!(abouts(&posts(&repo, "results")), ["archive", "archive"]);
}

#[test]
fn an_agent_posts_by_the_words_of_its_prompt() {
    let repo = TestRepo::new().with_bench();
    repo.hub(INIT).ok();
    let session = repo.newest_session();
    // It runs whatever its prompt shows in quotes for a shell, and finds hub where hub is.
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_hub"))
        .parent()
        .unwrap();
    let agent = repo.script(
        "obeys.sh",
        &format!(
            "PATH='{}':$PATH\n\
            sed -n 's/.*`\\(hub board [^`]*\\)`.*/\\1/p' \"$HUB_PROMPT_FILE\" >said\n\
            sh -e said\nrm said",
            folder.display()
        ),
    );
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    let waited = repo.hub(["wait", &session]).run();
    assert_eq!(waited.code(), 0, "{waited}");
    for channel in ["progress", "results"] {
        let all = posts(&repo, channel);
        let by_agents = all
            .iter()
            .filter(|post| post["metadata"]["author"] != "hub");
        let mut authors: Vec<&Value> = by_agents.map(|post| &post["metadata"]["author"]).collect();
        authors.sort_by_key(ToString::to_string);
        assert_eq!(authors, [&json!("agent-1"), &json!("agent-2")], "{channel}");
    }
    let out = repo
        .hub(["logs", &session, "--agent", "agent-1"])
        .ok()
        .stdout;
    assert!(
        out.contains("You are agent-2"),
        "the dispatch is there: {out}"
    );
}

#[test]
fn commands_that_tell_nothing_make_no_board() {
    let repo = TestRepo::new().with_bench();
    repo.hub(INIT).ok();
    let before = Tree::read(&repo.hub_dir());
    for words in [
        &["list"][..],
        &["status"],
        &["board", "list"],
        &["board", "read", "results"],
    ] {
        repo.hub(words).ok();
    }
    before.assert_is(&repo.hub_dir());
}
