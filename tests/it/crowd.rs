//! Many hubs at once: on one hub directory, on one session.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, Hub, Running, TestRepo, wait_until};

/// Waiting for a process that was just started.
const LIMIT: Duration = Duration::from_secs(60);

/// How many run at one moment, and how many times each of them.
const LIVE: usize = 25;
const ROUNDS: usize = 8;

/// Runs 200 command lines, 25 at a time, while `look` looks again and again.
fn crowd(command: impl Fn(usize) -> Hub + Sync, look: impl Fn() + Sync) -> Vec<Answer> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                look();
            }
        });
        let one = |nth: usize| {
            let command = &command;
            move || -> Vec<Answer> {
                (0..ROUNDS)
                    .map(|round| command(round * LIVE + nth).run())
                    .collect()
            }
        };
        let live: Vec<_> = (0..LIVE).map(|nth| scope.spawn(one(nth))).collect();
        let answers: Vec<_> = live
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        over.store(true, Ordering::SeqCst);
        looking.join().unwrap();
        answers.into_iter().flat_map(Result::unwrap).collect()
    })
}

/// Every file of a session is whole: read as they are, without a lock.
fn check_whole(repo: &TestRepo, session: &str) {
    let folder = repo.hub_dir().join("sessions").join(session);
    let state: Value = serde_json::from_str(&repo.read(folder.join("state.json"))).unwrap();
    assert_eq!(state["session_id"], session);
    let config = repo.read(folder.join("config.yaml"));
    assert!(
        config.ends_with('\n') && config.contains("base_commit: "),
        "{config:?}"
    );
}

/// The journal's operations and phases; its numbers are 1, 2, 3 …
fn journal(repo: &TestRepo, session: &str) -> Vec<String> {
    let folder = repo.hub_dir().join("sessions").join(session);
    let text = repo.read(folder.join("events.jsonl"));
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<_> = events.iter().map(|event| event["seq"].as_u64()).collect();
    let expected: Vec<_> = (1..=events.len() as u64).map(Some).collect();
    assert_eq!(numbers, expected, "{text}");
    events
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            format!("{} {}", text("operation"), text("phase"))
        })
        .collect()
}

/// A session of two agents with a result each; the tests race for what follows.
fn evaluated() -> (TestRepo, String) {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    repo.hub(["spawn", &session, "--no-start"]).ok();
    for (agent, value) in [("agent-1", "150\n"), ("agent-2", "120\n")] {
        let worktree = repo.hub(["path", &session, agent]).ok().stdout;
        let worktree = worktree.trim_end();
        repo.write(format!("{worktree}/p50_ms"), value);
        repo.commit_in(worktree, agent);
    }
    repo.hub(["eval", &session]).ok();
    (repo, session)
}

fn initialised(repo: &TestRepo) -> String {
    let measured = ["--eval", "sh bench.sh", "--metric", "p50_ms"];
    repo.hub(
        ["init", "--task", "Be fast", "--agents", "2"]
            .into_iter()
            .chain(measured),
    )
    .ok();
    repo.newest_session()
}

/// Holds a session's lock until every one of `commands` has come to it.
fn race<const N: usize>(repo: &TestRepo, session: &str, commands: [Hub; N]) -> [Answer; N] {
    let path = repo.hub_dir().join("sessions").join(session).join(".lock");
    let lock = File::options().write(true).open(&path).unwrap();
    lock.lock().unwrap();
    let running = commands.map(Hub::start);
    for one in &running {
        wait_until(LIMIT, "both stand before the lock", || one.has_open(&path));
    }
    drop(lock);
    running.map(Running::end)
}

