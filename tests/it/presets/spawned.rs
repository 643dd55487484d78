//! Agents that are run by presets.

use serde_json::{Value, json};

use super::{CLAUDE, CODEX, Programs, reads_stdin};

fn both() -> Programs {
    Programs::new()
        .with("claude", "2.1.0", &reads_stdin(CLAUDE))
        .with("codex", "0.1.0", &reads_stdin(CODEX))
}

fn numbers(agent: &Value) -> Value {
    json!([
        agent["preset"],
        agent["tokens_in"],
        agent["tokens_out"],
        agent["cost_usd"]
    ])
}

#[test]
fn a_preset_runs_every_agent_of_a_session() {
    let programs = both();
    let session = programs.session("2");
    let spawned = programs
        .hub(&["spawn", "--agent", "claude", "--json"])
        .json();
    for agent in spawned["agents"].as_array().unwrap() {
        assert_eq!(agent["preset"], "claude");
    }
    for agent in programs.ended(&session) {
        assert_eq!(agent["status"], "succeeded");
        assert_eq!(numbers(&agent), json!(["claude", 1103, 60, 0.25]));
        let worktree = agent["worktree"].as_str().unwrap();
        let prompt = programs.repo.read(format!("{worktree}/prompt"));
        assert!(prompt.contains("Be faster"), "{prompt}");
        assert_eq!(
            programs.repo.read(format!("{worktree}/arguments")),
            "--print --output-format json --dangerously-skip-permissions\n"
        );
    }
}

