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
    // The families in their order: all lines of one stand together.
    let mut families: Vec<String> = Vec::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(found) = comment.captures(line) {
            let name = found[2].to_owned();
            if families.last() != Some(&name) {
                assert!(!families.contains(&name), "{line}: apart from the others");
                families.push(name.clone());
            }
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
        let family = families.last().map(String::as_str);
        assert_eq!(family, Some(&found[2]), "{line}: apart from its family");
        let value: f64 = found[3].parse().unwrap();
        let before = samples.insert(found[1].to_owned(), value);
        assert_eq!(before, None, "{line}: twice");
    }
    assert_eq!(helped, typed);
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

/// Two presets: one tells what it used in each attempt, of which the first fails; one does not.
const PRESETS: &str = "\
presets:
  teller:
    program: sh
    arguments: ['-c', 'cat >/dev/null; echo read 100, wrote 20, cost 0.25; [ $HUB_ATTEMPT = 2 ]']
    usage:
      regex: 'read (?P<tokens_in>[0-9]+), wrote (?P<tokens_out>[0-9]+), cost (?P<cost_usd>[0-9.]+)'
  silent:
    program: sh
    arguments: ['-c', 'cat >/dev/null']
";

/// A session of an agent that tells what it used and two that do not.
fn telling(repo: &TestRepo) -> String {
    repo.write(".agenthub/config.yaml", PRESETS);
    repo.hub(["init", "--task", "Go", "--agents", "3"]).ok();
    let session = repo.newest_session();
    let spawn = ["spawn", &session, "--agents", "teller:1,silent:2"];
    let again = ["--retries", "1", "--retry-pause", "0"];
    repo.hub(spawn.into_iter().chain(again)).ok();
    repo.hub(["wait", &session]).ok();
    session
}

#[test]
fn what_all_attempts_used_is_summed_and_null_where_nobody_tells() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Nothing ran"]).ok();
    let unused = repo.newest_session();
    let session = telling(&repo);
    let report = repo.hub(["metrics", "--json"]).json();
    let of = |id: &str| {
        let sessions = report["sessions"].as_array().unwrap().iter();
        let mut found = sessions.filter(|one| one["session_id"] == id);
        found.next().unwrap()["figures"].clone()
    };
    let figures = of(&session);
    assert_eq!(
        figures["agents_by_preset"],
        json!({"silent": 2, "teller": 1})
    );
    assert_eq!(figures["tokens_in"], 200, "{figures:#}");
    assert_eq!(figures["tokens_out"], 40);
    assert_eq!(figures["cost_usd"], 0.5);
    assert!(figures["cpu_s"].as_f64().unwrap() > 0.0, "{figures:#}");
    let peak = figures["peak_memory_bytes"].as_u64().unwrap();
    assert!(peak > 1 << 19, "{figures:#}");

    let unused = of(&unused);
    for key in [
        "tokens_in",
        "tokens_out",
        "cost_usd",
        "cpu_s",
        "peak_memory_bytes",
    ] {
        assert_eq!(unused[key], json!(null), "{key} of {unused:#}");
        assert_eq!(report["total"][key], figures[key], "{key}");
    }
    assert_eq!(unused["agents_by_preset"], json!({}));
    let text = repo.hub(["metrics"]).ok().stdout;
    let row = text.lines().rfind(|line| line.starts_with(&session));
    let words: Vec<&str> = row.unwrap().split_whitespace().rev().take(7).collect();
    assert_eq!(words, ["teller", "1", "silent,", "2", "$0.50", "40", "200"]);
}

#[test]
fn an_end_that_only_the_state_tells_of_counts_as_much() {
    let repo = TestRepo::new();
    let session = telling(&repo);
    let figures = || {
        let report = repo.hub(["metrics", &session, "--json"]).json();
        report["total"].clone()
    };
    let before = figures();
    // As a kill between the two leaves it.
    let folder = repo.hub_dir().join("sessions").join(&session);
    let journal = repo.read(folder.join("events.jsonl"));
    let last = journal.lines().rfind(|line| line.contains("\"finish\""));
    let cut = journal.replace(&format!("{}\n", last.unwrap()), "");
    assert_ne!(cut, journal);
    repo.write(folder.join("events.jsonl"), cut);
    let after = figures();
    for key in [
        "tokens_in",
        "tokens_out",
        "cost_usd",
        "failures",
        "peak_memory_bytes",
    ] {
        assert_eq!(after[key], before[key], "{key}");
    }
    for key in ["cpu_s", "running_s"] {
        let difference = after[key].as_f64().unwrap() - before[key].as_f64().unwrap();
        assert!(difference.abs() < 2.0, "{key}: {before:#} {after:#}");
    }
}

#[test]
fn prometheus_gets_what_is_known_and_no_sample_of_what_is_not() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Nothing ran"]).ok();
    let unused = repo.newest_session();
    let session = telling(&repo);
    let text = repo.hub(["metrics", "--format", "prometheus"]).ok().stdout;
    let samples = parsed(&text);
    let figures = repo.hub(["metrics", &session, "--json"]).json()["total"].clone();
    for (name, key) in [
        ("hub_agents_cpu_seconds", "cpu_s"),
        ("hub_agents_peak_memory_bytes", "peak_memory_bytes"),
        ("hub_agents_input_tokens", "tokens_in"),
        ("hub_agents_output_tokens", "tokens_out"),
        ("hub_agents_cost_dollars", "cost_usd"),
    ] {
        let value = |session| {
            samples
                .get(&format!("{name}{{session=\"{session}\"}}"))
                .copied()
        };
        assert_eq!(value(&session), figures[key].as_f64(), "{name}");
        assert_eq!(value(&unused), None, "{name}");
    }
    let silent = format!("hub_preset_agents{{session=\"{session}\",preset=\"silent\"}}");
    assert_eq!(samples.get(&silent), Some(&2.0), "{text}");
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
