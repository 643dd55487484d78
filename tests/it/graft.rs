//! `hub graft`: some paths of one agent onto the work of another.

use serde_json::Value;

use crate::support::TestRepo;

fn agent(repo: &TestRepo, session: &str, number: usize) -> Value {
    let status = repo.hub(["status", session, "--json"]).json();
    status["agents"][number - 1].clone()
}

/// agent-1 and agent-2 have both worked; the base has `old`, `both` and a folder `lib`.
fn worked() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    for path in ["old", "both", "lib/a", "lib/b"] {
        repo.write(path, "base\n");
    }
    repo.commit("Begin well");
    let session = repo.spawned(2);
    let one = repo.worktree(&session, "agent-1");
    repo.write(one.join("both"), "one\n");
    repo.write(one.join("p50_ms"), "150\n");
    repo.commit_in(&one, "agent-1");
    let two = repo.worktree(&session, "agent-2");
    repo.write(two.join("both"), "two\n");
    repo.write(two.join("p50_ms"), "120\n");
    repo.write(two.join("new"), "two\n");
    repo.write(two.join("lib/c"), "two\n");
    repo.write(two.join("*"), "star\n");
    repo.git_in(&two, ["rm", "--quiet", "old", "lib/a"]);
    repo.commit_in(&two, "agent-2");
    (repo, session)
}

fn graft(session: &str, paths: &[&str]) -> Vec<String> {
    let command = ["graft", session, "--onto", "agent-1", "--from", "agent-2"];
    command
        .iter()
        .chain(paths)
        .map(ToString::to_string)
        .collect()
}

