//! `hub update`: every edge of the machine, and every one that it does not have.

use std::fmt::Write as _;

use crate::support::TestRepo;

use super::{Gate, init, state_of};

const STATES: [&str; 5] = ["init", "running", "evaluating", "merged", "archived"];

const EDGES: [(&str, &str); 4] = [
    ("init", "running"),
    ("running", "evaluating"),
    ("evaluating", "merged"),
    ("evaluating", "archived"),
];

/// A new session, walked to `state`.
fn session_in(repo: &TestRepo, state: &str) -> String {
    let document = repo.hub(["init", "--task", "walk", "--json"]).json();
    let session = document["session_id"].as_str().unwrap().to_owned();
    let mut road = vec![state];
    while let Some((from, _)) = EDGES.iter().find(|(_, to)| Some(to) == road.last()) {
        road.push(from);
    }
    for step in road.iter().rev().skip(1) {
        repo.hub(["update", &session, "--state", step]).ok();
    }
    session
}

#[test]
fn every_edge_is_walked_and_shown() {
    let repo = TestRepo::new();
    for (from, to) in EDGES {
        let session = session_in(&repo, from);
        let document = repo
            .hub(["update", &session, "--state", to, "--json"])
            .json();
        assert_eq!(document["session_id"], session.as_str());
        assert_eq!(
            (&document["from"], &document["state"]),
            (&from.into(), &to.into())
        );
        assert_eq!(state_of(&repo, &session), to);
    }
}

