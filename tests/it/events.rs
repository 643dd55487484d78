//! Journals as they grow: `hub events --follow`, and all of them with `--all`.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Running, TestRepo, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

/// `hub events --follow` beside the test, which reads what it writes.
struct Followed {
    running: Running,
    file: PathBuf,
}

impl Followed {
    fn start(repo: &TestRepo, options: &[&str]) -> Self {
        Self::start_as(repo, "followed", options)
    }

    fn start_as(repo: &TestRepo, name: &str, options: &[&str]) -> Self {
        let file = repo.root().join(name);
        let arguments = ["events", "--follow", "--json"];
        let hub = repo.hub(arguments.iter().chain(options));
        Self {
            running: hub.stdout(File::create(&file).unwrap()).start(),
            file,
        }
    }

    /// The documents so far, each on a line of its own.
    fn documents(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let whole = text.rfind('\n').map_or("", |at| &text[..at]);
        let lines = whole.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn wait_for(&self, session: &str, operation: &str, phase: &str) {
        let is_it = |document: &Value| {
            (&document["session_id"], &document["operation"])
                == (&session.into(), &operation.into())
                && document["phase"] == phase
        };
        let what = format!("{operation} {phase} of {session} is told");
        wait_until(LIMIT, &what, || self.documents().iter().any(is_it));
    }

    /// What was told of a session, `operation phase`, once each.
    fn told(&self, session: &str) -> Vec<String> {
        let documents = self.documents();
        let own = documents.iter().filter(|one| one["session_id"] == session);
        own.map(|one| {
            let (operation, phase) = (one["operation"].as_str(), one["phase"].as_str());
            format!("{} {}", operation.unwrap(), phase.unwrap())
        })
        .collect()
    }
}

fn made(repo: &TestRepo) -> String {
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    repo.newest_session()
}

fn update(repo: &TestRepo, session: &str) {
    repo.hub(["update", session, "--state", "running"]).ok();
}

#[test]
fn a_session_is_followed_from_its_beginning_until_ctrl_c() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let followed = Followed::start(&repo, &[&session]);
    followed.wait_for(&session, "init", "end");
    update(&repo, &session);
    followed.wait_for(&session, "update", "end");
    assert_eq!(
        followed.told(&session),
        ["init begin", "init end", "update begin", "update end"],
        "each once, in their order"
    );
    followed.running.signal(Signal::INT);
    followed.running.end().fails(130);
}

#[test]
fn a_session_that_is_made_later_is_followed_too_when_all_are() {
    let repo = TestRepo::new();
    // There is not even a hub directory yet.
    let followed = Followed::start(&repo, &["--all"]);
    let first = made(&repo);
    followed.wait_for(&first, "init", "end");
    let second = made(&repo);
    update(&repo, &first);
    followed.wait_for(&second, "init", "end");
    followed.wait_for(&first, "update", "end");
    assert_eq!(followed.told(&second), ["init begin", "init end"]);
    followed.running.signal(Signal::TERM);
    followed.running.end().fails(143);
}

#[test]
fn one_session_alone_is_followed_when_it_is_named() {
    let repo = TestRepo::new();
    let (first, second) = (made(&repo), made(&repo));
    let followed = Followed::start(&repo, &[&first]);
    followed.wait_for(&first, "init", "end");
    update(&repo, &second);
    update(&repo, &first);
    followed.wait_for(&first, "update", "end");
    assert_eq!(followed.told(&second), [] as [&str; 0]);
    followed.running.signal(Signal::INT);
    followed.running.end().fails(130);
}

#[test]
fn following_outlives_a_session_that_goes_and_comes_back() {
    let repo = TestRepo::new();
    let (session, other) = (made(&repo), made(&repo));
    let folder = repo.hub_dir().join("sessions").join(&session);
    let aside = repo.root().join("aside");
    let (one, all) = (
        Followed::start_as(&repo, "one", &[&session]),
        Followed::start_as(&repo, "all", &["--all"]),
    );
    for followed in [&one, &all] {
        followed.wait_for(&session, "init", "end");
    }
    std::fs::rename(&folder, &aside).unwrap();
    update(&repo, &other);
    all.wait_for(&other, "update", "end");
    std::fs::rename(&aside, &folder).unwrap();
    update(&repo, &session);
    for followed in [one, all] {
        followed.wait_for(&session, "update", "end");
        followed.running.signal(Signal::INT);
        followed.running.end().fails(130);
    }
}

