//! Settings that cannot be meant: the message names the file and its line, or the variable.

use super::usage;
use crate::support::TestRepo;

const KEYS: &str = "docs/formats.md says what each key takes";

#[test]
fn an_unknown_key_is_named_with_its_file_its_line_and_the_nearest() {
    let repo = TestRepo::new();
    let own = repo.home().join(".config/agenthub/config.yaml");
    for (file, shown) in [
        (
            repo.hub_dir().join("config.yaml"),
            "[TEMP]/repo/.agenthub/config.yaml",
        ),
        (own, "[TEMP]/home/.config/agenthub/config.yaml"),
    ] {
        for (key, hint) in [
            ("agent_comand", "did you mean agent_cmd?"),
            ("worktree-root", "did you mean worktree_root?"),
            ("zzz", "docs/formats.md lists the keys"),
        ] {
            repo.write(&file, format!("# ours\nagents: 2\n{key}: x\n"));
            let error = format!("{shown}, line 3: unknown key {key:?}");
            usage(&error, hint).ends(&repo, &["list"]);
            usage(&error, hint).ends(&repo, &["init", "--task", "x"]);
        }
        repo.write(&file, "");
    }
}

#[test]
fn a_bad_value_is_named_with_its_file_and_its_line() {
    let repo = TestRepo::new();
    for (line, reason) in [
        (
            "agents: many",
            r#"agents: "many" is not a number of agents: it must be 1 to 256"#,
        ),
        (
            "agents: 0",
            r#"agents: "0" is not a number of agents: it must be 1 to 256"#,
        ),
        (
            "lock_timeout_s: -1",
            r#"lock_timeout_s: "-1" is not a number of seconds: it must be 0 or more"#,
        ),
        (
            "lock_timeout_s: .nan",
            r#"lock_timeout_s: "NaN" is not a number of seconds: it must be 0 or more"#,
        ),
        (
            "direction: sideways",
            "direction: unknown variant `sideways`, expected `lower` or `higher`",
        ),
        (
            "base_branch: -x",
            r#"base_branch: "-x" is not a branch name: it may not begin with a dash"#,
        ),
    ] {
        repo.write(
            ".agenthub/config.yaml",
            format!("template: plain\n{line}\n"),
        );
        let error = format!("[TEMP]/repo/.agenthub/config.yaml, line 2: {reason}");
        usage(&error, KEYS).ends(&repo, &["list"]);
    }
}

#[test]
fn a_bad_variable_is_named() {
    let repo = TestRepo::new();
    for (name, value, reason) in [
        (
            "HUB_AGENTS",
            "x",
            r#""x" is not a number of agents: it must be 1 to 256"#,
        ),
        (
            "HUB_AGENTS",
            "-1",
            r#""-1" is not a number of agents: it must be 1 to 256"#,
        ),
        (
            "HUB_LOCK_TIMEOUT_S",
            "-1",
            r#""-1" is not a number of seconds: it must be 0 or more"#,
        ),
        (
            "HUB_DIRECTION",
            "sideways",
            "unknown variant `sideways`, expected `lower` or `higher`",
        ),
        (
            "HUB_BASE_BRANCH",
            "@",
            r#""@" is not a branch name: git reads @ as something else"#,
        ),
    ] {
        let error = format!("{name}: {reason}");
        usage(&error, KEYS).ends_with_env(&repo, &["list"], &[(name, value)]);
        usage(&error, KEYS).ends_with_env(&repo, &["init", "--task", "x"], &[(name, value)]);
    }
}

#[test]
fn an_empty_variable_sets_nothing() {
    let repo = TestRepo::new();
    let init = repo.hub(["init", "--task", "x"]).env("HUB_AGENTS", "");
    assert!(init.ok().stdout.contains("(3 agents, "));
}
