//! Every operation, there and back and there again.

use serde_json::Value;

use crate::support::TestRepo;

use super::{picture, there_and_back, worked};

#[test]
fn a_spawn() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    let id = repo.newest_session();
    there_and_back(&repo, &id, || {
        repo.hub(["spawn", &id, "--no-start"]).ok();
    });
}

#[test]
fn an_update() {
    let repo = TestRepo::new().with_bench();
    let id = repo.spawned(1);
    there_and_back(&repo, &id, || {
        repo.hub(["update", &id, "--state", "evaluating"]).ok();
    });
}

#[test]
fn an_evaluation_whose_files_stay() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    there_and_back(&repo, &id, || {
        repo.hub(["eval", &id]).ok();
    });
    let shown = repo.hub(["eval", &id, "--show", "--json"]).json();
    assert_eq!(shown["winner"], "agent-2");
}

#[test]
fn a_merge_with_its_checkout_and_its_tags() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    repo.hub(["eval", &id]).ok();
    there_and_back(&repo, &id, || {
        repo.hub(["merge", &id]).ok();
    });
    assert_eq!(repo.read("p50_ms"), "120\n");
    assert_eq!(repo.state(&id), "merged");
}

#[test]
fn an_archive_from_evaluating() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    repo.hub(["eval", &id]).ok();
    there_and_back(&repo, &id, || {
        repo.hub(["archive", &id]).ok();
    });
}

#[test]
fn an_archive_with_the_edges_that_it_walked() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    there_and_back(&repo, &id, || {
        repo.hub(["archive", &id]).ok();
    });
    assert_eq!(repo.state(&id), "archived");
}

#[test]
fn a_cleanup_with_uncommitted_work() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "uncommitted\n");
    repo.write(worktree.join("new/untracked"), "work\n");
    there_and_back(&repo, &id, || {
        repo.hub(["cleanup", &id, "--force"]).ok();
    });
}

#[test]
fn a_restore() {
    let repo = TestRepo::new().with_bench();
    let id = repo.archived(2);
    repo.hub(["cleanup", &id]).ok();
    there_and_back(&repo, &id, || {
        repo.hub(["restore", &id]).ok();
    });
}

#[test]
fn an_init_keeps_its_name_and_comes_back() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "First", "--agents", "1"]).ok();
    let id = repo.newest_session();
    let before = picture(&repo);
    let undone = repo.hub(["undo", "--json"]).json();
    assert_eq!(undone["hidden"], true, "{undone:#}");
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"], Value::Array(Vec::new()));
    repo.hub(["status", &id]).fails(3);
    assert!(repo.hub_dir().join("undone").join(&id).is_dir());
    repo.hub(["doctor"]).ok();
    // No other session gets its name while it is away.
    for _ in 0..3 {
        repo.hub(["init", "--task", "Another", "--agents", "1"])
            .ok();
        assert_ne!(repo.newest_session(), id);
        let another = repo.newest_session();
        repo.hub(["undo", &another]).ok();
    }
    repo.hub(["undo", &id]).ok();
    assert_eq!(picture(&repo), before);
    repo.hub(["spawn", &id, "--no-start"]).ok();
    repo.assert_journal_is_whole();
}

#[test]
fn doctor_knows_sessions_that_are_out_of_sight() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let id = repo.newest_session();
    repo.hub(["undo", &id]).ok();
    // As a kill leaves it just before the end was written.
    let folder = repo.hub_dir().join("undone").join(&id);
    let journal = repo.read(folder.join("events.jsonl"));
    let (cut, _) = journal.trim_end().rsplit_once('\n').unwrap();
    repo.write(folder.join("events.jsonl"), format!("{cut}\n"));
    std::fs::remove_file(folder.join("events.head")).unwrap();
    let found = repo.hub(["doctor", "--json"]).fails(1).json();
    assert_eq!(found["findings"][0]["code"], "unfinished_operation");
    repo.hub(["doctor", "--fix"]).ok();
    repo.hub(["doctor"]).ok();
    repo.hub(["undo", &id]).ok();
    assert_eq!(repo.newest_session(), id);
}

