//! A level that the machine cannot enforce.

use serde_json::Value;

use crate::support::{Hub, TestRepo};

use super::Held;

/// As on a kernel with this version of Landlock's interface.
fn pretending(hub: Hub, landlock: &str) -> Hub {
    hub.env("HUB_TEST_LANDLOCK", landlock)
}

fn initiated() -> TestRepo {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    repo
}

#[test]
fn it_is_refused_before_anything_is_made() {
    let repo = initiated();
    let before = repo.picture();
    for (level, landlock) in [("high", "0"), ("maximum", "2"), ("high", "5")] {
        let spawn = [
            "spawn",
            "--agent-cmd",
            "true",
            "--security",
            level,
            "--json",
        ];
        let refused = pretending(repo.hub(spawn), landlock).fails(6).json_error();
        assert_eq!(refused["code"], "refused");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("needs Landlock"), "{message}");
        assert!(refused["hint"].as_str().unwrap().contains("--best-effort"));
    }
    assert_eq!(repo.picture(), before);
    let run = [
        "run",
        "--task",
        "Go",
        "--agent-cmd",
        "true",
        "--security",
        "high",
    ];
    pretending(repo.hub(run), "0").fails(6);
    let dry = [
        "spawn",
        "--agent-cmd",
        "true",
        "--security",
        "high",
        "--dry-run",
    ];
    pretending(repo.hub(dry), "0").fails(6);
    assert_eq!(repo.picture(), before);
}

#[test]
fn lower_levels_need_nothing_of_the_kernel() {
    let repo = initiated();
    let spawn = ["spawn", "--agent-cmd", "true", "--security", "medium"];
    pretending(repo.hub(spawn), "0").ok();
    repo.hub(["wait"]).ok();
}

#[test]
fn best_effort_goes_on_and_says_what_is_left_out() {
    let repo = initiated();
    let spawn = [
        "spawn",
        "--agent-cmd",
        "true",
        "--security",
        "high",
        "--best-effort",
    ];
    let spawned = pretending(repo.hub(spawn), "0").ok();
    assert!(spawned.stderr.contains("does not enforce all"), "{spawned}");
    repo.hub(["wait"]).ok();
    let status = pretending(repo.hub(["status", "--json"]), "0").json();
    let security = &status["security"];
    assert_eq!(security["best_effort"], true);
    let left_out: Vec<&str> = security["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    assert_eq!(
        left_out,
        [
            "writes (needs Landlock)",
            "reads (needs Landlock)",
            "refs (needs Landlock)",
            "signals (needs Landlock)"
        ]
    );
    let text = pretending(repo.hub(["status"]), "0").ok().stdout;
    assert!(text.contains("high, best effort: without writes"), "{text}");
}

#[test]
fn a_session_is_not_raised_to_it_either() {
    let held = Held::run("true\n", &[]);
    let raise = ["security", &held.session, "--level", "maximum"];
    let refused = pretending(held.repo.hub(raise), "0").fails(6);
    assert!(
        refused.stderr.contains("cannot be enforced here"),
        "{refused}"
    );
    let raise = [&raise[..], &["--best-effort"]].concat();
    pretending(held.repo.hub(raise), "0").ok();
    assert_eq!(held.status()["security"]["level"], "maximum");
}

#[test]
fn what_a_machine_enforces_is_told_by_wall() {
    let repo = TestRepo::new();
    let report = pretending(repo.hub(["security", "--json"]), "5").json();
    assert_eq!(report["landlock"], 5);
    let levels = report["levels"].as_array().unwrap();
    let enforced: Vec<&Value> = levels.iter().map(|one| &one["enforced"]).collect();
    assert_eq!(enforced, [true, true, false, false]);
    let signals = levels[2]["walls"].as_array().unwrap();
    let signals = signals.iter().find(|one| one["wall"] == "signals").unwrap();
    assert_eq!(signals["stands"], false);
    assert_eq!(signals["lacks"], "Landlock 6 (this kernel has 5)");
    let text = pretending(repo.hub(["security"]), "0").ok().stdout;
    assert!(text.contains("no Landlock"), "{text}");
    assert!(text.contains("is refused without --best-effort"), "{text}");
    // It is the machine that is asked, not a repository.
    let nowhere = repo.hub(["security", "--json"]).in_folder(repo.root());
    assert_eq!(nowhere.json()["default_level"], "medium");
}

#[test]
fn refs_in_one_table_cannot_be_held() {
    let repo = TestRepo::new();
    let root = repo.root().join("table");
    let init = ["init", "--quiet", "--ref-format=reftable", "table"];
    if repo.try_git_in(repo.root(), init).is_err() {
        crate::support::passed_over("this git knows no reftable");
        return;
    }
    let report = repo.hub(["security", "--json"]).in_folder(&root).json();
    let high = &report["levels"][2];
    assert_eq!(high["enforced"], false, "{high}");
}
