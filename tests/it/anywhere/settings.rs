//! Settings: built in, the user's file, the project's file, variables, flags. The later wins.

use crate::support::TestRepo;

const USER: &str = "home/.config/agenthub/config.yaml";

/// Writes the user's file.
fn user(repo: &TestRepo, text: &str) {
    repo.write(repo.root().join(USER), text);
}

/// Writes the project's file.
fn project(repo: &TestRepo, text: &str) {
    repo.write(".agenthub/config.yaml", text);
}

fn agents(repo: &TestRepo, variable: Option<&str>, flag: Option<&str>) -> u64 {
    let flag = flag.map(|value| ["--agents", value]);
    let arguments = ["init", "--task", "x", "--json"]
        .into_iter()
        .chain(flag.into_iter().flatten());
    let mut hub = repo.hub(arguments);
    if let Some(value) = variable {
        hub = hub.env("HUB_AGENTS", value);
    }
    hub.json()["config"]["agent_count"].as_u64().unwrap()
}

#[test]
fn each_layer_wins_over_the_ones_before_it() {
    let repo = TestRepo::new();
    assert_eq!(agents(&repo, None, None), 3);
    user(&repo, "agents: 4\n");
    assert_eq!(agents(&repo, None, None), 4);
    project(&repo, "agents: 5\n");
    assert_eq!(agents(&repo, None, None), 5);
    assert_eq!(agents(&repo, Some("6"), None), 6);
    assert_eq!(agents(&repo, Some("6"), Some("7")), 7);
    assert_eq!(agents(&repo, None, Some("7")), 7);
    // A variable that is empty sets nothing.
    assert_eq!(agents(&repo, Some(""), None), 5);
}

#[test]
fn what_a_layer_leaves_open_shows_through() {
    let repo = TestRepo::new().with_bench();
    user(&repo, "metric: p50_ms\ndirection: higher\nagents: 2\n");
    project(&repo, "eval_cmd: sh bench.sh\nagents: 5\n");
    let init = repo.hub(["init", "--task", "x", "--json"]);
    let document = init.env("HUB_DIRECTION", "lower").json();
    let config = &document["config"];
    assert_eq!(config["eval_cmd"], "sh bench.sh");
    assert_eq!(config["metric"], "p50_ms");
    assert_eq!(config["direction"], "lower");
    assert_eq!(config["agent_count"], 5);
    assert_eq!(config["baseline"], 180.0);
}

#[test]
fn every_variable_is_heard() {
    let repo = TestRepo::new().with_bench();
    repo.git(["branch", "other"]);
    let template = repo.root().join("prompt.md");
    repo.write(&template, "Do this: {task}\n");
    let config = repo
        .hub(["init", "--task", "x", "--json"])
        .env("HUB_AGENTS", "1")
        .env("HUB_BASE_BRANCH", "other")
        .env("HUB_EVAL_CMD", "sh bench.sh")
        .env("HUB_METRIC", "p50_ms")
        .env("HUB_DIRECTION", "higher")
        .json()["config"]
        .clone();
    assert_eq!(config["base_branch"], "other");
    assert_eq!(config["direction"], "higher");
    assert_eq!(config["baseline"], 180.0);
    let root = repo.root().join("elsewhere");
    let spawned = repo
        .hub(["spawn", "--json"])
        .env("HUB_AGENT_CMD", repo.agent_script())
        .env("HUB_TEMPLATE", &template)
        .env("HUB_WORKTREE_ROOT", &root)
        .json();
    let agent = &spawned["agents"][0];
    assert!(
        agent["worktree"]
            .as_str()
            .unwrap()
            .starts_with(root.to_str().unwrap())
    );
    let prompt = agent["prompt_file"].as_str().unwrap();
    assert_eq!(repo.read(prompt), "Do this: x\n");
    repo.hub(["wait"]).ok();
}

