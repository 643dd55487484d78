//! The fault matrix: every command that changes something, struck at every effect.
//!
//! The fail points of `hub` (`src/fault.rs`) say where; the scenarios are those of `kills` and a
//! few more. After each blow the invariants hold (`support/invariants.rs`), the next command
//! finishes or takes back, they hold again, and the end is the one without the blow.
//!
//! [`COMMANDS`] is the whole list: a command that is added there and in [`scenario`] is killed,
//! fails, is held and is asked for effects without a point. `HUB_TEST_ALL=1` strikes what is
//! only sampled else; `docs/faults.md` has the figures.

mod covered;
mod failing;
mod killed;
mod second;

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::kills::{self, evaluated, init, initialised, scenario::Scenario, words, worked};
use crate::support::invariants::Told;
use crate::support::points::{Blow, When, struck};
use crate::support::{TestRepo, wait_until};

/// Every command that changes something, by its scenario.
const COMMANDS: [&str; 32] = [
    "init",
    "spawn --no-start",
    "spawn",
    "update",
    "eval",
    "graft",
    "retry",
    "merge",
    "merge --squash",
    "merge --strategy rebase",
    "merge --strategy cherry-pick",
    "merge --verify",
    "merge of two",
    "merge into a branch apart",
    "archive",
    "archive without libgit2",
    "cleanup",
    "cleanup --force",
    "cleanup --all",
    "restore",
    "snapshots restore",
    "snapshots expire",
    "undo of an init",
    "undo of a spawn",
    "undo of a merge",
    "undo of a cleanup",
    "board post",
    "send",
    "doctor --fix",
    "stop",
    "stop of a lost agent",
    "run",
];

/// Whether everything is struck, and not a choice.
fn all() -> bool {
    std::env::var_os("HUB_TEST_ALL").is_some()
}

/// A scenario by its name: those of `kills`, and those that need more than a tree of files.
fn scenario(name: &str) -> Scenario {
    match name {
        "spawn --no-start" => Scenario::new(|repo| {
            let session = initialised(repo);
            // What is brought into the worktrees is an effect, too.
            repo.write(".git/info/exclude", "/.env\n");
            repo.write(".env", "secret\n");
            let command = format!("spawn {session} --no-start");
            repo.write(".agenthub/config.yaml", "copy: .env\n");
            (Some(session), words(&command))
        }),
        "retry" => Scenario::new(|repo| {
            let session = initialised(repo);
            let agent = "test $HUB_ATTEMPT -gt 1 && exec \"$0\"; exit 1";
            let agent = agent.replace("$0", &repo.agent_script());
            repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
            repo.hub(["wait", &session]).run();
            let command = words(&format!("retry {session}"));
            (Some(session), command)
        })
        // One that was killed before the agent began has another attempt when it is asked again.
        .ending_with(ends_of_agents)
        .telling(|_| false),
        "merge into a branch apart" => Scenario::new(|repo| {
            let session = evaluated(repo);
            // Checked out nowhere, it moves by itself.
            repo.git(["checkout", "--quiet", "--detach"]);
            let command = words(&format!("merge {session}"));
            (Some(session), command)
        }),
        "archive without libgit2" => Scenario::new(|repo| {
            fs::remove_dir_all(repo.path().join(".git")).unwrap();
            repo.git(["init", "--quiet", "--object-format=sha256"]);
            repo.commit("Begin again");
            let session = worked(repo);
            let command = words(&format!("archive {session}"));
            (Some(session), command)
        }),
        // Where nothing is left to be given up, the session is not looked at.
        "snapshots expire" => kills::scenario(name).settled_by(&["doctor", "--fix"]),
        "board post" => Scenario::new(|repo| {
            let session = initialised(repo);
            let mut command = words("board post --channel results --author ada --message");
            command.push("It is done".to_owned());
            (Some(session), command)
        })
        // The next post mends it.
        .telling(|post| post != "_index.json" && !post.starts_with(".new-"))
        .done_when(|scenario| {
            let read = scenario.repo.hub(["board", "read", "results", "--json"]);
            !read.json()["posts"].as_array().unwrap().is_empty()
        }),
        "send" => Scenario::new(|repo| {
            let session = initialised(repo);
            repo.hub(["spawn", &session, "--no-start"]).ok();
            let mut command = words(&format!("send {session} --agent agent-1"));
            command.push("Look at the cache".to_owned());
            (Some(session), command)
        })
        .done_when(|scenario| {
            let sessions = scenario.repo.hub_dir().join("sessions");
            let session = scenario.repo.newest_session();
            let inbox = sessions.join(session).join("agents/agent-1/inbox.md");
            fs::read_to_string(inbox).is_ok_and(|text| text.contains("cache"))
        }),
        "doctor --fix" => Scenario::new(|repo| (Some(left_behind(repo)), words("doctor --fix")))
            .beside(|repo| {
                // What is laid down is new, and a new draft may be somebody's.
                let hour = SystemTime::now() - Duration::from_secs(3600);
                let draft = repo.hub_dir().join("sessions/.draft-left");
                File::open(draft).unwrap().set_modified(hour).unwrap();
            }),
        "stop" => {
            Scenario::new(|repo| (Some(initialised(repo)), words("stop latest"))).beside(|repo| {
                let command = ["spawn", "latest", "--agent-cmd", "exec sleep 1000"];
                repo.hub(command).ok();
            })
        }
        "stop of a lost agent" => Scenario::new(|repo| {
            let session = initialised(repo);
            lose_an_agent(repo, &session);
            let command = words(&format!("stop {session}"));
            (Some(session), command)
        }),
        "run" => Scenario::new(|repo| {
            let mut command = init();
            "run".clone_into(&mut command[0]);
            let agent = repo.agent_script();
            command.extend(["--yes".to_owned(), "--agent-cmd".to_owned(), agent]);
            (None, command)
        }),
        name => kills::scenario(name),
    }
}

/// How the agents of the one session ended.
fn ends_of_agents(_: &TestRepo, told: &Told) -> String {
    let agents = told.statuses[0]["agents"].as_array().unwrap().iter();
    let ends = agents.map(|agent| format!("{} {}", agent["agent"], agent["status"]));
    ends.collect::<Vec<_>>().join("\n")
}

/// Everything that a killed hub leaves and doctor puts right: a spawn in the middle, a draft, a
/// file that did not get its place, a journal whose last line is cut.
fn left_behind(repo: &TestRepo) -> String {
    let session = initialised(repo);
    let spawn = repo.hub(["spawn", &session, "--no-start"]);
    struck(spawn, When::After, 3, &Blow::Kill).fails(137);
    let sessions = repo.hub_dir().join("sessions");
    repo.write(sessions.join(&session).join(".new-left"), "half");
    let journal = sessions.join(&session).join("events.jsonl");
    repo.write(&journal, repo.read(&journal) + "{\"seq\":");
    repo.write(sessions.join(".draft-left/config.yaml"), "half");
    session
}

/// An agent whose supervisor was killed, and who leaves what it did uncommitted.
fn lose_an_agent(repo: &TestRepo, session: &str) {
    let agent = "echo 150 >p50_ms; echo new >new; kill -KILL $PPID; exit 1";
    repo.hub(["spawn", session, "--agent-cmd", agent]).ok();
    wait_until(Duration::from_secs(60), "the supervisors are gone", || {
        repo.processes().is_empty()
    });
}
