//! Nothing is found where nothing happened but what hub and agents do.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::{TestRepo, wait_until};

use super::Ran;

/// A session whose agents are at work until they are let go on.
struct AtWork {
    repo: TestRepo,
    session: String,
    gate: PathBuf,
}

impl AtWork {
    /// Agents that do `script` at last; returns when the first one runs.
    fn begin(agents: &str, flags: &[&str], script: impl FnOnce(&TestRepo) -> String) -> Self {
        let repo = TestRepo::new().with_bench();
        repo.write("mine", "uncommitted\n");
        let gate = repo.root().join("gate");
        let wait = format!("while [ ! -e {} ]; do sleep 0.02; done", gate.display());
        let slow = repo.script("slow.sh", &format!("{wait}\n{}", script(&repo)));
        repo.hub(["init", "--task", "Slow", "--agents", agents])
            .ok();
        let session = repo.newest_session();
        let spawn = ["spawn", &session, "--agent-cmd", &slow];
        repo.hub(spawn.iter().chain(flags)).ok();
        let own = repo.hub_dir().join("sessions").join(&session);
        let log = own.join("agents/agent-1/stdout.log");
        wait_until(Duration::from_secs(60), "the agent runs", || log.exists());
        Self {
            repo,
            session,
            gate,
        }
    }

    /// Another session, from its beginning to its end; returns its id.
    fn run_another(&self) -> String {
        let agent = self.repo.agent_script();
        let mut run = vec!["run", "--yes", "--agents", "2", "--task", "Fast"];
        run.extend(["--eval", "sh bench.sh", "--metric", "p50_ms"]);
        run.extend(["--agent-cmd", &agent]);
        self.repo.hub(run).ok();
        self.repo.newest_session()
    }

    /// Lets the agents come to their end.
    fn end(&self) {
        self.repo.write(&self.gate, "");
        self.repo.hub(["wait", &self.session]).ok();
    }

    fn findings(&self, session: &str) -> Value {
        let found = self.repo.hub(["outside", session, "--json"]).json();
        found["findings"].clone()
    }
}

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
    let slow = AtWork::begin("2", &["--jobs", "1"], |_| "echo slow >slow".to_owned());
    let fast = slow.run_another();
    let repo = &slow.repo;
    repo.hub(["undo", &fast]).ok();
    repo.hub(["undo", &fast]).ok();
    repo.hub(["board", "post", "--author", "ada", "--message", "Look"])
        .ok();
    repo.hub(["init", "--task", "Third", "--agents", "1"]).ok();
    repo.hub(["send", &slow.session, "--agent", "agent-2", "Hurry"])
        .ok();
    repo.hub(["undo", "latest"]).ok();
    slow.end();
    for id in [&slow.session, &fast] {
        let found = slow.findings(id);
        assert_eq!(found, Value::Array(Vec::new()), "{found:#}");
    }
}

#[test]
fn a_merge_leaves_what_was_uncommitted_and_what_is_changed_then_is_found() {
    let slow = AtWork::begin("1", &[], |repo| {
        format!("echo evil >{}", repo.path().join("mine").display())
    });
    slow.run_another();
    slow.end();
    let repo = &slow.repo;
    let found = slow.findings(&slow.session);
    let changes = &found[0]["changes"];
    assert_eq!(changes.as_array().unwrap().len(), 1, "{found:#}");
    let mine = repo.path().join("mine");
    assert_eq!(changes[0]["name"], mine.to_str().unwrap());
    repo.hub(["outside", &slow.session, "--restore", "--yes"])
        .ok();
    assert_eq!(repo.git(["status", "--porcelain"]), "?? mine");
    assert_eq!(repo.read("mine"), "uncommitted\n");
}
