//! What is here already stays as it is.

use std::time::Duration;

use chrono::Utc;
use serde_json::Value;

use crate::kills::{evaluated, worked};
use crate::support::{TestRepo, wait_until};

use super::archive::Archive;
use super::{exported, imported, refused};

#[test]
fn a_session_of_that_id_is_not_replaced() {
    let repo = TestRepo::new().with_bench();
    let session = evaluated(&repo);
    let file = exported(&repo, &session);
    refused(&repo, &file, 6, "is here already");
}

#[test]
fn a_ref_is_made_only_where_it_is_not() {
    let from = TestRepo::new().with_bench();
    let session = worked(&from);
    let file = exported(&from, &session);
    let to = TestRepo::new().with_bench();
    let branch = format!("hub/{session}/agent-1/attempt-1");
    to.git(["branch", &branch, "main"]);
    refused(&to, &file, 6, "and in the archive at");
    // The same commit is fine.
    let path = from.path();
    to.git([
        "fetch",
        "--quiet",
        path.to_str().unwrap(),
        &format!("+{branch}:{branch}"),
    ]);
    let report = imported(&to, &file);
    assert_eq!(report["kept_refs"], 1);
    assert_eq!(report["made_refs"].as_array().unwrap().len(), 1);
    // What the import has not made it does not take away.
    to.hub(["undo", &session]).ok();
    assert!(to.refs().iter().any(|line| line.contains(&branch)));
}

#[test]
fn a_branch_in_the_way_of_all_is_told() {
    let from = TestRepo::new().with_bench();
    let session = worked(&from);
    let file = exported(&from, &session);
    let to = TestRepo::new().with_bench();
    to.git(["branch", "hub", "main"]);
    let before = to.refs();
    to.hub(["import", file.to_str().unwrap()]).fails(1);
    assert_eq!(to.refs(), before);
    let list = to.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"], Value::Array(Vec::new()));
    to.git(["branch", "-D", "hub"]);
    imported(&to, &file);
}

#[test]
fn what_an_archive_builds_upon_must_be_here() {
    let from = TestRepo::new().with_bench();
    let session = worked(&from);
    let file = from.root().join("thin.tar.gz");
    let export = ["export", &session, "--thin", "--json", "--output"];
    let report = from.hub(export.iter().chain(&[file.to_str().unwrap()]));
    let report = report.json();
    let base = from.git(["rev-parse", "main"]);
    assert_eq!(report["needs"], serde_json::json!([base]));
    let other = TestRepo::new();
    refused(&other, &file, 6, "which is not in this repository");
    imported(&TestRepo::new().with_bench(), &file);
}

#[test]
fn a_shallow_clone_tells_what_its_archive_lacks() {
    let from = TestRepo::new().with_bench();
    let shallow = from.root().join("shallow");
    let url = format!("file://{}", from.path().display());
    let path = shallow.to_str().unwrap();
    from.git(["clone", "--quiet", "--depth", "1", &url, path]);
    let init = "init --task x --agents 1 --no-baseline --json".split(' ');
    let init = from.hub(init).in_folder(&shallow).json();
    let session = init["session_id"].as_str().unwrap();
    from.hub(["spawn", session, "--no-start"])
        .in_folder(&shallow)
        .ok();
    let worktree = from.hub(["path", session, "agent-1"]).in_folder(&shallow);
    let worktree = worktree.ok().stdout.trim_end().to_owned();
    from.write(format!("{worktree}/new"), "new\n");
    from.commit_in(&worktree, "agent-1");
    let file = from.root().join("x.tar.gz");
    let export = ["export", session, "--output", file.to_str().unwrap()];
    let answer = from.hub(export).in_folder(&shallow).ok();
    assert!(answer.stderr.contains("shallow clone"), "{answer}");
    imported(&TestRepo::new().with_bench(), &file);
    refused(&TestRepo::new(), &file, 6, "--thin");
}

#[test]
fn limits_of_sessions_hold() {
    let to = TestRepo::new().with_bench();
    to.hub(["init", "--task", "x"]).ok();
    let other = to.newest_session();
    // Ids are told by the second.
    let second = || Utc::now().format("%Y%m%d-%H%M%S").to_string();
    wait_until(Duration::from_secs(10), "the next second", || {
        second() != other
    });
    let from = TestRepo::new().with_bench();
    let session = worked(&from);
    let file = exported(&from, &session);
    let import = ["import", file.to_str().unwrap()];
    for limit in ["HUB_MAX_SESSIONS_PER_USER", "HUB_MAX_AGENTS"] {
        to.hub(import).env(limit, "1").fails(6);
        let sessions = to.hub(["list", "--json"]).json();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    }
    to.hub(import).ok();
}

#[test]
fn a_damaged_session_tells_what_is_missing() {
    let from = TestRepo::new().with_bench();
    let session = evaluated(&from);
    let folder = from.hub_dir().join("sessions").join(&session);
    from.write(folder.join("evaluation.json"), "{");
    from.write(folder.join("notes.txt"), "mine");
    std::os::unix::fs::symlink("/etc/passwd", folder.join("agents/agent-1/stdout.log")).unwrap();
    let branch = format!("hub/{session}/agent-2/attempt-1");
    let worktree = from.worktree(&session, "agent-2");
    from.git_in(&worktree, ["switch", "--quiet", "--detach"]);
    from.git(["branch", "--quiet", "-D", &branch]);
    let new = from.worktree(&session, "agent-1").join("new");
    from.write(new, "uncommitted");
    let file = from.root().join("x.tar.gz");
    let export = [
        "export",
        &session,
        "--json",
        "--output",
        file.to_str().unwrap(),
    ];
    let answer = from.hub(export).ok();
    let report = answer.json();
    let missing = report["missing"].to_string();
    for what in [
        "evaluation.json",
        "notes.txt",
        "agents/agent-1/stdout.log",
        branch.as_str(),
        "uncommitted work of agent-1",
    ] {
        assert!(missing.contains(what), "{what} is not in {missing}");
        assert!(answer.stderr.contains(what), "{what} is not in {answer}");
    }
    let archive = Archive::read(&file);
    let names = archive.files.iter().map(|(name, _)| name.as_str());
    assert!(
        !names
            .into_iter()
            .any(|name| name.contains("agent-1/stdout"))
    );
    refused(&TestRepo::new(), &file, 9, "session/evaluation.json");

    from.write(folder.join("state.json"), "{");
    from.hub([
        "export",
        &session,
        "--force",
        "--output",
        file.to_str().unwrap(),
    ])
    .ok();
    refused(&TestRepo::new(), &file, 9, "session/state.json");
}
