//! Below the hub directory.

use super::*;

/// Of every file of a session hub tells what stands there, and ends.
#[test]
fn files_of_a_session_that_are_something_else() {
    let repo = TestRepo::new();
    let session = ended(&repo);
    let folder = repo.hub_dir().join("sessions").join(&session);
    for (file, command) in [
        ("config.yaml", "status"),
        ("state.json", "status"),
        ("events.jsonl", "events"),
        ("launch.json", "status"),
        (".lock", "archive"),
        ("events.head", "doctor"),
    ] {
        let place = folder.join(file);
        for planted in ALL {
            planted.plant(&repo, &place);
            let answer = ends(repo.hub([command, &session]));
            assert_ne!(answer.code(), 0, "{file} {planted:?}: {answer}");
            let told = format!("{}{}", answer.stdout, answer.stderr);
            assert!(
                told.contains(planted.words()),
                "{file} {planted:?}: {answer}"
            );
            if command != "doctor" {
                assert_eq!(answer.code(), 6, "{file} {planted:?}: {answer}");
                let error = ends(repo.hub([command, &session, "--json"])).json_error();
                assert_eq!(error["code"], "refused", "{file} {planted:?}");
                assert!(error["hint"].is_string(), "{file} {planted:?}");
            }
            // The other sessions are listed all the same, and doctor ends, too.
            ends(repo.hub(["list"]));
            ends(repo.hub(["doctor"]));
            put_back(&place);
        }
    }
    assert_eq!(repo.read(secret(&repo)), SECRET);
    ends(repo.hub(["status", &session])).ok();
}

#[test]
fn folders_of_a_session_that_are_links() {
    let repo = TestRepo::new();
    let session = ended(&repo);
    let elsewhere = repo.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for file in ["prompt.md", "stdout.log", "stderr.log", "inbox.md"] {
        repo.write(elsewhere.join(file), SECRET);
    }
    let before = fs::read_dir(&elsewhere).unwrap().count();
    let folder = repo.hub_dir().join("sessions").join(&session);
    for (place, commands) in [
        (
            folder.clone(),
            &[&["status"][..], &["logs"], &["archive"]][..],
        ),
        (
            folder.join("agents/agent-1"),
            &[&["logs"][..], &["status"], &["eval"]],
        ),
        (folder.join("evaluations"), &[&["eval"][..]]),
        (repo.hub_dir().join("sessions"), &[&["list"][..]]),
        (
            repo.hub_dir().join("board"),
            &[
                &["board", "read", "results"][..],
                &["board", "post", "-m", "x"],
            ],
        ),
        (
            repo.hub_dir().join("board/progress"),
            &[
                &["board", "read", "progress"][..],
                &["board", "post", "-m", "x"],
            ],
        ),
        (repo.hub_dir().join("cache"), &[&["list"][..]]),
        (repo.hub_dir(), &[&["list"][..], &["init", "--task", "x"]]),
    ] {
        let there = fs::symlink_metadata(&place).is_ok();
        if there {
            fs::rename(&place, aside(&place)).unwrap();
        }
        std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
        for command in commands {
            let takes_one = ["status", "logs", "archive", "eval"].contains(&command[0]);
            let words = command
                .iter()
                .copied()
                .chain(takes_one.then_some(session.as_str()));
            ends(repo.hub(words));
        }
        put_back(&place);
    }
    // Nothing was written there, nothing read, nothing removed.
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), before);
    for file in ["prompt.md", "stdout.log", "stderr.log", "inbox.md"] {
        assert_eq!(repo.read(elsewhere.join(file)), SECRET);
    }
    ends(repo.hub(["status", &session])).ok();
}

#[test]
fn logs_that_are_something_else_are_not_shown() {
    let repo = TestRepo::new();
    let session = ended(&repo);
    let logs = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("agents/agent-1");
    for planted in ALL {
        planted.plant(&repo, &logs.join("stdout.log"));
        for more in [
            &[][..],
            &["--follow"],
            &["--tail", "3"],
            &["--since", "10m"],
            &["--raw"],
        ] {
            let words = [&["logs", &session][..], more].concat();
            let answer = ends(repo.hub(words)).fails(6);
            assert!(answer.stderr.contains(planted.words()), "{answer}");
        }
        // Who asks for something else is not kept from it.
        ends(repo.hub(["status", &session])).ok();
        ends(repo.hub(["metrics"])).ok();
        put_back(&logs.join("stdout.log"));
    }
    if rustix::process::geteuid().is_root() {
        let place = logs.join("stdout.log");
        fs::rename(&place, aside(&place)).unwrap();
        // The source of endless zeros.
        let zeros = rustix::fs::makedev(1, 5);
        let made = rustix::fs::mknodat(CWD, &place, FileType::CharacterDevice, Mode::RUSR, zeros);
        if made.is_ok() {
            let answer = ends(repo.hub(["logs", &session])).fails(6);
            assert!(
                answer.stderr.contains("is a device, not a file"),
                "{answer}"
            );
            ends(repo.hub(["status", &session])).ok();
        } else {
            crate::support::passed_over("no device can be made here");
        }
        put_back(&place);
    }
}

