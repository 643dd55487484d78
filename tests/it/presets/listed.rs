//! `hub agents`.

use serde_json::{Value, json};

use super::Programs;

#[test]
fn the_presets_are_listed_with_what_is_installed() {
    let programs = Programs::new()
        .with("claude", "2.1.50", "exit 1")
        .with("aider", "0.86.2", "exit 1");
    let list = programs.hub(&["agents", "--json"]).json();
    let row = |preset: &Value| json!([preset["preset"], preset["path"], preset["version"]]);
    let found = |name: &str| format!("{}/scripts/{name}", programs.repo.root().display());
    let rows: Vec<Value> = list["presets"]
        .as_array()
        .unwrap()
        .iter()
        .map(row)
        .collect();
    assert_eq!(
        json!(rows),
        json!([
            ["aider", found("aider"), "0.86.2"],
            ["claude", found("claude"), "2.1.50"],
            ["codex", null, null],
            ["cursor-agent", null, null],
            ["gemini", null, null],
            ["opencode", null, null],
        ])
    );
    let codex = &list["presets"][2];
    assert_eq!(
        *codex,
        json!({
            "preset": "codex",
            "title": "Codex CLI",
            "source": "built_in",
            "trusted": true,
            "program": "codex",
            "command": "codex exec --json --dangerously-bypass-approvals-and-sandbox - <\"$HUB_PROMPT_FILE\"",
            "path": null,
            "version": null,
            "checked_version": "0.169.0",
            "install": "npm install -g @openai/codex",
        })
    );
}

#[test]
fn the_document_is_what_its_schema_says() {
    let programs = Programs::new();
    let schema = programs.hub(&["schema", "agents"]).json();
    let list = programs.hub(&["agents", "--json"]).json();
    assert!(jsonschema::is_valid(&schema, &list), "{list:#}");
}

#[test]
fn the_text_shows_the_same() {
    let programs = Programs::new()
        .with("claude", "2.1.50", "exit 1")
        .with("codex", "", "exit 1");
    let text = programs.hub(&["agents"]).ok().stdout;
    let cells: Vec<String> = text
        .lines()
        .map(|line| {
            line.split_whitespace()
                .take(4)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(
        cells,
        [
            "PRESET INSTALLED VERSION CHECKED",
            "aider no - 0.86.2",
            "claude yes 2.1.50 2.1.197",
            "codex yes - 0.169.0",
            "cursor-agent no - -",
            "gemini no - 0.61.0",
            "opencode no - 1.18.33",
        ]
    );
}

#[test]
fn a_program_that_fails_is_installed_all_the_same() {
    let programs = Programs::new();
    programs.repo.script("gemini", "echo 1.2; exit 1");
    let list = programs.hub(&["agents", "--json"]).json();
    let gemini = &list["presets"][4];
    assert!(gemini["path"].is_string(), "{gemini}");
    assert_eq!(gemini["version"], Value::Null);
}
