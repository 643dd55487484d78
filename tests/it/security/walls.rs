//! What an agent can do at a level, and what it cannot.

use std::fs;
use std::net::TcpListener;

use crate::support::{TestRepo, wait_until};

use super::{Held, LIMIT, enforced};

/// Tries what stands in it line by line, and prints the name of each that it could do.
fn attempts(lines: &[(&str, String)]) -> String {
    let tries = lines
        .iter()
        .map(|(name, line)| format!("( {line} ) >/dev/null 2>&1 && echo {name}\n"));
    tries.collect()
}

fn could(held: &Held) -> Vec<String> {
    held.printed().lines().map(str::to_owned).collect()
}

#[test]
fn secrets_stay_with_the_user_from_medium_on() {
    let script = "env | cut -d= -f1 | sort\n";
    let repo = |level: &str| {
        let repo = TestRepo::new();
        repo.write("agent.sh", script);
        repo.commit("The agent's script");
        repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
        let spawn = ["spawn", "--agent-cmd", "sh agent.sh", "--security", level];
        let spawn = repo.hub(spawn.iter().chain(&["--allow-env", "LET_*"]));
        let spawn = spawn.env("GH_TOKEN", "x").env("PLAIN", "x");
        let spawned = spawn
            .env("LET_KEY", "x")
            .env("DB", "postgres://a:b@c/d")
            .ok();
        repo.hub(["wait"]).ok();
        let session = repo.newest_session();
        let log = repo.hub_dir().join("sessions").join(session);
        (spawned, repo.read(log.join("agents/agent-1/stdout.log")))
    };
    let has = |names: &str, name: &str| names.lines().any(|line| line == name);
    for (level, plain, secret) in [("low", true, true), ("medium", true, false)] {
        let (spawned, names) = repo(level);
        assert_eq!(has(&names, "PLAIN"), plain, "{level}: {names}");
        for name in ["GH_TOKEN", "DB"] {
            assert_eq!(has(&names, name), secret, "{level}: {names}");
        }
        assert!(
            has(&names, "LET_KEY") && has(&names, "HUB_SESSION"),
            "{names}"
        );
        let told = spawned.stderr.contains("agents do not get DB, GH_TOKEN");
        assert_eq!(told, !secret, "{spawned}");
    }
    if enforced("high") {
        let (_, names) = repo("high");
        assert!(has(&names, "LET_KEY") && has(&names, "TMPDIR"), "{names}");
        assert!(!has(&names, "PLAIN") && !has(&names, "GH_TOKEN"), "{names}");
    }
}

/// What is tried at every level, with the names of what a closed level allows.
fn tries(repo: &TestRepo) -> Vec<(&'static str, String)> {
    let path = |path: std::path::PathBuf| path.display().to_string();
    let home = path(repo.home());
    let main = path(repo.path());
    vec![
        ("write-worktree", "echo x >mine".to_owned()),
        ("commit", "git add -A; git commit -q -m mine".to_owned()),
        ("log", "git log --oneline && git status".to_owned()),
        (
            "temporary",
            "echo x >\"${TMPDIR:-/tmp}/hub-try\"".to_owned(),
        ),
        (
            "stdout-again",
            "echo x >>/dev/stderr; echo x >/dev/null".to_owned(),
        ),
        ("pipes", "echo x | cat".to_owned()),
        ("system", "cat /etc/passwd && ls /usr/bin".to_owned()),
        ("board", format!("{} board list", env!("CARGO_BIN_EXE_hub"))),
        ("prompt", "cat \"$HUB_PROMPT_FILE\"".to_owned()),
        ("write-home", format!("echo x >>{home}/.bashrc")),
        ("read-key", format!("cat {home}/.ssh/id")),
        ("list-home", format!("ls {home}")),
        ("write-main", format!("echo x >>{main}/README.md")),
        (
            "move-base",
            format!("git -C {main} update-ref refs/heads/main HEAD~1"),
        ),
        ("branch", "git branch other".to_owned()),
        ("tag", "git tag mine".to_owned()),
        ("pack-refs", "git pack-refs --all".to_owned()),
        ("config", format!("git -C {main} config core.pager evil")),
        (
            "link-in-git",
            "ln -s ~/.bashrc \"$(git rev-parse --git-dir)/ORIG_HEAD\"".to_owned(),
        ),
        (
            "plant-hook",
            format!("echo x >{main}/.git/hooks/pre-commit"),
        ),
        (
            "write-hub",
            "echo x >\"$HUB_DIR/sessions/$HUB_SESSION/planted\"".to_owned(),
        ),
        (
            "read-hub",
            "cat \"$HUB_DIR/sessions/$HUB_SESSION/state.json\"".to_owned(),
        ),
        ("read-other", "cat ../agent-2/README.md".to_owned()),
        (
            "read-other-log",
            "cat \"$HUB_DIR/sessions/$HUB_SESSION/agents/agent-2/prompt.md\"".to_owned(),
        ),
        (
            "signal",
            "kill -0 $(cut -d' ' -f4 /proc/$(cut -d' ' -f4 /proc/$$/stat)/stat)".to_owned(),
        ),
        ("device", "mknod node c 1 3".to_owned()),
    ]
}

