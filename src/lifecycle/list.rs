//! `hub list`: the sessions of a repository.

use crate::domain::id::SessionId;
use crate::domain::owner::WhoseSessions;
use crate::domain::report::{CorruptSession, ListReport, ListedSession, ListedState};
use crate::store::{self, StoredSession};

use super::error::Result;
use super::hub::Hub;

/// Which sessions to list, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Only those in one of these states; all where none is named.
    pub states: Vec<ListedState>,
    /// Only those of this user.
    pub user: Option<WhoseSessions>,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// At most this many.
    pub limit: Option<usize>,
}

/// Lists the sessions; one whose files are damaged is listed as `corrupt` with the reason.
///
/// # Errors
/// When the hub directory cannot be read at all.
pub fn run(hub: &Hub, request: &Request) -> Result<ListReport> {
    let mut ids = hub.dir.session_ids()?;
    if !request.oldest_first {
        ids.reverse();
    }
    let owner = request.user.as_ref().map(|whose| match whose {
        WhoseSessions::Mine => store::current_user(),
        WhoseSessions::Of(name) => name.clone(),
    });
    let (mut sessions, mut corrupt) = (Vec::new(), Vec::new());
    for id in ids {
        if request.limit.is_some_and(|limit| sessions.len() >= limit) {
            break;
        }
        let listed = match StoredSession::read(&hub.dir, &id) {
            Ok(stored) => listed(stored),
            // It was taken back between the two looks.
            Err(store::Error::NoSession { .. }) => continue,
            Err(error) => {
                let reason = error.to_string();
                corrupt.push(CorruptSession {
                    session_id: id.clone(),
                    reason: reason.clone(),
                });
                unreadable(id, reason)
            }
        };
        let state_fits = request.states.is_empty() || request.states.contains(&listed.state);
        let owner_fits = owner.is_none() || owner == listed.owner;
        if state_fits && owner_fits {
            sessions.push(listed);
        }
    }
    Ok(ListReport { sessions, corrupt })
}

fn listed(stored: StoredSession) -> ListedSession {
    ListedSession {
        session_id: stored.config.session_id,
        state: stored.session.state().into(),
        task: Some(stored.config.task.to_string()),
        agents: Some(stored.config.agent_count),
        created: Some(stored.config.created),
        updated: Some(stored.session.updated),
        base_branch: Some(stored.config.base_branch),
        owner: stored.config.owner,
        parent: stored.config.parent,
        reason: None,
    }
}

fn unreadable(session_id: SessionId, reason: String) -> ListedSession {
    ListedSession {
        session_id,
        state: ListedState::Corrupt,
        task: None,
        agents: None,
        created: None,
        updated: None,
        base_branch: None,
        owner: None,
        parent: None,
        reason: Some(reason),
    }
}
