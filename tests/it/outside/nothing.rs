//! Nothing is found where nothing happened but what hub and agents do.

use std::time::Duration;

use serde_json::Value;

use crate::support::{TestRepo, wait_until};

use super::Ran;

#[test]
fn agents_that_do_their_own_work_have_changed_nothing_outside() {
    let script = "\
echo work >work; git add work; git commit --quiet -m Work
echo left >left
git pack-refs --all
git status >/dev/null
touch $MAIN/src/file $MAIN/mine";
    let ran = Ran::new(script);
    ran.finds(&[]);
    let shown = ran.repo.hub(["outside", &ran.session]).ok().stdout;
    assert_eq!(
        shown,
        "nothing was changed outside of worktrees while agents ran\n"
    );
    assert_eq!(ran.repo.git(["for-each-ref", "refs/hub"]), "");
    assert_eq!(ran.repo.git(["status", "--porcelain"]), super::STATUS);
}

/// Another session goes from its beginning to its end while an agent runs, and back.
#[test]
fn what_hub_does_meanwhile_explains_itself() {
    let repo = TestRepo::new().with_bench();
    repo.write("mine", "uncommitted\n");
    let gate = repo.root().join("gate");
    let open = format!("while [ ! -e {} ]; do sleep 0.02; done", gate.display());
    let slow = repo.script("slow.sh", &format!("{open}\necho slow >slow"));
    repo.hub(["init", "--task", "Slow", "--agents", "2"]).ok();
    let session = repo.newest_session();
    let spawn = ["spawn", &session, "--jobs", "1", "--agent-cmd", &slow];
    repo.hub(spawn).ok();
    let log = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("agents/agent-1/stdout.log");
    wait_until(Duration::from_secs(60), "the agent runs", || log.exists());
    let task = [
        "--task",
        "Fast",
        "--eval",
        "sh bench.sh",
        "--metric",
        "p50_ms",
    ];
    let run = ["run", "--yes", "--agents", "2", "--agent-cmd"];
    let agent = repo.agent_script();
    repo.hub(run.iter().copied().chain([agent.as_str()]).chain(task))
        .ok();
    let fast = repo.newest_session();
    repo.hub(["undo", &fast]).ok();
    repo.hub(["undo", &fast]).ok();
    repo.hub(["board", "post", "--author", "ada", "--message", "Look"])
        .ok();
    repo.hub(["init", "--task", "Third", "--agents", "1"]).ok();
    repo.hub(["send", &session, "--agent", "agent-2", "Hurry"])
        .ok();
    repo.hub(["undo", "latest"]).ok();
    repo.write(&gate, "");
    repo.hub(["wait", &session]).ok();
    for id in [&session, &fast] {
        let found = repo.hub(["outside", id, "--json"]).json();
        assert_eq!(found["findings"], Value::Array(Vec::new()), "{found:#}");
    }
}

#[test]
fn a_merge_leaves_what_was_uncommitted_and_what_is_changed_then_is_found() {
    let repo = TestRepo::new().with_bench();
    repo.write("mine", "uncommitted\n");
    let gate = repo.root().join("gate");
    let open = format!("while [ ! -e {} ]; do sleep 0.02; done", gate.display());
    let changes = format!("{open}\necho evil >{}", repo.path().join("mine").display());
    let slow = repo.script("slow.sh", &changes);
    repo.hub(["init", "--task", "Slow", "--agents", "1"]).ok();
    let session = repo.newest_session();
    repo.hub(["spawn", &session, "--agent-cmd", &slow]).ok();
    let log = repo
        .hub_dir()
        .join("sessions")
        .join(&session)
        .join("agents/agent-1/stdout.log");
    wait_until(Duration::from_secs(60), "the agent runs", || log.exists());
    let run = [
        "run",
        "--yes",
        "--agents",
        "2",
        "--task",
        "Fast",
        "--agent-cmd",
    ];
    let eval = ["--eval", "sh bench.sh", "--metric", "p50_ms"];
    let agent = repo.agent_script();
    repo.hub(run.iter().copied().chain([agent.as_str()]).chain(eval))
        .ok();
    repo.write(&gate, "");
    repo.hub(["wait", &session]).ok();
    let found = repo.hub(["outside", &session, "--json"]).json();
    let changes = &found["findings"][0]["changes"];
    assert_eq!(changes.as_array().unwrap().len(), 1, "{found:#}");
    assert_eq!(
        changes[0]["name"],
        repo.path().join("mine").to_str().unwrap()
    );
    repo.hub(["outside", &session, "--restore", "--yes"]).ok();
    assert_eq!(repo.git(["status", "--porcelain"]), "?? mine");
    assert_eq!(repo.read("mine"), "uncommitted\n");
}
