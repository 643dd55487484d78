//! `hub demo`: a whole tournament that anybody can watch, and that leaves nothing.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Terminal, TestRepo, Tree, plain};

/// The folder in which the demonstration makes its own.
fn temp(repo: &TestRepo) -> PathBuf {
    let temp = repo.root().join("tmp");
    fs::create_dir_all(&temp).unwrap();
    temp
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn each_command_stands_before_its_output_and_nothing_is_left() {
    let repo = TestRepo::new();
    let temp = temp(&repo);
    let before = Tree::read(repo.root());
    let demo = repo.hub(["demo"]).env("TMPDIR", &temp).ok();
    // What each command is seen to do; found in this order.
    let mut rest = demo.stdout.as_str();
    for part in [
        "\n$ git log --oneline\n",
        "Add up the numbers to 300",
        "\n$ cat sum.sh\n#!/bin/sh\n",
        "\n$ ./bench.sh\nsteps: ",
        "\n$ hub run --task ",
        "winner: agent-2\n",
        "\n$ git log --oneline --graph\n",
        "\n$ git tag --list\nhub/archive/",
        "\n$ hub list\nSESSION ",
        "merged",
        "\n$ hub status\nsession ",
        "The folder is gone again; `hub demo --keep` keeps it.\n",
    ] {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part:?} is not where it should be: {demo}"));
        rest = &rest[at + part.len()..];
    }
    before.assert_is(repo.root());
    assert!(is_empty(&temp));
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing_either() {
    for moment in ["$ ./bench.sh", "agent-1 running"] {
        let repo = TestRepo::new();
        let temp = temp(&repo);
        let terminal = Terminal::start(repo.hub(["demo"]).env("TMPDIR", &temp), 200);
        terminal.sees(moment);
        terminal.interrupt();
        let (code, screen) = terminal.ends();
        let screen = plain(&screen);
        assert_eq!(code, 130, "{screen}");
        assert!(
            screen.contains("error: interrupted by signal 2"),
            "{screen}"
        );
        assert!(is_empty(&temp), "after {moment}: {screen}");
    }
}

#[test]
fn keep_keeps_the_repository_and_says_where() {
    let repo = TestRepo::new();
    let demo = repo.hub(["demo", "--keep"]).env("TMPDIR", temp(&repo)).ok();
    let (_, place) = demo.stdout.rsplit_once("Look around in ").unwrap();
    let (place, removal) = place.split_once("; `").unwrap();
    assert_eq!(repo.git_in(place, ["status", "--porcelain"]), "");
    let list = repo.hub(["list", "--json"]).in_folder(place).json();
    assert_eq!(list["sessions"][0]["state"], json!("merged"));
    // What it says removes it removes all of it.
    let command = removal.split('`').next().unwrap();
    let folder = command.strip_prefix("rm -rf ").unwrap();
    fs::remove_dir_all(folder).unwrap();
    assert!(is_empty(&temp(&repo)));
}

#[test]
fn as_json_it_is_one_document() {
    let repo = TestRepo::new();
    let demo = repo.hub(["demo", "--json"]).env("TMPDIR", temp(&repo)).ok();
    let document = demo.json();
    assert_eq!(document["kept"], json!(false));
    let repository = document["repository"].as_str().unwrap();
    assert!(Path::new(repository).is_absolute(), "{document}");
    assert!(!Path::new(repository).exists());
    // What the commands print is to be seen all the same.
    assert!(demo.stderr.contains("winner: agent-2"), "{demo}");
}

#[test]
fn it_needs_no_user_name_and_no_repository() {
    let repo = TestRepo::new();
    let empty = repo.root().join("empty");
    fs::create_dir(&empty).unwrap();
    let demo = repo.hub(["demo"]).in_folder(&empty);
    demo.env("HOME", &empty)
        .env("XDG_CONFIG_HOME", &empty)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("TMPDIR", temp(&repo))
        .ok();
    assert!(is_empty(&empty));
}

#[test]
fn variables_that_lead_git_elsewhere_do_not_lead_it_there() {
    let repo = TestRepo::new();
    let before = Tree::read(&repo.path());
    repo.hub(["demo"])
        .env("GIT_DIR", repo.path().join(".git"))
        .env("GIT_WORK_TREE", repo.path())
        .env("GIT_INDEX_FILE", repo.path().join(".git/index"))
        .env("TMPDIR", temp(&repo))
        .ok();
    before.assert_is(&repo.path());
}

#[test]
fn settings_of_the_user_do_not_change_it() {
    let repo = TestRepo::new();
    let settings = "agents: 7\ntemplate: nowhere\nworktree_root: elsewhere\n";
    repo.write(repo.home().join(".config/agenthub/config.yaml"), settings);
    let demo = repo.hub(["demo"]).env("TMPDIR", temp(&repo));
    let demo = demo.env("HUB_BASE_BRANCH", "nowhere").run().ok();
    assert!(demo.stdout.contains("winner: agent-2"), "{demo}");
}
