//! `hub path`: where an agent's worktree is.

use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::report::PathReport;

use super::error::{Error, Result};
use super::hub::Hub;

/// Whose worktree.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session; the newest with worktrees where none is named.
    pub session: Option<SessionSelector>,
    /// The agent.
    pub agent: AgentId,
}

/// Finds the worktree.
///
/// # Errors
/// When the agent is not one of the session's, or its worktree is not there.
pub fn run(hub: &Hub, request: &Request) -> Result<PathReport> {
    let agent = request.agent;
    let stored = hub.read(
        request.session.as_ref(),
        "with a worktree of that agent",
        |stored| {
            let record = stored.session.agents().get(&agent);
            record
                .and_then(|record| record.worktree.as_ref())
                .is_some_and(|path| path.is_dir())
        },
    )?;
    let session_id = stored.config.session_id.clone();
    let worktree = hub.worktree_of(&stored.session, agent)?;
    match worktree {
        Some(path) if path.is_dir() => Ok(PathReport {
            session_id,
            agent,
            path,
        }),
        _ if stored.config.agents().any(|known| known == agent) => Err(Error::NoWorktree {
            session: session_id,
            agent,
        }),
        _ => Err(Error::NoAgent {
            session: session_id,
            agent,
        }),
    }
}