/// What an agent has put where hub writes for its next attempt, or says something to it.
#[test]
fn nothing_is_written_through_what_stands_there() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let folder = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("agents/agent-1");
    let script = repo.script(
        "agent.sh",
        "while ! [ -e \"$HUB_DIR/../../go\" ]; do sleep 0.02; done",
    );
    repo.hub(["spawn", &session, "--agent-cmd", &script]).ok();
    for planted in ALL {
        planted.plant(&repo, &folder.join("inbox.md"));
        let answer = ends(repo.hub(["send", &session, "--agent", "agent-1", "hello"])).fails(6);
        assert!(answer.stderr.contains(planted.words()), "{answer}");
        put_back(&folder.join("inbox.md"));
    }
    // The supervisor goes on, whatever becomes of the files that it writes.
    for file in ["heartbeat", "stdout.idx", "stdout.log"] {
        Planted::Link.plant(&repo, &folder.join(file));
    }
    repo.write(repo.root().join("go"), "");
    ends(repo.hub(["wait", &session]));
    wait_until(LIMIT, "the agent has ended", || {
        let status = ends(repo.hub(["status", &session, "--json"])).json();
        status["agents"][0]["status"] == "succeeded"
    });
    assert_eq!(repo.read(secret(&repo)), SECRET);
    // The next attempt writes its own, and puts what is there aside as it is.
    Planted::Pipe.plant(&repo, &folder.join("prompt.md"));
    ends(repo.hub(["retry", &session, "--agent", "agent-1"]));
    ends(repo.hub(["wait", &session]));
    assert_eq!(repo.read(secret(&repo)), SECRET);
}

#[test]
fn a_post_that_is_a_link_or_a_pipe_is_none() {
    let repo = TestRepo::new();
    repo.hub(["board", "post", "--channel", "results", "-m", "first"])
        .ok();
    let results = repo.hub_dir().join("board/results");
    let post = results.join("002-agent-1-20260317T143510Z.md");
    std::os::unix::fs::symlink("/etc/passwd", &post).unwrap();
    pipe(&results.join("003-agent-1-20260317T143510Z.md"));
    let read = ends(repo.hub(["board", "read", "results"])).ok();
    assert!(
        read.stdout.contains("first") && !read.stdout.contains("root:"),
        "{read}"
    );
    for planted in ALL {
        for file in ["_index.json", ".lock"] {
            planted.plant(&repo, &repo.hub_dir().join("board").join(file));
            ends(repo.hub(["board", "list"]));
            ends(repo.hub(["board", "post", "--channel", "results", "-m", "more"]));
            put_back(&repo.hub_dir().join("board").join(file));
        }
    }
    assert_eq!(repo.read(secret(&repo)), SECRET);
}

#[test]
fn settings_and_templates_of_the_hub_directory() {
    let repo = TestRepo::new();
    repo.hub(["init", "--task", "Go"]).ok();
    for (file, command) in [
        ("config.yaml", &["list"][..]),
        ("templates/own.md", &["templates"]),
        (".lock", &["spawn", "latest", "--no-start"]),
    ] {
        let place = repo.hub_dir().join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        for planted in ALL {
            planted.plant(&repo, &place);
            let answer = ends(repo.hub(command));
            if file != "templates/own.md" {
                assert!(answer.stderr.contains(planted.words()), "{file}: {answer}");
                assert_eq!(answer.code(), 6, "{file}: {answer}");
            }
            put_back(&place);
        }
    }
    assert_eq!(repo.read(secret(&repo)), SECRET);
}

#[test]
fn a_terminals_socket_that_is_something_else() {
    let repo = TestRepo::new();
    let session = ended(&repo);
    let place = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("agents/agent-1/terminal.sock");
    for planted in ALL {
        planted.plant(&repo, &place);
        let answer = ends(repo.hub(["attach", &session, "agent-1"]));
        assert_ne!(answer.code(), 0, "{answer}");
        put_back(&place);
    }
}

/// The way to the hub directory is the user's own.
#[test]
fn a_repository_behind_a_link_of_the_users() {
    let repo = TestRepo::new();
    let link = repo.root().join("link");
    std::os::unix::fs::symlink(repo.path(), &link).unwrap();
    let go = |words: &[&str]| repo.hub(words).in_folder(&link).ok();
    go(&["init", "--task", "Go", "--agents", "1"]);
    let script = repo.script("agent.sh", "echo hello");
    go(&["spawn", "--agent-cmd", &script]);
    go(&["wait"]);
    assert_eq!(go(&["logs", "--agent", "agent-1"]).stdout, "hello\n");
    let hub_dir = link.join(".agenthub");
    assert!(fs::metadata(hub_dir).unwrap().is_dir());
}
