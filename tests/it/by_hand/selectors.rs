//! Which session is meant: by its id, the beginning of it, `latest`, or by nothing.

use crate::support::TestRepo;

use super::{TASK, state_of};

/// Sessions whose ids are settled: `init` gives them the time, so their folders are renamed.
fn sessions(ids: &[&str]) -> TestRepo {
    let repo = TestRepo::new().with_bench();
    for id in ids {
        let document = repo.hub(["init", "--json"].iter().chain(&TASK)).json();
        let made = document["session_id"].as_str().unwrap();
        let folder = repo.hub_dir().join("sessions");
        for file in ["config.yaml", "state.json"] {
            let path = folder.join(made).join(file);
            repo.write(&path, repo.read(&path).replace(made, id));
        }
        std::fs::rename(folder.join(made), folder.join(id)).unwrap();
    }
    repo
}

/// The session that a selector means.
fn meant(repo: &TestRepo, selector: &str) -> String {
    let document = repo.hub(["status", selector, "--json"]).json();
    document["config"]["session_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn an_id_the_beginning_of_one_and_latest() {
    let repo = sessions(&["20260317-143022", "20260317-143022-2", "20260401-000000"]);
    for (selector, session) in [
        ("20260317-143022", "20260317-143022"),
        ("20260317-143022-2", "20260317-143022-2"),
        ("20260317-143022-", "20260317-143022-2"),
        ("202604", "20260401-000000"),
        ("latest", "20260401-000000"),
    ] {
        assert_eq!(meant(&repo, selector), session, "{selector}");
    }
}

#[test]
fn a_beginning_that_fits_two_names_them() {
    let repo = sessions(&["20260317-143022", "20260317-150000", "20260401-000000"]);
    let answer = repo.hub(["status", "20260317"]).fails(2);
    insta::assert_snapshot!(answer.stderr, @r"
    error: session 20260317 is not unique: 20260317-143022, 20260317-150000
    hint: give more of the id
    ");
}

#[test]
fn a_session_that_is_not_there_is_not_found() {
    let repo = sessions(&["20260317-143022"]);
    let answer = repo.hub(["status", "2027"]).fails(3);
    insta::assert_snapshot!(answer.stderr, @r"
    error: session 2027 does not exist
    hint: `hub list` shows the sessions there are, `hub init` makes one
    ");
    let none = TestRepo::new();
    let answer = none.hub(["status"]).fails(3);
    insta::assert_snapshot!(answer.stderr, @r"
    error: there is no session
    hint: `hub list` shows the sessions there are
    ");
    none.hub(["status", "latest"]).fails(3);
}

#[test]
fn what_cannot_be_an_id_is_a_usage_error_and_touches_no_path() {
    let repo = sessions(&["20260317-143022"]);
    let long = "2".repeat(300);
    for selector in [
        "../20260317-143022",
        "/etc",
        "",
        ".",
        "2026/03",
        "２０２６",
        "20260317 ",
        &long,
    ] {
        let answer = repo.hub(["status", selector]).fails(2);
        assert_eq!(answer.stdout, "");
    }
    repo.hub(["status", "-rf"]).fails(2);
    repo.hub(["status", "--", "-rf"]).fails(2);
}

#[test]
fn where_none_is_named_the_newest_that_fits_is_meant_and_named_first() {
    let (older, newer) = ("20260317-143022", "20260401-000000");
    let repo = sessions(&[older, newer]);
    let first = |arguments: &[&str]| {
        let text = repo.hub(arguments).ok().stdout;
        text.lines().next().unwrap().to_owned()
    };
    let names = |session: &str| format!("session {session}");
    assert_eq!(first(&["status"]), format!("session {newer}  init"));
    assert_eq!(first(&["events"]), names(newer));
    assert_eq!(first(&["spawn", "--no-start"]), names(newer));
    assert_eq!(first(&["wait"]), names(newer));
    // The newest is not in init any more.
    assert_eq!(first(&["spawn", "--no-start"]), names(older));
    for session in [older, newer] {
        let worktree = repo.worktree(session, "agent-1");
        repo.write(worktree.join("p50_ms"), "100\n");
        repo.write(worktree.join(session), "");
        repo.commit_in(&worktree, "Faster");
    }
    assert_eq!(first(&["eval"]), names(newer));
    repo.hub(["eval", older]).ok();
    assert_eq!(first(&["merge"]), names(newer));
    assert_eq!(first(&["cleanup"]), names(newer));
    assert_eq!(first(&["eval"]), names(older));
    assert_eq!(first(&["archive"]), names(older));
    assert_eq!(state_of(&repo, older), "archived");
    assert_eq!(first(&["cleanup"]), names(newer));
}

#[test]
fn a_session_that_was_named_is_not_named_again() {
    let repo = sessions(&["20260317-143022"]);
    let named = repo.hub(["events", "20260317-143022"]).ok();
    assert!(named.stdout.starts_with("SEQ"), "{named}");
    let quiet = repo.hub(["events", "--quiet"]).ok();
    assert!(quiet.stdout.starts_with("SEQ"), "{quiet}");
    let json = repo.hub(["events", "--json"]).json();
    assert_eq!(json["session_id"], "20260317-143022");
}
