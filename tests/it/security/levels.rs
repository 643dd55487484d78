//! Who says which level holds, and that it is only ever raised.

use crate::support::TestRepo;

use super::{Held, enforced};

fn level(held: &Held) -> String {
    let status = held.status();
    status["security"]["level"].as_str().unwrap().to_owned()
}

fn spawned_with(user: Option<&str>, project: Option<&str>, options: &[&str]) -> Held {
    let repo = TestRepo::new();
    if let Some(text) = user {
        repo.write(repo.home().join(".config/agenthub/config.yaml"), text);
    }
    if let Some(text) = project {
        repo.write(repo.hub_dir().join("config.yaml"), text);
        repo.write(repo.hub_dir().join(".gitignore"), "*\n");
    }
    Held::run_in(repo, "true\n", options)
}

#[test]
fn medium_holds_where_nothing_is_said() {
    let held = spawned_with(None, None, &[]);
    assert_eq!(level(&held), "medium");
    let start = held.told("start");
    assert_eq!(start[0]["security"], "medium", "{start:?}");
    let text = held.repo.hub(["status"]).ok().stdout;
    assert!(!text.contains("security"), "the usual is not told: {text}");
}

#[test]
fn the_projects_settings_raise_a_level_and_never_lower_it() {
    let held = spawned_with(Some("security: low\n"), None, &[]);
    assert_eq!(level(&held), "low");
    let low = "security:\n  level: low\n";
    let held = spawned_with(None, Some(low), &[]);
    assert_eq!(level(&held), "medium");
    let held = spawned_with(Some("security: low\n"), Some("security: medium\n"), &[]);
    assert_eq!(level(&held), "medium");
    let held = spawned_with(None, Some("security: medium\n"), &["--security", "low"]);
    assert_eq!(level(&held), "low");
}

#[test]
fn a_project_that_asks_for_less_is_told_that_it_does_not_count() {
    let repo = TestRepo::new();
    repo.write(repo.hub_dir().join("config.yaml"), "security: low\n");
    repo.write(repo.hub_dir().join(".gitignore"), "*\n");
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let spawned = repo.hub(["spawn", "--agent-cmd", "true"]).ok();
    let told = "security level medium holds: ";
    assert!(spawned.stderr.contains(told), "{spawned}");
    repo.hub(["wait"]).ok();
}

#[test]
fn what_came_with_a_clone_allows_nothing() {
    let repo = TestRepo::new();
    let wide = "security:\n  level: medium\n  best_effort: true\n  allow_env: ['*']\n";
    repo.write(repo.hub_dir().join("config.yaml"), wide);
    repo.git(["add", "--force", ".agenthub"]);
    repo.write("agent.sh", "env\n");
    repo.commit("Come with the repository");
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let spawn = ["spawn", "--agent-cmd", "sh agent.sh"];
    let spawned = repo.hub(spawn).env("MY_TOKEN", "x").ok();
    assert!(spawned.stderr.contains("does not count"), "{spawned}");
    repo.hub(["wait"]).ok();
    let logs = repo.hub(["logs"]).ok();
    assert!(!logs.stdout.contains("MY_TOKEN"), "{logs}");
    let status = repo.hub(["status", "--json"]).json();
    assert_eq!(status["security"]["best_effort"], false);
}

#[test]
fn a_wrong_setting_is_named_with_its_line() {
    let repo = TestRepo::new();
    for (text, words) in [
        ("security: hihg\n", "line 1: security.level: "),
        (
            "security:\n  level: high\n  alow_net: 1\n",
            "line 3: unknown key \"alow_net\"",
        ),
        (
            "security:\n  allow_net: [443, tcp]\n",
            "line 2: security.allow_net: ",
        ),
    ] {
        repo.write(repo.hub_dir().join("config.yaml"), text);
        let list = repo.hub(["list"]).fails(2);
        assert!(list.stderr.contains(words), "{list}");
    }
    let spawn = ["spawn", "--agent-cmd", "true", "--security", "top"];
    let refused = repo.hub(spawn).fails(2);
    assert!(refused.stderr.contains("not a security level"), "{refused}");
}

#[test]
fn a_variable_sets_the_level_too() {
    let repo = TestRepo::new();
    let low = repo.hub(["security", "--json"]).env("HUB_SECURITY", "low");
    assert_eq!(low.json()["default_level"], "low");
}

#[test]
fn a_level_is_raised_while_a_session_lives_and_never_lowered() {
    if !enforced("high") {
        return;
    }
    let held = Held::run("cat agent.sh >/dev/null; echo x >\"$HOME/mark\"\n", &[]);
    assert!(held.repo.home().join("mark").exists());
    std::fs::remove_file(held.repo.home().join("mark")).unwrap();
    let id = held.session.as_str();

    let raise = ["security", id, "--level", "high", "--json"];
    let raised = held.repo.hub(raise).json();
    assert_eq!(
        (&raised["from"], &raised["level"]),
        (&"medium".into(), &"high".into())
    );
    assert_eq!(raised["changed"], true);
    let again = held.repo.hub(raise).json();
    assert_eq!(again["changed"], false);
    let told = held.told("security");
    assert_eq!(told.len(), 2, "its beginning and its end: {told:?}");
    assert_eq!(
        (&told[0]["from"], &told[0]["to"]),
        (&"medium".into(), &"high".into())
    );

    let lower = ["security", id, "--level", "low", "--json"];
    let refused = held.repo.hub(lower).fails(6).json_error();
    assert_eq!(refused["code"], "refused");
    assert!(refused["hint"].as_str().unwrap().contains("hub spawn"));
    assert_eq!(level(&held), "high");

    // The agent that is started from now on has it.
    held.repo.hub(["retry", id, "--agent", "agent-1"]).ok();
    held.repo.hub(["wait", id]).fails(8);
    assert!(!held.repo.home().join("mark").exists());
    assert_eq!(held.told("start")[1]["security"], "high");
    let text = held.repo.hub(["status", id]).ok().stdout;
    assert!(text.contains("security  high"), "{text}");
}

#[test]
fn a_session_that_was_not_spawned_has_no_level_to_raise() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let raise = ["security", "latest", "--level", "medium", "--json"];
    let refused = repo.hub(raise).fails(4).json_error();
    assert_eq!(refused["code"], "wrong_state");
    let status = repo.hub(["status", "--json"]).json();
    assert!(status["security"].is_null());
}

#[test]
fn an_agent_cannot_change_its_level() {
    let held = Held::run("true\n", &["--security", "low"]);
    let raise = ["security", &held.session, "--level", "medium", "--json"];
    let refused = held.repo.hub(raise).env("HUB_AGENT", "agent-1").fails(6);
    assert_eq!(refused.json_error()["code"], "refused");
}
