//! The board: its index, its channels, its posts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::{assert_is_well, codes, documented, settled, told};
use crate::support::TestRepo;

fn posted() -> TestRepo {
    let repo = TestRepo::new();
    for text in ["one", "two"] {
        let post = ["board", "post", "--author", "ada", "-m", text];
        repo.hub(post.iter().chain(&["--channel", "progress"])).ok();
    }
    assert_is_well(&repo);
    repo
}

#[test]
fn an_index_that_counts_too_few_is_mended() {
    let repo = posted();
    let index = repo.hub_dir().join("board/_index.json");
    let whole = repo.read(&index);
    repo.write(&index, whole.replace("\"progress\": 2", "\"progress\": 1"));
    let found = settled(&repo, "board_index");
    assert_eq!(found["path"], index.to_str().unwrap());
    assert_eq!(repo.read(&index), whole);
    fs::remove_file(&index).unwrap();
    settled(&repo, "board_index");
}

#[test]
fn an_index_that_cannot_be_read_is_left() {
    let repo = posted();
    let index = repo.hub_dir().join("board/_index.json");
    repo.write(&index, "{\"counters\": ");
    told(&repo, "board_index");
    assert_eq!(repo.read(&index), "{\"counters\": ");
}

#[test]
fn a_post_that_cannot_be_read_is_told() {
    let repo = posted();
    let channel = repo.hub_dir().join("board/progress");
    let post = fs::read_dir(&channel)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    repo.hub_unprivileged(["list"]).ok();
    fs::set_permissions(&post, Permissions::from_mode(0o200)).unwrap();
    let report = repo.hub_unprivileged(["doctor", "--json"]).fails(1).json();
    let found = report["findings"].as_array().unwrap();
    assert_eq!(codes(found), ["unread_post"]);
    assert_eq!(found[0]["path"], post.to_str().unwrap());
    documented::check(&found[0]);
    fs::set_permissions(&post, Permissions::from_mode(0o644)).unwrap();
    repo.hub_unprivileged(["doctor"]).ok();
}
