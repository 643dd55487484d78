//! `hub archive`: every attempt becomes a tag, from whatever state a session is in.

use serde_json::json;

use crate::support::TestRepo;

use super::{Gate, evaluated, init, state_of};

/// The edges that the journal shows; archiving is the last of them.
fn edges(repo: &TestRepo, session: &str) -> Vec<String> {
    let document = repo.hub(["events", session, "--json"]).json();
    let events = document["events"].as_array().unwrap();
    events
        .iter()
        .filter(|event| event["phase"] == "begin")
        .filter_map(|event| {
            let detail = &event["detail"];
            match event["operation"].as_str()? {
                "update" => Some(format!(
                    "{} → {}",
                    word(&detail["from"]),
                    word(&detail["to"])
                )),
                "archive" => Some(format!("archive from {}", word(&detail["from"]))),
                _ => None,
            }
        })
        .collect()
}

fn word(value: &serde_json::Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_session_in_init_walks_every_edge() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let answer = repo.hub(["archive", &session]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"session [SESSION] is archived");
    assert_eq!(state_of(&repo, &session), "archived");
    assert_eq!(
        edges(&repo, &session),
        [
            "init → running",
            "running → evaluating",
            "archive from evaluating"
        ]
    );
    assert_eq!(repo.git(["tag"]), "");
}

#[test]
fn live_agents_are_ended_only_with_a_yes() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    let refused = repo.hub(["archive", &session]).stdin("y\n").fails(6);
    insta::assert_snapshot!(repo.normalised(&refused.stderr), @r"
    error: ending the running agents of session [SESSION] needs a yes, and there is no terminal to ask on
    hint: `hub archive [SESSION] --yes`, or wait: `hub wait [SESSION]`
    ");
    assert_eq!(state_of(&repo, &session), "running");
    assert_eq!(edges(&repo, &session), [] as [&str; 0]);

    let answer = repo.hub(["archive", &session, "--yes"]).ok();
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @r"
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-2 as hub/archive/[SESSION]/agent-2
    archived agent-3 as hub/archive/[SESSION]/agent-3
    session [SESSION] is archived
    ");
    assert_eq!(
        edges(&repo, &session),
        ["running → evaluating", "archive from evaluating"]
    );
    let status = repo.hub(["status", &session, "--json"]).json();
    for agent in status["agents"].as_array().unwrap() {
        assert_eq!(agent["status"], "cancelled");
    }
    repo.hub(["cleanup", &session]).ok();
    crate::support::wait_until(std::time::Duration::from_secs(20), "all are gone", || {
        repo.processes().is_empty()
    });
}

#[test]
fn an_evaluated_session_keeps_metric_and_rank_in_its_tags() {
    let (repo, session) = evaluated();
    let main = repo.git(["rev-parse", "main"]);
    let tip = repo.git(["rev-parse", &format!("hub/{session}/agent-2/attempt-1")]);
    let document = repo.hub(["archive", "--json"]).json();
    assert_eq!(document["state"], "archived");
    assert_eq!(
        document["archived"][1],
        json!({
            "agent": "agent-2",
            "attempt": 1,
            "tag": format!("hub/archive/{session}/agent-2"),
            "commit": tip,
        })
    );
    assert_eq!(edges(&repo, &session), ["archive from evaluating"]);
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    let tag = format!("hub/archive/{session}/agent-2");
    assert_eq!(repo.git(["rev-parse", &format!("{tag}^{{commit}}")]), tip);
    let message = repo.git(["tag", "--list", "--format=%(contents)", &tag]);
    insta::assert_snapshot!(repo.normalised(&message), @r"
    agent-2 attempt-1 of session [SESSION]

    make sum faster

    Hub-Session: [SESSION]
    Hub-Agent: agent-2
    Hub-Attempt: 1
    Hub-Metric: p50_ms=120
    Hub-Rank: 1
    ");
}

#[test]
fn archiving_removes_nothing_and_cleanup_what_the_tags_keep() {
    let (repo, session) = evaluated();
    repo.hub(["archive"]).ok();
    for agent in ["agent-1", "agent-2", "agent-3"] {
        assert!(repo.worktree(&session, agent).is_dir());
        let branch = format!("hub/{session}/{agent}/attempt-1");
        let tag = format!("hub/archive/{session}/{agent}^{{commit}}");
        assert_eq!(
            repo.git(["rev-parse", &branch]),
            repo.git(["rev-parse", &tag])
        );
    }
    repo.hub(["cleanup"]).ok();
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    assert_eq!(repo.git(["tag"]).lines().count(), 3);
    assert!(!repo.root().join("repo.hub").exists());
}
