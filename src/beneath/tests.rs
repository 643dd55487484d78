use std::io::Write;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType as Kind};

use super::*;

/// A hub directory with `a/file`, and a folder beside it that nobody may come to.
fn places() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let top = tempfile::tempdir().unwrap();
    let top_path = top.path().canonicalize().unwrap();
    let (hub, secret) = (top_path.join(HUB_DIR), top_path.join("secret"));
    fs::create_dir_all(hub.join("a")).unwrap();
    fs::create_dir(&secret).unwrap();
    for path in [hub.join("a/file"), secret.join("file")] {
        let mut file = File::create(path).unwrap();
        file.write_all(b"text").unwrap();
    }
    (top, hub, secret)
}

fn pipe(path: &Path) {
    rustix::fs::mknodat(CWD, path, Kind::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn link_in(result: io::Result<impl Sized>) -> PathBuf {
    let error = result.err().expect("it is refused");
    match Refused::of(&error) {
        Some(Refused::Link(path)) => path.clone(),
        other => panic!("{other:?}: {error}"),
    }
}

#[test]
fn the_part_below_the_hub_directory_is_found() {
    let of = |path: &'static str| {
        Place::of(Path::new(path)).map(|place| (place.root.to_str(), place.below.to_str()))
    };
    for (path, root, below) in [
        ("/r/.agenthub/a/b", "/r", ".agenthub/a/b"),
        ("/r/.agenthub", "/r", ".agenthub"),
        (".agenthub/x", "", ".agenthub/x"),
        ("/.agenthub/r/.agenthub/x", "/.agenthub/r", ".agenthub/x"),
    ] {
        assert_eq!(of(path), Some((Some(root), Some(below))), "{path}");
    }
    for path in ["/r/a", "/", "", "/r/.agenthubs/x"] {
        assert_eq!(of(path), None, "{path}");
    }
}

#[test]
fn no_link_below_is_followed_by_any_road() {
    let (_top, hub, secret) = places();
    symlink(&secret, hub.join("folder")).unwrap();
    symlink(secret.join("file"), hub.join("link")).unwrap();
    symlink("a", hub.join("inner")).unwrap();
    for path in ["folder/file", "link", "inner/file"] {
        let first = hub.join(path.split('/').next().unwrap());
        let path = hub.join(path);
        assert_eq!(link_in(open(&path)), first);
        assert_eq!(
            link_in(open_with(&path, OpenOptions::new().append(true))),
            first
        );
        let place = Place::of(&path).unwrap();
        assert!(place.resolve_below(OFlags::RDONLY).is_err());
        assert!(place.step_by_step(OFlags::RDONLY).is_err());
    }
    for path in ["folder/new", "folder/new/below"] {
        assert!(create_dir_all(&hub.join(path)).is_err(), "{path}");
    }
    assert!(create_dir_all(&hub.join("folder")).is_err());
    assert!(read_dir(&hub.join("folder")).is_err());
    assert!(rename(&hub.join("a/file"), &hub.join("folder/taken")).is_err());
    assert!(rename(&hub.join("folder/file"), &hub.join("a/taken")).is_err());
    assert!(remove_file(&hub.join("folder/file")).is_err());
    assert!(metadata(&hub.join("folder/file")).is_err());
    assert!(!is_folder(&hub.join("folder")));
    assert_eq!(fs::read_dir(&secret).unwrap().count(), 1);
    assert_eq!(fs::read(secret.join("file")).unwrap(), b"text");
}

#[test]
fn the_users_own_links_lead_to_it() {
    let (top, hub, secret) = places();
    let link = top.path().join("link");
    symlink(hub.parent().unwrap(), &link).unwrap();
    let linked = link.join(HUB_DIR);
    assert_eq!(read(&linked.join("a/file")).unwrap(), b"text");
    create_dir_all(&linked.join("new/below")).unwrap();
    assert!(is_folder(&hub.join("new/below")));
    let place = linked.join("a/file");
    let place = Place::of(&place).unwrap();
    assert!(place.step_by_step(OFlags::RDONLY).is_ok());
    symlink(secret.join("file"), hub.join("x")).unwrap();
    assert_eq!(link_in(open(&linked.join("x"))), linked.join("x"));
    // What is not below a hub directory is taken as it is.
    symlink(secret.join("file"), secret.join("x")).unwrap();
    assert_eq!(read(&secret.join("x")).unwrap(), b"text");
}

#[test]
fn what_is_no_file_is_told_at_once() {
    let (_top, hub, _secret) = places();
    let (fifo, socket) = (hub.join("pipe"), hub.join("socket"));
    pipe(&fifo);
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let named = |error: io::Error| match Refused::of(&error) {
        Some(Refused::NoFile { what, .. }) => *what,
        other => panic!("{other:?}: {error}"),
    };
    let append = |path: &Path| open_with(path, OpenOptions::new().append(true));
    for (path, what) in [(&fifo, "a pipe"), (&socket, "a socket")] {
        assert_eq!(named(open(path).unwrap_err()), what);
        assert_eq!(named(append(path).unwrap_err()), what);
    }
    let folder = open(&hub.join("a")).unwrap_err();
    assert_eq!(folder.kind(), ErrorKind::IsADirectory);
    assert_eq!(
        open(&hub.join("b")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn a_folder_that_is_held_is_the_same_when_a_link_takes_its_place() {
    let (_top, hub, secret) = places();
    let held = hold(&hub.join("a/new")).unwrap();
    fs::rename(hub.join("a"), hub.join("b")).unwrap();
    symlink(&secret, hub.join("a")).unwrap();
    File::create(held.path()).unwrap();
    assert!(hub.join("b/new").exists());
    assert!(!secret.join("new").exists());
}

#[test]
fn the_way_up_is_no_way() {
    let (_top, hub, _secret) = places();
    let path = hub.join("a/../../secret/file");
    let place = Place::of(&path).unwrap();
    for opened in [
        place.resolve(OFlags::RDONLY),
        place.step_by_step(OFlags::RDONLY),
    ] {
        assert_eq!(opened.err(), Some(Errno::XDEV));
    }
}
