//! Whose session it is.

use std::fs::rename;
use std::os::unix::fs::chown;

use serde_json::Value;

use crate::support::{TestRepo, passed_over};

/// Who runs the tests, as hub names them.
fn me(repo: &TestRepo) -> String {
    let session = repo.newest_session();
    let status = repo.hub(["status", &session, "--json"]).json();
    status["config"]["owner"].as_str().unwrap().to_owned()
}

/// A new session, and its id.
fn session(repo: &TestRepo) -> String {
    let init = ["init", "--task", "x", "--agents", "1", "--json"];
    let made = repo.hub(init).json();
    made["session_id"].as_str().unwrap().to_owned()
}

/// Gives a session to somebody else.
fn give(repo: &TestRepo, session: &str, owner: &str) {
    let path = format!(".agenthub/sessions/{session}/config.yaml");
    let config = repo.read(&path);
    let kept = config.lines().filter(|line| !line.starts_with("owner: "));
    let lines: Vec<&str> = kept.chain([owner]).collect();
    // Whole at any moment: a supervisor may be reading it.
    repo.write(format!("{path}.new"), lines.join("\n") + "\n");
    let path = repo.path().join(path);
    rename(path.with_extension("yaml.new"), path).unwrap();
}

fn listed(repo: &TestRepo, arguments: &[&str]) -> Vec<Value> {
    let list = ["list", "--json", "--sort", "oldest"];
    let document = repo.hub(list.iter().chain(arguments)).json();
    let sessions = document["sessions"].as_array().unwrap().iter();
    sessions
        .map(|session| session["session_id"].clone())
        .collect()
}

#[test]
fn a_session_knows_who_made_it() {
    let repo = TestRepo::new();
    let id = session(&repo);
    let config = repo.read(format!(".agenthub/sessions/{id}/config.yaml"));
    let line = format!("owner: {}", me(&repo));
    assert!(config.lines().any(|found| found == line), "{config}");
    let document = repo.hub(["list", "--json"]).json();
    assert_eq!(document["sessions"][0]["owner"], me(&repo));
    let number = rustix::process::geteuid().as_raw().to_string();
    let known = std::process::Command::new("id").arg("-un").output();
    let name = String::from_utf8(known.unwrap().stdout).unwrap();
    assert!([name.trim(), &number].contains(&me(&repo).as_str()));
}

#[test]
fn a_list_can_be_of_one_user() {
    let repo = TestRepo::new();
    let (mine, hers) = (session(&repo), session(&repo));
    give(&repo, &hers, "owner: ada");
    assert_eq!(listed(&repo, &[]), [mine.as_str(), &hers]);
    assert_eq!(listed(&repo, &["--user", "me"]), [mine.as_str()]);
    assert_eq!(listed(&repo, &["--user", "ada"]), [hers.as_str()]);
    assert_eq!(listed(&repo, &["--user", "bob"]), [] as [&str; 0]);
    repo.hub(["list", "--user", "a b"]).fails(2);
}

#[test]
fn an_older_session_is_its_folders_owners() {
    let repo = TestRepo::new();
    let id = session(&repo);
    let mine = me(&repo);
    give(&repo, &id, "");
    assert_eq!(me(&repo), mine);
    if !rustix::process::geteuid().is_root() {
        return passed_over("only root can give a folder away");
    }
    let folder = repo.hub_dir().join("sessions").join(&id);
    // A number that no user has.
    chown(folder, Some(54_321), None).unwrap();
    assert_eq!(me(&repo), "54321");
    repo.hub(["archive", &id]).fails(6);
}

#[test]
fn what_changes_another_users_session_is_refused_without_a_yes() {
    let repo = TestRepo::new();
    let id = session(&repo);
    repo.hub(["spawn", &id, "--no-start"]).ok();
    give(&repo, &id, "owner: ada");
    let before = repo.picture();
    for command in [
        &["update", &id, "--state", "evaluating"][..],
        &["spawn", &id, "--agent-cmd", "true"],
        &["eval", &id],
        &["archive", &id],
    ] {
        let answer = repo.hub(command).fails(6);
        let expected = format!(
            "error: {} of session {id}, which is ada's, needs a yes, and there is no terminal to ask on\n\
             hint: ask ada; `--yes` does it all the same\n",
            command[0]
        );
        assert_eq!(answer.stderr, expected);
    }
    assert_eq!(repo.picture(), before);
    repo.hub(["eval", &id, "--yes"]).ok();
    repo.hub(["archive", &id]).fails(6);
    repo.hub(["archive", &id, "--yes"]).ok();
    repo.hub(["cleanup", &id]).fails(6);
    repo.hub(["cleanup", &id, "--yes"]).ok();
    assert_eq!(repo.state(&id), "archived");
}

#[test]
fn agents_of_another_user_are_ended_only_with_a_yes_and_their_end_needs_none() {
    let repo = TestRepo::new();
    let id = session(&repo);
    repo.hub(["spawn", &id, "--agent-cmd", "sleep 600"]).ok();
    give(&repo, &id, "owner: ada");
    let answer = repo.hub(["stop", &id]).fails(6);
    assert!(answer.stderr.contains("which is ada's"), "{answer}");
    let agents = |repo: &TestRepo| {
        let status = repo.hub(["status", &id, "--json"]).json();
        status["agents"][0]["status"].clone()
    };
    for command in ["pause", "resume"] {
        let answer = repo.hub([command, &id]).fails(6);
        assert!(answer.stderr.contains("which is ada's"), "{answer}");
    }
    assert_eq!(agents(&repo), "running");
    // The supervisor records the end, and asks nobody.
    repo.hub(["stop", &id, "--yes"]).ok();
    assert_eq!(agents(&repo), "cancelled");
}

#[test]
fn looking_at_another_users_session_asks_nothing() {
    let repo = TestRepo::new();
    let id = session(&repo);
    give(&repo, &id, "owner: ada");
    for command in [&["list"][..], &["status", &id], &["events", &id]] {
        repo.hub(command).ok();
    }
    let spawn = ["spawn", &id, "--agent-cmd", "true", "--dry-run"];
    repo.hub(spawn).ok();
}
