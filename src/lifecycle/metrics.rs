//! `hub metrics`: figures of sessions, their agents and what they take.

use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::domain::event::{Event, Operation};
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::report::{
    CorruptSession, Figures, ListedState, MetricsReport, SessionFigures, ShownStatus,
};
use crate::domain::state::{AgentStatus, SessionState};
use crate::store::{self, StoredSession};

use super::agents::Seen;
use super::error::Result;
use super::hub::Hub;

/// The figures of one session, or of all where none is named.
///
/// # Errors
/// When the hub directory cannot be read at all, or the session that is named.
pub fn run(hub: &Hub, session: Option<&SessionSelector>) -> Result<MetricsReport> {
    let ids = match session {
        Some(selector) => vec![hub.dir.find(selector)?],
        None => hub.dir.session_ids()?,
    };
    let states = SessionState::ALL.map(ListedState::from);
    let states = states.into_iter().chain([ListedState::Corrupt]);
    let mut report = MetricsReport {
        sessions_by_state: states.map(|state| (state.as_str().to_owned(), 0)).collect(),
        total: none(),
        sessions: Vec::new(),
        corrupt: Vec::new(),
    };
    // The same inode may have names in worktrees of several sessions.
    let mut counted = HashSet::new();
    for id in ids {
        hub.interrupt.check()?;
        let state = match of_session(hub, &id, &mut counted) {
            Ok(figures) => {
                let state = figures.state;
                report.total.add(&figures.figures);
                report.sessions.push(figures);
                state
            }
            // It was taken back between the two looks.
            Err(store::Error::NoSession { .. }) => continue,
            Err(error) if session.is_some() => return Err(error.into()),
            Err(error) => {
                report.corrupt.push(CorruptSession {
                    session_id: id,
                    reason: error.to_string(),
                });
                ListedState::Corrupt
            }
        };
        let count = report.sessions_by_state.entry(state.as_str().to_owned());
        *count.or_default() += 1;
    }
    Ok(report)
}

/// Every status is there on every run.
fn none() -> Figures {
    let stored = AgentStatus::ALL.map(ShownStatus::Stored);
    let all = stored.into_iter().chain([ShownStatus::LOST]);
    Figures {
        agents_by_status: all.map(|status| (status.as_str().to_owned(), 0)).collect(),
        ..Figures::default()
    }
}

fn of_session(
    hub: &Hub,
    id: &SessionId,
    counted: &mut HashSet<(u64, u64)>,
) -> store::Result<SessionFigures> {
    let seen = Seen::look_stored(&hub.dir, StoredSession::read(&hub.dir, id)?)?;
    let stored = &seen.stored;
    let events = stored.events()?;
    let mut figures = none();
    let mut running = Vec::new();
    for (agent, record) in stored.session.agents() {
        let status = seen.status(*agent, record);
        let count = figures.agents_by_status.entry(status.as_str().to_owned());
        *count.or_default() += 1;
        if status.is_active() {
            running.push(agent.to_string());
        }
        figures.restarts += u64::from(record.attempt.number().saturating_sub(1));
        if let Some(worktree) = &record.worktree {
            figures.worktrees_bytes += on_disk(worktree, counted);
        }
        figures.logs_bytes += on_disk(stored.dir.agent(*agent).path(), counted);
    }
    (figures.running_s, figures.failures) = from_journal(&events, &running, hub.now());
    Ok(SessionFigures {
        session_id: id.clone(),
        state: stored.session.state().into(),
        figures,
    })
}

/// How long agents ran, and how many attempts failed.
fn from_journal(events: &[Event], running: &[String], now: DateTime<Utc>) -> (f64, u64) {
    let mut started: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    let (mut seconds, mut failures) = (0.0, 0);
    let mut add = |from: DateTime<Utc>, to: DateTime<Utc>| {
        seconds += (to - from).to_std().unwrap_or_default().as_secs_f64();
    };
    for event in events {
        let text = |key: &str| event.detail.get(key).and_then(|value| value.as_str());
        let Some(agent) = text("agent") else {
            continue;
        };
        match event.operation {
            Operation::Start => {
                started.insert(agent, event.time);
            }
            Operation::Finish => {
                if let Some(from) = started.remove(agent) {
                    add(from, event.time);
                }
                let failed = [AgentStatus::Failed, AgentStatus::TimedOut];
                failures += u64::from(failed.iter().any(|s| text("status") == Some(s.as_str())));
            }
            // When a lost agent ended is not known.
            Operation::Stop => {
                started.remove(agent);
            }
            _ => {}
        }
    }
    for (agent, from) in started {
        if running.iter().any(|name| name == agent) {
            add(from, now);
        }
    }
    (seconds, failures)
}

/// The blocks of all files at or below `path`, each inode once; what cannot be read counts nothing.
fn on_disk(path: &Path, counted: &mut HashSet<(u64, u64)>) -> u64 {
    // st_blocks counts by 512 whatever the file system does: inode(7).
    const BLOCK: u64 = 512;
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    if !counted.insert((meta.dev(), meta.ino())) {
        return 0;
    }
    let own = meta.blocks() * BLOCK;
    if !meta.is_dir() {
        return own;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    own + entries
        .map(|entry| on_disk(&entry.path(), counted))
        .sum::<u64>()
}