#[test]
fn added_changed_and_deleted_paths_come_in_one_commit_of_a_new_attempt() {
    let (repo, session) = worked();
    let tip = repo.git(["rev-parse", &format!("hub/{session}/agent-1/attempt-1")]);
    let report = repo
        .hub(
            graft(&session, &["p50_ms", "new", "old", "lib"])
                .iter()
                .chain([&"--json".to_owned()]),
        )
        .json();
    let branch = format!("hub/{session}/agent-1/attempt-2");
    assert_eq!(report["branch"], branch.as_str());
    assert_eq!(report["attempt"], 2);
    let show = |what: &str| repo.git(["show", "--no-patch", &format!("--format={what}"), &branch]);
    assert_eq!(show("%P"), tip, "one commit on top");
    assert_eq!(show("%H"), report["commit"].as_str().unwrap());
    assert_eq!(show("%an"), "hub");
    let changed = repo.git(["diff", "--name-status", &tip, &branch]);
    assert_eq!(changed, "D\tlib/a\nA\tlib/c\nA\tnew\nD\told\nM\tp50_ms");
    assert_eq!(repo.git(["show", &format!("{branch}:both")]), "one");
    let trailers = show("%(trailers:key=Hub-Agent,key=Hub-Graft-Agent,valueonly)");
    assert_eq!(trailers.trim(), "agent-1\nagent-2");

    let worktree = repo.worktree(&session, "agent-1");
    assert_eq!(
        repo.git_in(&worktree, ["status", "--porcelain", "--branch"]),
        format!("## {branch}")
    );
    assert_eq!(repo.read(worktree.join("lib/c")), "two\n");
    let record = agent(&repo, &session, 1);
    assert_eq!(record["status"], "succeeded");
    assert_eq!(record["commits_ahead"], 2);
    assert_eq!(
        repo.git(["rev-parse", &format!("hub/{session}/agent-1/attempt-1")]),
        tip,
        "the earlier attempt stays"
    );
    let journal = repo.hub(["events", &session, "--json"]).json();
    let last: Vec<&Value> = journal["events"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .take(2)
        .collect();
    assert_eq!(last[0]["operation"], "graft");
    assert_eq!(last[0]["phase"], "end");
    assert_eq!(last[1]["detail"]["from"], "agent-2");

    let eval = repo.hub(["eval", &session, "--json"]).json();
    for result in eval["results"].as_array().unwrap() {
        assert_eq!(result["metric_value"], 120.0);
    }
    repo.hub(["merge", &session, "--agent", "agent-1"]).ok();
    repo.hub(["cleanup", &session]).ok();
    assert_eq!(repo.read("both"), "one\n");
    assert_eq!(repo.read("new"), "two\n");
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn a_session_that_was_evaluated_is_evaluated_again_after_it() {
    let (repo, session) = worked();
    repo.hub(["eval", &session]).ok();
    repo.hub(graft(&session, &["p50_ms"])).ok();
    assert_eq!(repo.state(&session), "evaluating");
    let twice = [
        "graft", &session, "--onto", "agent-2", "--from", "agent-1", "both",
    ];
    repo.hub(twice).ok();
    let stale = repo.hub(["merge", &session]).fails(6);
    assert!(stale.stderr.contains("was measured at"), "{stale}");
    repo.hub(["eval", &session]).ok();
    repo.hub(["merge", &session]).ok();
}

#[test]
fn paths_are_literal_and_start_at_the_current_folder() {
    let (repo, session) = worked();
    repo.hub(graft(&session, &["*"])).ok();
    let branch = format!("hub/{session}/agent-1/attempt-2");
    let names = |branch: &str| repo.git(["show", "--name-only", "--format=", branch]);
    assert_eq!(names(&branch), "*");
    let folder = repo.path().join("lib");
    repo.hub(graft(&session, &["c", "../new"]))
        .in_folder(folder)
        .ok();
    let branch = format!("hub/{session}/agent-1/attempt-3");
    assert_eq!(names(&branch), "lib/c\nnew");
    repo.hub(graft(&session, &["l"])).fails(3);
    repo.hub(graft(&session, &[":(glob)lib/**"])).fails(3);
}

#[test]
fn a_file_may_become_a_folder_and_the_other_way_round() {
    let (repo, session) = worked();
    let two = repo.worktree(&session, "agent-2");
    repo.git_in(&two, ["rm", "--quiet", "-r", "both", "lib"]);
    repo.write(two.join("both/inner"), "a folder now\n");
    repo.write(two.join("lib"), "a file now\n");
    repo.commit_in(&two, "Turn it round");
    repo.hub(graft(&session, &["both", "lib"])).ok();
    let one = repo.worktree(&session, "agent-1");
    assert_eq!(repo.read(one.join("both/inner")), "a folder now\n");
    assert_eq!(repo.read(one.join("lib")), "a file now\n");
}

#[test]
fn what_cannot_be_grafted_changes_nothing() {
    let (repo, session) = worked();
    let before = repo.picture();
    let neither = repo.hub(graft(&session, &["new", "nowhere"])).fails(3);
    assert!(neither.stderr.contains("has nowhere"), "{neither}");
    let same = repo.hub(graft(&session, &["bench.sh"])).fails(1);
    assert!(same.stderr.contains("nothing to graft"), "{same}");
    for path in ["../x", "/etc/passwd", "."] {
        repo.hub(graft(&session, &[path])).fails(2);
    }
    repo.hub([
        "graft", &session, "--onto", "agent-1", "--from", "agent-1", "new",
    ])
    .fails(2);
    repo.hub([
        "graft", &session, "--onto", "agent-1", "--from", "agent-9", "new",
    ])
    .fails(3);
    assert_eq!(repo.picture(), before);

    let one = repo.worktree(&session, "agent-1");
    repo.write(one.join("draft"), "mine\n");
    let dirty = repo.hub(graft(&session, &["new"])).fails(6);
    assert!(dirty.stderr.contains("draft"), "{dirty}");
    assert_eq!(repo.read(one.join("draft")), "mine\n");
    assert_eq!(agent(&repo, &session, 1)["attempt"], 1);
}

#[test]
fn a_session_that_has_not_begun_or_is_at_its_end_is_refused() {
    let (repo, session) = worked();
    repo.hub(["archive", &session]).ok();
    repo.hub(graft(&session, &["new"])).fails(4);
    repo.hub(["init", "--task", "x", "--agents", "2"]).ok();
    repo.hub(graft("latest", &["new"])).fails(4);
}

#[test]
fn agents_that_run_are_left_alone() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    let session = repo.newest_session();
    let script = repo.script(
        "agent.sh",
        "echo $HUB_AGENT >file; [ $HUB_AGENT = agent-1 ] || while :; do sleep 0.1; done",
    );
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    repo.hub(["wait", &session, "--agent", "agent-1"]).ok();
    let onto_it = [
        "graft", &session, "--onto", "agent-2", "--from", "agent-1", "file",
    ];
    for running in [repo.hub(onto_it), repo.hub(graft(&session, &["file"]))] {
        let refused = running.fails(4);
        assert!(refused.stderr.contains("agent-2"), "{refused}");
    }
    repo.hub(["stop", &session]).ok();
    repo.hub(graft(&session, &["file"])).ok();
    let record = agent(&repo, &session, 1);
    assert_eq!(record["status"], "succeeded");
    assert_eq!(record["attempt"], 2);
    let logs = repo
        .hub_dir()
        .join(format!("sessions/{session}/agents/agent-1/attempt-1"));
    assert!(
        logs.join("prompt.md").exists(),
        "what it was told stays beside its attempt"
    );
}
