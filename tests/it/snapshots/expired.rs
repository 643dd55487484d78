//! `hub snapshots expire`: kept work goes only after a yes, and its ids stay in the journal.

use std::fs;

use super::{kept, listed, with_discarded, with_work};
use crate::support::Terminal;

#[test]
fn without_a_yes_nothing_is_given_up() {
    let (repo, _) = with_work();
    let before = repo.picture();
    let error = repo
        .hub(["snapshots", "expire", "agent-1", "--json"])
        .fails(6);
    assert!(error.stderr.contains("agent-1/uncommitted-"), "{error}");
    assert!(error.stderr.contains("--yes"), "{error}");
    assert_eq!(repo.picture(), before);
}

#[test]
fn what_is_given_up_is_counted() {
    let (several, _) = with_work();
    let (one, _) = kept(|repo, worktree| repo.write(worktree.join("new"), "new\n"));
    for (repo, files) in [(several, " (3 files): "), (one, " (1 file): ")] {
        let told = repo.hub(["snapshots", "expire", "agent-1"]).fails(6).stderr;
        assert!(told.contains(files), "{told}");
    }
}

#[test]
fn with_a_yes_it_goes_and_the_journal_has_its_commit() {
    let (repo, id) = with_work();
    let commit = listed(&repo)[0]["commit"].as_str().unwrap().to_owned();
    let answer = repo.hub(["snapshots", "expire", "agent-1", "--yes"]).ok();
    assert_eq!(listed(&repo).len(), 0);
    // Until git prunes it, what is told has it back.
    let command = answer.stdout.split('`').nth(1).unwrap();
    repo.typed(&command.replace("NAME", "back"));
    assert_eq!(repo.git(["rev-parse", "back"]), commit);
    let events = repo.hub(["events", &id, "--json"]).json();
    let moved = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["operation"] == "expire")
        .flat_map(|event| event["refs"].as_array().unwrap());
    let olds: Vec<_> = moved.map(|one| one["old"].clone()).collect();
    assert_eq!(olds, [commit]);
    repo.hub(["snapshots", "expire", "agent-1", "--yes"])
        .fails(3);
}

#[test]
fn those_that_are_old_or_of_a_session_are_meant_together() {
    let (repo, id) = with_work();
    let expire = |flags: &[&str]| {
        let command = [&["snapshots", "expire", "--yes"][..], flags].concat();
        repo.hub(command).ok().stdout
    };
    assert_eq!(expire(&["--older-than", "1d"]), "nothing to give up\n");
    repo.hub(["init", "--task", "Another"]).ok();
    assert_eq!(expire(&["--session", "latest"]), "nothing to give up\n");
    assert_eq!(listed(&repo).len(), 1);
    assert!(expire(&["--session", &id, "--older-than", "0s"]).starts_with("gave up "));
    assert_eq!(listed(&repo).len(), 0);
}

#[test]
fn nothing_is_meant_where_nothing_is_said() {
    let (repo, _) = with_work();
    repo.hub(["snapshots", "expire", "--yes"]).fails(2);
    repo.hub(["snapshots", "expire", "--older-than", "30"])
        .fails(2);
    assert_eq!(listed(&repo).len(), 1);
}

#[test]
fn a_snapshot_without_a_session_can_be_given_up() {
    let (repo, id, _) = with_discarded();
    fs::remove_dir_all(repo.hub_dir().join("sessions").join(&id)).unwrap();
    let answer = repo
        .hub(["snapshots", "expire", "--session", &id, "--yes"])
        .ok();
    assert!(
        answer.stderr.contains("no journal keeps the ids"),
        "{answer}"
    );
    assert_eq!(listed(&repo).len(), 0);
}

#[test]
fn on_a_terminal_it_is_asked() {
    let (repo, _) = with_work();
    let mut terminal = Terminal::start(repo.hub(["snapshots", "expire", "agent-1"]), 100);
    terminal.sees("Give up this snapshot for good?");
    terminal.types("n");
    assert_eq!(terminal.ends().0, 6);
    assert_eq!(listed(&repo).len(), 1);
}