#[test]
fn the_users_file_is_found_without_the_xdg_variable() {
    let repo = TestRepo::new();
    user(&repo, "agents: 9\n");
    let init = repo.hub(["init", "--task", "x", "--json"]);
    let document = init.env("XDG_CONFIG_HOME", "").json();
    assert_eq!(document["config"]["agent_count"], 9);
    let xdg = repo.root().join("xdg");
    repo.write(xdg.join("agenthub/config.yaml"), "agents: 8\n");
    let init = repo.hub(["init", "--task", "x", "--json"]);
    let document = init.env("XDG_CONFIG_HOME", &xdg).json();
    assert_eq!(document["config"]["agent_count"], 8);
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place() {
    let repo = TestRepo::new();
    let mut said = String::new();
    for text in [
        "agents: 2\nworktree_rot: /x\n",
        "agents: many\n",
        "- agents\n",
        "direction: sideways\n",
        "zzz: 1\n",
    ] {
        project(&repo, text);
        let answer = repo.hub(["init", "--task", "x"]).fails(2);
        assert_eq!(answer.stdout, "");
        said.push_str(&answer.stderr);
    }
    insta::assert_snapshot!(repo.without_paths(&said), @r#"
    error: [TEMP]/repo/.agenthub/config.yaml, line 2: unknown key "worktree_rot"
    hint: did you mean worktree_root?
    error: [TEMP]/repo/.agenthub/config.yaml, line 1: agents: "many" is not a number of agents: it must be 1 to 256
    hint: docs/formats.md says what each key takes
    error: [TEMP]/repo/.agenthub/config.yaml, line 1: it holds no `key: value` lines
    hint: docs/formats.md says what each key takes
    error: [TEMP]/repo/.agenthub/config.yaml, line 1: direction: unknown variant `sideways`, expected `lower` or `higher`
    hint: docs/formats.md says what each key takes
    error: [TEMP]/repo/.agenthub/config.yaml, line 1: unknown key "zzz"
    hint: docs/formats.md lists the keys
    "#);
    project(&repo, "");
    user(&repo, "agent: 2\n");
    let answer = repo.hub(["list"]).fails(2);
    insta::assert_snapshot!(repo.without_paths(&answer.stderr), @r#"
    error: [TEMP]/home/.config/agenthub/config.yaml, line 1: unknown key "agent"
    hint: did you mean agents?
    "#);
}

#[test]
fn what_is_wrong_in_a_variable_is_named() {
    let repo = TestRepo::new();
    let init = repo.hub(["init", "--task", "x"]);
    let answer = init.env("HUB_AGENTS", "many").fails(2);
    insta::assert_snapshot!(answer.stderr, @r#"
    error: HUB_AGENTS: "many" is not a number of agents: it must be 1 to 256
    hint: docs/formats.md says what each key takes
    "#);
}

#[test]
fn a_session_keeps_what_it_was_made_with() {
    let repo = TestRepo::new().with_bench();
    project(&repo, "eval_cmd: sh bench.sh\nmetric: p50_ms\n");
    repo.hub(["init", "--task", "x", "-n", "1"]).ok();
    project(&repo, "eval_cmd: exit 1\nmetric: other\n");
    let agent = repo.agent_script();
    repo.hub(["spawn", "--agent-cmd", &agent]).ok();
    repo.hub(["wait"]).ok();
    let eval = repo.hub(["eval", "--json"]).json();
    assert_eq!(eval["metric"], "p50_ms");
    assert_eq!(eval["results"][0]["metric_value"], 150.0);
}

#[test]
fn an_agents_environment_is_no_setting_of_the_hub_that_it_calls() {
    let repo = TestRepo::new().with_bench();
    let hub = env!("CARGO_BIN_EXE_hub");
    let made = repo.root().join("made.json");
    let agent = repo.script(
        "agent.sh",
        &format!("'{hub}' init --task inner --json >{}", made.display()),
    );
    repo.hub([
        "init",
        "--task",
        "outer",
        "-n",
        "1",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ])
    .ok();
    repo.hub(["spawn", "--agent-cmd", &agent]).ok();
    let session = repo.newest_session();
    repo.hub(["wait", &session]).run();
    let inner: serde_json::Value = serde_json::from_str(&repo.read(made)).unwrap();
    assert!(inner["config"]["eval_cmd"].is_null(), "{inner}");
    assert!(inner["config"]["metric"].is_null(), "{inner}");
}
