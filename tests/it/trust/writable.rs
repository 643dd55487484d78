//! What other users can write need not be this user's, as with the keys of ssh.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{EVAL, id_of, listed};
use crate::support::TestRepo;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A session of this user's own.
fn own() -> (TestRepo, String) {
    let repo = TestRepo::new();
    let init = "init --task x --agents 1 --no-baseline --metric m --eval";
    repo.hub(init.split(' ').chain([EVAL])).ok();
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--no-start"]).ok();
    (repo, session)
}

#[test]
fn a_command_from_a_file_that_others_can_write_is_not_run() {
    let (repo, session) = own();
    let config = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("config.yaml");
    mode(&config, 0o666);
    let answer = repo.hub(["eval", &session]).fails(6);
    assert!(
        answer.stderr.contains("which other users can write"),
        "{answer}"
    );
    mode(&config, 0o644);
    assert_ne!(repo.hub(["eval", &session]).run().code(), 6);
}

#[test]
fn nor_one_from_a_folder_in_which_others_can_put_another_file() {
    let (repo, session) = own();
    for folder in ["", "sessions"] {
        let folder = repo.hub_dir().join(folder);
        mode(&folder, 0o777);
        let answer = repo.hub(["eval", &session]).fails(6);
        let why = "lies in a folder that other users can write";
        assert!(answer.stderr.contains(why), "{answer}");
        mode(&folder, 0o755);
    }
    assert_ne!(repo.hub(["eval", &session]).run().code(), 6);
}

#[test]
fn one_that_was_read_can_be_trusted_there_too() {
    let (repo, session) = own();
    mode(&repo.hub_dir(), 0o777);
    assert_eq!(listed(&repo)[0]["command"], EVAL);
    repo.hub(["trust", &id_of(&repo, EVAL)]).ok();
    assert_ne!(repo.hub(["eval", &session]).run().code(), 6);
}