fn codes(answers: &[Answer]) -> Vec<i32> {
    let mut codes: Vec<i32> = answers.iter().map(Answer::code).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn two_hundred_updates_walk_each_edge_once() {
    const STATES: [&str; 4] = ["running", "evaluating", "merged", "archived"];
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Be first"]).ok();
    let session = repo.newest_session();
    let answers = crowd(
        |nth| {
            let state = STATES[nth % STATES.len()];
            repo.hub(["update", &session, "--state", state, "--json"])
        },
        || check_whole(&repo, &session),
    );
    let mut edges = BTreeMap::new();
    for answer in &answers {
        match answer.code() {
            0 => {
                let edge = answer.json();
                let edge = format!("{} -> {}", edge["from"], edge["state"]).replace('"', "");
                *edges.entry(edge).or_insert(0) += 1;
            }
            4 => {
                let error = answer.json_error();
                assert_eq!(error["code"], "invalid_transition", "{answer}");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains(&session), "{message}");
                assert!(
                    STATES.iter().any(|state| message.contains(state)),
                    "{message}"
                );
            }
            5 => {
                let error = answer.json_error();
                let message = error["message"].as_str().unwrap();
                assert!(message.contains("is held by process "), "{message}");
            }
            _ => panic!("neither done nor told why: {answer}"),
        }
    }
    let end = edges.keys().next_back().unwrap();
    let last = repo.hub(["status", &session, "--json"]).json()["state"]["state"].clone();
    assert!(edges.values().all(|times| *times == 1), "{edges:?}");
    let walked: Vec<&str> = edges.keys().map(String::as_str).collect();
    let ended = walked
        .iter()
        .any(|edge| edge.ends_with(last.as_str().unwrap()));
    assert!(ended, "{end} {last}");
    assert!(edges.contains_key("init -> running"), "{edges:?}");
    assert!(edges.contains_key("running -> evaluating"), "{edges:?}");
    assert_eq!(edges.len(), 3, "{edges:?}");
    assert_eq!(
        journal(&repo, &session),
        [
            "init begin",
            "init end",
            "update begin",
            "update end",
            "update begin",
            "update end",
            "update begin",
            "update end",
        ]
    );
}

#[test]
fn two_hundred_inits_make_two_hundred_sessions() {
    let repo = TestRepo::new();
    let answers = crowd(
        |nth| repo.hub(["init", "--task", &format!("Task {nth}"), "--json"]),
        || {
            let list = repo.hub(["list", "--json"]).json();
            for session in list["sessions"].as_array().unwrap() {
                assert_eq!(session["state"], "init", "{session}");
                check_whole(&repo, session["session_id"].as_str().unwrap());
            }
        },
    );
    let told: BTreeSet<String> = answers
        .into_iter()
        .map(|answer| {
            let id = &answer.ok().json()["session_id"];
            id.as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(told.len(), 200, "each has an id of its own");
    let list = repo.hub(["list", "--json"]).json();
    let listed: BTreeMap<&str, &str> = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| {
            let text = |name: &str| session[name].as_str().unwrap();
            (text("session_id"), text("task"))
        })
        .collect();
    assert_eq!(listed.len(), 200);
    assert!(listed.keys().all(|id| told.contains(*id)));
    let tasks: BTreeSet<_> = listed.values().collect();
    assert_eq!(tasks.len(), 200, "no session has the task of another");
    check_numbers(listed.keys().copied());
    for id in listed.keys() {
        assert_eq!(journal(&repo, id), ["init begin", "init end"]);
    }
    let folder = fs::read_dir(repo.hub_dir().join("sessions")).unwrap();
    assert_eq!(folder.count(), 200, "nothing half made is left");
}

/// In each second the first has no number and the others have 2, 3, 4 …
fn check_numbers<'i>(ids: impl Iterator<Item = &'i str>) {
    let mut seconds: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for id in ids {
        let (second, rest) = id.split_at("20260317-143022".len());
        let number = rest
            .strip_prefix('-')
            .map_or(1, |rest| rest.parse().unwrap());
        seconds.entry(second).or_default().insert(number);
    }
    for (second, numbers) in seconds {
        let expected: BTreeSet<usize> = (1..=numbers.len()).collect();
        assert_eq!(numbers, expected, "of {second}");
    }
}

#[test]
fn of_two_spawns_one_makes_the_worktrees_and_the_other_is_told() {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    let spawn = || repo.hub(["spawn", &session, "--no-start"]);
    let answers = race(&repo, &session, [spawn(), spawn()]);
    assert_eq!(codes(&answers), [0, 4], "{answers:?}");
    let loser = answers.iter().find(|answer| answer.code() == 4).unwrap();
    assert!(
        loser.stderr.contains("is running; running does not follow"),
        "{loser}"
    );
    let worktrees = repo.git(["worktree", "list"]);
    assert_eq!(worktrees.lines().count(), 3, "{worktrees}");
}

#[test]
fn two_spawns_start_every_agent_once() {
    let repo = TestRepo::new().with_bench();
    let session = initialised(&repo);
    let agent = repo.agent_script();
    let spawn = || repo.hub(["spawn", &session, "--agent-cmd", &agent]);
    let answers = race(&repo, &session, [spawn(), spawn()]);
    assert_eq!(codes(&answers), [0, 0], "{answers:?}");
    let told = |answer: &Answer| answer.stderr.contains("there is nothing to start");
    assert_eq!(
        answers.iter().filter(|answer| told(answer)).count(),
        1,
        "{answers:?}"
    );
    repo.hub(["wait", &session]).ok();
    let journal = journal(&repo, &session);
    for (event, times) in [("start done", 2), ("finish done", 2), ("spawn end", 1)] {
        let found = journal.iter().filter(|found| *found == event).count();
        assert_eq!(found, times, "{event}: {journal:?}");
    }
}

