//! A command that this user did not write is shown and not run.

use super::Contest;
use crate::support::{Answer, TestRepo, passed_over};

/// Leaves a mark when it is run.
const EVAL: &str = "touch ../../../ran; cat out";
const FLAGS: [&str; 4] = ["--eval", EVAL, "--metric", "m"];

fn ran(repo: &TestRepo) -> bool {
    repo.root().join("ran").exists()
}

fn assert_shown(answer: &Answer, repo: &TestRepo, file: &str, why: &str) {
    let expected = format!(
        "error: {EVAL:?} comes from [TEMP]/repo/.agenthub/{file}, which {why}; it was not run\n\
         hint: read it; `hub trust` asks whether you would run it yourself, HUB_TRUST=all runs it this once\n"
    );
    assert_eq!(repo.without_paths(&answer.stderr), expected);
    assert!(!ran(repo), "{answer}");
}

/// A session whose baseline was not measured, so that nothing has run yet.
fn contest() -> Contest {
    let flags = [&FLAGS[..], &["--no-baseline"]].concat();
    Contest::in_repo(TestRepo::new(), &flags, &["m: 5\n"])
}

#[test]
fn of_a_hub_directory_that_came_with_the_repository() {
    let contest = contest();
    let repo = &contest.repo;
    repo.git(["add", "--force", ".agenthub"]);
    repo.git(["commit", "--quiet", "--message", "Share the session"]);
    let file = format!("sessions/{}/config.yaml", contest.id);
    let refused = repo.hub(["eval", &contest.id]).fails(6);
    assert_shown(&refused, repo, &file, "came with the repository");
    let trusted = repo.hub(["eval", &contest.id]).env("HUB_TRUST", "all");
    trusted.ok();
    assert!(ran(repo));
}

#[test]
fn of_settings_that_came_with_the_repository() {
    let repo = TestRepo::new();
    let settings = format!("eval_cmd: '{EVAL}'\nmetric: m\nagents: 1\n");
    repo.write(".agenthub/config.yaml", settings);
    repo.git(["add", "--force", ".agenthub"]);
    repo.git(["commit", "--quiet", "--message", "Share the settings"]);
    let refused = repo.hub(["init", "--task", "x"]).fails(6);
    assert_shown(&refused, &repo, "config.yaml", "came with the repository");
    assert!(!repo.hub_dir().join("sessions").exists());
    repo.hub(["init", "--task", "x"])
        .env("HUB_TRUST", "all")
        .ok();
    assert!(ran(&repo));
}

#[test]
fn of_a_file_that_belongs_to_another_user() {
    if !rustix::process::geteuid().is_root() {
        passed_over("only root can give a file to another user");
        return;
    }
    let contest = contest();
    let repo = &contest.repo;
    let file = format!("sessions/{}/config.yaml", contest.id);
    std::os::unix::fs::chown(repo.hub_dir().join(&file), Some(65534), None).unwrap();
    let refused = repo.hub(["eval", &contest.id]).fails(6);
    assert_shown(&refused, repo, &file, "belongs to another user");
    let trusted = repo.hub(["eval", &contest.id]).env("HUB_TRUST", "all");
    trusted.ok();
    assert!(ran(repo));
}