#[test]
fn following_outlives_the_cleanup_of_a_session() {
    let repo = TestRepo::new();
    let session = made(&repo);
    let followed = Followed::start(&repo, &[&session]);
    repo.hub(["spawn", &session, "--no-start"]).ok();
    repo.hub(["archive", &session]).ok();
    repo.hub(["cleanup", &session]).ok();
    followed.wait_for(&session, "cleanup", "end");
    followed.running.signal(Signal::INT);
    followed.running.end().fails(130);
}

#[test]
fn following_ends_quietly_with_its_reader() {
    let repo = TestRepo::new();
    let session = made(&repo);
    // Nothing more is written after the lines that it takes.
    let lines = repo.hub(["events", "--follow", &session]).first_lines(2);
    assert!(
        lines[0].ends_with(&format!("  {session}  init  begin")),
        "{lines:?}"
    );
    let lines = repo.hub(["events", "--all", "--follow"]).first_lines(1);
    assert_eq!(lines.len(), 1);
}

#[test]
fn all_journals_are_one_document_with_a_session_each() {
    let repo = TestRepo::new();
    let none = repo.hub(["events", "--all", "--json"]).json();
    assert_eq!(none, serde_json::json!({ "sessions": [], "corrupt": [] }));
    let (first, second) = (made(&repo), made(&repo));
    let all = repo.hub(["events", "--all", "--json"]).json();
    for (nth, session) in [&first, &second].into_iter().enumerate() {
        let alone = repo.hub(["events", session, "--json"]).json();
        assert_eq!(all["sessions"][nth]["session_id"], session.as_str());
        assert_eq!(all["sessions"][nth]["events"], alone["events"]);
    }
    let text = repo.hub(["events", "--all"]).ok().stdout;
    for session in [first, second] {
        assert!(text.contains(&format!("session {session}\nSEQ")), "{text}");
    }
}

#[test]
fn a_damaged_journal_does_not_hide_the_others() {
    let repo = TestRepo::new();
    let (damaged, whole) = (made(&repo), made(&repo));
    let file = repo
        .hub_dir()
        .join("sessions")
        .join(&damaged)
        .join("events.jsonl");
    repo.write(&file, "nonsense\n");
    let all = repo.hub(["events", "--all", "--json"]).fails(9);
    assert_eq!(all.json()["sessions"][0]["session_id"], whole.as_str());
    assert_eq!(all.json()["corrupt"][0]["session_id"], damaged.as_str());
    assert!(all.stderr.contains("line 1"), "{all}");

    let followed = Followed::start(&repo, &["--all"]);
    followed.wait_for(&whole, "init", "end");
    update(&repo, &whole);
    followed.wait_for(&whole, "update", "end");
    followed.running.signal(Signal::INT);
    let end = followed.running.end().fails(130);
    let said = format!("session {damaged} is passed over: ");
    assert_eq!(end.stderr.matches(&said).count(), 1, "said once: {end}");

    repo.hub(["events", "--follow", &damaged]).fails(9);
}

#[test]
fn all_and_one_session_at_once_are_a_usage_error() {
    let repo = TestRepo::new();
    let session = made(&repo);
    repo.hub(["events", &session, "--all"]).fails(2);
}

#[test]
fn every_step_says_what_was_done_in_it() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(1);
    repo.write(repo.worktree(&id, "agent-1").join("new"), "new\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    repo.hub(["undo", &id]).ok();
    let shown = repo.hub(["events", &id]).ok().stdout;
    let steps: Vec<&str> = shown
        .lines()
        .filter(|line| line.contains(" step"))
        .collect();
    let silent = steps.iter().find(|line| line.trim_end().ends_with("step"));
    assert_eq!(silent, None, "{shown}");
    for words in [
        format!("archive    step   makes=hub/archive/{id}/agent-1"),
        format!("cleanup    step   makes=refs/hub/snapshots/{id}/agent-1/uncommitted-"),
        format!("cleanup    step   removes=hub/{id}/agent-1/attempt-1"),
        format!("undo       step   makes=hub/{id}/agent-1/attempt-1"),
    ] {
        assert!(shown.contains(&words), "{words} in {shown}");
    }
}