#[test]
fn presets_are_mixed_in_the_order_of_the_agents() {
    let programs = both();
    let session = programs.session("3");
    let spawned = programs
        .hub(&["spawn", "--agents", "claude:2,codex:1"])
        .ok();
    assert!(
        spawned.stdout.contains("\nAGENT    PRESET  STATUS"),
        "{spawned}"
    );
    let agents: Vec<Value> = programs.ended(&session).iter().map(numbers).collect();
    assert_eq!(
        json!(agents),
        json!([
            ["claude", 1103, 60, 0.25],
            ["claude", 1103, 60, 0.25],
            ["codex", 2000, 70, null],
        ])
    );
    let status = programs.hub(&["status", &session]).ok().stdout;
    let row = |agent: &str| {
        let line = status.lines().find(|line| line.starts_with(agent));
        line.unwrap()
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let header = row("AGENT");
    for (agent, preset, tokens, cost) in [
        ("agent-1", "claude", "1163", "$0.25"),
        ("agent-3", "codex", "2070", "-"),
    ] {
        let shown = row(agent);
        let cell = |name: &str| &shown[header.iter().position(|cell| cell == name).unwrap()];
        assert_eq!(
            (cell("PRESET").as_str(), cell("TOKENS").as_str()),
            (preset, tokens)
        );
        assert_eq!(cell("COST"), cost);
    }
}

#[test]
fn what_was_used_is_in_the_state_and_in_the_journal() {
    let programs = both();
    let session = programs.session("1");
    programs.hub(&["spawn", "--agent", "claude"]).ok();
    programs.ended(&session);
    let folder = programs.repo.hub_dir().join("sessions").join(&session);
    let read = |file: &str| -> Value {
        serde_json::from_str(&programs.repo.read(folder.join(file))).unwrap()
    };
    let state = read("state.json");
    let stored = &state["agents"]["agent-1"];
    assert_eq!(stored["tokens_in"], 1103);
    assert_eq!(
        (&stored["tokens_out"], &stored["cost_usd"]),
        (&json!(60), &json!(0.25))
    );
    assert_eq!(read("launch.json")["agents"]["agent-1"]["preset"], "claude");
    let events = programs.hub(&["events", &session, "--json"]).json();
    let events = events["events"].as_array().unwrap();
    let finish = events.iter().find(|event| event["operation"] == "finish");
    let detail = &finish.unwrap()["detail"];
    assert_eq!(detail["tokens_in"], 1103);
    assert_eq!(
        (&detail["tokens_out"], &detail["cost_usd"]),
        (&json!(60), &json!(0.25))
    );
}

#[test]
fn what_a_program_does_not_tell_is_null() {
    let programs = Programs::new().with("claude", "2.1.0", "echo 'Something broke.'");
    let session = programs.session("1");
    programs.hub(&["spawn", "--agent", "claude"]).ok();
    let agents = programs.ended(&session);
    assert_eq!(numbers(&agents[0]), json!(["claude", null, null, null]));
}

#[test]
fn a_command_without_a_preset_tells_nothing() {
    let programs = both();
    let session = programs.session("1");
    programs
        .hub(&["spawn", "--agent-cmd", "claude </dev/null"])
        .ok();
    let agents = programs.ended(&session);
    assert_eq!(numbers(&agents[0]), json!([null, null, null, null]));
}

#[test]
fn prompts_are_handed_over_as_each_program_wants_them() {
    let last = "for last; do :; done\n";
    let programs = Programs::new()
        .with("aider", "0.86.2", &format!("{last}cp \"$last\" prompt"))
        .with(
            "cursor-agent",
            "2026.1",
            &format!("{last}printf '%s\\n' \"$last\" >prompt"),
        )
        .with("gemini", "0.61.0", &reads_stdin("{}"))
        .with("opencode", "1.18.0", &reads_stdin("{}"));
    let presets = "aider:1,cursor-agent:1,gemini:1,opencode:1";
    let session = programs.session("4");
    programs.hub(&["spawn", "--agents", presets]).ok();
    for agent in programs.ended(&session) {
        let (repo, name) = (&programs.repo, agent["agent"].as_str().unwrap());
        let folder = repo.hub_dir().join("sessions").join(&session);
        let expected = repo.read(folder.join("agents").join(name).join("prompt.md"));
        let worktree = agent["worktree"].as_str().unwrap();
        let given = repo.read(format!("{worktree}/prompt"));
        assert_eq!(given.trim_end(), expected.trim_end(), "{}", agent["preset"]);
    }
}

#[test]
fn run_takes_presets_in_the_place_of_a_number() {
    let work = "echo 120 >p50_ms\ngit commit --quiet --all --message Faster";
    let programs = Programs::new()
        .with("claude", "2.1.0", work)
        .with("codex", "0.1.0", work);
    let run = [
        "run",
        "--task",
        "x",
        "--agents",
        "claude:2,codex:1",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
        "--yes",
        "--json",
    ];
    let report = programs.hub(&run).json();
    assert_eq!(report["state"], "merged");
    assert_eq!(report["agents"].as_array().unwrap().len(), 3);
    assert_eq!(programs.repo.read("p50_ms"), "120\n");
}

/// Nothing is made where spawning is refused.
fn refused(programs: &Programs, arguments: &[&str], code: i32, error: &str, hint: &str) {
    let before = programs.repo.refs();
    let answer = programs.hub(arguments).fails(code);
    assert_eq!(answer.stderr, format!("error: {error}\nhint: {hint}\n"));
    assert_eq!(programs.repo.refs(), before);
}

#[test]
fn counts_that_do_not_add_up_to_the_session_are_refused() {
    let programs = both();
    let session = programs.session("2");
    refused(
        &programs,
        &["spawn", &session, "--agents", "claude:2,codex:1"],
        2,
        "--agents claude:2,codex:1 is for 3 agents, and the session has 2",
        "let the numbers add up to 2, or make a session with `hub init`",
    );
    programs
        .hub(&["spawn", &session, "--agents", "claude:1,codex:1"])
        .ok();
    programs.ended(&session);
}

#[test]
fn an_unknown_preset_is_refused_with_the_nearest() {
    let programs = both();
    let session = programs.session("1");
    for (name, hint) in [
        ("cluade", "did you mean claude? `hub agents` lists all"),
        ("zzz", "`hub agents` lists those there are"),
    ] {
        let spawn = ["spawn", &session, "--agent", name];
        refused(
            &programs,
            &spawn,
            2,
            &format!("there is no preset {name}"),
            hint,
        );
    }
}

#[test]
fn a_preset_whose_program_is_not_installed_is_refused_before_anything_is_made() {
    let programs = Programs::new().with("claude", "2.1.0", "true");
    let error = "preset codex cannot be run: codex is not found";
    let hint = "install it with `npm install -g @openai/codex`";
    let run = ["run", "--task", "x", "--agents", "claude:1,codex:1"];
    refused(&programs, &run, 2, error, hint);
    assert_eq!(
        programs.hub(&["list", "--json"]).json()["sessions"],
        json!([])
    );
    let session = programs.session("1");
    refused(
        &programs,
        &["spawn", &session, "--agent", "codex"],
        2,
        error,
        hint,
    );
    assert_eq!(
        programs.hub(&["list", "--json"]).json()["sessions"][0]["state"],
        "init"
    );
}

#[test]
fn presets_are_given_in_one_way_and_in_one_place() {
    let programs = both();
    let init = ["init", "--task", "x", "--agents", "claude:2"];
    refused(
        &programs,
        &init,
        2,
        "--agents claude:2 names presets, which init does not start",
        "give `hub init --agents 2`, then `hub spawn --agents claude:2`",
    );
    let run = [
        "run", "--task", "x", "--agents", "claude:1", "--agent", "codex",
    ];
    refused(
        &programs,
        &run,
        2,
        "--agents claude:1 names presets, and so does --agent or --agent-cmd beside it",
        "leave one of them out",
    );
    for beside in ["--agent-cmd=true", "--agents=claude:1", "--no-start"] {
        programs
            .hub(&["spawn", "--agent", "claude", beside])
            .fails(2);
    }
}
