//! stdout is the answer, stderr the narration; scripts get neither colour nor cutting.

use serde_json::json;

use crate::support::{Answer, TestRepo, plain};

const RUN: [&str; 12] = [
    "run",
    "--task",
    "Be fast",
    "--agents",
    "3",
    "--eval",
    "sh bench.sh",
    "--metric",
    "p50_ms",
    "--direction",
    "lower",
    "--yes",
];

/// A repository with one session of two agents.
fn with_session() -> TestRepo {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Be fast", "--agents", "2"])
        .ok();
    repo
}

fn run(flags: &[&str]) -> (TestRepo, Answer) {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let answer = repo.hub([&RUN[..], &["--agent-cmd", &agent], flags].concat());
    let answer = answer.ok();
    (repo, answer)
}

#[test]
fn the_answer_is_on_stdout_and_what_happens_meanwhile_on_stderr() {
    let (repo, answer) = run(&[]);
    insta::assert_snapshot!(repo.normalised(&answer.stdout), @"
    p50_ms, lower is better, baseline 180
    RANK  AGENT  METRIC  DELTA  FILES  +/-  MERGE
       1  agent-2  120  -60 (-33.3%)  2  +2/-1  clean
       2  agent-1  150  -30 (-16.7%)  2  +2/-1  clean
       3  agent-3  200  +20 (+11.1%)  2  +2/-1  clean
    winner: agent-2
    merged agent-2 into main as [COMMIT]
    archived agent-1 as hub/archive/[SESSION]/agent-1
    archived agent-3 as hub/archive/[SESSION]/agent-3
    removed 3 worktrees and 3 branches
    session [SESSION] is merged
    ");
    // Agents end in any order.
    let stderr = repo.normalised(&answer.stderr);
    let mut lines: Vec<&str> = stderr.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @"
    agent-1 running ([DURATION])
    agent-1 succeeded ([DURATION])
    agent-2 running ([DURATION])
    agent-2 succeeded ([DURATION])
    agent-3 running ([DURATION])
    agent-3 succeeded ([DURATION])
    baseline: p50_ms = 180
    session [SESSION]: Be fast
    ");
}

#[test]
fn a_document_is_alone_on_stdout() {
    for flags in [&["--json"][..], &["--format", "json"], &["--json", "-v"]] {
        let (_, answer) = run(flags);
        assert_eq!(answer.json()["state"], json!("merged"), "{answer}");
    }
}

#[test]
fn quiet_leaves_the_answer_and_nothing_else() {
    let ((of_quiet, quiet), (of_full, full)) = (run(&["-q"]), run(&[]));
    assert_eq!(
        of_quiet.normalised(&quiet.stdout),
        of_full.normalised(&full.stdout)
    );
    assert_eq!(quiet.stderr, "");
    let repo = with_session();
    let full = repo.hub(["events"]).ok();
    let quiet = repo.hub(["events", "--quiet"]).ok();
    let (first, rest) = full.stdout.split_once('\n').unwrap();
    assert_eq!(first, format!("session {}", repo.newest_session()));
    assert_eq!(quiet.stdout, rest);
}

#[test]
fn errors_are_not_quiet() {
    let repo = TestRepo::new();
    let loud = repo.hub(["status"]).fails(3);
    let quiet = repo.hub(["status", "-q"]).fails(3);
    assert_eq!(quiet.stderr, loud.stderr);
}

#[test]
fn verbose_tells_who_did_what_on_stderr() {
    let repo = with_session();
    let plain = repo.hub(["status"]).ok();
    let verbose = repo.hub(["status", "-v"]).ok();
    assert_eq!(plain.stderr, "");
    assert_eq!(verbose.stdout, plain.stdout);
    assert!(verbose.stderr.contains("git"), "{verbose}");
}

#[test]
fn without_a_terminal_there_is_no_colour_no_cutting_and_no_progress_bar() {
    let repo = TestRepo::new();
    let task = "be fast ".repeat(100);
    let task = task.trim();
    repo.hub(["init", "--task", task]).ok();
    let list = repo.hub(["list"]).env("TERM", "xterm-256color").ok();
    assert!(list.stdout.ends_with(&format!("  {task}\n")), "{list}");
    let (_, run) = run(&[]);
    for text in [&list.stdout, &run.stdout, &run.stderr] {
        assert!(!text.contains(['\x1b', '\r']), "{text}");
    }
}

#[test]
fn colour_can_be_had_and_refused_by_flag() {
    let repo = with_session();
    let text = repo.hub(["list"]).ok().stdout;
    for terminal in ["dumb", "xterm-256color"] {
        let run = |color: &str| {
            let hub = repo.hub(["list", "--color", color]);
            hub.env("TERM", terminal).ok().stdout
        };
        let colored = run("always");
        assert!(colored.contains("\x1b["), "{colored}");
        assert_eq!(plain(&colored), text);
        assert_eq!(run("never"), text);
        assert_eq!(run("auto"), text);
    }
    // A flag is nearer than a variable.
    let flag = repo.hub(["list", "--color", "always"]).env("NO_COLOR", "1");
    assert!(flag.ok().stdout.contains("\x1b["));
    let variable = repo.hub(["list"]).env("NO_COLOR", "1").ok();
    assert_eq!(variable.stdout, text);
}

#[test]
fn a_document_has_no_colour() {
    let repo = with_session();
    let colored = repo.hub(["list", "--json", "--color", "always"]).ok();
    assert_eq!(colored.stdout, repo.hub(["list", "--json"]).ok().stdout);
    let error = repo.hub(["status", "2020", "--json", "--color", "always"]);
    assert!(!error.fails(3).stderr.contains('\x1b'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let repo = with_session();
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["status"],
        &["events"],
        &["schema", "status"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["list", "--help"],
        &["--version"],
    ] {
        let answer = repo.hub(arguments).unread().ok();
        assert_eq!(answer.stderr, "", "{answer}");
    }
}

#[test]
fn yes_answers_what_would_be_asked() {
    let repo = TestRepo::new().with_bench();
    let slower = repo.script(
        "slower.sh",
        "echo 200 >p50_ms; git commit --quiet --all --message Slower",
    );
    let mut flags = RUN.to_vec();
    flags.extend(["--agent-cmd", &slower]);
    // Nobody beats the baseline: archive, and say so.
    let answer = repo.hub(flags).fails(8);
    assert!(
        answer.stdout.contains("nobody beats the baseline\n"),
        "{answer}"
    );
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"][0]["state"], json!("archived"));
}

#[test]
fn where_nobody_can_be_asked_the_safe_answer_holds() {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let main = repo.git(["rev-parse", "main"]);
    let mut flags = RUN[..RUN.len() - 1].to_vec();
    flags.extend(["--agent-cmd", &agent]);
    let answer = repo.hub(flags).fails(6);
    let hint = answer.stderr.lines().last().unwrap();
    assert!(hint.starts_with("hint: "), "{answer}");
    assert!(hint.contains("--yes"), "{hint}");
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"][0]["state"], json!("evaluating"));
}
