//! `hub metrics`: figures of sessions, their agents and what they take.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::event::{Detail, Event, Operation};
use crate::domain::id::{AgentId, SessionId, SessionSelector};
use crate::domain::report::{
    CorruptSession, Figures, ListedState, MetricsReport, SessionFigures, ShownStatus,
};
use crate::domain::resources::Usage;
use crate::domain::session::{AgentRecord, Session};
use crate::domain::state::{AgentStatus, SessionState};
use crate::domain::usage::TokenUse;
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
    let launch = stored.launch()?.unwrap_or_default();
    let mut figures = none();
    let mut running = BTreeSet::new();
    for (agent, record) in stored.session.agents() {
        let status = seen.status(*agent, record);
        let count = figures.agents_by_status.entry(status.as_str().to_owned());
        *count.or_default() += 1;
        if status.is_active() {
            running.insert(*agent);
        }
        if let Some(preset) = launch.preset_of(*agent) {
            let count = figures.agents_by_preset.entry(preset.to_string());
            *count.or_default() += 1;
        }
        figures.restarts += u64::from(record.attempt.number().saturating_sub(1));
        if let Some(worktree) = &record.worktree {
            figures.worktrees_bytes += on_disk(worktree, counted);
        }
        figures.logs_bytes += on_disk(stored.dir.agent(*agent).path(), counted);
    }
    add_attempts(&mut figures, &events, &stored.session, &running, hub.now());
    Ok(SessionFigures {
        session_id: id.clone(),
        state: stored.session.state().into(),
        figures,
    })
}

/// Adds what the journal tells of all attempts: how long they ran, how they ended, what they used.
fn add_attempts(
    figures: &mut Figures,
    events: &[Event],
    session: &Session,
    running: &BTreeSet<AgentId>,
    now: DateTime<Utc>,
) {
    let mut open: BTreeMap<AgentId, Begun> = BTreeMap::new();
    for event in events {
        let Some(agent) = text(&event.detail, "agent").and_then(|name| name.parse().ok()) else {
            continue;
        };
        let begun = open.get_mut(&agent);
        match event.operation {
            Operation::Start => {
                open.insert(agent, Begun::at(event.time));
            }
            Operation::Finish => {
                let ended = Ended::told(event);
                ended.add(figures, open.remove(&agent));
            }
            // One that waited for its start has not begun.
            Operation::Pause => begun.into_iter().for_each(|begun| begun.pause(event.time)),
            Operation::Resume => begun.into_iter().for_each(|begun| begun.go_on(event.time)),
            // When a lost agent ended is not known.
            Operation::Stop => {
                open.remove(&agent);
            }
            _ => {}
        }
    }
    for (agent, begun) in open {
        let ended = session.agents().get(&agent).and_then(Ended::stored);
        if running.contains(&agent) {
            figures.running_s += seconds(begun.at, now) - begun.paused_s(now);
        } else if let Some(ended) = ended {
            // Its supervisor was killed before it told the journal.
            ended.add(figures, Some(begun));
        }
    }
}

/// An attempt that has begun, with the time that it stood still.
struct Begun {
    at: DateTime<Utc>,
    paused_s: f64,
    paused_since: Option<DateTime<Utc>>,
}

impl Begun {
    fn at(time: DateTime<Utc>) -> Self {
        Self {
            at: time,
            paused_s: 0.0,
            paused_since: None,
        }
    }

    fn pause(&mut self, time: DateTime<Utc>) {
        self.paused_since.get_or_insert(time);
    }

    fn go_on(&mut self, time: DateTime<Utc>) {
        self.paused_s = self.paused_s(time);
        self.paused_since = None;
    }

    fn paused_s(&self, now: DateTime<Utc>) -> f64 {
        let last = self.paused_since.map(|since| seconds(since, now));
        self.paused_s + last.unwrap_or_default()
    }
}

/// An attempt that has ended.
struct Ended {
    time: DateTime<Utc>,
    failed: bool,
    usage: Option<Usage>,
    tokens: TokenUse,
}

impl Ended {
    /// As the journal tells of it.
    fn told(event: &Event) -> Self {
        let detail = &event.detail;
        let failed = [AgentStatus::Failed, AgentStatus::TimedOut];
        let usage = detail.get("usage").cloned();
        let number = |key: &str| detail.get(key).and_then(Value::as_u64);
        Self {
            time: event.time,
            failed: failed
                .map(AgentStatus::as_str)
                .map(Some)
                .contains(&text(detail, "status")),
            usage: usage.and_then(|usage| serde_json::from_value(usage).ok()),
            tokens: TokenUse {
                tokens_in: number("tokens_in"),
                tokens_out: number("tokens_out"),
                cost_usd: detail.get("cost_usd").and_then(Value::as_f64),
            },
        }
    }

    /// As the state tells of it; only a supervisor writes down how its agent ended.
    fn stored(record: &AgentRecord) -> Option<Self> {
        let run = record.run.as_ref().filter(|run| run.exit.is_some())?;
        Some(Self {
            time: run.ended?,
            failed: [AgentStatus::Failed, AgentStatus::TimedOut].contains(&record.status()),
            usage: run.usage,
            tokens: run.tokens,
        })
    }

    fn add(&self, figures: &mut Figures, begun: Option<Begun>) {
        // The journal's times are whole seconds.
        let measured = self.usage.map(|usage| usage.wall_s);
        let told = begun.as_ref().map(|begun| seconds(begun.at, self.time));
        let paused = begun.map(|begun| begun.paused_s(self.time));
        let ran = measured.or(told).unwrap_or_default() - paused.unwrap_or_default();
        figures.running_s += ran.max(0.0);
        figures.failures += u64::from(self.failed);
        figures.spend(self.usage, self.tokens);
    }
}

fn text<'d>(detail: &'d Detail, key: &str) -> Option<&'d str> {
    detail.get(key).and_then(Value::as_str)
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).to_std().unwrap_or_default().as_secs_f64()
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
