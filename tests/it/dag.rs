//! `hub dag`: the attempts of a session, which contains which, and the graph of their commits.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{TestRepo, passed_over};

/// agent-2 went on from agent-1, agent-3 merged a branch of its own, agent-4 did nothing.
fn worked() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = repo.spawned(4);
    let work = |agent: &str, file: &str| {
        let worktree = repo.worktree(&session, agent);
        repo.write(worktree.join(file), "text\n");
        repo.commit_in(&worktree, &format!("Write {file} \"<well>\""));
    };
    work("agent-1", "one");
    let two = repo.worktree(&session, "agent-2");
    let first = format!("hub/{session}/agent-1/attempt-1");
    repo.git_in(&two, ["merge", "--quiet", "--ff-only", &first]);
    work("agent-2", "two");
    let three = repo.worktree(&session, "agent-3");
    repo.git_in(&three, ["checkout", "--quiet", "-b", "side"]);
    work("agent-3", "side");
    let own = format!("hub/{session}/agent-3/attempt-1");
    repo.git_in(&three, ["checkout", "--quiet", &own]);
    work("agent-3", "main");
    repo.git_in(
        &three,
        ["merge", "--quiet", "--no-edit", "-m", "Join", "side"],
    );
    (repo, session)
}

fn agents(report: &Value) -> Vec<Value> {
    report["agents"].as_array().unwrap().clone()
}

/// Of each attempt: agent, commits ahead, frontier, and in which one it is contained.
fn standing(report: &Value) -> Vec<Value> {
    let one = |a: &Value| {
        let other = &a["contained_in"]["agent"];
        json!([a["agent"], a["commits_ahead"], a["frontier"], other])
    };
    agents(report).iter().map(one).collect()
}

