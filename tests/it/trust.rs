//! `hub trust`: commands that somebody else wrote run when this user has said so of each.

mod asked;
mod writable;

use serde_json::Value;

use crate::support::TestRepo;

/// Leaves a mark when it is run.
const EVAL: &str = "touch ../../../ran; echo m: 1";
/// More than a line, and something that a terminal would obey.
const SETUP: &str = "echo one\n  # \u{1b}[2Jtwo";

/// A repository that came with the commands of somebody else in its settings.
fn cloned() -> TestRepo {
    let repo = TestRepo::new();
    share(&repo, EVAL);
    repo
}

/// Puts the settings into the repository, with this eval command.
fn share(repo: &TestRepo, eval: &str) {
    let settings = format!("eval_cmd: '{eval}'\nmetric: m\nagents: 1\nsetup: {SETUP:?}\n");
    repo.write(
        ".agenthub/config.yaml",
        settings.replace("\\u{1b}", "\\x1b"),
    );
    repo.git(["add", "--force", ".agenthub/config.yaml"]);
    repo.commit("Share the settings");
}

fn listed(repo: &TestRepo) -> Vec<Value> {
    let list = repo.hub(["trust", "--list", "--json"]).json();
    list["commands"].as_array().unwrap().clone()
}

/// The id of a command, by its text.
fn id_of(repo: &TestRepo, command: &str) -> String {
    let all = listed(repo);
    let found = all.iter().find(|one| one["command"] == command);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Whether a new session may measure its baseline.
fn can_init(repo: &TestRepo) -> bool {
    let answer = repo.hub(["init", "--task", "x"]).run();
    assert!([0, 6].contains(&answer.code()), "{answer}");
    let ran = std::fs::remove_file(repo.root().join("ran")).is_ok();
    assert_eq!(ran, answer.code() == 0, "{answer}");
    ran
}

#[test]
fn where_all_commands_are_ones_own_there_is_nothing_to_say() {
    let repo = TestRepo::new();
    repo.write(".agenthub/config.yaml", "eval_cmd: echo mine\n");
    repo.hub(["init", "--task", "x"]).ok();
    let answer = repo.hub(["trust"]).ok();
    assert_eq!(answer.stdout, "every command here is your own\n");
    assert_eq!(listed(&repo), [] as [Value; 0]);
}

#[test]
fn the_commands_of_others_are_shown_whole_with_where_they_stand() {
    let repo = cloned();
    let answer = repo.hub(["trust", "--list"]).ok();
    let ids = [EVAL, SETUP].map(|command| id_of(&repo, command)[..12].to_owned());
    let file = "[TEMP]/repo/.agenthub/config.yaml, which came with the repository";
    let expected = format!(
        "{}  not trusted\n  eval command, from {file}\n    {EVAL}\n\n\
         {}  not trusted\n  setup command, from {file}\n    echo one\n      # \u{241b}[2Jtwo\n",
        ids[0], ids[1]
    );
    assert_eq!(repo.without_paths(&answer.stdout), expected);
}

#[test]
fn one_that_is_trusted_runs_until_a_letter_changes() {
    let repo = cloned();
    assert!(!can_init(&repo));
    let id = id_of(&repo, EVAL);
    let answer = repo.hub(["trust", &id[..12], "--json"]).json();
    assert_eq!(answer["commands"].as_array().unwrap().len(), 1);
    assert_eq!(answer["commands"][0]["trusted"], true);
    assert_eq!(answer["commands"][0]["changed"], true);
    assert!(can_init(&repo));
    // Once more there is nothing new to say.
    let again = repo.hub(["trust", &id, "--json"]).json();
    assert_eq!(again["commands"][0]["changed"], false);

    share(&repo, &format!("{EVAL} "));
    assert!(!can_init(&repo));
    let old = listed(&repo).into_iter().find(|one| one["id"] == id);
    let uses = old.unwrap()["uses"].clone();
    // The session has it still; the settings do not.
    let is_of_session = |one: &Value| one["session"].is_string();
    assert!(uses.as_array().unwrap().iter().all(is_of_session), "{uses}");
    share(&repo, EVAL);
    assert!(can_init(&repo));
}

#[test]
fn what_is_trusted_in_one_clone_is_not_in_another() {
    let repo = cloned();
    repo.hub(["trust", &id_of(&repo, EVAL)]).ok();
    let other = repo.root().join("other");
    repo.git(["clone", "--quiet", ".", other.to_str().unwrap()]);
    let init = repo.hub(["init", "--task", "x"]).in_folder(&other);
    init.fails(6);
    assert!(can_init(&repo));
}

#[test]
fn what_is_forgotten_is_asked_about_again() {
    let repo = cloned();
    let id = id_of(&repo, EVAL);
    repo.hub(["trust", &id]).ok();
    let answer = repo.hub(["trust", "--forget"]).ok();
    assert!(answer.stdout.contains("not trusted any more"), "{answer}");
    assert!(!can_init(&repo));
    repo.hub(["trust", &id]).ok();
    repo.hub(["trust", "--forget", &id]).ok();
    assert!(!can_init(&repo));
}

#[test]
fn a_command_that_is_not_there_is_none() {
    let repo = cloned();
    let answer = repo.hub(["trust", "000000000000"]).fails(3);
    assert!(answer.stderr.contains("`hub trust --list`"), "{answer}");
    repo.hub(["trust", "0000"]).fails(2);
    assert_eq!(listed(&repo)[0]["trusted"], false);
}

#[test]
fn all_commands_of_a_session_that_came_along_are_found() {
    let repo = TestRepo::new();
    let init = "init --task x --agents 1 --no-baseline --metric m --eval";
    repo.hub(init.split(' ').chain([EVAL])).ok();
    let session = repo.newest_session();
    let spawn = ["spawn", &session, "--agent-cmd", "true", "--setup"];
    let teardown = ["--teardown", "echo down"];
    repo.hub(spawn.iter().chain(&[SETUP]).chain(&teardown)).ok();
    repo.hub(["wait", &session]).ok();
    repo.git(["add", "--force", ".agenthub"]);
    repo.commit("Share the session");
    let found: Vec<(Value, Value)> = listed(&repo)
        .into_iter()
        .map(|one| (one["uses"][0]["kind"].clone(), one["command"].clone()))
        .collect();
    let expected = [
        ("eval", EVAL),
        ("agent", "true"),
        ("setup", SETUP),
        ("teardown", "echo down"),
    ];
    let expected = expected.map(|(kind, command)| (kind.into(), command.into()));
    assert_eq!(found, expected);
    repo.hub(["eval", &session]).fails(6);
    repo.hub(["retry", &session, "--agent", "agent-1"]).fails(6);
    repo.hub(["trust", &id_of(&repo, EVAL)]).ok();

    // The session's journal tells of it.
    let events = repo.hub(["events", &session, "--json"]).json();
    let last = events["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["operation"], "trust");
    assert_eq!(last["detail"]["command"], EVAL);
    assert_eq!(last["detail"]["trusted"], true);
    // It is no operation that could be taken back.
    let undo = repo.hub(["undo", &session, "--dry-run", "--json"]).json();
    assert_eq!(undo["undone"]["operation"], "spawn");
}

#[test]
fn a_preset_of_the_project_is_one_too() {
    let repo = TestRepo::new();
    let preset = "presets:\n  ours:\n    program: sh\n    arguments: [-c, 'exit 0']\n";
    repo.write(".agenthub/config.yaml", preset);
    repo.git(["add", "--force", ".agenthub/config.yaml"]);
    repo.commit("Share a preset");
    let found = listed(&repo);
    assert_eq!(found[0]["uses"][0]["kind"], "preset");
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    let spawn = ["spawn", "latest", "--agent", "ours"];
    repo.hub(spawn).fails(6);
    repo.hub(["trust", found[0]["id"].as_str().unwrap()]).ok();
    repo.hub(spawn).ok();
    repo.hub(["wait", "latest"]).ok();
}
