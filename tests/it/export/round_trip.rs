//! What hub says of a session is the same where it was and where it is.

use std::path::Path;

use serde_json::{Map, Value};

use crate::kills::{cleaned_by_force, evaluated, initialised, worked};
use crate::support::{TestRepo, Tree, passed_over};

use super::{exported, imported};

/// What is of one machine: where worktrees are, and what git says of them and of the base branch.
const OF_HERE: [&str; 11] = [
    "worktree",
    "uncommitted_files",
    "worktrees_bytes",
    "session_bytes",
    "path",
    "base_now",
    "merge",
    "undo",
    "heartbeat",
    "next",
    "next_reason",
];

/// A document without that.
fn everywhere(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map
                .iter()
                .filter(|(key, _)| !OF_HERE.contains(&key.as_str()));
            let kept = kept.map(|(key, value)| (key.clone(), everywhere(value)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(everywhere).collect(),
        Value::String(text) => Value::String(text.clone()),
        other => other.clone(),
    }
}

/// Everything that hub tells of a session but its journal.
fn told(repo: &TestRepo, home: &Path, session: &str, roots: [&Path; 2]) -> Vec<(String, String)> {
    let commands = [
        format!("status {session}"),
        format!("dag {session}"),
        format!("eval {session} --show"),
        format!("logs {session}"),
        "list".to_owned(),
        "board list".to_owned(),
        "board read dispatch".to_owned(),
        "board read progress".to_owned(),
        "board read results".to_owned(),
    ];
    let answer = |command: &String| {
        let words = command.split(' ').chain(["--json"]);
        let answer = repo.hub(words).in_folder(home).run();
        let told = if answer.code() == 0 {
            format!("{:#}", everywhere(&answer.json()))
        } else {
            answer.stderr.clone()
        };
        let [one, other] = roots.map(|root| root.to_str().unwrap());
        (
            command.clone(),
            told.replace(one, "[TEMP]").replace(other, "[TEMP]"),
        )
    };
    commands.iter().map(answer).collect()
}

fn events(repo: &TestRepo, home: &Path, session: &str) -> Vec<Value> {
    let events = repo.hub(["events", session, "--json"]).in_folder(home);
    events.json()["events"].as_array().unwrap().clone()
}

/// Holds what is told in two places against each other.
#[track_caller]
fn assert_equal((from, there): (&TestRepo, &Path), (to, here): (&TestRepo, &Path), session: &str) {
    let roots = [from.root(), to.root()];
    let before = told(from, there, session, roots);
    for (before, after) in before.iter().zip(told(to, here, session, roots)) {
        let lines = before.1.lines().zip(after.1.lines());
        let other: Vec<_> = lines.filter(|(one, other)| one != other).collect();
        assert_eq!(other, [], "{}", before.0);
        assert_eq!(*before, after);
    }
    let (before, after) = (events(from, there, session), events(to, here, session));
    let (same, more) = after.split_at(before.len());
    assert_eq!(same, before);
    assert!(!more.is_empty());
    assert!(more.iter().all(|event| event["operation"] == "import"));
    // The commits of every ref, and the messages of tags.
    let refs = |repo: &TestRepo, home: &Path| {
        let format = "--format=%(refname) %(objectname)";
        repo.git_in(
            home,
            [
                "for-each-ref",
                format,
                "refs/heads/hub",
                "refs/tags",
                "refs/hub",
            ],
        )
    };
    let (before, after) = (refs(from, there), refs(to, here));
    let before: Vec<&str> = before.lines().collect();
    // What was merged and has no branch any more is kept as what nothing else reaches.
    let is_kept = |line: &&str| before.contains(line) || !line.contains("/discarded-");
    let after: Vec<&str> = after.lines().filter(is_kept).collect();
    assert_eq!(after, before);
    to.git_in(here, ["fsck", "--strict", "--no-dangling"]);
}

fn merged(repo: &TestRepo) -> String {
    let session = evaluated(repo);
    repo.hub(["merge", &session]).ok();
    session
}

/// Makes a session and returns its id.
type Make = fn(&TestRepo) -> String;

/// Sessions in each state, by how they came there.
const STATES: [(&str, Make); 8] = [
    ("init", initialised),
    ("running", worked),
    ("evaluating", evaluated),
    ("merged", merged),
    ("merged and cleaned up", |repo| {
        let session = merged(repo);
        repo.hub(["cleanup", &session]).ok();
        session
    }),
    ("archived", |repo| {
        let session = worked(repo);
        repo.hub(["archive", &session]).ok();
        session
    }),
    ("cleaned up by force", cleaned_by_force),
    ("run by hub, tried twice, judged", |repo| {
        let session = initialised(repo);
        let agent = repo.agent_script();
        repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
        repo.hub(["wait", &session]).ok();
        let retry = ["retry", &session, "--agent", "agent-1"];
        repo.hub(retry).ok();
        repo.hub(["wait", &session]).ok();
        let judge = "echo '{\"winner\":\"a\"}'";
        let eval = ["eval", &session, "--repeat", "2", "--tolerance", "100%"];
        repo.hub(eval.iter().chain(&["--judge-cmd", judge])).ok();
        session
    }),
];

#[test]
fn a_session_is_equal_elsewhere_in_each_state() {
    for (state, make) in STATES {
        let from = TestRepo::new().with_bench();
        let session = make(&from);
        let before = (from.refs(), Tree::read(&from.path()));
        let file = exported(&from, &session);
        // Nothing changes by it.
        assert_eq!((from.refs(), Tree::read(&from.path())), before, "{state}");
        // Another clone, which has the base commit.
        let to = TestRepo::new().with_bench();
        let report = imported(&to, &file);
        assert_eq!(report["session_id"], session.as_str(), "{state}");
        assert_equal((&from, &from.path()), (&to, &to.path()), &session);
        let doctor = to.hub(["doctor"]).run();
        assert_eq!(doctor.code(), 0, "{state}: {doctor}");
    }
}

#[test]
fn an_empty_repository_gets_all_that_attempts_lead_to() {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let file = exported(&from, &session);
    let to = TestRepo::new();
    let home = to.root().join("empty");
    to.git(["init", "--quiet", home.to_str().unwrap()]);
    let import = to.hub(["import", file.to_str().unwrap()]).in_folder(&home);
    import.ok();
    assert_equal((&from, &from.path()), (&to, &home), &session);
    // And on from there.
    let base = from.git(["rev-parse", "main"]);
    to.git_in(&home, ["branch", "--force", "main", &base]);
    to.git_in(&home, ["reset", "--quiet", "--hard"]);
    to.hub(["merge", &session]).in_folder(&home).ok();
    to.hub(["cleanup", &session]).in_folder(&home).ok();
    let p50 = std::fs::read_to_string(home.join("p50_ms")).unwrap();
    assert_eq!(p50, "120\n");
}

#[test]
fn what_nothing_leads_to_is_told() {
    let from = TestRepo::new().with_bench();
    let session = initialised(&from);
    let file = exported(&from, &session);
    let to = TestRepo::new();
    let home = to.root().join("empty");
    to.git(["init", "--quiet", home.to_str().unwrap()]);
    let import = to.hub(["import", file.to_str().unwrap()]).in_folder(&home);
    let told = import.ok().stdout;
    assert!(told.contains("missing: base commit "), "{told}");
}

/// Repositories as git keeps them in other ways, from a linked worktree.
#[test]
fn it_goes_from_and_to_each_format() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let (from, to) = (TestRepo::new(), TestRepo::new());
        let Some(there) = of_format(&from, format) else {
            passed_over(&format!("this git does not know {format}"));
            continue;
        };
        let here = of_format(&to, format).unwrap();
        let init = "init --task x --agents 1 --no-baseline --json";
        let init = from.hub(init.split(' ')).in_folder(&there).json();
        let session = init["session_id"].as_str().unwrap();
        from.hub(["spawn", session, "--no-start"])
            .in_folder(&there)
            .ok();
        let path = from.hub(["path", session, "agent-1"]).in_folder(&there);
        let worktree = path.ok().stdout.trim_end().to_owned();
        from.write(format!("{worktree}/new"), "new\n");
        from.commit_in(&worktree, "agent-1");
        from.hub(["archive", session]).in_folder(&there).ok();
        let file = from.root().join("x.tar.gz");
        let export = ["export", session, "--output", file.to_str().unwrap()];
        from.hub(export).in_folder(&worktree).ok();
        to.hub(["import", file.to_str().unwrap()])
            .in_folder(&here)
            .ok();
        assert_equal((&from, &there), (&to, &here), session);
        if format.contains("sha256") {
            let other = TestRepo::new();
            super::refused(&other, &file, 6, "of a repository of sha256");
        }
    }
}

