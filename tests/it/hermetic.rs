//! What the other tests stand on is tested first: see `support`.

use std::time::Duration;

use crate::support::{TestRepo, Tree, normalised, wait_until};

#[test]
fn git_sees_the_tests_configuration_only() {
    let repo = TestRepo::new();
    let origins = repo.git(["config", "--list", "--show-origin", "--name-only"]);
    for line in origins.lines() {
        let home = repo.home().join(".gitconfig");
        let known = line.starts_with(&format!("file:{}", home.display()))
            || line.starts_with("file:.git/config");
        assert!(known, "{line}");
    }
}

#[test]
fn a_command_inherits_nothing_that_could_change_its_answer() {
    let repo = TestRepo::new();
    let variables = repo.git(["-c", "alias.env=!env", "env"]);
    let names = variables
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0));
    // Those that the test sets, and those that git sets for an alias.
    let known = [
        "PATH",
        "LLVM_PROFILE_FILE",
        "TMPDIR",
        "HOME",
        "XDG_CONFIG_HOME",
        "TERM",
        "TZ",
        "LC_ALL",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    ];
    for name in names.filter(|name| !name.starts_with("GIT_")) {
        assert!(known.contains(&name), "{name}");
    }
    assert!(variables.contains("GIT_CONFIG_NOSYSTEM=1"));
}

#[test]
fn every_repository_begins_with_the_same_commit() {
    let (one, other) = (TestRepo::new(), TestRepo::new());
    assert_eq!(one.refs(), other.refs());
    assert_eq!(one.git(["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(
        one.git(["log", "--format=%an <%ae> %aI %s"]),
        "Test Author <author@example.com> 2026-03-01T12:00:00Z Begin"
    );
    assert_eq!(one.git(["status", "--porcelain"]), "");
    one.write("only here", "");
    assert!(!other.path().join("only here").exists());
}

#[test]
fn a_repository_is_not_found_from_outside_of_it() {
    let repo = TestRepo::new();
    repo.hub(["list"]).in_folder(repo.root()).fails(3);
    let settings = repo.home().join(".config/agenthub/config.yaml");
    repo.write(settings, "agents: many\n");
    repo.hub(["list"]).fails(2);
}

#[test]
#[should_panic(expected = "in vain until the moon is blue")]
fn waiting_ends_at_its_limit_and_says_what_for() {
    wait_until(Duration::ZERO, "the moon is blue", || false);
}

#[test]
fn waiting_ends_as_soon_as_it_may() {
    let mut asked = 0;
    wait_until(Duration::MAX, "it was asked three times", || {
        asked += 1;
        asked == 3
    });
}

#[test]
fn a_tree_holds_what_a_folder_holds() {
    let repo = TestRepo::new();
    let script = repo.script("agent.sh", "true");
    let scripts = repo.root().join("scripts");
    std::os::unix::fs::symlink(&script, scripts.join("link")).unwrap();
    std::fs::create_dir(scripts.join("empty")).unwrap();
    let tree = Tree::read(&scripts);
    assert_eq!(
        tree.paths(),
        ["agent.sh", "empty", "link"].map(std::path::Path::new)
    );

    let copy = repo.root().join("copy");
    tree.write(&copy);
    assert_eq!(Tree::read(&copy), tree);
    repo.write(copy.join("agent.sh"), "false");
    assert_ne!(Tree::read(&copy), tree);
    assert_eq!(Tree::read(&repo.root().join("nothing")), Tree::default());
}

#[test]
fn what_varies_is_replaced_in_text_and_in_json() {
    for (text, expected) in [
        (
            "session 20260317-143022 and 20260317-143022-2",
            "session [SESSION] and [SESSION]",
        ),
        (
            "2026-03-17T14:30:22+00:00, 2026-03-17T14:30:22Z",
            "[TIME], [TIME]",
        ),
        (
            "0123456789abcdef0123456789abcdef01234567 0123abcdef",
            "[COMMIT] [COMMIT]",
        ),
        (
            "\"pid\": 4711, \"agent_pid\": 1",
            "\"pid\": [PID], \"agent_pid\": [PID]",
        ),
        ("process 4711 goes on", "process [PID] goes on"),
        (
            "\"elapsed_s\": 0.25, \"agents\": 3",
            "\"elapsed_s\": [DURATION], \"agents\": 3",
        ),
        (
            "1.2 s, 1 min 02 s, 3 h 04 min",
            "[DURATION], [DURATION], [DURATION]",
        ),
        ("AGE  LAST\n 5d  Begin", "AGE  LAST\n [AGE]  Begin"),
        ("A       B\n  \"key\": 1", "A  B\n  \"key\": 1"),
        (
            "refs/hub/snapshots/x/agent-1/uncommitted-1790000000",
            "refs/hub/snapshots/x/agent-1/uncommitted-[TIME]",
        ),
        ("180 of 12345678 at 3.5", "180 of 12345678 at 3.5"),
    ] {
        assert_eq!(normalised(text), expected);
    }
    let repo = TestRepo::new();
    let text = format!("removed {}", repo.path().join("20260317-143022").display());
    assert_eq!(repo.normalised(&text), "removed [TEMP]/repo/[SESSION]");
    assert_eq!(
        repo.without_paths(&text),
        "removed [TEMP]/repo/20260317-143022"
    );
}

#[test]
fn the_usual_actors_play_a_session() {
    let repo = TestRepo::new().with_bench();
    let agent = repo.agent_script();
    let task = [
        "init",
        "--task",
        "Be fast",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ];
    let init = repo.hub(task).env("HUB_AGENTS", "4").ok();
    assert!(init.stdout.contains("baseline p50_ms = 180"), "{init}");
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    repo.hub(["wait", &session]).ok();
    let eval = repo.hub(["eval", &session, "--json"]).json();
    let ranked: Vec<_> = eval["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (
                result["agent"].as_str().unwrap(),
                result["metric_value"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        ranked,
        [
            ("agent-2", 120.0),
            ("agent-1", 150.0),
            ("agent-4", 160.0),
            ("agent-3", 200.0)
        ]
    );
}

#[test]
fn what_is_piped_in_is_no_answer_of_a_person() {
    let repo = TestRepo::new().with_bench();
    let slower = repo.script(
        "slower.sh",
        "echo 200 >p50_ms; git commit --quiet --all --message Slower",
    );
    repo.hub([
        "init",
        "--task",
        "Be fast",
        "-n",
        "1",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ])
    .ok();
    repo.hub(["spawn", "--agent-cmd", &slower]).ok();
    repo.hub(["wait"]).ok();
    repo.hub(["eval"]).fails(8);
    let main = repo.git(["rev-parse", "main"]);
    // It would ask whether to keep all attempts as tags, as nobody beats the baseline.
    repo.hub(["merge"]).stdin("y\n").fails(8);
    assert_eq!(repo.git(["rev-parse", "main"]), main);
    let list = repo.hub(["list", "--json"]).json();
    assert_eq!(list["sessions"][0]["state"], "evaluating");
}
