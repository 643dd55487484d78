//! Terminals that are closed while agents work.

use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;

use super::{LIMIT, until};
use crate::support::{Terminal, TestRepo, wait_until};

const HUB: &str = env!("CARGO_BIN_EXE_hub");

/// A repository with a session of two agents that work until `go` is there.
fn patient() -> (TestRepo, String, String) {
    let repo = TestRepo::new().with_bench();
    repo.hub(["init", "--task", "Go", "-n", "2"]).ok();
    let session = repo.newest_session();
    let text = format!(
        "{}\necho 120 >p50_ms\ngit commit --quiet --all --message Faster",
        until(&repo.root().join("go"))
    );
    let agent = repo.script("agent.sh", &text);
    (repo, session, agent)
}

fn statuses(repo: &TestRepo, session: &str) -> Vec<String> {
    let status = repo.hub(["status", session, "--json"]).json();
    let agents = status["agents"].as_array().unwrap().iter();
    agents
        .map(|agent| agent["status"].as_str().unwrap().to_owned())
        .collect()
}

fn let_go(repo: &TestRepo, session: &str) {
    repo.write(repo.root().join("go"), "");
    repo.hub(["wait", session]).ok();
    assert_eq!(statuses(repo, session), ["succeeded"; 2]);
}

#[test]
fn agents_go_on_when_the_terminal_is_closed_that_they_were_spawned_on() {
    let (repo, session, agent) = patient();
    let line = format!("'{HUB}' spawn {session} --agent-cmd '{agent}' && echo spawned; cat");
    let terminal = Terminal::logged_in(&repo, &line);
    terminal.sees("\nspawned");
    let end = terminal.close();
    assert_eq!(end.signal(), Some(Signal::HUP.as_raw()), "the shell got it");
    assert_eq!(statuses(&repo, &session), ["running"; 2]);
    let_go(&repo, &session);
}

#[test]
fn agents_go_on_when_the_terminal_of_whoever_waits_is_closed() {
    let (repo, session, agent) = patient();
    repo.hub(["spawn", &session, "--agent-cmd", &agent]).ok();
    let line = format!("exec '{HUB}' wait {session}");
    let terminal = Terminal::logged_in(&repo, &line);
    terminal.sees("agent-2 running");
    let end = terminal.close();
    let hangup = 128 + Signal::HUP.as_raw();
    assert_eq!(end.code(), Some(hangup), "{end}");
    assert_eq!(statuses(&repo, &session), ["running"; 2]);
    let_go(&repo, &session);
}

#[test]
fn a_run_whose_terminal_is_closed_leaves_nothing_that_status_does_not_show() {
    let (repo, _, agent) = patient();
    let line = format!("exec '{HUB}' run --task Go -n 2 --agent-cmd '{agent}'");
    let terminal = Terminal::logged_in(&repo, &line);
    terminal.sees("agent-2 running");
    let session = repo.newest_session();
    let end = terminal.close();
    let hangup = 128 + Signal::HUP.as_raw();
    assert_eq!(end.code(), Some(hangup), "{end}");
    // Nobody can be asked any more: without an answer they are ended.
    assert_eq!(statuses(&repo, &session), ["cancelled"; 2]);
    wait_until(LIMIT, "no process is left", || repo.processes().is_empty());
}
