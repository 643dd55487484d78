//! `hub export` and `hub import`: a session as one file, and back.

pub mod archive;
mod encrypted;
mod hostile;
mod output;
mod refused;
mod round_trip;
mod running;
mod trust;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::TestRepo;

/// Exports a session to a file in the temporary folder.
fn exported(repo: &TestRepo, session: &str) -> PathBuf {
    let file = repo.root().join("session.hub.tar.gz");
    let command = ["export", session, "--force", "--output"];
    repo.hub(command.iter().chain(&[file.to_str().unwrap()]))
        .ok();
    file
}

/// Imports it elsewhere.
fn imported(repo: &TestRepo, file: &std::path::Path) -> Value {
    repo.hub(["import", file.to_str().unwrap(), "--json"])
        .json()
}

/// Refuses it elsewhere, with everything as it was.
#[track_caller]
fn refused(repo: &TestRepo, file: &std::path::Path, code: i32, said: &str) {
    let hub_dir = || {
        let tree = crate::support::Tree::read(&repo.hub_dir());
        let paths = tree.paths().into_iter();
        // Lock files stay, and the directory itself.
        let stays = |path: &&std::path::Path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            ![".lock", ".gitignore", "sessions"].contains(&name)
        };
        let paths: Vec<_> = paths.filter(stays).map(PathBuf::from).collect();
        paths
    };
    let before = (repo.refs(), hub_dir());
    let answer = repo.hub(["import", file.to_str().unwrap()]).fails(code);
    assert!(answer.stderr.contains(said), "{said:?} is not in {answer}");
    assert!(answer.stderr.contains("hint: "), "{answer}");
    assert_eq!((repo.refs(), hub_dir()), before, "{answer}");
}
