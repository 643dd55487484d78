//! `hub list`: the sessions of a repository.

use std::ops::ControlFlow;

use crate::domain::owner::{UserName, WhoseSessions};
use crate::domain::report::{CorruptSession, ListPart, ListReport, ListedSession, ListedState};
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

/// Lists the sessions; one whose files are damaged is listed as `corrupt` with the reason.
///
/// # Errors
/// When the hub directory cannot be read at all.
pub fn run(hub: &Hub, request: &Request) -> Result<ListReport> {
    let (parts, corrupt) = in_parts::<Vec<ListedSession>>(hub, request)?;
    Ok(ListReport {
        sessions: parts.into_iter().flatten().collect(),
        corrupt,
    })
}

/// The same in parts, which several threads make.
///
/// # Errors
/// As [`run`].
pub fn in_parts<P: ListPart>(
    hub: &Hub,
    request: &Request,
) -> Result<(Vec<P>, Vec<CorruptSession>)> {
    let mut found = hub.dir.found_sessions()?;
    if !request.oldest_first {
        found.reverse();
    }
    let wanted = Wanted::of(request);
    let (mut parts, mut corrupt) = (Vec::new(), Vec::new());
    let mut left = request.limit.unwrap_or(usize::MAX);
    if left == 0 {
        return Ok((parts, corrupt));
    }
    // Where any session fits, the first few are enough.
    let at_most = request.limit.filter(|_| wanted.is_any());
    let mut patience = Patience::new(hub, "reading sessions", found.len());
    let mut seen = 0;
    let make = |sessions: &mut dyn Iterator<Item = ListedSession>| Part::of(sessions, &wanted);
    hub.dir.list(&found, at_most, make, |mut part: Part<P>| {
        seen += part.seen;
        if !patience.goes_on(seen) {
            return ControlFlow::Break(());
        }
        part.cut(left);
        left -= part.fitting.count();
        corrupt.extend(part.corrupt.into_iter().map(|(_, corrupt)| corrupt));
        parts.push(part.fitting);
        if left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    hub.interrupt.check()?;
    Ok((parts, corrupt))
}

/// Which sessions are asked for.
struct Wanted<'r> {
    states: &'r [ListedState],
    owner: Option<UserName>,
}

impl<'r> Wanted<'r> {
    fn of(request: &'r Request) -> Self {
        let owner = request.user.as_ref().map(|whose| match whose {
            WhoseSessions::Mine => store::current_user(),
            WhoseSessions::Of(name) => name.clone(),
        });
        Self {
            states: &request.states,
            owner,
        }
    }

    fn is_any(&self) -> bool {
        self.states.is_empty() && self.owner.is_none()
    }

    fn fits(&self, session: &ListedSession) -> bool {
        let state_fits = self.states.is_empty() || self.states.contains(&session.state);
        state_fits && (self.owner.is_none() || self.owner == session.owner)
    }
}

/// What came of some sessions that stand side by side.
struct Part<P> {
    seen: usize,
    fitting: P,
    /// With how many stand before it among those that fit.
    corrupt: Vec<(usize, CorruptSession)>,
}

impl<P: ListPart> Part<P> {
    fn of(sessions: &mut dyn Iterator<Item = ListedSession>, wanted: &Wanted<'_>) -> Self {
        let mut part = Self {
            seen: 0,
            fitting: P::default(),
            corrupt: Vec::new(),
        };
        for session in sessions {
            part.seen += 1;
            if let Some(reason) = &session.reason {
                let corrupt = CorruptSession {
                    session_id: session.session_id.clone(),
                    reason: reason.clone(),
                };
                part.corrupt.push((part.fitting.count(), corrupt));
            }
            if wanted.fits(&session) {
                part.fitting.add(session);
            }
        }
        part
    }

    /// Leaves out what stands behind the first few that fit.
    fn cut(&mut self, most: usize) {
        self.fitting.cut(most);
        self.corrupt.retain(|(before, _)| *before < most);
    }
}
