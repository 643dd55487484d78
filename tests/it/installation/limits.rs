//! Limits of the installation: by every way in, from every place, and for many hubs at once.

use std::thread;

use serde_json::Value;

use crate::support::{Answer, Hub, TestRepo};

const USER: &str = "home/.config/agenthub/config.yaml";

fn user(repo: &TestRepo, text: &str) {
    repo.write(repo.root().join(USER), text);
}

fn init(repo: &TestRepo, agents: &str) -> String {
    let init = ["init", "--task", "Go", "--agents", agents, "--json"];
    let document = repo.hub(init).json();
    document["session_id"].as_str().unwrap().to_owned()
}

/// The refusal that names a limit; nothing is left of what was asked for.
fn refused(answer: Answer, limit: &str) -> String {
    let answer = answer.fails(6);
    assert_eq!(answer.stdout, "", "{answer}");
    let message = answer.stderr.lines().find(|line| line.contains(limit));
    let message = message.unwrap_or_else(|| panic!("{answer}"));
    assert!(answer.stderr.contains("\nhint: "), "{answer}");
    message.to_owned()
}

fn states(repo: &TestRepo) -> Vec<String> {
    let list = repo.hub(["list", "--json"]).json();
    let sessions = list["sessions"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    sessions.map(|session| text(&session["state"])).collect()
}

/// Starts all of them before it waits for any.
fn at_once(hubs: Vec<Hub>) -> Vec<Answer> {
    thread::scope(|scope| {
        let running: Vec<_> = hubs
            .into_iter()
            .map(|hub| scope.spawn(|| hub.run()))
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// How many were done; all others were refused, and each by this limit.
fn done(answers: Vec<Answer>, limit: &str) -> usize {
    let (done, others): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.code() == 0);
    for answer in others {
        refused(answer, limit);
    }
    done.len()
}

#[test]
fn more_agents_than_a_session_may_have_are_refused_by_every_way_in() {
    let repo = TestRepo::new();
    let before = init(&repo, "3");
    user(&repo, "limits:\n  max_agents: 2\n");
    let limit = "limits.max_agents is 2, and the session would have 3 agents";
    for command in [
        &["init", "--task", "Go"][..],
        &["init", "--task", "Go", "--agents", "3"],
        &["run", "--task", "Go", "--agent-cmd", "true"],
        &["run", "--task", "Go", "--agent-cmd", "true", "--dry-run"],
        &["spawn", &before, "--no-start"],
        &["spawn", &before, "--agent-cmd", "true"],
        &["spawn", &before, "--agent-cmd", "true", "--dry-run"],
        &["update", &before, "--state", "running"],
    ] {
        let message = refused(repo.hub(command).run(), limit);
        assert_eq!(message, format!("error: {limit}"));
    }
    assert_eq!(states(&repo), ["init"]);
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    init(&repo, "2");
    // What is beyond it already can be brought to its end.
    repo.hub(["archive", &before]).ok();
}

#[test]
fn no_more_sessions_run_than_may_by_every_way_in() {
    let repo = TestRepo::new().with_bench();
    let [first, second, third] = ["1"; 3].map(|agents| init(&repo, agents));
    user(&repo, "limits:\n  max_running_sessions: 2\n");
    repo.hub(["spawn", &first, "--no-start"]).ok();
    repo.hub(["update", &second, "--state", "running"]).ok();
    let limit = "limits.max_running_sessions is 2, and 2 sessions are in running";
    for command in [
        &["spawn", &third, "--no-start"][..],
        &["spawn", &third, "--no-start", "--dry-run"],
        &["spawn", &third, "--agent-cmd", "true"],
        &["update", &third, "--state", "running"],
        &["run", "--task", "Go", "--agent-cmd", "true"],
        &["run", "--task", "Go", "--agent-cmd", "true", "--dry-run"],
    ] {
        let message = refused(repo.hub(command).run(), limit);
        assert_eq!(message, format!("error: {limit}: {first}, {second}"));
    }
    assert_eq!(states(&repo), ["init", "running", "running"]);
    let error = repo
        .hub(["spawn", &third, "--no-start", "--json"])
        .fails(6)
        .json_error();
    assert_eq!(error["code"], "refused");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("`hub archive {first}`")), "{hint}");

    // Those that run go on, and one that has ended makes room.
    repo.hub(["spawn", &first, "--agent-cmd", "true"]).ok();
    repo.hub(["wait", &first]).ok();
    repo.hub(["archive", &first]).ok();
    repo.hub(["spawn", &third, "--no-start"]).ok();
    // What has no edge has none, however much room there is.
    repo.hub(["update", &first, "--state", "running"]).fails(4);
    repo.hub(["archive", &second]).ok();
}

#[test]
fn a_session_on_its_way_to_the_archive_needs_no_room() {
    let repo = TestRepo::new();
    let [first, second] = ["1"; 2].map(|agents| init(&repo, agents));
    user(&repo, "limits:\n  max_running_sessions: 1\n");
    repo.hub(["spawn", &first, "--no-start"]).ok();
    repo.hub(["archive", &second]).ok();
    assert_eq!(states(&repo), ["archived", "running"]);
}

#[test]
fn a_user_has_no_more_open_sessions_than_may_be() {
    let repo = TestRepo::new();
    user(&repo, "limits:\n  max_sessions_per_user: 2\n");
    let [first, second] = ["1"; 2].map(|agents| init(&repo, agents));
    for command in [
        &["init", "--task", "Go"][..],
        &["run", "--task", "Go", "--agent-cmd", "true"],
        &["run", "--task", "Go", "--agent-cmd", "true", "--dry-run"],
    ] {
        let limit = "limits.max_sessions_per_user is 2";
        let message = refused(repo.hub(command).run(), limit);
        assert!(
            message.ends_with(&format!(
                " has 2 sessions not at the end: {first}, {second}"
            )),
            "{message}"
        );
    }
    assert_eq!(states(&repo), ["init", "init"]);
    repo.hub(["archive", &first]).ok();
    init(&repo, "1");

    // Those of others do not count.
    for id in [&second, &repo.newest_session()] {
        let file = repo.hub_dir().join("sessions").join(id).join("config.yaml");
        let own = repo.read(&file);
        let owner = own.lines().find(|line| line.starts_with("owner: "));
        repo.write(&file, own.replace(owner.unwrap(), "owner: somebody-else"));
    }
    init(&repo, "1");
}

#[test]
fn the_smallest_of_all_that_are_set_holds() {
    let repo = TestRepo::new();
    let project = ".agenthub/config.yaml";
    for (user_most, project_most, variable, holds) in [
        ("2", "4", "", 2),
        ("4", "2", "", 2),
        ("4", "3", "1", 1),
        ("2", "3", "9", 2),
    ] {
        user(&repo, &format!("limits:\n  max_agents: {user_most}\n"));
        repo.write(
            project,
            format!("limits: {{ max_agents: {project_most} }}\n"),
        );
        let init = repo.hub(["init", "--task", "Go", "--agents", "5"]);
        let answer = init.env("HUB_MAX_AGENTS", variable).run();
        refused(answer, &format!("limits.max_agents is {holds}, "));
    }
    // One file may set what the other leaves open, or set nothing.
    user(&repo, "limits:\n  max_agents: 2\n");
    repo.write(
        project,
        "limits:\n  max_sessions_per_user: 1\n  max_agents:\n",
    );
    init(&repo, "2");
    refused(
        repo.hub(["init", "--task", "Go", "--agents", "3"]).run(),
        "limits.max_agents",
    );
    refused(
        repo.hub(["init", "--task", "Go", "--agents", "1"]).run(),
        "limits.max_sessions_per_user",
    );
    repo.write(project, "limits:\n");
    init(&repo, "2");
}

#[test]
fn what_is_wrong_with_a_limit_is_named_with_its_line() {
    let repo = TestRepo::new();
    for (text, expected) in [
        (
            "agents: 2\nlimits:\n  max_running_sesions: 2\n",
            "line 3: unknown key \"max_running_sesions\"\nhint: did you mean max_running_sessions?",
        ),
        (
            "limits:\n  # ours\n  max_agents: 0\n",
            "line 3: limits.max_agents: \"0\" is not a limit: it must be a whole number from 1 on",
        ),
        (
            "limits: { max_agents: many }\n",
            "line 1: limits.max_agents: \"many\" is not a limit",
        ),
        ("limits: 3\n", "line 1: limits: "),
    ] {
        user(&repo, text);
        let answer = repo.hub(["list"]).fails(2);
        assert!(answer.stderr.contains(expected), "{answer}");
    }
    user(&repo, "");
    let list = repo.hub(["list"]).env("HUB_MAX_RUNNING_SESSIONS", "0");
    let answer = list.fails(2);
    let expected = "error: HUB_MAX_RUNNING_SESSIONS: \"0\" is not a limit: ";
    assert!(answer.stderr.starts_with(expected), "{answer}");
}

#[test]
fn twenty_inits_at_once_make_no_more_sessions_than_may_be() {
    let repo = TestRepo::new();
    let init = |_| {
        repo.hub(["init", "--task", "Go", "--lock-timeout", "100"])
            .env("HUB_MAX_SESSIONS_PER_USER", "3")
    };
    let answers = at_once((0..20).map(init).collect());
    assert_eq!(done(answers, "limits.max_sessions_per_user is 3"), 3);
    assert_eq!(states(&repo), ["init"; 3]);
}

#[test]
fn of_twenty_sessions_that_are_to_run_at_once_no_more_run_than_may() {
    let repo = TestRepo::new();
    let sessions: Vec<String> = (0..20).map(|_| init(&repo, "1")).collect();
    let start = |(nth, id): (usize, &String)| {
        let way = match nth % 3 {
            0 => &["update", id, "--state", "running"][..],
            1 => &["spawn", id, "--no-start"],
            _ => &["spawn", id, "--agent-cmd", "true"],
        };
        repo.hub(way.iter().chain(&["--lock-timeout", "100"]))
            .env("HUB_MAX_RUNNING_SESSIONS", "4")
    };
    let answers = at_once(sessions.iter().enumerate().map(start).collect());
    assert_eq!(
        done(
            answers,
            "limits.max_running_sessions is 4, and 4 sessions are in running"
        ),
        4
    );
    let states = states(&repo);
    let running = states.iter().filter(|state| *state == "running").count();
    assert_eq!((running, states.len()), (4, 20), "{states:?}");
    for id in &sessions {
        repo.hub(["wait", id]).run();
    }
}

#[test]
fn of_many_runs_at_once_no_more_sessions_run_than_may() {
    let repo = TestRepo::new();
    // Each agent notes how many it sees at work, itself among them.
    let agent = repo.script(
        "agent.sh",
        "cd \"$HUB_DIR/../..\"\nmkdir -p marks\n: >marks/$$\nls marks | wc -l >>seen\nsleep 0.1\nrm marks/$$",
    );
    let run = |_| {
        let run = [
            "run",
            "--task",
            "Go",
            "--agents",
            "1",
            "--agent-cmd",
            &agent,
        ];
        repo.hub(run.iter().chain(&["--lock-timeout", "100"]))
            .env("HUB_MAX_RUNNING_SESSIONS", "2")
    };
    let answers = at_once((0..12).map(run).collect());
    // Without a metric nobody wins.
    let (done, others): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.code() == 8);
    for answer in others {
        refused(answer, "limits.max_running_sessions is 2");
    }
    let seen = repo.read(repo.root().join("seen"));
    assert!(
        seen.lines().all(|count| ["1", "2"].contains(&count.trim())),
        "{seen}"
    );
    assert_eq!(seen.lines().count(), done.len());
    assert!(done.len() >= 2, "{done:#?}");
    // One that was refused after all has left nothing.
    assert_eq!(states(&repo), vec!["evaluating"; done.len()]);
    assert_eq!(
        repo.git(["worktree", "list"]).lines().count(),
        1 + done.len()
    );
}
