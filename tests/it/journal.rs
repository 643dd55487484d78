//! The journal as evidence: who did what, which refs moved, and whether it was changed since.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::TestRepo;

fn journal_of(repo: &TestRepo, session: &str) -> PathBuf {
    let folder = repo.hub_dir().join("sessions").join(session);
    folder.join("events.jsonl")
}

/// What doctor says of journals.
fn told(repo: &TestRepo) -> Vec<String> {
    let report = repo.hub(["doctor", "--json"]).run().json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["code"] == "journal_changed")
        .map(|finding| {
            assert_eq!(finding["fix"], Value::Null, "{finding}");
            assert!(finding["hint"].is_string(), "{finding}");
            let path = finding["path"].as_str().unwrap();
            assert!(path.ends_with("events.jsonl"), "{path}");
            finding["what"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_moves_of_refs_give_the_refs_of_the_session() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(3);
    repo.assert_refs_are_told(&id);
    for (agent, value) in [("agent-1", "150\n"), ("agent-2", "120\n")] {
        let worktree = repo.worktree(&id, agent);
        repo.write(worktree.join("p50_ms"), value);
        repo.commit_in(&worktree, agent);
    }
    // A commit that is left behind becomes a snapshot, and so does what is uncommitted.
    let worktree = repo.worktree(&id, "agent-3");
    repo.commit_in(&worktree, "One");
    repo.git_in(&worktree, ["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.commit_in(&worktree, "Two");
    for command in ["eval", "merge"] {
        repo.hub([command, &id]).ok();
        repo.assert_refs_are_told(&id);
    }
    repo.write(worktree.join("untracked"), "work\n");
    repo.hub(["cleanup", &id, "--force"]).ok();
    repo.assert_refs_are_told(&id);
    repo.assert_journal_is_whole();
    let refs = repo.refs();
    let snapshots = refs
        .iter()
        .filter(|line| line.contains("refs/hub/snapshots"));
    assert_eq!(snapshots.count(), 2, "{refs:?}");
}

#[test]
fn what_a_refused_change_did_not_move_is_told_as_it_is() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| {});
    repo.write("p50_ms", "uncommitted\n");
    repo.hub(["merge", &id]).fails(6);
    repo.assert_refs_are_told(&id);
    repo.git(["checkout", "--", "."]);
    repo.hub(["merge", &id]).ok();
    repo.assert_refs_are_told(&id);
}

#[test]
fn leftovers_that_hub_commits_are_told_with_the_end_of_the_agent() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let command = "echo work >left";
    repo.hub(["spawn", "--agent-cmd", command]).ok();
    repo.hub(["wait"]).ok();
    let id = repo.newest_session();
    let events = repo.events(&id);
    let finish = events.iter().find(|event| event["operation"] == "finish");
    let moved = &finish.unwrap()["refs"][0];
    let branch = format!("refs/heads/hub/{id}/agent-1/attempt-1");
    assert_eq!(moved["ref"], branch.as_str());
    assert_eq!(moved["new"], repo.git(["rev-parse", &branch]).as_str());
    let before = repo.git(["rev-parse", &format!("{branch}~1")]);
    assert_eq!(moved["old"], before.as_str());
}

#[test]
fn every_line_says_who_wrote_it_and_names_the_one_before() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| {});
    let events = repo.events(&id);
    let first = &events[0];
    assert!(
        first["user"].is_string() && first["host"].is_string(),
        "{first}"
    );
    assert_eq!(first["previous"], Value::Null);
    for event in &events[1..] {
        assert_eq!(event["previous"].as_str().unwrap().len(), 64, "{event}");
        assert_eq!(event["user"], first["user"]);
    }
    let journal = repo.read(journal_of(&repo, &id));
    let head = repo.read(journal_of(&repo, &id).with_extension("head"));
    let count = journal.lines().count();
    assert!(head.starts_with(&format!("{count:020} ")), "{head}");

    let plain = repo.hub(["events", &id]).ok().stdout;
    assert!(!plain.contains("WHO") && !plain.contains("REFS"), "{plain}");
    let whole = repo.hub(["events", &id, "-v"]).ok().stdout;
    let user = first["user"].as_str().unwrap();
    for column in ["WHO", "REFS", "PREVIOUS", &format!("{user}@")] {
        assert!(whole.contains(column), "{column}: {whole}");
    }
}

#[test]
fn another_user_is_named() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let id = repo.newest_session();
    let file = journal_of(&repo, &id);
    let events = repo.events(&id);
    let user = events[0]["user"].as_str().unwrap();
    let text = repo.read(&file);
    let old = format!("\"user\":\"{user}\"");
    repo.write(&file, text.replacen(&old, "\"user\":\"somebody-else\"", 1));
    let shown = repo.hub(["events", &id]).ok().stdout;
    assert_eq!(shown.matches("somebody-else@").count(), 1, "{shown}");
    let lines = repo.hub(["events", "--follow", &id]).first_lines(1);
    assert!(lines[0].contains("somebody-else@"), "{lines:?}");
}

/// One way to tamper with the lines of a journal.
type Tamper = fn(&mut Vec<String>);

#[test]
fn doctor_finds_what_was_changed_and_every_command_goes_on() {
    let blows: [(Tamper, &str); 4] = [
        (
            |lines| lines[1] = lines[1].replace("\"phase\":\"end\"", "\"phase\":\"step\""),
            "line 2 was changed after it was written",
        ),
        (
            |lines| drop(lines.remove(2)),
            "event 3 is missing before line 3",
        ),
        (|lines| lines.swap(1, 2), "event 2 is missing before line 2"),
        (|lines| drop(lines.pop()), "its end is cut off"),
    ];
    for (blow, words) in blows {
        let repo = TestRepo::new().with_bench();
        let id = repo.evaluated(|_| {});
        assert_eq!(told(&repo), [] as [&str; 0]);
        let file = journal_of(&repo, &id);
        let mut lines: Vec<String> = repo.read(&file).lines().map(str::to_owned).collect();
        blow(&mut lines);
        repo.write(&file, lines.join("\n") + "\n");
        let found = told(&repo);
        assert!(
            found[0].ends_with(words) || found[0].contains(words),
            "{found:?}"
        );
        // It is a warning: the session goes on, and the break stays to be seen.
        for command in ["status", "events"] {
            repo.hub([command, &id]).ok();
        }
        repo.hub(["merge", &id]).ok();
        repo.hub(["cleanup", &id]).ok();
        assert!(!told(&repo).is_empty(), "{words}");
        let answer = repo.hub(["doctor", "--fix"]).fails(1);
        assert!(answer.stdout.contains("journal_changed: "), "{answer}");
        assert!(!told(&repo).is_empty(), "{words}");
    }
}

#[test]
fn journals_of_an_older_hub_are_no_finding() {
    let repo = TestRepo::new().with_bench();
    let id = repo.evaluated(|_| {});
    let file = journal_of(&repo, &id);
    let older: String = repo.events(&id).iter().fold(String::new(), |text, event| {
        let mut event = event.clone();
        for key in ["user", "host", "refs", "previous"] {
            event.as_object_mut().unwrap().remove(key);
        }
        text + &event.to_string() + "\n"
    });
    repo.write(&file, older);
    std::fs::remove_file(file.with_extension("head")).unwrap();
    assert_eq!(told(&repo), [] as [&str; 0]);
    repo.hub(["merge", &id]).ok();
    assert_eq!(told(&repo), [] as [&str; 0]);
    let events = repo.events(&id);
    assert_eq!(events[0]["user"], Value::Null);
    assert!(events.last().unwrap()["previous"].is_string());
}
