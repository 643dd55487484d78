//! Figures: `hub metrics`, as a document and as Prometheus reads them.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::json;

use crate::support::TestRepo;

/// A session whose first agent ends well and whose second fails in both of its attempts.
fn ended(repo: &TestRepo) -> String {
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    let session = repo.newest_session();
    let agent = "echo text; [ \"$HUB_AGENT\" = agent-1 ]";
    let spawn = ["spawn", &session, "--agent-cmd", agent];
    let again = ["--retries", "1", "--retry-pause", "0"];
    repo.hub(spawn.into_iter().chain(again)).ok();
    repo.hub(["wait", &session]).fails(1);
    session
}

#[test]
fn agents_restarts_and_failures_are_counted() {
    let repo = TestRepo::new();
    let session = ended(&repo);
    repo.hub(["init", "--task", "Later"]).ok();
    let report = repo.hub(["metrics", "--json"]).json();
    assert_eq!(report["sessions_by_state"]["running"], 1);
    assert_eq!(report["sessions_by_state"]["init"], 1);
    assert_eq!(report["sessions_by_state"]["corrupt"], 0);
    let total = &report["total"];
    assert_eq!(total["agents_by_status"]["succeeded"], 1);
    assert_eq!(total["agents_by_status"]["failed"], 1);
    assert_eq!(total["agents_by_status"]["lost"], 0);
    assert_eq!(
        (&total["restarts"], &total["failures"]),
        (&json!(1), &json!(2))
    );

    let alone = repo.hub(["metrics", &session, "--json"]).json();
    assert_eq!(alone["sessions"], json!([report["sessions"][0]]));
    let text = repo.hub(["metrics"]).ok().stdout;
    assert!(text.starts_with("sessions: 1 init, 1 running\n"), "{text}");
    assert!(text.contains("1 failed, 1 succeeded"), "{text}");
}

#[test]
fn disk_use_is_in_blocks_and_a_file_with_several_names_counts_once() {
    const MIB: u64 = 1024 * 1024;
    let repo = TestRepo::new();
    let session = ended(&repo);
    let bytes = || {
        let report = repo.hub(["metrics", &session, "--json"]).json();
        report["total"]["worktrees_bytes"].as_u64().unwrap()
    };
    let before = bytes();
    let worktree = repo.worktree(&session, "agent-1");
    repo.write(worktree.join("large"), vec![7; 4 * 1024 * 1024]);
    let other = repo.worktree(&session, "agent-2").join("same");
    std::fs::hard_link(worktree.join("large"), other).unwrap();
    let sparse = std::fs::File::create(worktree.join("sparse")).unwrap();
    sparse.set_len(64 * MIB).unwrap();
    // A file system may need some blocks more, or pack the bytes.
    let grown = bytes() - before;
    assert!(grown < 8 * MIB, "{grown}");
    let logs = repo.hub(["metrics", "--json"]).json()["total"]["logs_bytes"].clone();
    assert!(logs.as_u64().unwrap() > 0);
}

#[test]
fn a_session_that_cannot_be_read_is_counted_and_named() {
    let repo = TestRepo::new();
    ended(&repo);
    repo.install("damaged");
    let answer = repo.hub(["metrics", "--json"]).fails(9);
    let report = answer.json();
    let corrupt = report["corrupt"].as_array().unwrap().len();
    assert!(corrupt > 3, "{report:#}");
    assert_eq!(report["sessions_by_state"]["corrupt"], corrupt);
    assert_eq!(report["sessions"].as_array().unwrap().len(), 1);
}

/// The samples of a text in the exposition format, by their line up to the value.
///
/// # Panics
/// Where a line breaks the format.
fn parsed(text: &str) -> BTreeMap<String, f64> {
    let name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    let label = r#"[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*""#;
    let comment = Regex::new(&format!("^# (HELP|TYPE) ({name}) (.+)$")).unwrap();
    let sample = Regex::new(&format!(
        r"^(({name})\{{(?:{label}(?:,{label})*)\}}) (\S+)$"
    ))
    .unwrap();
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeSet::new());
    let mut samples = BTreeMap::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(found) = comment.captures(line) {
            let name = found[2].to_owned();
            let new = if &found[1] == "HELP" {
                helped.insert(name)
            } else {
                assert_eq!(&found[3], "gauge", "{line}");
                typed.insert(name)
            };
            assert!(new, "{line}: once for each name");
            continue;
        }
        let found = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
        assert!(
            helped.contains(&found[2]) && typed.contains(&found[2]),
            "{line}"
        );
        assert!(found[2].starts_with("hub_"), "{line}");
        let value: f64 = found[3].parse().unwrap();
        let before = samples.insert(found[1].to_owned(), value);
        assert_eq!(before, None, "{line}: twice");
    }
    samples
}

#[test]
fn prometheus_reads_the_same_figures() {
    let repo = TestRepo::new();
    parsed(&repo.hub(["metrics", "--format", "prometheus"]).ok().stdout);
    let session = ended(&repo);
    let text = repo.hub(["metrics", "--format", "prometheus"]).ok().stdout;
    let samples = parsed(&text);
    let value = |sample: &str| samples.get(sample).copied();
    assert_eq!(value("hub_sessions{state=\"running\"}"), Some(1.0));
    let failed = format!("hub_agents{{session=\"{session}\",status=\"failed\"}}");
    assert_eq!(value(&failed), Some(1.0));
    let restarts = format!("hub_agent_restarts{{session=\"{session}\"}}");
    assert_eq!(value(&restarts), Some(1.0));
    let report = repo.hub(["metrics", "--json"]).json();
    let running = format!("hub_agents_running_seconds{{session=\"{session}\"}}");
    assert_eq!(value(&running), report["total"]["running_s"].as_f64());
}

#[test]
fn other_commands_do_not_write_for_prometheus() {
    let repo = TestRepo::new();
    let error = repo.hub(["list", "--format", "prometheus"]).fails(2);
    assert_eq!(error.stdout, "");
    let first = error.stderr.lines().next().unwrap();
    assert_eq!(
        first,
        "error: invalid value 'prometheus' for '--format <FORMAT>': only hub metrics takes it"
    );
}
