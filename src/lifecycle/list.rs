//! `hub list`: the sessions of a repository.

use std::ops::ControlFlow;

use crate::domain::owner::WhoseSessions;
use crate::domain::report::{CorruptSession, ListReport, ListedSession, ListedState};
use crate::store;

use super::error::Result;
use super::hub::Hub;
use super::patience::Patience;

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

/// After how many sessions it is looked whether to go on.
const LOOK: usize = 1000;

/// Lists the sessions; one whose files are damaged is listed as `corrupt` with the reason.
///
/// # Errors
/// When the hub directory cannot be read at all.
pub fn run(hub: &Hub, request: &Request) -> Result<ListReport> {
    let mut found = hub.dir.found_sessions()?;
    if !request.oldest_first {
        found.reverse();
    }
    let owner = request.user.as_ref().map(|whose| match whose {
        WhoseSessions::Mine => store::current_user(),
        WhoseSessions::Of(name) => name.clone(),
    });
    let enough = |sessions: &[ListedSession]| {
        let limit = request.limit.unwrap_or(usize::MAX);
        sessions.len() >= limit
    };
    let (mut sessions, mut corrupt) = (Vec::new(), Vec::new());
    if enough(&sessions) {
        return Ok(ListReport { sessions, corrupt });
    }
    // Where any session fits, the first few are enough.
    let any_fits = request.states.is_empty() && owner.is_none();
    let at_most = request.limit.filter(|_| any_fits);
    let mut patience = Patience::new(hub, "reading sessions", found.len());
    let mut seen = 0;
    hub.dir.list(&found, at_most, |listed| {
        seen += 1;
        if seen % LOOK == 0 && !patience.goes_on(seen) {
            return ControlFlow::Break(());
        }
        if let Some(reason) = &listed.reason {
            corrupt.push(CorruptSession {
                session_id: listed.session_id.clone(),
                reason: reason.clone(),
            });
        }
        let state_fits = request.states.is_empty() || request.states.contains(&listed.state);
        let owner_fits = owner.is_none() || owner == listed.owner;
        if state_fits && owner_fits {
            sessions.push(listed);
        }
        if enough(&sessions) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    hub.interrupt.check()?;
    Ok(ListReport { sessions, corrupt })
}
