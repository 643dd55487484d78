//! What the program says about itself: help, manual pages, completions, schemas, statuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use regex_lite::Regex;
use serde_json::json;

use super::commands;
use crate::support::TestRepo;

#[test]
fn help_lists_the_commands() {
    let repo = TestRepo::new();
    let help = repo.hub(["-h"]).ok();
    assert_eq!(help.stderr, "");
    insta::assert_snapshot!(help.stdout, @r"
    Let several coding agents try one task at once, each in its own git worktree; measure, rank, merge
    the best, keep the rest

    Usage: hub [OPTIONS] <COMMAND>

    Commands:
      init         Make a new session and measure its baseline
      spawn        Make branches, worktrees and prompts, then start the agents
      run          Do it all: init, spawn, wait, eval, ask, merge, cleanup
      list         List the sessions [alias: ls]
      status       Show a session with its agents and their work
      update       Walk one edge of a session's states by hand
      wait         Wait until no agent runs; the exit status says whether all succeeded
      stop         End agents that run: SIGTERM to their group, SIGKILL after a grace
      pause        Let agents stand still, with all that they started; their time stands still, too
      resume       Let paused agents go on, and those that were held be started
      retry        Give agents that have ended another attempt; the earlier one stays
      send         Say something to agents that run or wait
      attach       Connect this terminal with that of an agent
      graft        Put files of one agent onto the work of another, as its next attempt
      logs         Show what agents have printed
      eval         Measure every attempt and rank them
      merge        Merge the winner into the base branch and keep the others as tags
      archive      Keep every attempt as a tag and end the session without a merge
      cleanup      Remove the worktrees and branches of a session that is at its end
      undo         Take back the last operation of a session; once more does it again
      restore      Bring branches and worktrees of a session back from its archive tags
      snapshots    List the work that cleanups have kept; show it, bring it back, give it up
      agents       List the presets for agents, and which of them are installed here
      path         Print where an agent's worktree is
      board        Read the message board, and add to it
      dag          Show how the attempts of a session stand to each other, as a list or as a graph
      events       Show what was done to a session, from its journal
      outside      Show what was changed outside of worktrees while agents ran; put it back or accept it
      metrics      Show figures of sessions: agents, time, tokens, cost, failures, disk use
      doctor       Check files, refs, worktrees and processes, and mend them with --fix
      security     Show what each security level enforces here, or raise that of a session
      export       Write a session into one file, to have it elsewhere or to keep it
      import       Bring a session here from a file that `hub export` wrote, all of it or nothing
      templates    List the prompt templates, or print one
      trust        Show the commands here that somebody else wrote, and say which hub may run
      demo         Show a whole tournament of three scripted agents in a small repository of its own
      integrate    Write into this repository how other tools call hub: commands, a section, a workflow
      schema       Print the JSON Schema of a command's document
      completions  Print a shell's completions for hub
      man          Print the manual page of hub, or of one command

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
      -C <PATH>                     Start in PATH instead of the current folder
          --format <FORMAT>         How answers are written [default: text] [possible values: text,
                                    json]
          --json                    The same as --format json
          --color <COLOR>           When colour is used [default: auto] [possible values: auto, always,
                                    never]
      -q, --quiet                   Say only what was asked for, and what went wrong
      -v, --verbose...              Say what is done by libgit2 and by the git program; twice for more
      -y, --yes                     Answer every question with yes
          --no-progress             Show no progress
          --lock-timeout <SECONDS>  How long to wait for another hub

    Example:
      hub run --task 'make sum faster' --agent-cmd ./agent.sh \
          --eval ./bench.sh --metric p50_ms --direction lower

    Try it on nothing of yours: hub demo
    ");
}

#[test]
fn help_without_a_command_is_a_usage_error() {
    let repo = TestRepo::new();
    let answer = repo.hub::<&str>([]).fails(2);
    assert_eq!(answer.stdout, "");
    assert!(answer.stderr.contains("\nUsage: hub "), "{answer}");
}

#[test]
fn the_version_is_that_of_the_crate() {
    let repo = TestRepo::new();
    for flag in ["--version", "-V"] {
        let version = repo.hub([flag]).ok();
        assert_eq!(
            version.stdout,
            format!("hub {}\n", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn every_command_has_an_example_that_calls_it() {
    let repo = TestRepo::new();
    for command in commands(&repo) {
        let help = repo.hub([&command, "--help"]).ok().stdout;
        let examples = help.split("\nExample").nth(1);
        let calls = format!("hub {command}");
        assert!(
            examples.is_some_and(|text| text.contains(&calls)),
            "{command}:\n{help}"
        );
    }
}

#[test]
fn every_option_and_argument_says_what_it_is_for() {
    let repo = TestRepo::new();
    let named =
        Regex::new(r"^  (?:-\w(?:, )?|    )?(?:--[\w-]+)?(?: ?[<\[][^ ]+)*(?:\.\.\.)?").unwrap();
    for command in commands(&repo) {
        let help = repo.hub([&command, "-h"]).ok().stdout;
        let begins = |line: &&str| {
            let line = line.trim_start();
            line.starts_with('-') || line.starts_with('<') || line.starts_with('[')
        };
        let body = help.split("\nExample").next().unwrap();
        let mut found = 0;
        for line in body
            .lines()
            .filter(|line| line.starts_with("  "))
            .filter(begins)
        {
            let name = named.find(line).map_or("", |found| found.as_str());
            let text = line.strip_prefix(name).unwrap_or_default();
            assert!(
                text.starts_with("  ") && text.trim().len() > 3,
                "hub {command}: {line:?}"
            );
            found += 1;
        }
        assert!(found >= 11, "hub {command} shows {found} options:\n{help}");
    }
}

#[test]
fn completions_are_accepted_by_their_shell_and_name_every_command() {
    let repo = TestRepo::new();
    let commands = commands(&repo);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = repo.hub(["completions", shell]).ok().stdout;
        for command in &commands {
            let word = Regex::new(&format!(r"\b{command}\b")).unwrap();
            assert!(word.is_match(&script), "{shell}: {command}");
        }
        let file = repo.root().join(format!("completions.{shell}"));
        repo.write(&file, script);
        // These three read a script without running it.
        if !["bash", "zsh", "fish"].contains(&shell) {
            continue;
        }
        let mut check = Command::new(shell);
        match check.arg("-n").arg(&file).stderr(Stdio::piped()).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
            // A machine without the shell cannot tell.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{shell}"),
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let repo = TestRepo::new();
    let own = repo.hub(["man"]).ok().stdout;
    for command in commands(&repo) {
        assert!(own.contains(&format!("hub\\-{command}(1)")), "{command}");
        let page = repo.hub(["man", &command]).ok().stdout;
        let title = format!(".TH hub-{command} 1  \"hub {}\"", env!("CARGO_PKG_VERSION"));
        for part in [&title, ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
            assert!(page.contains(part), "{command} has no {part}:\n{page}");
        }
        assert!(page.contains(&format!("\\fBhub {command}\\fR")), "{page}");
    }
}

#[test]
fn the_manual_page_of_a_command_covers_the_commands_below_it() {
    let repo = TestRepo::new();
    let page = repo.hub(["man", "board"]).ok().stdout;
    for (command, option) in [
        ("list", None),
        ("read", Some("thread")),
        ("post", Some("channel")),
        ("reply", Some("message")),
    ] {
        let heading = format!(".SH \"HUB BOARD {}\"\n", command.to_uppercase());
        let (_, section) = page.split_once(&heading).unwrap();
        let section = section.split("\n.SH ").next().unwrap();
        let example = format!("hub board {command}");
        assert!(section.contains(&example), "{section}");
        if let Some(option) = option {
            assert!(section.contains(&format!("\\-\\-{option}")), "{section}");
        }
        // These stand once, for all of them.
        assert!(!section.contains("\\-\\-help"), "{section}");
    }
    assert_eq!(page.matches("Start in PATH").count(), 1, "{page}");
    assert!(!page.contains("board\\-read(1)"), "there is no such page");
}

#[test]
fn every_schema_is_one_and_the_help_lists_them_all() {
    let repo = TestRepo::new();
    let help = repo.hub(["schema", "-h"]).ok().stdout;
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, list) = help.split_once("[possible values: ").unwrap();
    let names: Vec<&str> = list.split_once(']').unwrap().0.split(", ").collect();
    // Commands that print a document have its schema; these print what is none.
    let without = ["attach", "schema", "completions", "man", "board"];
    let mut expected = commands(&repo);
    // With these flags a command prints another document.
    expected.extend(["events-all", "events-follow"].map(str::to_owned));
    expected.retain(|command| !without.contains(&command.as_str()));
    // A command with commands of its own; `reply` prints what `post` does.
    expected.extend(["board-list", "board-post", "board-read"].map(str::to_owned));
    expected.extend(["cleanup-all", "cleanup-dry-run"].map(str::to_owned));
    let of_snapshots = ["snapshots-expire", "snapshots-restore", "snapshots-show"];
    expected.extend(of_snapshots.map(str::to_owned));
    // What two commands print with `--dry-run`, and what others do.
    expected.extend(["dry-run", "merge-plan", "security-raised"].map(str::to_owned));
    expected.sort();
    assert_eq!(names, expected);
    for name in names {
        let schema = repo.hub(["schema", name]).json();
        assert!(jsonschema::meta::is_valid(&schema), "{name}: {schema:#}");
        assert_eq!(schema["type"], json!("object"), "{name}");
        assert!(
            !jsonschema::is_valid(&schema, &json!({})),
            "{name} allows all"
        );
        let same = repo.hub(["schema", name, "--json"]).json();
        assert_eq!(same, schema);
    }
}

/// The codes with their exit statuses: `not_found` → 3.
fn statuses_of_the_code() -> BTreeMap<String, u64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/error.rs");
    let source = fs::read_to_string(path).unwrap();
    let body = source.split("pub fn status(").nth(1).unwrap();
    let body = body.split("\n}\n").next().unwrap();
    let arm = Regex::new(r"((?:Code::\w+(?: \| )?)+) => (\d+),").unwrap();
    let mut statuses = BTreeMap::new();
    for found in arm.captures_iter(body) {
        for code in found[1].split(" | ") {
            let name = serde_name(code.strip_prefix("Code::").unwrap());
            statuses.insert(name, found[2].parse().unwrap());
        }
    }
    statuses
}

/// `NotFound` as `not_found`, as it stands in documents.
fn serde_name(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn the_exit_statuses_of_the_documentation_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/exit-status.md");
    let page = fs::read_to_string(path).unwrap();
    let row = Regex::new(r"(?m)^\| (\d+) \| `(\w+)` \| \S").unwrap();
    let mut documented: Vec<(String, u64)> = row
        .captures_iter(&page)
        .map(|found| (found[2].to_owned(), found[1].parse().unwrap()))
        .collect();
    documented.sort();
    // A signal's status is 128 and its number; the table of the code has SIGINT's.
    let mut expected: Vec<(String, u64)> = statuses_of_the_code().into_iter().collect();
    assert!(expected.len() > 8, "{expected:?}");
    expected.push(("interrupted".to_owned(), 143));
    expected.sort();
    assert_eq!(documented, expected);
}

#[test]
fn every_code_of_the_code_has_a_status() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/diagnostic.rs");
    let source = fs::read_to_string(path).unwrap();
    let body = source.split("pub enum Code {").nth(1).unwrap();
    let body = body.split("\n}\n").next().unwrap();
    let variant = Regex::new(r"(?m)^    ([A-Z]\w+),$").unwrap();
    let mut codes: Vec<String> = variant
        .captures_iter(body)
        .map(|found| serde_name(&found[1]))
        .collect();
    codes.sort();
    let statuses = statuses_of_the_code();
    assert_eq!(codes, statuses.keys().cloned().collect::<Vec<_>>());
}