#[test]
fn a_list_says_how_far_each_is_and_which_contains_which() {
    let (repo, session) = worked();
    let report = repo.hub(["dag", &session, "--json"]).json();
    let expected = [
        json!(["agent-1", 1, false, "agent-2"]),
        json!(["agent-2", 2, true, null]),
        json!(["agent-3", 3, true, null]),
        json!(["agent-4", 0, false, "agent-1"]),
    ];
    assert_eq!(standing(&report), expected);
    let base = report["base_commit"].as_str().unwrap();
    for attempt in agents(&report) {
        let commit = attempt["commit"].as_str().unwrap();
        let branch = attempt["branch"].as_str().unwrap();
        assert_eq!(commit, repo.git(["rev-parse", branch]));
        let count = repo.git(["rev-list", "--count", &format!("{base}..{commit}")]);
        assert_eq!(attempt["commits_ahead"].to_string(), count);
    }
    insta::assert_snapshot!(repo.normalised(&repo.hub(["dag", &session]).ok().stdout), @r#"
    session [SESSION]
    BRANCH OR TAG  COMMIT  AHEAD  FILES  +/-  UPDATED  STANDS  SUBJECT
    hub/[SESSION]/agent-1/attempt-1  [COMMIT]  1  1  +1/-0  [AGE]  in agent-2 attempt 1  Write one "<well>"
    hub/[SESSION]/agent-2/attempt-1  [COMMIT]  2  2  +2/-0  [AGE]  frontier  Write two "<well>"
    hub/[SESSION]/agent-3/attempt-1  [COMMIT]  3  2  +2/-0  [AGE]  frontier  Join
    hub/[SESSION]/agent-4/attempt-1  [COMMIT]  0  0  +0/-0  -  in agent-1 attempt 1  -
    "#);
    let tips = repo.hub(["dag", &session, "--frontier", "--json"]).json();
    assert_eq!(standing(&tips), expected[1..3]);
    let text = repo.hub(["dag", &session, "--frontier"]).ok().stdout;
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn the_graph_has_the_base_at_its_bottom() {
    let (repo, session) = worked();
    let commit = regex_lite::Regex::new(r"\b[0-9a-f]{10}\b").unwrap();
    let drawn = |more: &[&str]| {
        let arguments = [&["dag", &session, "--graph"], more].concat();
        let text = repo.hub(arguments).ok().stdout;
        let (first, graph) = text.split_once('\n').unwrap();
        assert_eq!(first, format!("session {session}"));
        // Columns stay as they are.
        commit.replace_all(graph, "[COMMIT]").into_owned()
    };
    insta::assert_snapshot!(drawn(&[]), @r#"
    ○  [COMMIT]  agent-2 attempt 1  Write two "<well>"
    ○  [COMMIT]  agent-1 attempt 1  Write one "<well>"
    │ ○  [COMMIT]  agent-3 attempt 1  Join
    │ ├─╮
    │ ○ │  [COMMIT]  Write main "<well>"
    ├─╯ │
    │   ○  [COMMIT]  Write side "<well>"
    ├───╯
    ◆  [COMMIT]  agent-4 attempt 1 (base)  Measure
    "#);
    let ascii = drawn(&["--ascii"]);
    assert!(ascii.is_ascii(), "{ascii}");
    assert_eq!(ascii.lines().count(), drawn(&[]).lines().count());
    repo.hub(["dag", &session, "--ascii"]).fails(2);
    repo.hub(["dag", &session, "--graph", "--frontier"])
        .fails(2);
}

#[test]
fn a_retry_that_goes_on_contains_what_it_went_on_from() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let script = repo.script("agent.sh", "echo $HUB_ATTEMPT >>notes; exit 1");
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    repo.hub(["wait", &session]).fails(8);
    repo.hub(["retry", &session, "--continue"]).ok();
    repo.hub(["wait", &session]).fails(8);
    let report = repo.hub(["dag", &session, "--json"]).json();
    let attempts = agents(&report);
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        attempts[0]["contained_in"],
        json!({"agent": "agent-1", "attempt": 2})
    );
    assert_eq!(attempts[1]["frontier"], true);
    assert_eq!(report["commits"].as_array().unwrap().len(), 3);
}

#[test]
fn every_state_is_shown() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Nothing yet"]).ok();
    let text = repo.hub(["dag"]).ok().stdout;
    assert!(text.ends_with("\nno attempts\n"), "{text}");
    let nothing = repo.hub(["dag", "--json"]).json();
    assert_eq!(nothing["agents"], json!([]));

    let archived = repo.archived(2);
    repo.hub(["cleanup", &archived]).ok();
    let report = repo.hub(["dag", &archived, "--json"]).json();
    for attempt in agents(&report) {
        assert_eq!(attempt["archived"], true);
        assert_eq!(attempt["frontier"], true);
        assert_eq!(attempt["commits_ahead"], 1);
    }
    let text = repo.hub(["dag", &archived]).ok().stdout;
    assert!(
        text.contains("\narchive/") || text.contains("hub/"),
        "{text}"
    );

    let merged = repo.evaluated(|_| ());
    repo.hub(["merge", &merged]).ok();
    repo.hub(["cleanup", &merged]).ok();
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    let report = repo.hub(["dag", &merged, "--json"]).json();
    let winner = &agents(&report)[0];
    assert_eq!(winner["winner"], true);
    assert_eq!(winner["commits_ahead"], 1);
    let text = repo.hub(["dag", &merged, "--graph"]).ok().stdout;
    assert!(text.contains("★") && text.contains("(winner)"), "{text}");

    repo.hub(["dag", "19990101-000000"]).fails(3);
}