const OWN: [&str; 9] = [
    "write-worktree",
    "commit",
    "log",
    "temporary",
    "stdout-again",
    "pipes",
    "system",
    "board",
    "prompt",
];

/// A session of two, so that there is another worktree.
fn tried(level: &str) -> (TestRepo, Vec<String>) {
    let repo = TestRepo::new();
    repo.write(repo.home().join(".ssh/id"), "secret\n");
    fs::create_dir_all(repo.path().join(".git/hooks")).unwrap();
    repo.write("more", "x\n");
    repo.write("agent.sh", attempts(&tries(&repo)));
    repo.commit("The agent's script");
    repo.hub(["init", "--task", "Go", "--agents", "2"]).ok();
    let command = "if [ $HUB_AGENT = agent-1 ]; then sh agent.sh; fi";
    repo.hub(["spawn", "--agent-cmd", command, "--security", level])
        .ok();
    repo.hub(["wait"]).run();
    let session = repo.newest_session();
    let log = repo.hub_dir().join("sessions").join(session);
    let printed = repo.read(log.join("agents/agent-1/stdout.log"));
    let could = printed.lines().map(str::to_owned).collect();
    (repo, could)
}

#[test]
fn at_low_an_agent_can_do_what_the_user_can() {
    let (repo, could) = tried("low");
    let all: Vec<&str> = tries(&repo).iter().map(|(name, _)| *name).collect();
    for name in OWN
        .iter()
        .chain(&["write-home", "read-key", "write-main", "branch", "signal"])
    {
        assert!(
            could.iter().any(|one| one == name),
            "{name} of {all:?}: {could:?}"
        );
    }
}

#[test]
fn from_high_on_an_agent_is_held_to_what_is_its_own() {
    for level in ["high", "maximum"] {
        if !enforced(level) {
            continue;
        }
        let (repo, could) = tried(level);
        assert_eq!(could, OWN, "{level}");
        assert_eq!(repo.git(["tag", "--list"]), "");
        let session = repo.newest_session();
        let note = repo.hub_dir().join("sessions").join(session);
        let note = note.join("agents/agent-1/temporary");
        assert!(!note.exists(), "its temporary folder is gone");
    }
}

#[test]
fn paths_that_are_allowed_are_reached() {
    if !enforced("high") {
        return;
    }
    let repo = TestRepo::new();
    repo.write(repo.home().join("data/in"), "in\n");
    fs::create_dir(repo.home().join("out")).unwrap();
    let script = "cat ~/data/in; echo x >~/out/x && echo wrote\necho x >~/data/x || echo held\n";
    let allowed = [
        "--security",
        "high",
        "--allow-read",
        "~/data",
        "--allow-write",
        "~/out",
    ];
    let held = Held::run_in(repo, script, &allowed);
    assert_eq!(
        could(&held),
        ["in", "wrote", "held"],
        "{}",
        held.complaints()
    );
}

