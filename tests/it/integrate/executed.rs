//! The script and the workflow of `hub integrate`, run as their users run them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use serde_yaml::Value as Yaml;

use super::ALL;
use crate::support::{TestRepo, passed_over};

/// The machine's programs, with `hub` before them.
fn path() -> String {
    let hub = Path::new(env!("CARGO_BIN_EXE_hub")).parent().unwrap();
    format!("{}:{}", hub.display(), std::env::var("PATH").unwrap())
}

fn has_jq() -> bool {
    let mut jq = Command::new("jq");
    let asked = jq.arg("--version").stdout(Stdio::null()).status();
    let there = asked.is_ok_and(|status| status.success());
    if !there {
        passed_over("jq is not installed");
    }
    there
}

fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn the_shell_script_holds_a_session_and_prints_a_document() {
    if !has_jq() {
        return;
    }
    let repo = TestRepo::new().with_bench();
    repo.hub(["integrate", "shell", "--yes"]).ok();
    let run = |agent: &str| {
        let mut shell = repo.shell("scripts/hub-session.sh 'Be fast' 2");
        shell
            .env("PATH", path())
            .env("HUB_AGENT_CMD", agent)
            .env("HUB_EVAL_CMD", "sh bench.sh")
            .env("HUB_METRIC", "p50_ms")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let done = run(&repo.agent_script());
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
    let document: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["session"], repo.newest_session().as_str());
    assert_eq!(document["winner"], "agent-2");
    assert_eq!(document["results"][0]["agent"], "agent-2");
    assert_eq!(document["results"][0]["metric_value"], 120.0);
    assert_eq!(document["results"][0]["files_changed"], 2);
    assert!(told(&done).contains("next: hub merge "), "{}", told(&done));

    // Nobody is better: the document is there, and the status says so.
    let done = run("true");
    assert_eq!(done.status.code(), Some(8), "{}", told(&done));
    let document: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["winner"], Value::Null);
    let mut shell = repo.shell("scripts/hub-session.sh");
    let done = shell.env("PATH", path()).output().unwrap();
    assert!(!done.status.success() && told(&done).contains("the task is missing"));
}

/// What the service puts in the place of an expression.
fn filled(value: &str, inputs: &[(&str, &str)]) -> String {
    let Some(expression) = value
        .strip_prefix("${{ ")
        .and_then(|v| v.strip_suffix(" }}"))
    else {
        return value.to_owned();
    };
    let input = |name: &str| inputs.iter().find(|(known, _)| *known == name);
    let first = expression.split(" || ").next().unwrap();
    let found = first.strip_prefix("inputs.").and_then(input);
    // Variables and secrets are not set here, which makes them empty.
    found.map_or_else(String::new, |(_, value)| (*value).to_owned())
}

/// Runs the steps of the job in order, as a runner does; the status and words of each.
fn steps(repo: &TestRepo, inputs: &[(&str, &str)]) -> Vec<(Option<i32>, String)> {
    let workflow: Yaml = serde_yaml::from_str(&repo.read(ALL[2].1[0])).unwrap();
    assert_eq!(workflow["defaults"]["run"]["shell"], "bash");
    let temp = repo.root().join("runner");
    fs::create_dir_all(&temp).unwrap();
    let mut ended = Vec::new();
    for step in workflow["jobs"]["session"]["steps"].as_sequence().unwrap() {
        let Some(script) = step["run"].as_str() else {
            continue;
        };
        repo.write(temp.join("step.sh"), script);
        // As the service documents `shell: bash`.
        let line = "exec bash --noprofile --norc -eo pipefail \"$RUNNER_TEMP/step.sh\"";
        let mut shell = repo.shell(line);
        shell
            .env("PATH", path())
            .env("RUNNER_TEMP", &temp)
            .env("GITHUB_STEP_SUMMARY", temp.join("summary.md"))
            .stdin(Stdio::null());
        for (name, value) in step["env"].as_mapping().into_iter().flatten() {
            shell.env(
                name.as_str().unwrap(),
                filled(value.as_str().unwrap(), inputs),
            );
        }
        let output = shell.output().unwrap();
        ended.push((output.status.code(), told(&output)));
        if !output.status.success() {
            break;
        }
    }
    ended
}

#[test]
fn the_steps_of_the_workflow_hold_a_session_and_leave_what_is_uploaded() {
    if !has_jq() {
        return;
    }
    let repo = TestRepo::new().with_bench();
    repo.hub(["integrate", "github-actions", "--yes"]).ok();
    let agent = repo.agent_script();
    let never = repo.root().join("never");
    let task = format!("Be \"fast\"; $(touch '{}') `id`", never.display());
    let inputs = [
        ("task", task.as_str()),
        ("agents", "2"),
        ("agent_cmd", &agent),
        ("eval_cmd", "sh bench.sh"),
        ("metric", "p50_ms"),
        ("direction", "lower"),
    ];
    let ended = steps(&repo, &inputs);
    assert_eq!(ended.len(), 2, "{ended:?}");
    for (status, words) in &ended {
        assert_eq!(*status, Some(0), "{words}");
    }
    let out = repo.root().join("runner/hub");
    let read = |name: &str| -> Value { serde_json::from_str(&repo.read(out.join(name))).unwrap() };
    assert_eq!(read("eval.json")["winner"], "agent-2");
    assert_eq!(read("status.json")["config"]["task"], task.as_str());
    assert!(!never.exists(), "what is typed is never run");
    assert!(repo.read(out.join("report.html")).contains("agent-2"));
    let summary = repo.read(repo.root().join("runner/summary.md"));
    assert!(summary.contains("is the winner"), "{summary}");
    // Whoever fetches the bundle has every attempt.
    let copy = TestRepo::new();
    let bundle = out.join("attempts.bundle");
    let fetch = ["fetch", "--quiet", bundle.to_str().unwrap()];
    copy.git(fetch.iter().chain(&["refs/heads/hub/*:refs/heads/hub/*"]));
    let session = repo.newest_session();
    let branch = format!("hub/{session}/agent-2/attempt-1");
    assert_eq!(copy.git(["show", &format!("{branch}:p50_ms")]), "120");

    let without = inputs.iter().filter(|(name, _)| *name != "agent_cmd");
    let without: Vec<(&str, &str)> = without.copied().collect();
    let ended = steps(&repo, &without);
    let (status, words) = ended.last().unwrap();
    assert_eq!(*status, Some(2), "an agent is missing: {words}");
}