fn of_format(repo: &TestRepo, format: &str) -> Option<std::path::PathBuf> {
    let home = repo.root().join("other");
    let path = home.to_str().unwrap();
    let init = ["init", "--quiet", "--template=", format, path];
    repo.try_git_in(repo.root(), init).ok()?;
    repo.write(home.join("README.md"), "Another.\n");
    repo.commit_in(&home, "Begin");
    Some(home)
}

#[test]
fn posts_get_other_numbers_where_theirs_are_taken() {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let post = [
        "board",
        "post",
        "--session",
        &session,
        "--author",
        "ada",
        "--message",
        "How?",
    ];
    from.hub(post).ok();
    let reply = [
        "board",
        "reply",
        "progress/1",
        "--author",
        "bob",
        "--message",
        "So.",
    ];
    from.hub(reply).ok();
    let file = exported(&from, &session);
    let to = TestRepo::new().with_bench();
    let post = ["board", "post", "--author", "eve", "--message", "Mine"];
    to.hub(post).ok();
    let report = imported(&to, &file);
    assert_eq!(report["renumbered"], 2, "{report}");
    let read = to.hub(["board", "read", "progress", "--json"]).json();
    let posts = read["posts"].as_array().unwrap();
    let of = |key: &str| -> Vec<Value> {
        let values = posts.iter().map(|post| post["metadata"][key].clone());
        values.collect()
    };
    assert_eq!(of("author"), ["eve", "ada", "bob"]);
    assert_eq!(of("sequence"), [1, 2, 3]);
    let parent = posts[2]["metadata"]["parent"].as_str().unwrap();
    assert!(parent.starts_with("002-ada-"), "{parent}");
    assert_eq!(to.hub(["doctor"]).run().code(), 0);
}