#[test]
fn of_two_merges_one_moves_the_base_branch_and_the_other_is_told() {
    let (repo, session) = evaluated();
    let merge = || repo.hub(["merge", &session]);
    let answers = race(&repo, &session, [merge(), merge()]);
    assert_eq!(codes(&answers), [0, 4], "{answers:?}");
    let loser = answers.iter().find(|answer| answer.code() == 4).unwrap();
    assert!(loser.stderr.contains("is merged"), "{loser}");
    let merges = repo.git(["rev-list", "--merges", "--count", "main"]);
    assert_eq!(merges, "1");
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn of_two_cleanups_the_second_finds_nothing_to_do() {
    let (repo, session) = evaluated();
    repo.hub(["merge", &session]).ok();
    let cleanup = || repo.hub(["cleanup", &session, "--json"]);
    let answers = race(&repo, &session, [cleanup(), cleanup()]);
    assert_eq!(codes(&answers), [0, 0], "{answers:?}");
    let mut removed: Vec<usize> = answers
        .iter()
        .map(|answer| answer.json()["removed_worktrees"].as_array().unwrap().len())
        .collect();
    removed.sort_unstable();
    assert_eq!(removed, [0, 2]);
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    assert_eq!(repo.git(["branch", "--list", "hub/*"]), "");
}

#[test]
fn a_cleanup_does_not_disturb_the_spawns_of_other_sessions() {
    let (repo, old) = evaluated();
    repo.hub(["merge", &old]).ok();
    let new: Vec<String> = (0..4).map(|_| initialised(&repo)).collect();
    let mut running = vec![repo.hub(["cleanup", &old]).start()];
    running.extend(
        new.iter()
            .map(|id| repo.hub(["spawn", id, "--no-start"]).start()),
    );
    for one in running {
        one.end().ok();
    }
    let worktrees = repo.git(["worktree", "list", "--porcelain"]);
    assert!(!worktrees.contains(&format!("{old}/")), "{worktrees}");
    assert!(!worktrees.contains("locked"), "{worktrees}");
    for id in &new {
        for agent in ["agent-1", "agent-2"] {
            let worktree = repo.hub(["path", id, agent]).ok().stdout;
            assert_eq!(
                repo.git_in(worktree.trim_end(), ["status", "--porcelain"]),
                ""
            );
            let branch = repo.git_in(worktree.trim_end(), ["branch", "--show-current"]);
            assert_eq!(branch, format!("hub/{id}/{agent}/attempt-1"));
        }
    }
    repo.git(["fsck", "--strict"]);
}

#[test]
fn whoever_waits_for_too_long_is_told_who_holds_the_session() {
    let (repo, session) = evaluated();
    let (begun, go) = (repo.root().join("begun"), repo.root().join("go"));
    let bench = format!(
        "touch '{}'; while ! [ -e '{}' ]; do sleep 0.02; done; echo 'p50_ms: 1'",
        begun.display(),
        go.display()
    );
    let config = repo
        .hub_dir()
        .join(format!("sessions/{session}/config.yaml"));
    let text = repo.read(&config);
    let script = repo.script("bench.sh", &bench);
    repo.write(&config, text.replace("sh bench.sh", &script));
    let eval = repo.hub(["eval", &session]).start();
    wait_until(LIMIT, "the evaluation holds the session", || begun.exists());

    let update = ["update", &session, "--state", "merged"];
    let patience = ["--lock-timeout", "0.2", "--json"];
    let answer = repo.hub(update.into_iter().chain(patience)).fails(5);
    let error = answer.json_error();
    assert_eq!(error["code"], "busy");
    let holder = format!("is held by process {} (eval)", eval.pid());
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&holder), "{message}");
    assert!(
        error["hint"].as_str().unwrap().contains("--lock-timeout"),
        "{error}"
    );
    // Whoever only reads does not wait.
    let status = repo.hub(["status", &session, "--json"]).json();
    assert_eq!(status["state"]["state"], "evaluating");

    repo.write(&go, "");
    eval.end().ok();
    repo.hub(update).ok();
}
