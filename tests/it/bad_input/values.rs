//! Values that break their grammar, or name what is not there.

use super::{NOWHERE, not_found, session, usage};
use crate::support::TestRepo;

const HELP_OF_INIT: &str = "`hub init --help` shows what it takes";
const IDS: &str = "session ids look like 20260317-143022; `hub list` shows those there are";
const BRANCHES: &str = "`git check-ref-format --branch NAME` says what git accepts";

#[test]
fn a_session_has_one_to_256_agents() {
    let repo = TestRepo::new();
    for number in ["0", "257", "1000", "-1", "1.5", "many", ""] {
        let error = format!("{number:?} is not a number of agents: it must be 1 to 256");
        for flag in ["--agents", "-n"] {
            usage(&error, HELP_OF_INIT).ends(&repo, &["init", "--task", "x", flag, number]);
        }
    }
}

#[test]
fn a_task_is_a_text_that_fits_into_the_environment() {
    let repo = TestRepo::new();
    for empty in ["", "  \n"] {
        let error = format!("{empty:?} is not a task: it is empty");
        usage(&error, HELP_OF_INIT).ends(&repo, &["init", "--task", empty]);
    }
    // The kernel takes no argument of 128 KiB; the message shows the beginning alone.
    let long = "x".repeat(120_000);
    let error = format!(
        "\"{}…\" is not a task: it is longer than 32 KiB; put it into a file that the task names",
        &long[..80]
    );
    usage(&error, HELP_OF_INIT).ends(&repo, &["init", "--task", &long]);
    usage(&error, "`hub run --help` shows what it takes")
        .ends(&repo, &["run", "--agent-cmd", "true", "--task", &long]);
}

#[test]
fn a_metric_needs_a_command_and_a_direction_needs_a_metric() {
    let repo = TestRepo::new();
    let init = ["init", "--task", "x"];
    usage(
        "--metric is given without an eval command",
        "give --eval CMD too",
    )
    .ends(&repo, &[&init[..], &["--metric", "p50_ms"]].concat());
    let alone = usage(
        "--direction is given without a metric",
        "give --metric NAME too",
    );
    alone.ends(&repo, &[&init[..], &["--direction", "lower"]].concat());
    let with_command = ["--direction", "lower", "--eval", "true"];
    alone.ends(&repo, &[&init[..], &with_command].concat());
    usage(
        r#""sideways" is not a direction: it must be lower or higher"#,
        HELP_OF_INIT,
    )
    .ends(
        &repo,
        &[
            &init[..],
            &[
                "--eval",
                "true",
                "--metric",
                "p50_ms",
                "--direction",
                "sideways",
            ],
        ]
        .concat(),
    );
    for (metric, why) in [
        ("", "it is empty"),
        (" p50", "it begins or ends with a space"),
        ("p50\n", "it begins or ends with a space"),
        ("p\n50", "it holds a control character"),
    ] {
        let error = format!("{metric:?} is not a metric name: {why}");
        usage(&error, HELP_OF_INIT).ends(
            &repo,
            &[&init[..], &["--eval", "true", "--metric", metric]].concat(),
        );
    }
}

#[test]
fn what_is_no_session_id_never_becomes_a_path() {
    let repo = TestRepo::new();
    session(&repo);
    let long = "2".repeat(300);
    for id in [
        "../../x",
        "/etc/passwd",
        "",
        &long,
        "２0260317-143022",
        "20260317‑143022",
        "2026\\0317",
        "20260317-143022/..",
        "-rf",
    ] {
        let shown: String = id.chars().take(80).collect();
        let cut = if shown.len() < id.len() { "…" } else { "" };
        let shown = format!("{shown}{cut}");
        let error = format!("{shown:?} is not a session id: only digits and dashes, or `latest`");
        for command in [
            "status", "spawn", "wait", "stop", "eval", "merge", "archive", "cleanup", "events",
        ] {
            // Behind `--`, so that a dash begins no option.
            usage(&error, IDS).ends(&repo, &[command, "--", id]);
        }
        usage(&error, IDS).ends(&repo, &["update", "--state", "running", "--", id]);
        usage(&error, IDS).ends(&repo, &["path", "--", id, "agent-1"]);
    }
    usage(
        "unexpected argument '-r' found",
        "`hub status --help` shows what it takes",
    )
    .ends(&repo, &["status", "-rf"]);
}

#[test]
fn a_session_that_is_not_there_is_not_found() {
    let repo = TestRepo::new();
    let hint = "`hub list` shows the sessions there are, `hub init` makes one";
    for there_is_one in [false, true] {
        if there_is_one {
            session(&repo);
        }
        let error = format!("session {NOWHERE} does not exist");
        for command in [
            "status", "wait", "stop", "eval", "merge", "archive", "cleanup", "events",
        ] {
            not_found(&error, hint).ends(&repo, &[command, NOWHERE]);
        }
        not_found(&error, hint).ends(&repo, &["spawn", NOWHERE, "--agent-cmd", "true"]);
        not_found(&error, hint).ends(&repo, &["update", NOWHERE, "--state", "running"]);
        not_found(&error, hint).ends(&repo, &["path", NOWHERE, "agent-1"]);
    }
}

