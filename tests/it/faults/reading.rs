//! Commands that only read: each command is one of them, or one of the matrix.

use std::collections::BTreeSet;

use clap::CommandFactory;

use crate::kills::{evaluated, words};
use crate::support::points;
use crate::support::{TestRepo, Tree};

use super::COMMANDS;
use super::covered::strays;

/// What only reads, as it is called for one session of an evaluation.
const READS: [&str; 21] = [
    "list",
    "status latest",
    "wait latest --timeout 1",
    "logs latest",
    "path latest agent-1",
    "agents",
    "board list",
    "board read results",
    "dag",
    "events",
    "events --all",
    "metrics",
    "doctor",
    "templates",
    "templates plain",
    "snapshots",
    "security",
    "schema list",
    "completions bash",
    "man",
    "eval --show",
];

/// What is in neither list, and why.
const ARGUED: [(&str, &str); 6] = [
    (
        "attach",
        "connects two terminals; what the agent prints is written by its supervisor",
    ),
    (
        "demo",
        "runs `hub run` in a repository of its own, in a folder that goes with it",
    ),
    (
        "snapshots show",
        "needs a snapshot; `snapshots` and it read the same",
    ),
    (
        "supervise",
        "is no command for people; `kills/supervisors.rs` kills it at its steps",
    ),
    (
        "confine",
        "is no command for people; it changes nothing but itself, and becomes an agent",
    ),
    (
        "sweep",
        "is no command for people; it deletes what `cleanup` has put aside",
    ),
];

/// The commands of a tree without commands below them, and those that are commands themselves.
fn leaves(command: &clap::Command, name: &str, found: &mut BTreeSet<String>) {
    let below: Vec<&clap::Command> = command.get_subcommands().collect();
    if !name.is_empty() && (below.is_empty() || !command.is_subcommand_required_set()) {
        found.insert(name.to_owned());
    }
    for one in below {
        leaves(one, format!("{name} {}", one.get_name()).trim(), found);
    }
}

/// Whether a line calls a command: its words begin the line.
fn calls(line: &str, command: &str) -> bool {
    line == command || line.starts_with(&format!("{command} "))
}

#[test]
fn every_command_changes_nothing_or_is_in_the_matrix() {
    let mut tree = agenthub::cli::Cli::command();
    tree.build();
    let mut all = BTreeSet::new();
    leaves(&tree, "", &mut all);
    assert!(
        all.contains("board post") && all.contains("snapshots"),
        "{all:?}"
    );
    let known = |command: &String| {
        let matrix = COMMANDS.iter().any(|line| calls(line, command));
        // `doctor` reads and `doctor --fix` does not: then it is in both.
        let reads = READS.iter().any(|line| calls(line, command));
        matrix || reads || ARGUED.iter().any(|(name, _)| name == command)
    };
    let unknown: Vec<&String> = all.iter().filter(|command| !known(command)).collect();
    assert!(
        unknown.is_empty(),
        "neither in COMMANDS nor in READS or ARGUED: {unknown:?}"
    );
    let gone = ARGUED.iter().find(|(name, _)| !all.contains(*name));
    assert_eq!(gone, None, "is no command any more");
}

#[test]
fn what_only_reads_has_no_effect() {
    let repo = TestRepo::new().with_bench();
    evaluated(&repo);
    let before = Tree::read(repo.root());
    for line in READS {
        let trace = points::traced(repo.hub(words(line)), &repo);
        assert_eq!(trace.effects, [""; 0], "{line}");
        assert_eq!(strays(&repo, &trace), [""; 0], "{line}");
        before.assert_is(repo.root());
    }
}
