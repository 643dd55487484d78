//! The hub directory as a whole, and its settings.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{assert_is_well, codes, findings, told};
use crate::support::{TestRepo, Tree, passed_over};

/// Sets the modes of a folder and of everything in it.
pub(super) fn set_modes(folder: &Path, of_folders: u32, of_files: u32) {
    for path in Tree::read(folder).paths() {
        let path = folder.join(path);
        let mode = if path.is_dir() { of_folders } else { of_files };
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(folder, Permissions::from_mode(of_folders)).unwrap();
}

fn begun() -> (TestRepo, String) {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    (repo, session)
}

#[test]
fn folders_that_are_links_are_told_and_not_followed() {
    for name in ["", "sessions", "board"] {
        let (repo, _) = begun();
        let folder = repo.hub_dir().join(name);
        let elsewhere = repo.root().join("elsewhere");
        let folder = folder.components().collect::<std::path::PathBuf>();
        fs::create_dir_all(&folder).unwrap();
        fs::rename(&folder, &elsewhere).unwrap();
        symlink(&elsewhere, &folder).unwrap();
        // What is behind it is a session with a damaged file.
        repo.write(elsewhere.join("20260317-143022/state.json"), "");
        let before = Tree::read(&elsewhere);
        let found = told(&repo, "linked");
        assert_eq!(found["path"], folder.to_str().unwrap());
        assert_eq!(Tree::read(&elsewhere), before);
        fs::remove_file(&folder).unwrap();
        fs::remove_dir_all(elsewhere.join("20260317-143022")).unwrap();
        fs::rename(&elsewhere, &folder).unwrap();
        assert_is_well(&repo);
    }
}

#[test]
fn a_hub_directory_of_another_user_is_told() {
    if !rustix::process::geteuid().is_root() {
        passed_over("only root can give a folder to somebody else");
        return;
    }
    let (repo, _) = begun();
    std::os::unix::fs::chown(repo.hub_dir(), Some(65534), None).unwrap();
    let found = told(&repo, "foreign_owner");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.starts_with("`sudo chown -R root "), "{hint}");
    std::os::unix::fs::chown(repo.hub_dir(), Some(0), None).unwrap();
    assert_is_well(&repo);
}

#[test]
fn what_everybody_can_change_is_told() {
    let (repo, session) = begun();
    let folder = repo.hub_dir().join("sessions").join(&session);
    for file in [repo.hub_dir(), folder.clone(), folder.join("config.yaml")] {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        fs::set_permissions(&file, Permissions::from_mode(mode | 0o002)).unwrap();
        let found = told(&repo, "open_to_others");
        assert_eq!(found["path"], file.to_str().unwrap());
        repo.typed(found["hint"].as_str().unwrap().split('`').nth(1).unwrap());
        assert_is_well(&repo);
    }
}

#[test]
fn what_is_not_of_hub_is_named_and_stays() {
    let (repo, session) = begun();
    let folder = repo.hub_dir().join("sessions").join(&session);
    let strange = [
        repo.hub_dir().join("notes.txt"),
        repo.hub_dir().join("sessions/old"),
        folder.join("backup/state.json"),
    ];
    for file in &strange {
        repo.write(file, "mine\n");
    }
    let found = findings(&repo);
    assert_eq!(codes(&found), ["foreign_file"; 3]);
    let what = |at: usize| found[at]["what"].as_str().unwrap();
    assert!(what(0).ends_with(": notes.txt"), "{}", what(0));
    assert_eq!(found[2]["path"], folder.to_str().unwrap());
    repo.hub(["doctor", "--fix", "--yes"]).fails(1);
    assert!(strange.iter().all(|file| repo.read(file) == "mine\n"));
}

#[test]
fn settings_that_cannot_be_read_are_told_with_the_line() {
    let (repo, _) = begun();
    let project = repo.hub_dir().join("config.yaml");
    let user = repo.home().join(".config/agenthub/config.yaml");
    let bomb = "a: &a [x,x]\nb: &b [*a,*a]\nagents: *b\n";
    for (file, text, said) in [
        (&project, "agents: 2\nagentz: 3\n", ", line 2: unknown key"),
        (&project, "agents: 2\nagents: 3\n", ", line 2: "),
        (&project, bomb, ": "),
        (&user, "agents: many\n", ", line 1: "),
        (&user, "#".repeat(70_000).leak(), "longer than 64 KiB"),
    ] {
        repo.write(file, text);
        let found = told(&repo, "bad_settings");
        let what = found["what"].as_str().unwrap();
        assert!(what.contains(said), "{what}");
        assert!(what.contains(file.to_str().unwrap()), "{what}");
        fs::remove_file(file).unwrap();
    }
    assert_is_well(&repo);
}
