//! `hub eval`: what is run on what, which number is found, and how results are ranked.

mod command;
mod judge;
mod metric;
mod page;
mod protect;
mod ranking;
mod rounds;
mod trust;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Answer, TestRepo};

/// Prints what the commit holds in `out`.
const PRINT: &str = "cat out";

/// A session in which each agent has committed what the eval command will print.
struct Contest {
    repo: TestRepo,
    id: String,
}

impl Contest {
    /// The base commit prints `base`, each agent's commit one of `outputs`.
    fn new(base: &str, outputs: &[&str], metric: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.write("out", base);
        repo.commit("Print");
        Self::in_repo(repo, &[&["--eval", PRINT][..], metric].concat(), outputs)
    }

    /// A session of the repository as it is; each agent commits one of `outputs` as `out`.
    fn in_repo(repo: TestRepo, flags: &[&str], outputs: &[&str]) -> Self {
        let count = outputs.len().to_string();
        let init = ["init", "--task", "x", "--agents", &count];
        repo.hub([&init[..], flags].concat()).ok();
        let id = repo.newest_session();
        repo.hub(["spawn", &id, "--no-start"]).ok();
        let contest = Self { repo, id };
        for (number, output) in (1..).zip(outputs) {
            contest.commits(number, output);
        }
        contest
    }

    /// The worktree of an agent.
    fn worktree(&self, number: usize) -> PathBuf {
        let agent = format!("agent-{number}");
        self.repo.root().join("repo.hub").join(&self.id).join(agent)
    }

    /// Lets an agent commit what the eval command is to print.
    fn commits(&self, number: usize, output: &str) {
        let worktree = self.worktree(number);
        self.repo.write(worktree.join("out"), output);
        self.repo.commit_in(worktree, &format!("Try {number}"));
    }

    /// Evaluates, for people.
    fn text(&self) -> Answer {
        self.repo.hub(["eval", &self.id]).run()
    }

    /// Evaluates; the document.
    fn json(&self) -> Value {
        self.repo.hub(["eval", &self.id, "--json"]).run().json()
    }
}

/// An agent's result in a document.
fn result_of(document: &Value, number: usize) -> &Value {
    let agent = format!("agent-{number}");
    let results = document["results"].as_array().unwrap();
    let found = results.iter().find(|result| result["agent"] == *agent);
    found.unwrap_or_else(|| panic!("there is no {agent}: {document:#}"))
}

/// The agents with their ranks, in the order of a document.
fn ranks(document: &Value) -> Vec<(&str, Option<u64>)> {
    let results = document["results"].as_array().unwrap();
    let of = |result: &'_ Value| result["rank"].as_u64();
    results
        .iter()
        .map(|result| (result["agent"].as_str().unwrap(), of(result)))
        .collect()
}
