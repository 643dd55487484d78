//! No effect without a point: what hub changes on the disk, and what it starts, outside of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use agenthub::fault::Point;

use crate::kills::{initialised, words};
use crate::support::TestRepo;
use crate::support::points::{Trace, supervisors_traced};

use super::failing::FAILING;
use super::killed::KILLED;
use super::second::BESIDE;
use super::{COMMANDS, scenario};

/// Subcommands of git that change nothing.
const READS: [&str; 21] = [
    "--version",
    "bundle verify",
    "cat-file",
    "check-ignore",
    "config",
    "diff",
    "diff-files",
    "diff-index",
    "diff-tree",
    "for-each-ref",
    "log",
    "ls-files",
    "ls-tree",
    "merge-base",
    "pack-objects",
    "rev-list",
    "rev-parse",
    "status",
    "symbolic-ref",
    "var",
    "worktree list",
];

/// Why a step outside of every point is no effect; `None` where it is one.
fn excused(step: &str, root: &str) -> Option<&'static str> {
    let (name, place) = step.split_once(' ').unwrap_or((step, ""));
    let file = place.rsplit('/').next().unwrap_or_default();
    if name == "fork" {
        return None;
    }
    if name == "spawn" {
        return reads(place).then_some("it only reads");
    }
    if [".lock", ".init.lock"].contains(&file) {
        // What stands in it only tells others who holds it.
        return Some("a lock's file, which the kernel locks, and which stays");
    }
    if file == "events.head" {
        return Some("how far the journal is; behind it is as good, and the next line mends it");
    }
    if ["stdout.idx", "stderr.idx", "heartbeat"].contains(&file) {
        return Some("how far a log is, and that its supervisor lives: readers do without");
    }
    if !place.starts_with(root) {
        // A relative name: `unlinkat` below such a folder.
        return Some("a folder for a moment, outside of the repository");
    }
    None
}

/// Whether a command line is one of git's that reads, or asks the shell for a program.
fn reads(line: &str) -> bool {
    if line.starts_with("/bin/sh -c command -v ") {
        return true;
    }
    let mut words = line.split(' ').skip(1).peekable();
    while let Some(word) = words.next() {
        match word {
            "-C" | "-c" => drop(words.next()),
            "--literal-pathspecs" => {}
            word => {
                let next = words.peek().copied().unwrap_or_default();
                let whole = format!("{word} {next}");
                return READS.contains(&word) || READS.contains(&whole.as_str());
            }
        }
    }
    false
}

/// What is outside of every point and not excused.
pub(super) fn strays<'t>(repo: &TestRepo, trace: &'t Trace) -> Vec<&'t String> {
    let root = repo.root().to_str().unwrap();
    let outside = trace.outside.iter();
    let stray = outside.filter(|step| excused(step, root).is_none());
    stray.collect()
}

/// What every command does, each run once.
fn traces() -> BTreeMap<&'static str, Trace> {
    let one = |name: &&'static str| {
        let (scenario, trace) = scenario(name).traced();
        let stray = strays(&scenario.repo, &trace);
        assert!(
            stray.is_empty(),
            "{name}: changed or started outside of every point (src/fault.rs): {stray:#?}"
        );
        (*name, trace)
    };
    COMMANDS.iter().map(one).collect()
}

#[test]
fn every_step_has_a_point_and_every_point_a_command() {
    let traces = traces();
    let struck: BTreeSet<&str> = traces
        .values()
        .flat_map(|trace| trace.effects.iter().map(String::as_str))
        .collect();
    let all: BTreeSet<&str> = Point::ALL.iter().map(|point| point.name()).collect();
    assert_eq!(struck, all, "left: the points that some command comes to");
    check_figures(&traces);
}

/// Agents that fail first, leave work uncommitted and print more than is kept.
#[test]
fn every_step_of_a_supervisor_has_a_point() {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    let agent = "seq 100000; echo $HUB_ATTEMPT >left; test $HUB_ATTEMPT -gt 1";
    let mut command = words(&format!(
        "spawn {session} --jobs 1 --retries 1 --log-limit 64K"
    ));
    command.extend(["--agent-cmd".to_owned(), agent.to_owned()]);
    let trace = supervisors_traced(repo.hub(command), &repo);
    let stray: BTreeSet<&String> = strays(&repo, &trace).into_iter().collect();
    assert_eq!(stray, BTreeSet::new());
    for point in ["start", "git-commit", "git-checkout", "append", "supervise"] {
        assert!(
            trace.effects.iter().any(|effect| effect == point),
            "{point}: {trace:?}"
        );
    }
}

/// `docs/faults.md` says how many effects each command has; `HUB_TEST_UPDATE=1` writes it.
///
/// A command that waits for others has a few more or less from run to run.
fn check_figures(traces: &BTreeMap<&str, Trace>) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut table = format!(
        "{} points.\n\n| command | effects | points |\n| --- | ---: | ---: |\n",
        Point::ALL.len()
    );
    for name in COMMANDS {
        let effects = &traces[name].effects;
        let kinds: BTreeSet<&String> = effects.iter().collect();
        let (count, kinds) = match name {
            "run" => ("about 150".to_owned(), kinds.len().to_string()),
            // A process may have come to its end before it is sent a signal.
            "stop of a lost agent" => ("about 25".to_owned(), "5 or 6".to_owned()),
            // Supervisors are asked again when they have not answered for a while.
            "pause" | "resume" => ("about 4".to_owned(), kinds.len().to_string()),
            _ => (effects.len().to_string(), kinds.len().to_string()),
        };
        writeln!(table, "| {name} | {count} | {kinds} |").unwrap();
    }
    let (head, rest) = text.split_once("<!-- figures -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- /figures -->\n").unwrap();
    let wanted = format!("{head}<!-- figures -->\n{table}<!-- /figures -->\n{tail}");
    if std::env::var_os("HUB_TEST_UPDATE").is_some() {
        crate::support::write(&path, &wanted);
    }
    let now = std::fs::read_to_string(&path).unwrap();
    assert_eq!(now, wanted, "HUB_TEST_UPDATE=1 writes it anew");
}

#[test]
fn every_command_of_the_matrix_is_killed_fails_and_is_held() {
    let all = BTreeSet::from(COMMANDS);
    let of = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<&str>>();
    assert_eq!(of(KILLED), all);
    assert_eq!(of(FAILING), all);
    assert_eq!(
        of(BESIDE),
        all.difference(&BTreeSet::from(["run"])).copied().collect()
    );
}

#[test]
fn a_step_without_a_point_is_found() {
    let root = "/tmp/hub-test-x";
    for (step, found) in [
        (
            "rename /tmp/hub-test-x/repo/.agenthub/board/_index.json",
            true,
        ),
        ("write /tmp/hub-test-x/repo/.agenthub/.lock", false),
        ("spawn git -C /x -c gc.auto=0 status --porcelain", false),
        ("spawn git -C /x -c gc.auto=0 stash push", true),
        ("spawn git -C /x worktree prune", true),
        ("spawn git -C /x worktree list --porcelain", false),
        ("spawn sh -c rm", true),
        ("fork ", true),
        ("mkdir /tmp/hub-graft-CDMhi9", false),
    ] {
        assert_eq!(excused(step, root).is_none(), found, "{step}");
    }
}