#[test]
fn programs_of_the_worktree_are_run_up_to_high() {
    let script = "printf '#!/bin/sh\\necho ran\\n' >own; chmod +x own; ./own; sh own; ls own\n";
    for (level, expected) in [("high", "ran ran own"), ("maximum", "ran own")] {
        if !enforced(level) {
            continue;
        }
        let held = Held::run(script, &["--security", level]);
        assert_eq!(could(&held).join(" "), expected, "{level}");
    }
    if enforced("maximum") {
        let repo = TestRepo::new();
        let tool = repo.script("tool", "echo tool\n");
        let options = ["--security", "maximum", "--allow-exec", &tool];
        let held = Held::run_in(repo, &format!("{tool}\n"), &options);
        assert_eq!(could(&held), ["tool"], "{}", held.complaints());
    }
}

/// Connects by bash, which opens a socket for such a path.
fn connect(port: u16) -> String {
    format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo connected\n")
}

#[test]
fn the_network_is_reached_by_allowed_ports_alone() {
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (one, other) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let (one, other) = (port(&one), port(&other));
    let script = connect(one) + &connect(other);
    let allow = one.to_string();
    for (level, options, connections) in [
        ("medium", vec![], 2),
        ("high", vec![], 0),
        ("high", vec!["--allow-net", &allow], 1),
        ("high", vec!["--allow-net", "unix"], 0),
        ("high", vec!["--allow-net", "all"], 2),
        ("maximum", vec!["--allow-net", &allow], 0),
    ] {
        if !enforced(level) {
            continue;
        }
        let options = [&["--security", level][..], &options].concat();
        let held = Held::run(&script, &options);
        let found = could(&held).len();
        assert_eq!(found, connections, "{options:?}: {}", held.complaints());
    }
}

#[test]
fn an_agent_that_multiplies_is_stopped() {
    let script = "for i in $(seq 200); do sleep 1000 & done; echo all; wait\n";
    let limited = ["--processes", "40", "--timeout", "20s"];
    let held = Held::run(script, &limited);
    assert_eq!(could(&held), [] as [&str; 0], "{}", held.complaints());
    wait_until(LIMIT, "no process is left", || {
        held.repo.processes().is_empty()
    });
}

#[test]
fn limits_hold_files_and_open_files() {
    let repo = TestRepo::new();
    let settings = "security:\n  file_size: 1M\n  open_files: 64\n  memory: 512M\n";
    repo.write(repo.home().join(".config/agenthub/config.yaml"), settings);
    let script = "ulimit -n; head -c 2000000 /dev/zero >big; wc -c <big\nulimit -d\n";
    let held = Held::run_in(repo, script, &[]);
    let printed = could(&held);
    assert_eq!(
        printed,
        ["64", "1048576", "524288"],
        "{}",
        held.complaints()
    );
    let low = Held::run("ulimit -n\n", &["--security", "low"]);
    assert_ne!(could(&low), ["64"]);
}

#[test]
fn setup_commands_are_behind_the_same_walls() {
    if !enforced("high") {
        return;
    }
    let repo = TestRepo::new();
    let setup = "echo made >here; echo x >~/planted; true";
    let held = Held::run_in(
        repo,
        "cat here\n",
        &["--security", "high", "--setup", setup],
    );
    assert_eq!(could(&held), ["made"], "{}", held.complaints());
    assert!(!held.repo.home().join("planted").exists());
}

#[test]
fn hooks_of_the_worktree_are_not_run_from_medium_on() {
    let script = "printf '#!/bin/sh\\necho hooked\\n' >hooks/pre-commit\nchmod +x hooks/pre-commit\necho x >x; git add -A; git commit -q -m x && echo committed\n";
    for (level, expected) in [("low", true), ("medium", false)] {
        let repo = TestRepo::new();
        repo.git(["config", "core.hooksPath", "hooks"]);
        repo.write("hooks/README", "x\n");
        let held = Held::run_in(repo, script, &["--security", level]);
        let printed = held.printed() + &held.complaints();
        assert_eq!(printed.contains("hooked"), expected, "{level}: {printed}");
        assert!(printed.contains("committed"), "{level}: {printed}");
    }
}

