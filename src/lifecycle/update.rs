//! `hub update`: walks one edge of a session's machine by hand.

use serde_json::json;

use crate::domain::effects::{BY, EFFECTS, Effects};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::SessionSelector;
use crate::domain::report::UpdateReport;
use crate::domain::state::SessionState;

use super::error::{Error, Result};
use super::hub::Hub;

/// Which session goes where.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session.
    pub session: SessionSelector,
    /// The state to enter.
    pub state: SessionState,
}

/// Walks the edge, for coordinators that run agents themselves.
///
/// # Errors
/// When there is no such edge, or an agent that hub runs is still at work.
pub fn run(hub: &Hub, request: &Request) -> Result<UpdateReport> {
    let id = hub.dir.find(&request.session)?;
    let mut session = hub.lock(&id, "update")?;
    // Asks the machine before the limits: an edge that is not there is none for anybody.
    session
        .session()
        .clone()
        .advance(request.state, hub.now())?;
    let admitted = match request.state {
        SessionState::Running => hub.admit(session.config(), "update")?,
        _ => None,
    };
    let from = advance(hub, &mut session, request.state, None)?;
    drop(admitted);
    Ok(UpdateReport {
        session_id: id,
        from,
        state: session.session().state(),
        updated: session.session().updated,
    })
}

/// One edge, with its intent and end in the journal; `by` is the operation that walks it on its
/// way.
pub(super) fn advance(
    hub: &Hub,
    session: &mut crate::store::LockedSession,
    to: SessionState,
    by: Option<Operation>,
) -> Result<SessionState> {
    let now = hub.now();
    // Asks the machine before the journal is told.
    session.session().clone().advance(to, now)?;
    let from = session.session().state();
    let effects = Effects::of_state(from, to).told();
    let mut edge = json!({ "from": from, "to": to, EFFECTS: effects });
    if let (Some(by), Some(edge)) = (by, edge.as_object_mut()) {
        edge.insert(BY.to_owned(), by.as_str().into());
    }
    hub.record(session, Operation::Update, Phase::Begin, edge)?;
    let from = session.change(|state| state.advance(to, now).map_err(Error::from))?;
    hub.record(session, Operation::Update, Phase::End, json!({}))?;
    Ok(from)
}
