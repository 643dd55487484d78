//! Whatever runs what an agent wrote is behind the walls of its session.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::TestRepo;

use super::enforced;

/// Tries to leave something in the home folder, and to read a key from there.
const TRY: &str = "echo x >>~/planted 2>/dev/null; cat ~/.ssh/id >>stolen 2>/dev/null\n";

fn worked(level: &str) -> (TestRepo, String) {
    let repo = TestRepo::new();
    repo.write(repo.home().join(".ssh/id"), "secret\n");
    repo.write("bench.sh", "echo p50_ms=180\n");
    repo.commit("Measure");
    let init = [
        "init",
        "--task",
        "Go",
        "--agents",
        "1",
        "--eval",
        "sh bench.sh",
    ];
    let metric = ["--metric", "p50_ms", "--direction", "lower"];
    repo.hub(init.iter().chain(&metric)).ok();
    let session = repo.newest_session();
    let agent = format!("printf '%s\\n' {TRY:?} 'echo p50_ms=90' 'echo x >>here' >bench.sh");
    let teardown = format!("{TRY}: down");
    let spawn = [
        "spawn",
        &session,
        "--agent-cmd",
        &agent,
        "--security",
        level,
    ];
    let teardown = ["--teardown", &teardown];
    repo.hub(spawn.iter().chain(&teardown)).ok();
    repo.hub(["wait"]).ok();
    (repo, session)
}

#[test]
fn eval_verification_and_teardown_are_held_as_the_agent_was() {
    for level in ["low", "high", "maximum"] {
        if !enforced(level) {
            continue;
        }
        let (repo, session) = worked(level);
        let planted = repo.home().join("planted");
        let held = level != "low";
        let report = repo.hub(["eval", &session, "--json"]).json();
        let value = &report["results"][0]["metric_value"];
        assert_eq!(value, 90.0, "{level}: {report:#}");
        assert_eq!(planted.exists(), !held, "{level}: eval");
        let merged = repo.hub(["merge", &session, "--verify"]).ok();
        assert_eq!(planted.exists(), !held, "{level}: {merged}");
        repo.hub(["cleanup", &session, "--force"]).ok();
        assert_eq!(planted.exists(), !held, "{level}: teardown");
    }
}

#[test]
fn a_program_of_the_worktree_measures_at_maximum_too() {
    if !enforced("maximum") {
        return;
    }
    let repo = TestRepo::new();
    repo.write("bench.sh", "#!/bin/sh\necho p50_ms=180\n");
    let runs = Permissions::from_mode(0o755);
    fs::set_permissions(repo.path().join("bench.sh"), runs).unwrap();
    repo.commit("Measure");
    let init = [
        "init",
        "--task",
        "Go",
        "--agents",
        "1",
        "--eval",
        "./bench.sh",
    ];
    repo.hub(init.iter().chain(&["--metric", "p50_ms"])).ok();
    let agent = ["--agent-cmd", "echo x >new", "--security", "maximum"];
    repo.hub(["spawn"].iter().chain(&agent)).ok();
    repo.hub(["wait"]).ok();
    let report = repo.hub(["eval", "--json"]).run().json();
    let value = &report["results"][0]["metric_value"];
    assert!(value.is_number(), "{report:#}");
}
