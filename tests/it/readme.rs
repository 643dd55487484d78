//! What the documents promise is there, and works as they show it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use agenthub::domain::limits::InstallationLimits;
use agenthub::domain::settings::SettingsLayer;
use regex_lite::Regex;

use crate::support::TestRepo;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of a document in one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let pattern = format!("(?s)```{language}\n(.*?)```");
    let block = Regex::new(&pattern).unwrap();
    let found = block.captures_iter(text).map(|found| found[1].to_owned());
    found.collect()
}

/// A command with what the document shows below it.
struct Shown {
    command: String,
    output: String,
}

fn shown(text: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for line in blocks(text, "console").concat().lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            all.push(Shown {
                command: command.to_owned(),
                output: String::new(),
            });
        } else if let Some(last) = all.last_mut() {
            last.output.push_str(line);
            last.output.push('\n');
        }
    }
    all
}

/// A repository as the quick start wants it: with an `agent.sh` and a `bench.sh`.
fn made_up() -> TestRepo {
    let repo = TestRepo::new().with_bench();
    let agent = fs::read(repo.agent_script()).unwrap();
    repo.write("agent.sh", agent);
    repo.git(["add", "--all"]);
    repo.git(["update-index", "--chmod=+x", "agent.sh", "bench.sh"]);
    repo.git(["commit", "--quiet", "--message", "Scripts"]);
    repo.git(["reset", "--quiet", "--hard"]);
    repo
}

#[test]
fn the_commands_of_the_readme_do_what_it_shows() {
    let repo = made_up();
    let hub = Path::new(env!("CARGO_BIN_EXE_hub")).parent().unwrap();
    let path = format!("{}:{}", hub.display(), std::env::var("PATH").unwrap());
    let commands = shown(&read("README.md"));
    assert!(commands.len() > 5, "only {} commands", commands.len());
    for Shown { command, output } in commands {
        let mut shell = repo.shell(&command);
        let ran = shell.env("PATH", &path).stdin(Stdio::null()).output();
        let ran = ran.unwrap();
        let text = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
        assert!(ran.status.success(), "$ {command}\n{text}");
        if !output.is_empty() {
            assert_eq!(
                repo.normalised(&text).trim_end(),
                repo.normalised(&output).trim_end(),
                "$ {command}"
            );
        }
    }
    let state = repo.hub(["list", "--json"]).json()["sessions"][0]["state"].clone();
    assert_eq!(state, "merged");
}

#[test]
fn the_example_of_the_readme_is_what_the_demonstration_shows() {
    let repo = TestRepo::new();
    let demo = repo.hub(["demo"]).ok();
    let lines = |text: &str| -> BTreeSet<String> {
        let text = repo.normalised(text);
        text.lines().map(|line| line.trim().to_owned()).collect()
    };
    let readme = read("README.md");
    let example = readme.split("<!-- example -->").nth(1).unwrap();
    let example = blocks(example, "text").concat();
    assert!(example.starts_with("$ hub run "), "{example}");
    let real = lines(&format!("{}{}", demo.stdout, demo.stderr));
    for line in lines(&example) {
        assert!(real.contains(&line), "{line:?} is not in {demo}");
    }
}

#[test]
fn how_to_install_and_how_to_test_is_told() {
    let told = blocks(&read("README.md"), "sh").concat();
    for command in ["cargo install --path .", "cargo test"] {
        assert!(told.contains(command), "{command}");
    }
}

#[test]
fn the_table_of_the_readme_has_every_command_and_no_other() {
    let repo = TestRepo::new();
    let readme = read("README.md");
    let table = readme.split("\n## Commands\n").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let name = Regex::new(r"`hub ([a-z]+)").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `hub "));
    let named: BTreeSet<String> = rows
        .flat_map(|row| name.captures_iter(row.split(" | ").next().unwrap()))
        .map(|found| found[1].to_owned())
        .collect();
    let there: BTreeSet<String> = crate::cli::commands(&repo).into_iter().collect();
    assert_eq!(named, there);
}

#[test]
fn every_link_of_a_document_leads_to_a_file() {
    let link = Regex::new(r"\]\(([^)#]+)(?:#[^)]*)?\)").unwrap();
    let mut pages = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/decisions", "docs/integrations"] {
        for entry in fs::read_dir(project(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.strip_suffix(".md").is_some() {
                pages.push(format!("{folder}/{name}"));
            }
        }
    }
    let mut followed = 0;
    for page in pages {
        let folder = project(&page).parent().unwrap().to_owned();
        for found in link.captures_iter(&read(&page)) {
            if found[1].contains("://") {
                continue;
            }
            assert!(folder.join(&found[1]).is_file(), "{page}: {}", &found[1]);
            followed += 1;
        }
    }
    assert!(followed > 5, "only {followed} links");
}

#[test]
fn the_formats_name_every_setting_and_its_variable() {
    let page = read("docs/formats.md");
    assert!(page.contains("| `limits` | see [below](#limits) |"));
    let keys = SettingsLayer::KEYS
        .into_iter()
        .filter(|key| *key != "limits");
    for key in keys.chain(InstallationLimits::KEYS) {
        let row = format!("| `{key}` | `HUB_{}` |", key.to_uppercase());
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn the_formats_name_every_variable_of_an_agent() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "x", "--agents", "1"]).ok();
    let spawn = ["spawn", "--agent-cmd", "env", "--strategy", "y"];
    // Some are for agents behind walls alone.
    let high = ["--security", "high", "--best-effort"];
    repo.hub(spawn.iter().chain(&high)).ok();
    repo.hub(["wait"]).ok();
    let id = repo.newest_session();
    let log = format!(".agenthub/sessions/{id}/agents/agent-1/stdout.log");
    let variables = repo.read(log);
    let variables: BTreeSet<&str> = variables
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .filter(|name| name.starts_with("HUB_"))
        .collect();
    assert!(variables.contains("HUB_PROMPT_FILE"), "{variables:?}");
    let page = read("docs/formats.md");
    let part = page.split("\n## The environment of agents").nth(1).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let name = Regex::new(r"`(HUB_[A-Z_]+)`").unwrap();
    let named: Vec<String> = part
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| name.captures_iter(cell))
        .map(|found| found[1].to_owned())
        .collect();
    let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(named, variables);
}
