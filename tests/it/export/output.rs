//! Where an archive goes.

use std::fs;

use crate::kills::{evaluated, initialised};
use crate::support::{Terminal, TestRepo, Tree};

use super::exported;

#[test]
fn the_same_session_comes_to_the_same_bytes() {
    let repo = TestRepo::new().with_bench();
    let session = evaluated(&repo);
    let first = fs::read(exported(&repo, &session)).unwrap();
    assert_eq!(fs::read(exported(&repo, &session)).unwrap(), first);
    // From elsewhere, too, and to a stream.
    let worktree = repo.worktree(&session, "agent-1");
    let file = repo.root().join("stream");
    let stream = fs::File::create(&file).unwrap();
    let export = ["export", &session, "--output", "-"];
    repo.hub(export).in_folder(worktree).stdout(stream).ok();
    assert_eq!(fs::read(&file).unwrap(), first);
    let to = TestRepo::new().with_bench();
    to.hub(["import", "-"]).stdin(first).ok();
}

#[test]
fn a_file_that_is_there_is_replaced_by_force_alone() {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    let name = format!("{session}.hub.tar.gz");
    repo.write("sub/x", "");
    let here = repo.path().join("sub");
    let answer = repo.hub(["export", &session]).in_folder(&here).ok();
    assert!(answer.stdout.contains(&format!("sub/{name}: ")), "{answer}");
    let before = Tree::read(&here);
    let answer = repo.hub(["export", &session]).in_folder(&here).fails(6);
    assert!(answer.stderr.contains("--force"), "{answer}");
    assert_eq!(Tree::read(&here), before);
    let force = ["export", &session, "--force"];
    repo.hub(force).in_folder(&here).ok();
    assert_eq!(Tree::read(&here), before);
    let folder = [
        "export",
        &session,
        "--force",
        "--output",
        here.to_str().unwrap(),
    ];
    let answer = repo.hub(folder).fails(6);
    assert!(answer.stderr.contains("is no file"), "{answer}");
    repo.hub(["export", &session, "--output", "none/x"])
        .fails(1);
    repo.hub(["export", "20200101-000000"]).fails(3);
}

#[test]
fn stdout_is_for_the_archive_or_for_the_document() {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    let export = ["export", &session, "--output", "-"];
    let answer = repo.hub(export.iter().chain(&["--json"])).fails(2);
    assert_eq!(answer.stdout, "");
    let terminal = Terminal::start(repo.hub(export), 100);
    terminal.sees("an archive is not for a terminal");
    assert_eq!(terminal.close().code(), Some(2));
}

#[test]
fn an_archive_that_nobody_reads_is_no_error() {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    let answer = repo.hub(["export", &session, "--output", "-"]).unread();
    assert_eq!(answer.code(), 0, "{answer}");
}
