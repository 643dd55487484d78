//! What agents are told: templates, strategies, and where both come from.

mod dry_run;
mod strategies;
mod templates;

use crate::support::TestRepo;

/// The prompt of one agent of the newest session.
fn prompt(repo: &TestRepo, agent: u32) -> String {
    let session = repo.newest_session();
    repo.read(format!(
        ".agenthub/sessions/{session}/agents/agent-{agent}/prompt.md"
    ))
}

/// The strategies of the agents of the newest session.
fn handed_out(repo: &TestRepo) -> Vec<Option<String>> {
    let status = repo.hub(["status", "--json"]).json();
    let agents = status["agents"].as_array().unwrap().iter();
    agents
        .map(|agent| agent["strategy"].as_str().map(str::to_owned))
        .collect()
}

/// A new session whose prompts are made with these arguments; no agent is started.
fn spawned_with(repo: &TestRepo, agents: u32, arguments: &[&str]) {
    let agents = agents.to_string();
    repo.hub(["init", "--task", "Be fast", "--agents", &agents])
        .ok();
    let spawn = ["spawn", "--no-start"];
    repo.hub(spawn.iter().chain(arguments)).ok();
}
