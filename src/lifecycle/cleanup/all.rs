//! `hub cleanup --all`: every session that is at its end, and what belongs to none.

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::event::unfinished;
use crate::domain::report::{CleanedSession, CleanupAllReport, CorruptSession};
use crate::domain::snapshot::MinimumAge;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::lifecycle::strays;
use crate::store::{self, StoredSession};

use super::dry_run;

/// What is cleaned up of all.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllRequest {
    /// Whether work that nothing else holds is kept as a snapshot instead of refused.
    pub force: bool,
    /// Only sessions that came to their end at least so long ago.
    pub older_than: Option<MinimumAge>,
    /// Whether nothing is done.
    pub dry_run: bool,
}

/// Cleans up every session at its end. One that is refused does not stop the others.
///
/// # Errors
/// When the system fails, or a signal came: what was cleaned until then stays so.
pub fn all(hub: &Hub, request: &AllRequest) -> Result<CleanupAllReport> {
    let mut report = CleanupAllReport {
        dry_run: request.dry_run,
        sessions: Vec::new(),
        strays: Vec::new(),
        corrupt: Vec::new(),
    };
    for session_id in hub.dir.session_ids()? {
        hub.interrupt.check()?;
        match StoredSession::read(&hub.dir, &session_id) {
            Ok(stored) if is_meant(hub, request, &stored) => {
                report.sessions.extend(one(hub, request, stored)?);
            }
            // It was taken back between the two looks.
            Ok(_) | Err(store::Error::NoSession { .. }) => {}
            Err(error) => report.corrupt.push(CorruptSession {
                session_id,
                reason: error.to_string(),
            }),
        }
    }
    for stray in strays::find(hub)? {
        hub.interrupt.check()?;
        report.strays.push(if request.dry_run {
            stray.report
        } else {
            strays::remove(hub, stray)?
        });
    }
    if !request.dry_run {
        hub.go_on_sweeping();
    }
    Ok(report)
}

fn is_meant(hub: &Hub, request: &AllRequest, stored: &StoredSession) -> bool {
    // Nothing of the state changes after its end.
    let age = (hub.now() - stored.session.updated).to_std();
    let age = age.unwrap_or_default();
    stored.session.state().is_terminal() && request.older_than.is_none_or(|least| age >= least.0)
}

/// One session; `None` where there is nothing to do.
fn one(hub: &Hub, request: &AllRequest, stored: StoredSession) -> Result<Option<CleanedSession>> {
    let session_id = stored.config.session_id.clone();
    let mut done = CleanedSession {
        session_id: session_id.clone(),
        state: stored.session.state(),
        plan: None,
        cleaned: None,
        refused: None,
    };
    let there = !hub.worktrees_of_agents(&stored.session)?.is_empty()
        || hub
            .attempts(&stored.session)?
            .iter()
            .any(|attempt| attempt.branch_tip.is_some());
    // What a kill has cut off is settled by whoever locks the session.
    let cut_off = || {
        stored
            .events()
            .is_ok_and(|events| unfinished(&events).is_some())
    };
    if !there && !cut_off() {
        return Ok(None);
    }
    if request.dry_run {
        match dry_run::of(hub, stored, request.force) {
            Ok(plan) => done.plan = Some(plan),
            Err(error) => done.refused = Some(dry_run::refusal(&error)),
        }
        return Ok(Some(done));
    }
    let cleaned = hub
        .lock(&session_id, "cleanup")
        .and_then(|mut session| super::cleanup(hub, &mut session, request.force));
    match cleaned {
        Ok(cleaned) if cleaned.is_empty() => return Ok(None),
        Ok(cleaned) => done.cleaned = Some(cleaned),
        // A full disk is no matter of one session.
        Err(error) if error.signal().is_some() || error.code() == Code::Failed => {
            return Err(error);
        }
        Err(Error::Store(store::Error::NoSession { .. })) => return Ok(None),
        Err(error) => done.refused = Some(dry_run::refusal(&error)),
    }
    Ok(Some(done))
}
