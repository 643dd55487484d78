//! What the kernel denies an agent stands in the journal, where it tells it.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{TestRepo, passed_over, wait_until};

use super::{Held, LIMIT, enforced};

/// The kinds of records (linux/audit.h).
const ACCESS: u16 = 1423;
const DOMAIN: u16 = 1424;

/// Tells the supervisor that listens at `socket`, as the kernel would.
fn tell(socket: &Path, kind: u16, text: &str) {
    let mut message = vec![0; 16];
    message[4..6].copy_from_slice(&kind.to_ne_bytes());
    message.extend(format!("audit(1732186800.349:44): {text}").into_bytes());
    let kernel = UnixDatagram::unbound().unwrap();
    kernel.send_to(&message, socket).unwrap();
}

/// The process that became the agent.
fn process_of(held: &Held) -> u64 {
    let state = held.repo.hub_dir().join("sessions").join(&held.session);
    let state = state.join("state.json");
    let process = || {
        let state: Value = serde_json::from_str(&held.repo.read(&state)).unwrap();
        state["agents"]["agent-1"]["process"]["pid"].as_u64()
    };
    wait_until(LIMIT, "the agent's process", || process().is_some());
    process().unwrap()
}

#[test]
fn what_the_kernel_tells_of_an_agents_walls_is_told_once_before_its_end() {
    if !enforced("high") {
        return;
    }
    let repo = TestRepo::new();
    let socket = repo.home().join("audit");
    repo.write(
        "agent.sh",
        "while ! test -e go; do sleep 0.05; done; rm go\n",
    );
    repo.commit("The agent's script");
    repo.hub(["init", "--task", "Go", "--agents", "1"]).ok();
    let session = repo.newest_session();
    let held = Held { repo, session };
    let spawn = ["spawn", &held.session, "--agent-cmd", "sh agent.sh"];
    let spawn = held.repo.hub(spawn.iter().chain(&["--security", "high"]));
    spawn.env("HUB_TEST_AUDIT", &socket).ok();

    let process = process_of(&held);
    let key = r#"blockers=fs.read_file path="/home/ada/.ssh/id" dev="vda" ino=7"#;
    tell(&socket, ACCESS, &format!("domain=1a {key}"));
    tell(&socket, ACCESS, &format!("domain=2b {key}"));
    let made = |domain: &str, process| format!("domain={domain} status=allocated pid={process}");
    tell(&socket, DOMAIN, &made("2b", process + 1));
    tell(&socket, DOMAIN, &made("1a", process));
    tell(&socket, 1300, "arch=c000003e syscall=257 success=no");
    tell(&socket, ACCESS, &format!("domain=1a {key}"));
    tell(
        &socket,
        ACCESS,
        r#"domain=1a blockers=scope.signal opid=1 ocomm="init""#,
    );
    tell(&socket, ACCESS, &format!("domain=2b {key}"));
    let other = "domain=1a blockers=fs.make_reg path=2F61201B5B324A dev=\"vda\" ino=9";
    tell(&socket, ACCESS, other);
    tell(&socket, DOMAIN, "domain=1a status=deallocated denials=5");
    let status = held.status();
    let worktree = status["state"]["agents"]["agent-1"]["worktree"].as_str();
    held.repo.write(Path::new(worktree.unwrap()).join("go"), "");
    held.repo.hub(["wait", &held.session]).ok();

    let expected = json!({
        "agent": "agent-1",
        "accesses": [
            { "blockers": ["fs.read_file"], "path": "/home/ada/.ssh/id", "times": 2 },
            { "blockers": ["scope.signal"], "process": 1, "name": "init", "times": 1 },
            { "blockers": ["fs.make_reg"], "path": "/a \u{241b}[2J", "times": 1 },
        ],
        "others": 0,
        "lost": 1,
    });
    assert_eq!(held.told("denied"), [expected]);
    let events = held.repo.hub(["events", &held.session]).ok().stdout;
    let told = "fs.read_file /home/ada/.ssh/id (2 times), scope.signal process 1 (init), fs.make_reg /a \u{241b}[2J others=0 lost=1\n";
    assert!(events.contains(told), "{events}");
    let at = |word: &str| events.lines().position(|line| line.contains(word));
    assert_eq!(
        at(" denied ").unwrap() + 1,
        at(" finish ").unwrap(),
        "{events}"
    );
}

#[test]
fn a_denied_access_is_told_where_the_kernel_tells_it() {
    if !enforced("high") {
        return;
    }
    let repo = TestRepo::new();
    let key = repo.home().join(".ssh/id");
    repo.write(&key, "secret\n");
    let report = repo.hub(["security", "--json"]).json();
    let held = Held::run_in(repo, "cat ~/.ssh/id\n", &["--security", "high"]);
    assert_eq!(held.printed(), "");
    let denied = held.told("denied");
    if report["denials"]["told"] == true {
        let told = denied[0]["accesses"].as_array().unwrap();
        let is_key = |one: &&Value| one["path"].as_str().is_some_and(|p| Path::new(p) == key);
        let of_key = told.iter().find(is_key);
        let of_key = of_key.unwrap_or_else(|| panic!("{denied:?}"));
        assert_eq!(of_key["blockers"], json!(["fs.read_file"]));
        assert_eq!(denied[0]["lost"], 0);
    } else {
        let needs = report["denials"]["needs"].as_str().unwrap();
        passed_over(&format!("denials are not told here: that needs {needs}"));
        assert_eq!(denied, [] as [Value; 0]);
    }
}

#[test]
fn hub_security_says_whether_denials_are_told() {
    let repo = TestRepo::new();
    for (landlock, needs) in [("0", "Landlock 7"), ("6", "Landlock 7 (this kernel has 6)")] {
        let security = |format: &str| {
            let hub = repo.hub(["security", "--format", format]);
            hub.env("HUB_TEST_LANDLOCK", landlock)
        };
        let report = security("json").json();
        assert_eq!(report["denials"], json!({ "told": false, "needs": needs }));
        let text = security("text").ok().stdout;
        let line = format!("what the kernel denies an agent is not told: that needs {needs}\n");
        assert!(text.contains(&line), "{text}");
    }
    let denials = &repo.hub(["security", "--json"]).json()["denials"];
    assert_eq!(
        denials["told"] == true,
        denials["needs"].is_null(),
        "{denials}"
    );
}