/// The nodes and edges of a graph in Graphviz's language; fails at a line that is neither.
fn parsed(dot: &str) -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let node = regex_lite::Regex::new(r#"^  "([0-9a-f]+)" \[label="(?:[^"\\]|\\.)*"[^"]*\];$"#);
    let edge = regex_lite::Regex::new(r#"^  "([0-9a-f]+)" -> "([0-9a-f]+)";$"#).unwrap();
    let node = node.unwrap();
    let (mut nodes, mut edges) = (BTreeSet::new(), BTreeSet::new());
    let body = dot.strip_suffix("}\n").unwrap();
    for line in body.lines().skip(2) {
        if let Some(found) = edge.captures(line) {
            edges.insert((found[1].to_owned(), found[2].to_owned()));
        } else {
            let found = node.captures(line);
            nodes.insert(found.unwrap_or_else(|| panic!("{line}"))[1].to_owned());
        }
    }
    (nodes, edges)
}

#[test]
fn other_programs_get_the_same_graph() {
    let (repo, session) = worked();
    let report = repo.hub(["dag", &session, "--json"]).json();
    let dot = repo.hub(["dag", &session, "--format", "dot"]).ok().stdout;
    let (nodes, edges) = parsed(&dot);
    let mut expected = (BTreeSet::new(), BTreeSet::new());
    for commit in report["commits"].as_array().unwrap() {
        let id = commit["commit"].as_str().unwrap().to_owned();
        for parent in commit["parents"].as_array().unwrap() {
            let edge = (id.clone(), parent.as_str().unwrap().to_owned());
            expected.1.insert(edge);
        }
        expected.0.insert(id);
    }
    assert_eq!((nodes, edges), expected);
    assert!(dot.contains(r#"Write one \"<well>\""#), "{dot}");

    let mermaid = repo.hub(["dag", &session, "--format", "mermaid"]).ok();
    let lines = || mermaid.stdout.lines();
    assert_eq!(lines().next(), Some("flowchart TD"));
    assert_eq!(
        lines().filter(|line| line.contains(" --> ")).count(),
        expected.1.len()
    );
    assert!(mermaid.stdout.contains("#34;#60;well#62;#34;"), "{mermaid}");

    for format in ["dot", "mermaid"] {
        let error = repo.hub(["list", "--format", format]).fails(2);
        let said = format!(
            "error: invalid value '{format}' for '--format <FORMAT>': only hub dag takes it\n"
        );
        assert!(error.stderr.starts_with(&said), "{error}");
    }
    repo.hub(["dag", "--format", "prometheus"]).fails(2);
}

#[test]
fn the_git_program_finds_the_same_of_many() {
    let (repo, session) = worked();
    let four = repo.worktree(&session, "agent-4");
    for attempt in 2..20 {
        repo.write(four.join(format!("file-{attempt}")), "one\ntwo\n");
        repo.commit_in(&four, "Write one more");
        let branch = format!("hub/{session}/agent-4/attempt-{attempt}");
        repo.git_in(&four, ["branch", &branch]);
        if attempt == 10 {
            // Of these some are files and some are packed.
            repo.git(["pack-refs", "--all"]);
        }
    }
    let other = repo.root().join("odd");
    let home = other.to_str().unwrap();
    // Refs in tables are not read by libgit2.
    if let Err(error) = repo.try_git_in(repo.root(), ["init", "--ref-format=reftable", home]) {
        passed_over(&error);
        return;
    }
    let origin = repo.path();
    let fetch = ["fetch", "--quiet", "--update-head-ok"];
    let from = [origin.to_str().unwrap(), "refs/*:refs/*"];
    repo.git_in(&other, fetch.iter().chain(&from));
    let copied = ["-R", repo.hub_dir().to_str().unwrap(), home].map(str::to_owned);
    let done = Command::new("cp").args(copied).status().unwrap();
    assert!(done.success());
    let by_program = repo.hub(["dag", &session, "--json", "-v"]);
    let by_program = by_program.in_folder(&other).ok();
    assert!(
        by_program.stderr.contains("git does it all"),
        "{by_program}"
    );
    let by_library = repo.hub(["dag", &session, "--json"]).json();
    assert_eq!(by_program.json(), by_library);
    let base = by_library["base_commit"].as_str().unwrap();
    let attempts = agents(&by_library);
    assert_eq!(attempts.len(), 4 + 18);
    for attempt in attempts {
        let commit = attempt["commit"].as_str().unwrap();
        let files = repo.git(["diff", "--name-only", base, commit]);
        let count = files.lines().count();
        assert_eq!(attempt["diff"]["files_changed"], count, "{attempt}");
    }
}

#[test]
fn one_that_went_back_behind_the_base_is_contained_in_all_that_did_not() {
    let (repo, session) = worked();
    let four = repo.worktree(&session, "agent-4");
    repo.git_in(&four, ["reset", "--quiet", "--hard", "HEAD~1"]);
    let report = repo.hub(["dag", &session, "--json"]).json();
    let back = json!(["agent-4", 0, false, "agent-1"]);
    assert_eq!(standing(&report)[3], back);
    repo.write(four.join("four"), "text\n");
    repo.commit_in(&four, "Begin earlier");
    let report = repo.hub(["dag", &session, "--json"]).json();
    assert_eq!(standing(&report)[3], json!(["agent-4", 1, true, null]));
    let last = report["commits"].as_array().unwrap().last().unwrap();
    assert_eq!(last["commit"], repo.git(["rev-parse", "main~1"]).as_str());
    let base = repo.git(["rev-parse", "main"]);
    assert_eq!(report["base_commit"], base.as_str());
}
