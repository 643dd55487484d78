//! Folders that cannot be written, are something else, or change while hub looks at them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{Answer, TestRepo, Tree, wait_until};

const LIMIT: Duration = Duration::from_secs(60);

/// A session in `init`.
fn begun() -> (TestRepo, String, PathBuf) {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let folder = repo.hub_dir().join("sessions").join(&session);
    (repo, session, folder)
}

/// Sets the modes of a folder and of everything in it.
fn set_modes(folder: &Path, of_folders: u32, of_files: u32) {
    for path in Tree::read(folder).paths() {
        let path = folder.join(path);
        let mode = if path.is_dir() { of_folders } else { of_files };
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(folder, Permissions::from_mode(of_folders)).unwrap();
}

#[test]
fn a_hub_directory_that_cannot_be_written_can_be_read() {
    let (repo, session, _) = begun();
    repo.hub(["spawn", &session, "--no-start"]).ok();
    // The first one makes the folder that of the user who is bound by its modes.
    repo.hub_unprivileged(["list"]).ok();
    set_modes(&repo.hub_dir(), 0o555, 0o444);
    let refs = repo.path().join(".git/refs");
    let before = (Tree::read(&repo.hub_dir()), Tree::read(&refs));

    for command in ["list", "status", "events", "path"] {
        let agent = (command == "path").then_some("agent-1");
        let arguments = (command != "list").then_some(session.as_str());
        repo.hub_unprivileged([command].into_iter().chain(arguments).chain(agent))
            .ok();
    }
    for command in [
        &["update", &session, "--state", "evaluating"][..],
        &["spawn", &session, "--agent-cmd", "true"],
        &["eval", &session],
        &["archive", &session],
        &["init", "--task", "More"],
    ] {
        let answer = repo.hub_unprivileged(command).fails(1);
        assert!(answer.stderr.contains("Permission denied"), "{answer}");
        assert!(answer.stderr.contains("\nhint: make "), "{answer}");
        assert_eq!(answer.stdout, "", "{answer}");
    }
    assert_eq!((Tree::read(&repo.hub_dir()), Tree::read(&refs)), before);
    set_modes(&repo.hub_dir(), 0o755, 0o644);
    repo.hub_unprivileged(["archive", &session]).ok();
}

#[test]
fn a_worktree_root_that_cannot_be_written_leaves_no_branch_behind() {
    let (repo, session, _) = begun();
    let root = repo.root().join("closed");
    fs::create_dir(&root).unwrap();
    repo.hub_unprivileged(["list"]).ok();
    fs::set_permissions(&root, Permissions::from_mode(0o555)).unwrap();
    let spawn = || {
        let spawn = repo.hub_unprivileged(["spawn", &session, "--no-start"]);
        spawn.env("HUB_WORKTREE_ROOT", &root)
    };
    let answer = spawn().fails(1);
    assert!(answer.stderr.contains("Permission denied"), "{answer}");
    assert!(answer.stderr.contains("\nhint: "), "{answer}");
    let status = repo.hub_unprivileged(["status", &session, "--json"]).json();
    assert_eq!(status["state"]["state"], "init");
    assert!(status["unfinished"].is_null(), "{status}");
    fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
    // Nothing of the first is in the way of the second.
    spawn().ok();
    assert!(root.join(&session).join("agent-1/README.md").exists());
}

/// Expects that a command refuses to follow a link, and that nothing is written through it.
fn refuses_link(repo: &TestRepo, target: &Path, commands: &[&[&str]]) {
    let before = Tree::read(target);
    for command in commands {
        let answer = repo.hub(*command).run();
        assert_ne!(answer.code(), 0, "{answer}");
        assert!(answer.stderr.contains("is a symbolic link"), "{answer}");
    }
    assert_eq!(Tree::read(target), before);
}

#[test]
fn a_hub_directory_that_is_a_link_is_not_followed() {
    let (repo, session, _) = begun();
    let elsewhere = repo.root().join("elsewhere");
    fs::rename(repo.hub_dir(), &elsewhere).unwrap();
    symlink(&elsewhere, repo.hub_dir()).unwrap();
    let update = ["update", &session, "--state", "running"];
    refuses_link(
        &repo,
        &elsewhere,
        &[&["list"], &["status"], &["init", "--task", "x"], &update],
    );
}

#[test]
fn a_sessions_folder_that_is_a_link_is_not_followed() {
    let (repo, session, _) = begun();
    let elsewhere = repo.root().join("elsewhere");
    let sessions = repo.hub_dir().join("sessions");
    fs::rename(&sessions, &elsewhere).unwrap();
    symlink(&elsewhere, &sessions).unwrap();
    let update = ["update", &session, "--state", "running"];
    refuses_link(
        &repo,
        &elsewhere,
        &[&["list"], &["status"], &["init", "--task", "x"], &update],
    );
}

#[test]
fn a_session_that_is_a_link_is_not_followed() {
    let (repo, session, folder) = begun();
    let elsewhere = repo.root().join("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    let update = ["update", &session, "--state", "running"];
    refuses_link(&repo, &elsewhere, &[&["status", &session], &update]);
    let list = repo.hub(["list", "--json"]).fails(9).json();
    assert_eq!(list["sessions"][0]["state"], "corrupt");
}

#[test]
fn a_session_that_is_a_file_is_told_of() {
    let (repo, session, folder) = begun();
    fs::remove_dir_all(&folder).unwrap();
    repo.write(&folder, "mine\n");
    let list = repo.hub(["list", "--json"]).fails(9).json();
    assert_eq!(list["sessions"][0]["state"], "corrupt");
    let answer = repo.hub(["update", &session, "--state", "running"]).run();
    assert_ne!(answer.code(), 0);
    assert!(answer.stderr.contains("\nhint: "), "{answer}");
    assert_eq!(repo.read(&folder), "mine\n");
    // The others are not disturbed by it.
    repo.hub(["init", "--task", "More"]).ok();
}

/// Lets something happen while an update to `running` waits for the session's lock.
fn meanwhile(repo: &TestRepo, session: &str, folder: &Path, happens: impl FnOnce()) -> Answer {
    let path = folder.join(".lock");
    let lock = File::open(&path).unwrap();
    lock.lock().unwrap();
    let update = repo.hub(["update", session, "--state", "running"]).start();
    wait_until(LIMIT, "the update stands before the lock", || {
        update.has_open(&path)
    });
    happens();
    drop(lock);
    update.end()
}

#[test]
fn a_state_that_was_replaced_before_the_lock_was_had_counts() {
    let (repo, session, folder) = begun();
    let state = folder.join("state.json");
    let archived = repo.read(&state).replace("\"init\"", "\"archived\"");
    let answer = meanwhile(&repo, &session, &folder, || repo.write(&state, &archived)).fails(4);
    assert!(answer.stderr.contains("is archived"), "{answer}");
    assert_eq!(repo.read(&state), archived);
}

#[test]
fn a_session_that_was_removed_before_its_lock_was_had_is_not_found() {
    let (repo, session, folder) = begun();
    let answer = meanwhile(&repo, &session, &folder, || {
        fs::remove_dir_all(&folder).unwrap();
    })
    .fails(3);
    assert!(answer.stderr.contains(&session), "{answer}");
    assert!(!folder.exists(), "nothing of it is made again");
}

#[test]
fn a_session_that_was_replaced_before_its_lock_was_had_is_locked_anew() {
    let (repo, session, folder) = begun();
    let copy = Tree::read(&folder);
    meanwhile(&repo, &session, &folder, || {
        fs::remove_dir_all(&folder).unwrap();
        copy.write(&folder);
    })
    .ok();
    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["state"]["state"], "running");
}

/// The clock was wrong once, or runs backwards: what was done then is in the future.
#[test]
fn a_session_of_a_time_that_is_yet_to_come_goes_the_whole_road() {
    let repo = TestRepo::new().with_bench();
    let session = repo.evaluated(|_| ());
    let state = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("state.json");
    let later = |repo: &TestRepo| {
        let mut found: serde_json::Value = serde_json::from_str(&repo.read(&state)).unwrap();
        found["updated"] = "2099-01-01T00:00:00+00:00".into();
        repo.write(&state, found.to_string());
    };
    for command in [
        &["archive", &session][..],
        &["cleanup", "--all", "--older-than", "0s"],
        &["undo", &session],
        &["cleanup", &session],
        &["restore", &session],
        &["cleanup", &session],
        &["status", &session],
        &["metrics", &session],
        &["init", "--task", "Another"],
        &["spawn", "latest", "--no-start"],
    ] {
        later(&repo);
        repo.hub(command).ok();
    }
    let told = repo.hub(["doctor"]).run();
    assert!(told.stdout.contains("2099"), "{told}");
}
