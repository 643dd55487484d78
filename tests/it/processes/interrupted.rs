//! Ctrl-C and SIGTERM in the middle of `hub run`.

use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use super::{LIMIT, runs, told, until};
use crate::support::{Answer, Running, TestRepo, wait_until};

/// What each of the two signals makes of the exit status.
const SIGNALS: [(Signal, i32); 2] = [(Signal::INT, 130), (Signal::TERM, 143)];

/// A repository in which a `hub run` stands still in a phase that is chosen.
struct Still {
    repo: TestRepo,
    /// Where whoever stands still writes its number.
    here: PathBuf,
    /// The file that is waited for.
    go: PathBuf,
}

impl Still {
    fn new() -> Self {
        let repo = TestRepo::new();
        let (here, go) = (repo.root().join("here"), repo.root().join("go"));
        Self { repo, here, go }
    }

    /// Shell text that tells its number and stands still.
    fn stand(&self) -> String {
        format!("echo $$ >'{}'; {}", self.here.display(), until(&self.go))
    }

    /// Starts `hub run` and returns the number of the process that stands still.
    fn run(&self, agent: &str, bench: &str) -> (Running, u32) {
        self.repo.write(
            "bench.sh",
            format!("{bench}\necho \"p50_ms: $(cat p50_ms)\"\n"),
        );
        self.repo.write("p50_ms", "180\n");
        self.repo.commit("Measure");
        let agent = self.repo.script("agent.sh", agent);
        let run = [
            "run",
            "--task",
            "Go",
            "-n",
            "2",
            "--metric",
            "p50_ms",
            "--eval",
            "sh bench.sh",
        ];
        let running = self
            .repo
            .hub(run.into_iter().chain(["--agent-cmd", &agent]))
            .start();
        (running, told(&self.here))
    }

    /// The sessions' ids and what `status` says of each.
    fn sessions(&self) -> Vec<Value> {
        let list = self.repo.hub(["list", "--json"]).json();
        let ids = list["sessions"].as_array().unwrap().iter();
        ids.map(|session| {
            let id = session["session_id"].as_str().unwrap();
            self.repo.hub(["status", id, "--json"]).json()
        })
        .collect()
    }

    /// Nothing of the session is left: neither folders nor branches.
    fn check_gone(&self) {
        assert_eq!(self.sessions(), Vec::<Value>::new());
        assert_eq!(self.repo.git(["worktree", "list"]).lines().count(), 1);
        assert_eq!(self.repo.git(["branch", "--list", "hub/*"]), "");
    }
}

const FASTER: &str = "echo 120 >p50_ms\ngit commit --quiet --all --message \"Faster: $HUB_AGENT\"";

fn interrupt(running: Running, signal: Signal, code: i32) -> Answer {
    running.signal(signal);
    running.end().fails(code)
}

#[test]
fn while_the_baseline_is_measured_the_session_is_taken_back() {
    for (signal, code) in SIGNALS {
        let still = Still::new();
        let (running, process) = still.run(FASTER, &still.stand());
        interrupt(running, signal, code);
        assert!(!runs(process));
        still.check_gone();
        // The next run finds nothing in its way.
        still.repo.write(&still.go, "");
        still
            .repo
            .hub([
                "run",
                "--task",
                "Go",
                "-n",
                "1",
                "--metric",
                "p50_ms",
                "--eval",
                "sh bench.sh",
                "--agent-cmd",
                FASTER,
                "--yes",
            ])
            .ok();
        assert_eq!(still.repo.read("p50_ms"), "120\n");
    }
}

#[test]
fn while_worktrees_are_made_they_are_taken_back() {
    for (signal, code) in SIGNALS {
        let still = Still::new();
        // In a checkout with a branch: the scratch worktree of the baseline runs no hooks.
        let hook = still.repo.path().join(".git/hooks/post-checkout");
        let text = format!(
            "case $(git symbolic-ref -q HEAD) in *agent-1*) {};; esac",
            still.stand()
        );
        let script = still.repo.script("post-checkout", &text);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::copy(script, hook).unwrap();
        let (running, process) = still.run(FASTER, "");
        running.signal(signal);
        // git is let finish: a worktree is never left half made.
        still.repo.write(&still.go, "");
        running.end().fails(code);
        assert!(!runs(process));
        still.check_gone();
    }
}

#[test]
fn while_agents_work_they_are_ended_and_their_work_is_kept() {
    for (signal, code) in SIGNALS {
        let still = Still::new();
        let agent = format!("{FASTER}\n{}", still.stand());
        let (running, process) = still.run(&agent, "");
        let branches = || still.repo.git(["log", "--all", "--format=%s"]);
        wait_until(LIMIT, "both agents have committed", || {
            branches().matches("Faster").count() == 2
        });
        let answer = interrupt(running, signal, code);
        assert!(answer.stderr.contains("hub eval"), "{answer}");
        assert!(!runs(process));
        let sessions = still.sessions();
        assert_eq!(sessions[0]["state"]["state"], "running");
        for agent in sessions[0]["agents"].as_array().unwrap() {
            assert_eq!(agent["status"], "cancelled");
            assert_eq!(agent["commits_ahead"], 1);
        }
        // They were cancelled, so that none wins by itself.
        still.repo.hub(["eval"]).fails(8);
        still.repo.hub(["merge", "--agent", "agent-1"]).ok();
        assert_eq!(still.repo.read("p50_ms"), "120\n");
    }
}

#[test]
fn while_results_are_measured_they_are_measured_again_later() {
    for (signal, code) in SIGNALS {
        let still = Still::new();
        let bench = format!(
            "if [ \"$HUB_AGENT\" = agent-2 ]; then {}; fi",
            still.stand()
        );
        let (running, process) = still.run(FASTER, &bench);
        interrupt(running, signal, code);
        assert!(!runs(process));
        let sessions = still.sessions();
        assert_eq!(
            sessions[0]["unfinished"],
            Value::Null,
            "its end is in the journal"
        );
        assert_eq!(sessions[0]["state"]["state"], "evaluating");
        still.repo.write(&still.go, "");
        still.repo.hub(["eval"]).ok();
        still.repo.hub(["merge"]).ok();
        assert_eq!(still.repo.read("p50_ms"), "120\n");
    }
}