#[test]
fn what_is_no_agent_never_becomes_a_path() {
    let repo = TestRepo::new();
    let id = session(&repo);
    for agent in ["../x", "agent-0", "agent-01", "1", "", "agent-１"] {
        let error = format!(
            "{agent:?} is not an agent: it must be agent-N with N from 1 to 256, without leading zeros"
        );
        let hint = "agents are agent-1, agent-2, …; `hub status` shows those there are";
        usage(&error, hint).ends(&repo, &["path", &id, agent]);
        usage(&error, hint).ends(&repo, &["merge", &id, "--agent", agent]);
    }
    let hint = format!("`hub status {id}` shows its agents");
    let error = format!("session {id} has no agent-3");
    not_found(&error, &hint).ends(&repo, &["path", &id, "agent-3"]);
}

#[test]
fn a_base_branch_is_a_branch() {
    let repo = TestRepo::new();
    repo.git(["tag", "v1"]);
    for (name, why) in [
        ("-x", "it may not begin with a dash"),
        ("--upload-pack=x", "it may not begin with a dash"),
        ("@", "git reads @ as something else"),
        ("main@{1}", "git reads @ as something else"),
        (
            "refs/heads/main",
            "give the short name, without refs/heads/",
        ),
        ("HEAD", "HEAD is not a branch"),
        ("a..b", "it may not hold two dots in a row"),
        (
            "main~1",
            "it holds a character that git does not allow in a ref",
        ),
        ("", "it is empty"),
    ] {
        let error = format!("{name:?} is not a branch name: {why}");
        let flag = format!("--base-branch={name}");
        usage(&error, BRANCHES).ends(&repo, &["init", "--task", "x", &flag]);
    }
    usage("unexpected argument '-x' found", HELP_OF_INIT)
        .ends(&repo, &["init", "--task", "x", "--base-branch", "-x"]);
    let commit = repo.git(["rev-parse", "HEAD"]);
    for name in ["nowhere", "v1", &commit, "origin/main"] {
        let error = format!("base branch {name} does not exist");
        not_found(&error, "`git branch` shows the branches there are")
            .ends(&repo, &["init", "--task", "x", "--base-branch", name]);
    }
}

#[test]
fn a_state_is_one_of_five() {
    let repo = TestRepo::new();
    let id = session(&repo);
    usage(
        r#""done" is not a session state: it must be init, running, evaluating, merged or archived"#,
        "`hub update --help` shows what it takes",
    )
    .ends(&repo, &["update", &id, "--state", "done"]);
}

#[test]
fn a_time_limit_is_a_number_of_seconds() {
    let repo = TestRepo::new();
    for limit in ["-1", "NaN", "inf", "1e400", "soon", ""] {
        let error = format!("{limit:?} is not a number of seconds: it must be 0 or more");
        usage(&error, "`hub list --help` shows what it takes")
            .ends(&repo, &["list", "--lock-timeout", limit]);
        usage(&error, "`hub wait --help` shows what it takes")
            .ends(&repo, &["wait", "--timeout", limit]);
    }
}

#[test]
fn an_unknown_word_gets_the_nearest_known_one() {
    let repo = TestRepo::new();
    for (arguments, error, hint) in [
        (
            &["lst"][..],
            "unrecognized subcommand 'lst'",
            "did you mean list?",
        ),
        (
            &["mrge"],
            "unrecognized subcommand 'mrge'",
            "did you mean merge?",
        ),
        (
            &["frobnicate"],
            "unrecognized subcommand 'frobnicate'",
            "`hub --help` lists the commands",
        ),
        (
            &["list", "--fromat", "json"],
            "unexpected argument '--fromat' found",
            "did you mean --format?",
        ),
        (
            &["init", "--taks", "x"],
            "unexpected argument '--taks' found",
            "did you mean --task?",
        ),
        (
            &["list", "--zzz"],
            "unexpected argument '--zzz' found",
            "`hub list --help` shows what it takes",
        ),
        (
            &["list", "--state", "mergd"],
            "invalid value 'mergd' for '--state <STATE>' [possible values: init, running, evaluating, merged, archived, corrupt]",
            "did you mean merged?",
        ),
        (
            &["man", "lst"],
            r#""lst" is not a command: hub has none of this name"#,
            "`hub --help` lists the commands",
        ),
        (
            &["init"],
            "the following required arguments were not provided: --task <TASK>",
            HELP_OF_INIT,
        ),
    ] {
        usage(error, hint).ends(&repo, arguments);
    }
}
