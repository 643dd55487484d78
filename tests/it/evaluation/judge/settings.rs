//! A judge of the settings, and one that this user did not write.

use serde_json::json;

use super::{Court, FIRST, GOOD};

const TWO: [&str; 2] = ["worth 1\n", "worth 3\n"];

#[test]
fn the_settings_can_name_the_judge() {
    let court = Court::new(GOOD, &TWO);
    let (repo, id) = (&court.contest.repo, court.contest.id.as_str());
    let settings = format!("judge_cmd: {}\n", court.judge);
    repo.write(".agenthub/config.yaml", settings);
    let winner = |flags: &[&str]| {
        let eval = ["eval", id, "--json"];
        let document = repo.hub([&eval[..], flags].concat()).run().json();
        (
            document["winner"].clone(),
            document["judge"]["command"].clone(),
        )
    };
    let judged = (json!("agent-2"), json!(court.judge));
    assert_eq!(winner(&[]), judged);
    assert_eq!(winner(&["--judge"]), judged);
    assert_eq!(winner(&["--no-judge"]), (json!(null), json!(null)));
    assert_eq!(winner(&["--judge-cmd", FIRST]), (json!(null), json!(FIRST)));
    let by_variable = repo.hub(["eval", id, "--json"]).env("HUB_JUDGE_CMD", FIRST);
    assert_eq!(by_variable.run().json()["judge"]["command"], json!(FIRST));
}

#[test]
fn a_judge_that_came_with_the_repository_is_not_run() {
    let court = Court::new(GOOD, &TWO);
    let (repo, id) = (&court.contest.repo, court.contest.id.as_str());
    let settings = format!("judge_cmd: {}\n", court.judge);
    repo.write(".agenthub/config.yaml", settings);
    repo.git(["add", "--force", ".agenthub/config.yaml"]);
    repo.git(["commit", "--quiet", "--message", "Share the settings"]);
    let refused = repo.hub(["eval", id]).fails(6);
    assert!(
        refused.stderr.contains("came with the repository"),
        "{refused}"
    );
    assert_eq!(court.asked(), 0);
    assert_eq!(repo.state(id), "running");
    repo.hub(["eval", id]).env("HUB_TRUST", "all").ok();
    assert_eq!(court.asked(), 2);
    // The evaluation's own plan came with it as well, as far as hub can tell.
    repo.hub(["eval", id, "--reuse"]).fails(6);
    assert_eq!(court.asked(), 2);
}