#[test]
fn a_worktree_with_settings_that_run_something_is_not_touched_by_git() {
    let repo = TestRepo::new();
    repo.git(["config", "extensions.worktreeConfig", "true"]);
    let mark = repo.root().join("mark");
    let script = format!(
        "git config --worktree core.fsmonitor 'touch {0}; false'\necho x >new\n",
        mark.display()
    );
    let held = Held::run_in(repo, &script, &[]);
    let status = held.repo.hub(["status", &held.session]).ok();
    let named = "has a setting core.fsmonitor of its own";
    assert!(status.stderr.contains(named), "{status}");
    assert!(!mark.exists(), "hub ran what the agent wrote");
    let eval = held
        .repo
        .hub(["eval", &held.session, "--eval", "true"])
        .run();
    assert!(!mark.exists(), "{eval}");
}

#[test]
fn pause_stop_and_terminals_work_behind_walls() {
    if !enforced("maximum") {
        return;
    }
    let script = "test -t 1 && echo terminal; read line; echo got $line; sleep 1000\n";
    let held = Held::start_in(TestRepo::new(), script, &["--security", "maximum", "--tty"]);
    let id = held.session.as_str();
    wait_until(LIMIT, "it is in its terminal", || {
        held.file("stdout.log").exists() && held.printed().contains("terminal")
    });
    held.repo
        .hub(["send", id, "--agent", "agent-1", "hello"])
        .ok();
    wait_until(LIMIT, "it was heard", || {
        held.printed().contains("got hello")
    });
    held.repo.hub(["pause", id]).ok();
    let agent = || held.status()["agents"][0]["status"].clone();
    assert_eq!(agent(), "paused");
    held.repo.hub(["resume", id]).ok();
    assert_eq!(agent(), "running");
    held.repo.hub(["stop", id]).ok();
    assert_eq!(agent(), "cancelled");
    assert!(held.repo.processes().is_empty());
}

#[test]
fn what_is_left_is_committed_on_the_agents_own_branch_or_nowhere() {
    if !enforced("high") {
        return;
    }
    for script in [
        "echo 'ref: refs/heads/main' >\"$(git rev-parse --git-dir)/HEAD\"; echo x >new\n",
        "cd \"$(git rev-parse --git-common-dir)\"\n\
         echo 'ref: refs/heads/main' >refs/heads/hub/$HUB_SESSION/agent-1/attempt-1\n\
         cd \"$HUB_WORKTREE\"; echo x >new\n",
    ] {
        let repo = TestRepo::new();
        let held = Held::run_in(repo, script, &["--security", "high"]);
        let main = held.repo.git(["log", "-1", "--format=%s", "main"]);
        assert_eq!(main, "The agent's script", "{script}");
        let told = held.repo.read(held.file("supervisor.log"));
        assert!(told.contains("is not committed"), "{script}: {told}");
        // What a ref leads to is for the test to put back: nothing else does.
        let branch = format!("hub/{}/agent-1/attempt-1", held.session);
        let worktree = held.repo.worktree(&held.session, "agent-1");
        let own = format!("ref: refs/heads/{branch}\n");
        let base = held.repo.git(["rev-parse", "main"]) + "\n";
        held.repo.write(format!(".git/refs/heads/{branch}"), base);
        let admin = held
            .repo
            .git_in(&worktree, ["rev-parse", "--absolute-git-dir"]);
        held.repo
            .write(std::path::Path::new(&admin).join("HEAD"), own);
    }
}

#[test]
fn hub_itself_runs_no_hook_of_a_worktree() {
    let repo = TestRepo::new();
    repo.git(["config", "core.hooksPath", "hooks"]);
    repo.write(".gitignore", "hooks/\n");
    let mark = repo.root().join("mark");
    let script = format!(
        "mkdir -p hooks; printf '#!/bin/sh\\ntouch {0}\\n' >hooks/post-checkout\n\
         chmod +x hooks/post-checkout; cp hooks/post-checkout hooks/pre-commit; echo x >new\n",
        mark.display()
    );
    let held = Held::run_in(repo, &script, &[]);
    held.repo
        .hub(["retry", &held.session, "--agent", "agent-1"])
        .ok();
    held.repo.hub(["wait", &held.session]).ok();
    assert!(!mark.exists(), "hub ran what the agent wrote");
}
