//! Agents as they really are: what the state says, held against the processes.

use chrono::{DateTime, Utc};

use crate::domain::id::AgentId;
use crate::domain::progress::AgentProgress;
use crate::domain::report::{ShownStatus, WaitReport, WaitedAgent};
use crate::domain::session::{AgentRecord, Session};
use crate::process::{logs, mark};
use crate::store::StoredSession;

/// The status as it is shown: an active agent whose supervisor is gone is `lost`.
pub(super) fn shown_status(record: &AgentRecord) -> ShownStatus {
    let status = record.status();
    let watched = record
        .run
        .as_ref()
        .is_some_and(|run| mark::is_alive(&run.supervisor));
    if status.is_active() && !watched {
        ShownStatus::LOST
    } else {
        ShownStatus::Stored(status)
    }
}

/// The first agent that is lost, if one is.
pub(super) fn first_lost(session: &Session) -> Option<AgentId> {
    session
        .agents()
        .iter()
        .find(|(_, record)| shown_status(record) == ShownStatus::LOST)
        .map(|(agent, _)| *agent)
}

/// How long an agent ran, or has run until `now`, in seconds.
pub(super) fn elapsed_s(record: &AgentRecord, now: DateTime<Utc>) -> Option<f64> {
    let run = record.run.as_ref()?;
    let end = match (run.ended, record.status().is_active()) {
        (Some(end), _) => end,
        (None, true) => now,
        (None, false) => return None,
    };
    let elapsed = (end - run.started).to_std().unwrap_or_default();
    Some(elapsed.as_secs_f64())
}

/// How the agents stand, for the answer of a command that waited.
pub(super) fn waited(stored: &StoredSession, timed_out: bool, now: DateTime<Utc>) -> WaitReport {
    let agents = stored
        .session
        .agents()
        .iter()
        .map(|(agent, record)| {
            let status = shown_status(record);
            let ended = !status.is_active() && record.run.is_some();
            let failed = ended && !status.succeeded();
            WaitedAgent {
                agent: *agent,
                status,
                exit: record.run.as_ref().and_then(|run| run.exit),
                elapsed_s: elapsed_s(record, now),
                last_lines: failed
                    .then(|| logs::last_lines(&stored.dir.agent(*agent).stderr(), 5))
                    .filter(|lines| !lines.is_empty()),
            }
        })
        .collect();
    WaitReport {
        session_id: stored.config.session_id.clone(),
        state: stored.session.state(),
        timed_out,
        agents,
    }
}

/// How the agents stand, for whoever watches.
pub(super) fn progress(stored: &StoredSession, now: DateTime<Utc>) -> Vec<AgentProgress> {
    stored
        .session
        .agents()
        .iter()
        .map(|(agent, record)| {
            let status = shown_status(record);
            let log = stored.dir.agent(*agent).stdout();
            AgentProgress {
                agent: *agent,
                status: status.as_str().to_owned(),
                ended: !status.is_active(),
                elapsed_s: elapsed_s(record, now),
                last_line: Some(logs::last_lines(&log, 1)).filter(|line| !line.is_empty()),
            }
        })
        .collect()
}
