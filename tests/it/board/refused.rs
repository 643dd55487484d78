//! What a board is not to be made to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{board, says};
use crate::support::{TestRepo, Tree};

#[test]
fn names_are_checked_before_they_touch_a_path() {
    let repo = TestRepo::new();
    says(&repo, "ada", "results", "one");
    let before = Tree::read(repo.root());
    let long = "a".repeat(300);
    for channel in [
        "../x", "", "/etc", "a/b", "-rf", "_index", "results/", &long,
    ] {
        let channel = format!("--channel={channel}");
        repo.hub(["board", "post", "-m", "x", &channel]).fails(2);
    }
    for author in ["../x", "", "a/b", "-rf", "a b", "a\nb", &long] {
        let author = format!("--author={author}");
        repo.hub(["board", "post", "-m", "x", &author]).fails(2);
        repo.hub(["board", "read", "results", &author]).fails(2);
    }
    for post in ["../x", "results/../1", "", "a\nb", &long] {
        repo.hub(["board", "reply", "-m", "x", "--", post]).fails(2);
    }
    repo.hub(["board", "read", "../results"]).fails(2);
    before.assert_is(repo.root());
}

#[test]
fn what_says_nothing_is_no_post() {
    let repo = TestRepo::new();
    repo.write("latin1", b"na\xefve");
    for (words, status) in [
        (&["--message", ""][..], 2),
        (&["--message", " \n\t"], 2),
        (&["-"], 2),
        (&["--file", "latin1"], 2),
        (&["--file", "nowhere"], 1),
        (&["--file", "."], 1),
        (&[], 2),
        (&["--message", "x", "-"], 2),
        (&["words"], 2),
        (&["--message", "x", "--session", "2030"], 3),
        (&["--message", "x", "--channel", "resutls"], 3),
    ] {
        let answer = repo
            .hub(["board", "post"].iter().chain(words))
            .fails(status);
        assert!(answer.stderr.starts_with("error: "), "{answer}");
    }
    repo.hub(["board", "reply", "results/1", "-m", "x"])
        .fails(3);
    repo.hub(["board", "read", "resutls"]).fails(3);
    repo.hub(["board", "read", "results", "--thread", "1"])
        .fails(3);
    for bad in ["yesterday", "-5m", ""] {
        repo.hub(["board", "read", "results", &format!("--since={bad}")])
            .fails(2);
    }
    assert!(!board(&repo).exists());
}

#[test]
fn a_link_is_not_followed() {
    let repo = TestRepo::new().with_bench();
    let elsewhere = repo.root().join("elsewhere");
    fs::create_dir_all(elsewhere.join("results")).unwrap();
    repo.spawned(1);
    let board = board(&repo);
    fs::rename(&board, repo.root().join("aside")).unwrap();
    symlink(&elsewhere, &board).unwrap();
    let before = Tree::read(&elsewhere);
    for words in [&["list"][..], &["read", "results"], &["post", "-m", "x"]] {
        let answer = repo.hub(["board"].iter().chain(words)).fails(6);
        assert!(answer.stderr.contains("is a symbolic link"), "{answer}");
    }
    // What hub has to tell is not worth failing for.
    let answer = repo.hub(["status"]).ok();
    assert!(
        answer.stderr.contains("the board is passed over"),
        "{answer}"
    );
    let answer = repo.hub(["archive"]).ok();
    assert!(
        answer
            .stderr
            .contains("warning: the board does not tell of session"),
        "{answer}"
    );
    fs::remove_file(&board).unwrap();
    fs::create_dir(&board).unwrap();
    symlink(elsewhere.join("results"), board.join("results")).unwrap();
    let post = ["board", "post", "--channel", "results", "-m", "x"];
    repo.hub(post).fails(6);
    before.assert_is(&elsewhere);
}

#[test]
fn a_board_that_cannot_be_written_is_read_and_makes_no_command_fail() {
    let repo = TestRepo::new().with_bench();
    says(&repo, "ada", "results", "one");
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    repo.hub_unprivileged(["list"]).ok();
    for folder in ["", "dispatch", "progress", "results"] {
        let closed = Permissions::from_mode(0o555);
        fs::set_permissions(board(&repo).join(folder), closed).unwrap();
    }
    let before = Tree::read(&board(&repo));
    let post = [
        "board",
        "post",
        "--author",
        "ada",
        "--channel",
        "results",
        "-m",
        "x",
    ];
    let answer = repo.hub_unprivileged(post).fails(1);
    assert!(answer.stderr.contains("Permission denied"), "{answer}");
    assert!(answer.stderr.contains("\nhint: make "), "{answer}");
    let answer = repo.hub_unprivileged(["spawn", "--no-start"]).ok();
    assert!(
        answer.stderr.contains("warning: the board does not tell"),
        "{answer}"
    );
    before.assert_is_but_for(&[".lock"], &board(&repo));
    let read = repo
        .hub_unprivileged(["board", "read", "results", "--json"])
        .json();
    assert_eq!(read["posts"][0]["body"], "one");
}
