//! Presets of a person's own, in the user's and the project's configuration.

use serde_json::{Value, json};

use super::Programs;

const PROJECT: &str = ".agenthub/config.yaml";

fn user(programs: &Programs) -> std::path::PathBuf {
    programs.repo.home().join(".config/agenthub/config.yaml")
}

fn preset(programs: &Programs, name: &str) -> Value {
    let list = programs.hub(&["agents", "--json"]).json();
    let all = list["presets"].as_array().unwrap();
    let found = all.iter().find(|preset| preset["preset"] == name);
    found
        .unwrap_or_else(|| panic!("{name} is not in {list:#}"))
        .clone()
}

#[test]
fn a_preset_is_added_and_its_output_read_by_its_own_rule() {
    let programs = Programs::new().with(
        "coder",
        "3.0",
        "cp \"$3\" prompt\necho 'used 1.5k tokens, $0.20'\necho 'used 500 tokens, $0.30'",
    );
    let text = "\
agents: 1
presets:
  mine:
    title: Our coder
    program: coder
    arguments: [\"it's fine\"]
    prompt: file
    prompt_flag: --from
    usage:
      regex: 'used (?P<tokens_out>[0-9.]+k?) tokens, \\$(?P<cost_usd>[0-9.]+)'
";
    programs.repo.write(PROJECT, text);
    let listed = preset(&programs, "mine");
    assert_eq!(
        (&listed["source"], &listed["version"]),
        (&json!("project"), &json!("3.0"))
    );
    assert_eq!(
        listed["command"],
        r#"coder 'it'\''s fine' --from "$HUB_PROMPT_FILE""#
    );
    let session = programs.session("1");
    programs.hub(&["spawn", "--agent", "mine"]).ok();
    let agents = programs.ended(&session);
    let agent = &agents[0];
    assert_eq!(agent["status"], "succeeded");
    assert_eq!(agent["tokens_in"], Value::Null);
    assert_eq!(
        (&agent["tokens_out"], &agent["cost_usd"]),
        (&json!(2000), &json!(0.5))
    );
    let worktree = agent["worktree"].as_str().unwrap();
    assert!(
        programs
            .repo
            .read(format!("{worktree}/prompt"))
            .contains("Be faster")
    );
}

#[test]
fn the_projects_preset_wins_over_the_users_and_that_over_the_built_in() {
    let programs = Programs::new();
    assert_eq!(preset(&programs, "claude")["source"], "built_in");
    let with = |model: &str| {
        format!("presets:\n  claude:\n    program: claude\n    arguments: [--model, {model}]\n")
    };
    programs.repo.write(user(&programs), with("large"));
    let users = preset(&programs, "claude");
    assert_eq!(users["source"], "user");
    assert_eq!(
        users["command"],
        "claude --model large <\"$HUB_PROMPT_FILE\""
    );
    assert_eq!(
        users["install"],
        Value::Null,
        "nothing of the built-in one is left"
    );
    programs.repo.write(PROJECT, with("small"));
    let projects = preset(&programs, "claude");
    assert_eq!(projects["source"], "project");
    assert_eq!(
        projects["command"],
        "claude --model small <\"$HUB_PROMPT_FILE\""
    );
}

#[test]
fn a_program_may_be_a_script_of_the_base_commit() {
    let programs = Programs::new();
    let repo = &programs.repo;
    repo.write("tools/coder", "#!/bin/sh\ncat >prompt\n");
    repo.git(["add", "--all"]);
    repo.git(["update-index", "--chmod=+x", "tools/coder"]);
    repo.git(["commit", "--quiet", "--message", "Coder"]);
    repo.write(PROJECT, "presets:\n  ours:\n    program: tools/coder\n");
    repo.git(["reset", "--quiet", "--hard"]);
    let session = programs.session("1");
    programs.hub(&["spawn", "--agent", "ours"]).ok();
    assert_eq!(programs.ended(&session)[0]["status"], "succeeded");
}

#[test]
fn a_preset_that_came_with_a_clone_is_neither_run_nor_asked_for_its_version() {
    let programs = Programs::new().with("coder", "3.0", "true");
    let repo = &programs.repo;
    let asked = repo.root().join("asked");
    repo.script("coder", &format!("touch '{}'\necho 3.0", asked.display()));
    repo.write(PROJECT, "presets:\n  mine:\n    program: coder\n");
    repo.git(["add", "--force", PROJECT]);
    repo.git(["commit", "--quiet", "--message", "Ours"]);
    let listed = preset(&programs, "mine");
    assert_eq!(
        (&listed["trusted"], &listed["version"]),
        (&json!(false), &Value::Null)
    );
    assert!(!asked.exists());
    let session = programs.session("1");
    let refused = programs.hub(&["spawn", "--agent", "mine"]).fails(6);
    assert!(
        repo.without_paths(&refused.stderr).starts_with(
            "error: \"coder <\\\"$HUB_PROMPT_FILE\\\"\" comes from [TEMP]/repo/.agenthub/config.yaml, which came with the repository; it was not run\nhint: "
        ),
        "{refused}"
    );
    assert!(!asked.exists());
    let spawn = ["spawn", "--agent", "mine"];
    programs.hub(&spawn).env("HUB_TRUST", "all").ok();
    assert_eq!(programs.ended(&session)[0]["status"], "succeeded");
    assert!(asked.exists());
}

#[test]
fn an_unknown_key_and_a_bad_value_are_named_with_their_line() {
    let programs = Programs::new();
    for (lines, error, hint) in [
        (
            "    programm: x\n",
            "line 4: unknown key \"programm\"",
            "did you mean program?",
        ),
        (
            "    program: x\n    usage:\n      tokens: [a]\n",
            "line 6: unknown key \"tokens\"",
            "did you mean tokens_in?",
        ),
        (
            "    program: --x\n",
            "line 4: program: \"--x\" is not a program: it must be a name or a path, without = and not from ~ or - on",
            "docs/formats.md says what each key takes",
        ),
        (
            "    arguments: [x]\n",
            "line 3: missing field `program`",
            "docs/formats.md says what each key takes",
        ),
        (
            "    program: x\n    usage:\n      json: last\n",
            "line 5: usage: json needs paths: tokens_in, tokens_out or cost_usd",
            "docs/formats.md says what each key takes",
        ),
    ] {
        programs
            .repo
            .write(PROJECT, format!("agents: 2\npresets:\n  mine:\n{lines}"));
        let answer = programs.hub(&["agents"]).fails(2);
        assert_eq!(
            programs.repo.without_paths(&answer.stderr),
            format!("error: [TEMP]/repo/.agenthub/config.yaml, {error}\nhint: {hint}\n")
        );
    }
    programs
        .repo
        .write(PROJECT, "preset:\n  mine:\n    program: x\n");
    let answer = programs.hub(&["list"]).fails(2);
    assert!(
        answer.stderr.ends_with("hint: did you mean presets?\n"),
        "{answer}"
    );
}
