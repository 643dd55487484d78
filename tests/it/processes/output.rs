//! What agents print, and where hub prints.

use std::fs::{self, File};

use super::Started;
use crate::support::TestRepo;

#[test]
fn a_hundred_megabytes_without_a_line_end_are_kept_and_do_no_harm() {
    let started = Started::new(
        "head -c 100000000 /dev/zero | tr '\\0' x\nhead -c 100000000 /dev/zero | tr '\\0' y >&2\nexit 3",
    );
    let agent = started.wait();
    assert_eq!(agent["status"], "failed");
    assert_eq!(agent["exit"]["code"], 3);
    let shown = agent["last_lines"].as_str().unwrap();
    assert!((1..=500).contains(&shown.len()), "{} bytes", shown.len());
    let folder = started
        .repo
        .hub_dir()
        .join("sessions")
        .join(&started.session);
    for log in ["stdout.log", "stderr.log"] {
        let meta = fs::metadata(folder.join("agents/agent-1").join(log)).unwrap();
        assert_eq!(meta.len(), 100_000_000, "{log}");
    }
}

#[test]
fn escapes_and_bytes_that_are_no_text_are_shown_harmless() {
    let started = Started::new(
        "printf 'bad \\377 byte\\n\\033[31mred\\033[0m\\rover\\n\\033]0;title\\007\\n' >&2\nexit 3",
    );
    let agent = started.wait();
    let shown = agent["last_lines"].as_str().unwrap();
    insta::assert_snapshot!(shown, @r"
    bad � byte
    ␛[31mred␛[0m␍over
    ␛]0;title␇
    ");
    let text = started.repo.hub(["wait", &started.session]).run();
    let all = format!("{}{}", text.stdout, text.stderr);
    let harmful = |c: char| c.is_control() && c != '\n';
    assert!(!all.contains(harmful), "{all:?}");
}

#[test]
fn an_agent_that_prints_nothing_and_fails_is_told_by_its_status() {
    let started = Started::new("exit 9");
    let agent = started.wait();
    assert_eq!(agent["exit"]["code"], 9);
    assert!(agent["last_lines"].is_null(), "{agent}");
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let repo = TestRepo::new();
    for nth in 0..3 {
        repo.hub(["init", "--task", &format!("Task {nth}")]).ok();
    }
    for command in [&["list"][..], &["list", "--json"], &["status"], &["events"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let answer = repo.hub(command).stdout(writer).ok();
        assert_eq!(answer.stderr, "", "{answer}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go"]).ok();
    for command in [&["list"][..], &["list", "--json"], &["status"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let answer = repo.hub(command).stdout(full).fails(1);
        assert!(
            answer.stderr.contains("No space left on device"),
            "{answer}"
        );
    }
}
