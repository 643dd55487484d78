//! What the files of `hub integrate` and their pages say: every command line is one of hub's, and
//! front matter and workflow are what their readers expect.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use agenthub::cli::Cli;
use clap::Parser;
use clap::error::ErrorKind;
use regex_lite::Regex;
use serde_yaml::Value;

use super::{ALL, CLAUDE};
use crate::support::TestRepo;

fn written() -> TestRepo {
    let repo = TestRepo::new();
    for (tool, _) in ALL {
        repo.hub(["integrate", tool, "--yes"]).ok();
    }
    repo
}

/// The commands of `hub` in a line: what is in quotes for a shell or stands alone.
fn commands(text: &str, is_code: bool) -> Vec<String> {
    let quoted = Regex::new(r"`(hub [^`]+)`").unwrap();
    let mut found: Vec<String> = quoted
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect();
    if is_code {
        // At the beginning of a command, and up to what is the shell's.
        let called = Regex::new(r"(?m)(?:^|\$\()\s*(hub [^\n|>)]+)").unwrap();
        let calls = called.captures_iter(text).map(|found| found[1].to_owned());
        found.extend(calls);
    }
    found
}

/// Everything between fences, and all else.
fn code_and_words(page: &str) -> (String, String) {
    let (mut code, mut words, mut within) = (String::new(), String::new(), false);
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            within = !within;
        } else {
            let part = if within { &mut code } else { &mut words };
            part.push_str(line.strip_prefix("$ ").unwrap_or(line));
            part.push('\n');
        }
    }
    (code, words)
}

/// Parses a command by the program's own parser.
fn check(command: &str, from: &str) {
    let filled = command
        .replace("$session", "20260317-143022")
        .replace("$agents", "3");
    let words = shell_words::split(&filled).unwrap_or_else(|error| panic!("{command}: {error}"));
    // A value in angle brackets or a name alone is how a page speaks of a command.
    if words.len() < 2 {
        return;
    }
    if let Err(error) = Cli::try_parse_from(&words) {
        let known = error.kind() == ErrorKind::DisplayVersion;
        assert!(known, "{from}: {command}\n{error}");
    }
}

#[test]
fn every_command_line_is_one_of_hubs() {
    let repo = written();
    let mut count = BTreeMap::new();
    for (tool, paths) in ALL {
        for path in paths {
            let text = repo.read(path);
            let is_code = Path::new(path).extension().is_none_or(|end| end != "md");
            for command in commands(&text, is_code) {
                check(&command, path);
                *count.entry(tool).or_insert(0) += 1;
            }
        }
        let page =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/integrations/{tool}.md"));
        let page = fs::read_to_string(page).unwrap();
        let (code, words) = code_and_words(&page);
        for command in commands(&code, true).iter().chain(&commands(&words, false)) {
            check(command, tool);
            *count.entry("pages").or_insert(0) += 1;
        }
        for path in paths {
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            assert!(
                page.contains(name),
                "the page of {tool} does not name {name}"
            );
        }
    }
    for (what, least) in [
        ("claude", 30),
        ("agents-md", 7),
        ("github-actions", 6),
        ("shell", 5),
        ("pages", 8),
    ] {
        assert!(count[what] >= least, "only {} of {what}", count[what]);
    }
}

#[test]
#[should_panic(expected = "unexpected argument")]
fn a_command_line_with_a_mistake_is_found() {
    let found = commands("- `hub eval latest --jsn`\n", false);
    check(&found[0], "a page");
}

/// The front matter of a file, and what is below it.
fn front_matter(text: &str) -> (Value, String) {
    let rest = text.strip_prefix("---\n").unwrap();
    let (head, body) = rest.split_once("\n---\n").unwrap();
    (serde_yaml::from_str(head).unwrap(), body.to_owned())
}

#[test]
fn the_front_matter_is_what_claude_code_reads() {
    const KNOWN: [&str; 5] = [
        "description",
        "argument-hint",
        "allowed-tools",
        "disable-model-invocation",
        "name",
    ];
    let repo = written();
    for path in CLAUDE {
        let text = repo.read(path);
        let (head, body) = front_matter(&text);
        for (key, _) in head.as_mapping().unwrap() {
            assert!(KNOWN.contains(&key.as_str().unwrap()), "{path}: {key:?}");
        }
        let description = head["description"].as_str().unwrap();
        assert!((20..=1024).contains(&description.len()), "{path}");
        assert!(
            body.starts_with("<!-- hub integrate claude, sha256 "),
            "{path}"
        );
        // What is run before anybody reads it only looks, and takes nothing from the user.
        let run = Regex::new(r"!`([^`]*)`").unwrap();
        for found in run.captures_iter(&body) {
            assert_eq!(&found[1], "hub list", "{path}");
        }
        if let Some(tools) = head["allowed-tools"].as_str() {
            for tool in tools.split(", ") {
                assert!(
                    tool.starts_with("Bash(hub ") || tool.starts_with("Bash(git "),
                    "{tool}"
                );
                // What moves a branch or removes something is asked for each time.
                for never in ["hub merge", "hub cleanup", "hub archive", "hub:"] {
                    assert!(!tool.contains(never), "{path}: {tool}");
                }
            }
            assert!(body.contains("$ARGUMENTS"), "{path}");
        } else {
            assert_eq!(head["name"], "hub", "the skill is named as its folder");
        }
    }
}

#[test]
fn the_workflow_may_do_as_little_as_it_can() {
    let repo = written();
    let text = repo.read(ALL[2].1[0]);
    let workflow: Value = serde_yaml::from_str(&text).unwrap();
    for key in ["name", "on", "permissions", "jobs"] {
        assert!(!workflow[key].is_null(), "{key}");
    }
    let permissions = workflow["permissions"].as_mapping().unwrap();
    assert_eq!(permissions.len(), 1);
    assert_eq!(workflow["permissions"]["contents"], "read");
    let inputs = workflow["on"]["workflow_dispatch"]["inputs"]
        .as_mapping()
        .unwrap();
    for (name, input) in inputs {
        assert!(input["description"].is_string(), "{name:?}");
        assert!(["string", "choice"].contains(&input["type"].as_str().unwrap()));
    }
    let named = Regex::new(r"\$\{\{ (.*?) \}\}").unwrap();
    let known = Regex::new(
        r"^(inputs|vars|secrets)\.[a-zA-Z_]+( \|\| vars\.[A-Z_]+)?$|^(github\.ref|runner\.temp)$",
    );
    let known = known.unwrap();
    for found in named.captures_iter(&text) {
        assert!(known.is_match(&found[1]), "{}", &found[1]);
        if let Some(input) = found[1].strip_prefix("inputs.") {
            let input = input.split(' ').next().unwrap();
            assert!(
                !workflow["on"]["workflow_dispatch"]["inputs"][input].is_null(),
                "{input}"
            );
        }
    }
    for (_, job) in workflow["jobs"].as_mapping().unwrap() {
        assert!(job["runs-on"].is_string() && job["timeout-minutes"].is_u64());
        for step in job["steps"].as_sequence().unwrap() {
            assert!(step["name"].is_string());
            let (run, uses) = (step["run"].as_str(), step["uses"].as_str());
            assert!(run.is_some() != uses.is_some(), "{step:?}");
            // What somebody types must not become a part of a script.
            assert!(!run.unwrap_or_default().contains("${{"), "{step:?}");
            if let Some(uses) = uses {
                let version = uses.split_once("@v").unwrap().1;
                assert!(
                    uses.starts_with("actions/") && version.parse::<u32>().is_ok(),
                    "{uses}"
                );
            }
        }
    }
}