#[test]
fn an_import_is_taken_back_and_done_again() {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let file = exported(&from, &session);
    let to = TestRepo::new().with_bench();
    let refs = |to: &TestRepo| {
        let mut refs = to.refs();
        // What loses its branch is kept.
        refs.retain(|line| !line.starts_with("refs/hub/snapshots/"));
        refs
    };
    let before = refs(&to);
    imported(&to, &file);
    let after = refs(&to);
    to.hub(["undo", &session]).ok();
    assert_eq!(refs(&to), before);
    super::refused(&to, &file, 6, "is here already");
    // What was done before was done elsewhere.
    to.hub(["undo", &session, "--further"]).fails(3);
    to.hub(["undo", &session]).ok();
    assert_eq!(refs(&to), after);
    assert_equal_events(&to, &session);
    to.hub(["archive", &session]).ok();
    to.hub(["cleanup", &session]).ok();
    assert_eq!(to.hub(["doctor"]).run().code(), 0);
}

fn assert_equal_events(repo: &TestRepo, session: &str) {
    let events = events(repo, &repo.path(), session);
    let begun: Vec<&str> = events
        .iter()
        .filter(|event| event["phase"] == "begin")
        .filter_map(|event| event["operation"].as_str())
        .collect();
    assert!(begun.ends_with(&["import", "undo", "undo"]), "{begun:?}");
}
