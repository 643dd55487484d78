//! Sessions in which the test itself plays the agents, and a picture of all that is there.

use std::path::Path;

use super::repo::TestRepo;
use super::tree::Tree;

/// All that a refusal must leave as it is: refs, worktrees, files, indexes, the state.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    refs: Vec<String>,
    worktrees: String,
    head: String,
    staged: String,
    status: String,
    files: Tree,
    states: Vec<String>,
}

impl Picture {
    /// The same without what keeps work that nothing else reaches.
    pub fn without_snapshots(mut self) -> Self {
        let kept = |line: &String| line.starts_with("refs/hub/snapshots/");
        self.refs.retain(|line| !kept(line));
        self
    }
}

impl TestRepo {
    /// A session on the current branch whose branches and worktrees stand, measured by the
    /// `bench.sh` of [`TestRepo::with_bench`]; no agent is started and no baseline measured.
    pub fn spawned(&self, agents: u32) -> String {
        let agents = agents.to_string();
        let init = self.hub([
            "init",
            "--task",
            "Be fast",
            "--agents",
            &agents,
            "--eval",
            "sh bench.sh",
            "--metric",
            "p50_ms",
            "--no-baseline",
            "--json",
        ]);
        let init = init.json();
        let id = init["session_id"].as_str().unwrap().to_owned();
        self.hub(["spawn", &id, "--no-start"]).ok();
        id
    }

    /// A session that is measured: in agent-1's worktree `work` was done and committed.
    pub fn evaluated(&self, work: impl FnOnce(&Path)) -> String {
        let id = self.spawned(1);
        let worktree = self.worktree(&id, "agent-1");
        self.write(worktree.join("p50_ms"), "120\n");
        work(&worktree);
        self.commit_in(&worktree, "agent-1: 120 ms");
        self.hub(["eval", &id]).ok();
        id
    }

    /// A session that is archived; its worktrees and branches are there.
    pub fn archived(&self, agents: u32) -> String {
        let id = self.spawned(agents);
        for agent in 1..=agents {
            let agent = format!("agent-{agent}");
            let worktree = self.worktree(&id, &agent);
            self.write(worktree.join("p50_ms"), "120\n");
            self.commit_in(&worktree, &agent);
        }
        self.hub(["archive", &id]).ok();
        id
    }

    /// A session of one agent that is archived after `prepare` was done with its id.
    pub fn archived_with(&self, prepare: impl FnOnce(&Self, &str)) -> String {
        let id = self.spawned(1);
        self.commit_in(self.worktree(&id, "agent-1"), "agent-1");
        prepare(self, &id);
        self.hub(["archive", &id]).ok();
        id
    }

    /// Where a session stands.
    pub fn state(&self, session: &str) -> String {
        let status = self.hub(["status", session, "--json"]).json();
        status["state"]["state"].as_str().unwrap().to_owned()
    }

    /// Everything as it is now.
    pub fn picture(&self) -> Picture {
        let list = self.hub(["list", "--json"]).json();
        let states = list["sessions"].as_array().unwrap().iter();
        let root = self.root();
        Picture {
            refs: self.refs(),
            worktrees: self.git(["worktree", "list", "--porcelain"]),
            head: self.git(["rev-parse", "--symbolic-full-name", "HEAD"]),
            staged: self.git(["ls-files", "--stage"]),
            status: self.git(["--no-optional-locks", "status", "--porcelain"]),
            files: Tree::read(root).outside(".git").outside(".agenthub"),
            states: states.map(|session| session["state"].to_string()).collect(),
        }
    }
}
