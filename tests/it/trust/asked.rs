//! Who may say that a command is trusted: the person in front of a terminal, or who names it.

use super::{EVAL, can_init, cloned, id_of, listed};
use crate::support::Terminal;

#[test]
fn each_command_is_shown_and_asked_about() {
    let repo = cloned();
    let mut terminal = Terminal::start(repo.hub(["trust"]), 100);
    terminal.sees(EVAL);
    terminal.sees("Would you run this yourself?");
    terminal.types("y");
    terminal.sees("[2Jtwo");
    terminal.types("n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("trusted from now on"), "{screen}");
    let trusted = listed(&repo);
    assert_eq!(trusted[0]["trusted"], true);
    assert_eq!(trusted[1]["trusted"], false);
    assert!(can_init(&repo));
}

#[test]
fn a_yes_beforehand_answers_nothing() {
    let repo = cloned();
    for flags in [&["trust"][..], &["trust", "--yes"]] {
        let answer = repo.hub(flags).fails(6);
        assert!(answer.stderr.contains("`hub trust --list`"), "{answer}");
    }
    let mut terminal = Terminal::start(repo.hub(["trust", "--yes"]), 100);
    terminal.sees("Would you run this yourself?");
    terminal.types("n");
    terminal.sees("[2Jtwo");
    terminal.types("n");
    terminal.ends();
    assert!(listed(&repo).iter().all(|one| one["trusted"] == false));
    assert!(!can_init(&repo));
}

#[test]
fn a_signal_is_no_answer() {
    let repo = cloned();
    let terminal = Terminal::start(repo.hub(["trust"]), 100);
    terminal.sees("Would you run this yourself?");
    terminal.interrupt();
    let (code, screen) = terminal.ends();
    assert_eq!(code, 130, "{screen}");
    assert!(listed(&repo).iter().all(|one| one["trusted"] == false));
}

#[test]
fn an_agent_cannot_say_it_for_its_user() {
    let repo = cloned();
    let id = id_of(&repo, EVAL);
    let answer = repo
        .hub(["trust", &id])
        .env("HUB_AGENT", "agent-1")
        .fails(6);
    assert!(answer.stderr.contains("terminal of your own"), "{answer}");
    assert!(!can_init(&repo));
    // To read is no answer.
    let list = ["trust", "--list"];
    repo.hub(list).env("HUB_AGENT", "agent-1").ok();
}

#[test]
fn without_a_folder_of_the_users_nothing_is_remembered() {
    let repo = cloned();
    let id = id_of(&repo, EVAL);
    let answer = repo.hub(["trust", &id]).env("HOME", "").fails(1);
    assert!(answer.stderr.contains("XDG_STATE_HOME"), "{answer}");
    let state = repo.root().join("state");
    let trust = repo.hub(["trust", &id]).env("XDG_STATE_HOME", &state);
    trust.ok();
    assert!(state.join("agenthub/trust").join(&id).is_file());
    let list = repo.hub(["trust", "--list", "--json"]).json();
    assert_eq!(list["commands"][0]["trusted"], false, "in another folder");
}
