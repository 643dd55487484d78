//! What was changed outside of an agent's worktree and branch while it ran.
//!
//! | file | what it does |
//! | --- | --- |
//! | `record` | before an attempt: how all else stands |
//! | `compare` | after it: what stands otherwise, and what hub itself explains of that |
//! | `tell` | keeps what was there before, and tells the journal |
//! | `show` | `hub outside`: what was found, and what is settled of it |
//! | `plan` | what stands now, held against that |
//! | `restore` | puts back what was there |
//! | `accept` | settles it as meant |
//!
//! The record is kept by the supervisor alone, in its memory: whoever could write it could write
//! it anew. What is uncommitted elsewhere is kept by refs below `refs/hub/guard/` meanwhile.

mod accept;
mod compare;
mod plan;
mod record;
mod restore;
mod show;
mod tell;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, Attempt, SessionId};
use crate::domain::refs::{CommitId, SnapshotRef};
use crate::domain::security::SecurityLevel;
use crate::store::{LockedSession, StoredSession};

use super::error::Result;
use super::hub::Hub;

pub use accept::accept;
pub(super) use record::Guard;
pub use restore::{Request, run};
pub use show::show;
pub(super) use show::summaries;
pub(super) use tell::note;

/// All refs by which something is kept begin with this.
pub(super) use crate::domain::outside::GUARD_ROOT as PREFIX;

/// Whether the agents of a session are watched: at `low` they can do what the user can.
fn is_guarded(session: &StoredSession) -> bool {
    let launch = session.launch().ok().flatten().unwrap_or_default();
    launch.security.level > SecurityLevel::Low
}

/// The refs that keep what one attempt needs.
fn prefix_of(session: &SessionId, agent: AgentId, attempt: Attempt) -> String {
    format!("{PREFIX}{session}/{agent}/{attempt}/")
}

/// Writes down how all stands that is not the agent's own, before its attempt begins.
///
/// An agent that cannot be watched runs all the same; its supervisor's log says why.
pub(super) fn watch(hub: &Hub, stored: &StoredSession, agent: AgentId) -> Option<Guard> {
    if !is_guarded(stored) {
        return None;
    }
    Guard::record(hub, stored, agent)
        .inspect_err(|error| log::warn!("{agent} is not watched: {error}"))
        .ok()
}

/// Tells the journal what stands otherwise now, before that tells of the agent's end.
pub(super) fn look_again(hub: &Hub, guard: Option<&Guard>) -> Option<Looked> {
    let guard = guard?;
    let found = guard
        .compare(hub)
        .and_then(|found| tell::keep(hub, guard, found));
    found
        .inspect_err(|error| log::warn!("what was changed outside is not known: {error}"))
        .ok()
        .flatten()
}

/// What was found, and is kept, but not told yet.
pub(super) struct Looked(serde_json::Value);

impl Looked {
    /// Tells the journal of it.
    pub fn record(self, hub: &Hub, session: &mut LockedSession) -> Result<()> {
        hub.record(session, Operation::Outside, Phase::Done, self.0)
    }
}

/// Whether a commit is kept as a snapshot already: by a restore that was cut off.
fn is_kept(hub: &Hub, session: &SessionId, commit: &CommitId) -> bool {
    let kept = hub.repository.refs_under(&SnapshotRef::prefix(session));
    kept.is_ok_and(|kept| kept.iter().any(|one| one.commit == *commit))
}

/// Gives up what is kept for a session, when it is cleaned up or all is settled. Its journal has
/// the ids.
pub(super) fn forget(hub: &Hub, session: &mut LockedSession, operation: Operation) -> Result<()> {
    let prefix = format!("{PREFIX}{}/", session.config().session_id);
    let kept = hub.repository.guards(&prefix)?;
    hub.change_refs(session, operation, &kept, "hub: outside")
}
