//! `hub events`: a session's journal.

use crate::domain::id::SessionSelector;
use crate::domain::report::EventsReport;

use super::error::Result;
use super::hub::Hub;

/// Reads the journal of a session; the newest session's where none is named.
///
/// # Errors
/// When the session or its journal cannot be read.
pub fn run(hub: &Hub, session: Option<&SessionSelector>) -> Result<EventsReport> {
    let stored = hub.read(session, "", |_| true)?;
    Ok(EventsReport {
        events: stored.events()?,
        session_id: stored.config.session_id,
    })
}