#[test]
fn every_other_edge_is_refused_with_what_can_be_done() {
    let repo = TestRepo::new();
    let mut said = String::new();
    for from in STATES {
        let session = session_in(&repo, from);
        let journal = repo.hub(["events", &session, "--json"]).json();
        for to in STATES {
            if EDGES.contains(&(from, to)) {
                continue;
            }
            let answer = repo.hub(["update", &session, "--state", to]).fails(4);
            assert_eq!(answer.stdout, "");
            assert_eq!(answer.stderr.lines().count(), 2, "{answer}");
            write!(said, "{from} → {to}\n{}", answer.stderr).unwrap();
            let json = repo
                .hub(["update", &session, "--state", to, "--json"])
                .fails(4);
            assert_eq!(json.json_error()["code"], "invalid_transition");
            assert_eq!(state_of(&repo, &session), from);
        }
        let after = repo.hub(["events", &session, "--json"]).json();
        assert_eq!(after, journal, "a refused edge is no event");
    }
    insta::assert_snapshot!(repo.normalised(&said), @r"
    init → init
    error: session [SESSION] is init; init does not follow
    hint: `hub spawn [SESSION]` takes it to running
    init → evaluating
    error: session [SESSION] is init; evaluating does not follow
    hint: `hub spawn [SESSION]` takes it to running
    init → merged
    error: session [SESSION] is init; merged does not follow
    hint: `hub spawn [SESSION]` takes it to running
    init → archived
    error: session [SESSION] is init; archived does not follow
    hint: `hub archive [SESSION]` walks there
    running → init
    error: session [SESSION] is running; init does not follow
    hint: `hub eval [SESSION]` takes it to evaluating
    running → running
    error: session [SESSION] is running; running does not follow
    hint: `hub eval [SESSION]` takes it to evaluating
    running → merged
    error: session [SESSION] is running; merged does not follow
    hint: `hub eval [SESSION]` takes it to evaluating
    running → archived
    error: session [SESSION] is running; archived does not follow
    hint: `hub archive [SESSION]` walks there
    evaluating → init
    error: session [SESSION] is evaluating; init does not follow
    hint: `hub merge [SESSION]` or `hub archive [SESSION]` ends it
    evaluating → running
    error: session [SESSION] is evaluating; running does not follow
    hint: `hub merge [SESSION]` or `hub archive [SESSION]` ends it
    evaluating → evaluating
    error: session [SESSION] is evaluating; evaluating does not follow
    hint: `hub merge [SESSION]` or `hub archive [SESSION]` ends it
    merged → init
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    merged → running
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    merged → evaluating
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    merged → merged
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    merged → archived
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    archived → init
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    archived → running
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    archived → evaluating
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    archived → merged
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    archived → archived
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    ");
}

#[test]
fn no_edge_is_walked_while_an_agent_of_hubs_runs() {
    let repo = TestRepo::new().with_bench();
    let session = init(&repo);
    let gate = Gate::new(&repo);
    repo.hub(["spawn", "--agent-cmd", &gate.agent]).ok();
    let update = repo
        .hub(["update", &session, "--state", "evaluating"])
        .fails(4);
    insta::assert_snapshot!(repo.normalised(&update.stderr), @r"
    error: agent-1 of session [SESSION] still runs
    hint: `hub wait [SESSION]` waits for it, `hub stop [SESSION]` ends it
    ");
    repo.hub(["eval", &session]).fails(4);
    assert_eq!(state_of(&repo, &session), "running");
    gate.open(&repo);
    repo.hub(["wait", &session]).ok();
    repo.hub(["update", &session, "--state", "evaluating"]).ok();
}

#[test]
fn a_word_that_is_no_state_is_a_usage_error() {
    let repo = TestRepo::new();
    let session = session_in(&repo, "init");
    let answer = repo.hub(["update", &session, "--state", "done"]).fails(2);
    insta::assert_snapshot!(answer.stderr, @r#"
    error: "done" is not a session state: it must be init, running, evaluating, merged or archived
    hint: `hub update --help` shows what it takes
    "#);
    repo.hub(["update", &session]).fails(2);
    repo.hub(["update", "--state", "running"]).fails(2);
}

#[test]
fn commands_in_the_wrong_state_say_what_comes_first() {
    let repo = TestRepo::new();
    let mut said = String::new();
    for (state, command) in [
        ("init", "eval"),
        ("init", "merge"),
        ("init", "cleanup"),
        ("running", "merge"),
        ("running", "cleanup"),
        ("evaluating", "spawn"),
        ("evaluating", "cleanup"),
        ("merged", "spawn"),
        ("merged", "eval"),
        ("merged", "merge"),
        ("merged", "archive"),
        ("archived", "eval"),
        ("archived", "merge"),
        ("archived", "archive"),
    ] {
        let session = session_in(&repo, state);
        let arguments = match command {
            "spawn" => vec!["spawn", &session, "--no-start"],
            other => vec![other, &session],
        };
        let answer = repo.hub(arguments).fails(4);
        assert_eq!(answer.stdout, "", "{answer}");
        assert_eq!(state_of(&repo, &session), state);
        write!(said, "{command} in {state}\n{}", answer.stderr).unwrap();
    }
    insta::assert_snapshot!(repo.normalised(&said), @r"
    eval in init
    error: session [SESSION] is init; evaluating does not follow
    hint: `hub spawn [SESSION]` takes it to running
    merge in init
    error: session [SESSION] is init; a merge needs one that is evaluating
    hint: `hub spawn [SESSION]`, then `hub eval [SESSION]`
    cleanup in init
    error: session [SESSION] is init; cleanup is for merged and archived ones
    hint: `hub archive [SESSION]` ends it and keeps its attempts as tags
    merge in running
    error: session [SESSION] is running; a merge needs one that is evaluating
    hint: measure it first: `hub eval [SESSION]`
    cleanup in running
    error: session [SESSION] is running; cleanup is for merged and archived ones
    hint: `hub archive [SESSION]` ends it and keeps its attempts as tags
    spawn in evaluating
    error: session [SESSION] is evaluating; running does not follow
    hint: `hub merge [SESSION]` or `hub archive [SESSION]` ends it
    cleanup in evaluating
    error: session [SESSION] is evaluating; cleanup is for merged and archived ones
    hint: `hub archive [SESSION]` ends it and keeps its attempts as tags
    spawn in merged
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    eval in merged
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    merge in merged
    error: session [SESSION] is merged; a merge needs one that is evaluating
    hint: it is at its end; a new round is a new session: `hub init`
    archive in merged
    error: session [SESSION] is merged; no state follows it
    hint: a new round is a new session: `hub init`
    eval in archived
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    merge in archived
    error: session [SESSION] is archived; a merge needs one that is evaluating
    hint: it is at its end; a new round is a new session: `hub init`
    archive in archived
    error: session [SESSION] is archived; no state follows it
    hint: a new round is a new session: `hub init`
    ");
}