#[test]
fn step_by_step_to_the_beginning() {
    let repo = TestRepo::new().with_bench();
    let empty = picture(&repo);
    let id = repo.spawned(2);
    let worktree = repo.worktree(&id, "agent-1");
    repo.write(worktree.join("p50_ms"), "120\n");
    let commit = repo.commit_in(&worktree, "agent-1");
    for command in ["eval", "merge", "cleanup"] {
        repo.hub([command, &id]).ok();
    }
    for expected in ["cleanup merged", "merge evaluating", "eval running"] {
        let undone = repo.hub(["undo", &id, "--further", "--json"]).json();
        let operation = undone["undone"]["operation"].as_str().unwrap();
        let state = undone["state"].as_str().unwrap();
        assert_eq!(format!("{operation} {state}"), expected);
    }
    // What an agent has committed is not taken back with the spawn.
    repo.hub(["undo", &id, "--further"]).fails(6);
    repo.git_in(&worktree, ["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.hub(["undo", &id, "--further"]).ok();
    assert_eq!(repo.state(&id), "init");
    let format = "--format=%(refname)";
    let kept = repo.git(["for-each-ref", format, "--contains", &commit]);
    assert!(kept.contains("refs/hub/snapshots/"), "{kept}");
    repo.hub(["undo", &id, "--further"]).ok();
    assert_eq!(picture(&repo), empty);
    repo.hub(["undo", &id, "--further"]).fails(3);
    repo.git(["fsck", "--strict"]);
}

#[test]
fn what_agents_wrote_is_kept_apart_from_a_later_spawn() {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let id = repo.newest_session();
    let folder = repo.hub_dir().join("sessions").join(&id);
    repo.hub(["spawn", &id, "--agent-cmd", "echo first"]).ok();
    repo.hub(["wait", &id]).ok();
    repo.hub(["undo", &id]).ok();
    assert!(!folder.join("agents").exists());
    assert!(!folder.join("launch.json").exists());
    repo.hub(["undo", &id]).ok();
    let log = folder.join("agents/agent-1/stdout.log");
    assert_eq!(repo.read(&log), "first\n");
    repo.hub(["undo", &id]).ok();
    repo.hub(["spawn", &id, "--agent-cmd", "echo second"]).ok();
    repo.hub(["wait", &id]).ok();
    assert_eq!(repo.read(&log), "second\n");
}

#[test]
fn a_dry_run_says_it_and_does_nothing() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    repo.hub(["eval", &id]).ok();
    repo.hub(["merge", &id]).ok();
    let before = (repo.picture(), repo.events(&id));
    let told = repo.hub(["undo", &id, "--dry-run", "--json"]).json();
    assert_eq!(told["dry_run"], true);
    assert_eq!(told["state"], "evaluating");
    assert_eq!((repo.picture(), repo.events(&id)), before);
    let mut done = repo.hub(["undo", &id, "--json"]).json();
    assert_ne!(done["snapshots"], Value::Array(Vec::new()));
    done["snapshots"] = told["snapshots"].clone();
    done["dry_run"] = true.into();
    assert_eq!(done, told);
}

#[test]
fn the_session_and_what_was_done_are_told() {
    let repo = TestRepo::new().with_bench();
    let id = worked(&repo);
    repo.hub(["eval", &id]).ok();
    repo.hub(["merge", &id]).ok();
    let told = |repo: &TestRepo| {
        let answer = repo.hub(["undo"]).ok();
        let commits = regex_lite::Regex::new("[0-9a-f]{10}\\b").unwrap();
        commits
            .replace_all(&repo.normalised(&answer.stdout), "[COMMIT]")
            .into_owned()
    };
    insta::assert_snapshot!(told(&repo), @r"
    session [SESSION]
    took back `hub merge` of session [SESSION]
    main: [COMMIT] → [COMMIT]
    removed hub/archive/[SESSION]/agent-1
    kept [COMMIT] as refs/hub/snapshots/[SESSION]/agent-2/discarded-[COMMIT]
    session [SESSION] is evaluating
    next: hub undo [SESSION] does it again
    ");
    insta::assert_snapshot!(told(&repo), @r"
    session [SESSION]
    did `hub merge` of session [SESSION] again
    main: [COMMIT] → [COMMIT]
    made hub/archive/[SESSION]/agent-1 at [COMMIT]
    session [SESSION] is merged
    next: hub undo [SESSION] takes it back
    ");
    let shown = repo.hub(["events", &id]).ok().stdout;
    assert_eq!(shown.matches(" undo *").count(), 1, "{shown}");
    assert!(
        shown.ends_with("* is what `hub undo` takes back\n"),
        "{shown}"
    );
}
