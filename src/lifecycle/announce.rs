//! What hub itself posts: what agents are asked, how they begin and end, what came of it.
//!
//! Posting is the last step of an operation before its end in the journal, and of what settles
//! it after a kill. A post that is there already, with the same words, is not written again: so
//! it stands once, whichever of the two came to it. A board that cannot be written never makes
//! an operation fail; then there is a warning and no post.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::beneath;
use crate::domain::board::{Author, Channel, Draft, Message};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::refs::CommitId;
use crate::domain::report::{ArchivedAttempt, EvalReport, ResultReport};
use crate::domain::session::{AgentRecord, SessionConfig};
use crate::domain::state::AgentStatus;
use crate::store::{LockedSession, StoredSession};

use super::agents::elapsed_s;
use super::error::Result;
use super::hub::Hub;

const MERGE: &str = "merge";
const ARCHIVE: &str = "archive";
const CLEANUP: &str = "cleanup";

/// Puts what hub has to tell of a session on the board.
struct Announcement<'h> {
    hub: &'h Hub,
    session: &'h SessionId,
    /// Nothing older than the session is about it.
    since: DateTime<Utc>,
    drafts: Vec<Draft>,
}

impl<'h> Announcement<'h> {
    fn new(hub: &'h Hub, config: &'h SessionConfig) -> Self {
        Self {
            hub,
            session: &config.session_id,
            since: config.created,
            drafts: Vec::new(),
        }
    }

    fn add(&mut self, channel: Channel, about: String, text: &str) {
        match Message::new(text) {
            Ok(message) => self.drafts.push(Draft {
                channel,
                author: Author::hub(),
                session: Some(self.session.clone()),
                parent: None,
                about: Some(about),
                message,
            }),
            Err(error) => self.warn(&error),
        }
    }

    /// Lets the post answer one of hub's that tells of one of some things.
    fn answering(&mut self, about: [&str; 2]) {
        let Some(draft) = self.drafts.last_mut() else {
            return;
        };
        let find = || -> Result<Option<String>> {
            let board = self.hub.dir.board()?;
            let locked = board.lock(self.hub.settings.lock_timeout())?;
            for about in about {
                let sought = Draft {
                    about: Some(about.to_owned()),
                    ..draft.clone()
                };
                if let Some(post) = locked.find(&sought, self.since)? {
                    return Ok(Some(post.file.stem().to_owned()));
                }
            }
            Ok(None)
        };
        draft.parent = find().unwrap_or_default();
    }

    fn post(self) {
        if let Err(error) = self.try_post() {
            self.warn(&error);
        }
    }

    fn try_post(&self) -> Result<()> {
        let board = self.hub.dir.board()?;
        self.hub.dir.create()?;
        let locked = board.lock(self.hub.settings.lock_timeout())?;
        for draft in &self.drafts {
            let told = locked.find(draft, self.since)?;
            if told.is_some_and(|post| post.body == draft.message.as_str()) {
                locked.settle(&draft.channel);
            } else {
                locked.add(draft)?;
            }
        }
        Ok(())
    }

    fn warn(&self, error: &dyn std::error::Error) {
        let session = self.session;
        self.hub.warn(format!(
            "the board does not tell of session {session}: {error}"
        ));
    }
}

fn about(agent: AgentId, record: &AgentRecord, what: &str) -> String {
    format!("{agent} {} {what}", record.attempt)
}

/// What agents are asked: the whole prompt of each, as its file holds it.
pub(super) fn dispatch(hub: &Hub, session: &LockedSession, agents: &[AgentId]) {
    let mut all = Announcement::new(hub, session.config());
    for agent in agents {
        let Some(record) = session.session().agents().get(agent) else {
            continue;
        };
        match beneath::read(&session.dir().agent(*agent).prompt()) {
            Ok(prompt) => {
                let prompt = String::from_utf8_lossy(&prompt);
                all.add(
                    Channel::dispatch(),
                    about(*agent, record, "dispatch"),
                    &prompt,
                );
            }
            Err(error) => all.warn(&error),
        }
    }
    all.post();
}

/// That an agent's process runs.
pub(super) fn started(hub: &Hub, stored: &StoredSession, agent: AgentId) {
    let Some(record) = stored.session.agents().get(&agent) else {
        return;
    };
    let mut text = format!(
        "{agent} started\n\n- **Attempt**: {}\n",
        record.attempt.number()
    );
    let _ = writeln!(text, "- **Branch**: {}", record.branch);
    if let Some(strategy) = &record.strategy {
        let _ = writeln!(text, "- **Strategy**: {strategy}");
    }
    let mut all = Announcement::new(hub, &stored.config);
    all.add(Channel::progress(), about(agent, record, "start"), &text);
    all.post();
}

/// How an agent ended.
pub(super) fn ended(hub: &Hub, session: &LockedSession, agent: AgentId, leftovers: Option<&str>) {
    let Some(record) = session.session().agents().get(&agent) else {
        return;
    };
    let status = match record.status() {
        AgentStatus::TimedOut => "timed out".to_owned(),
        AgentStatus::Cancelled => "was cancelled".to_owned(),
        status => status.to_string(),
    };
    let mut text = format!("{agent} {status}");
    if let Some(elapsed) = elapsed_s(record, hub.now()) {
        let _ = write!(text, " after {elapsed:.1} s");
    }
    let _ = writeln!(text, "\n\n- **Attempt**: {}", record.attempt.number());
    let run = record.run.as_ref();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "- **{name}**: {value}");
        }
    };
    line(
        "Exit",
        run.and_then(|run| run.exit).map(|exit| exit.to_string()),
    );
    line("Reason", run.and_then(|run| run.reason.clone()));
    line("Committed for it", leftovers.map(str::to_owned));
    let mut all = Announcement::new(hub, session.config());
    all.add(Channel::progress(), about(agent, record, "end"), &text);
    all.post();
}

/// The ranking. Measured again with the same results, it is no news.
pub(super) fn ranking(hub: &Hub, config: &SessionConfig, report: &EvalReport) {
    let mut text = match (report.winner, &report.metric) {
        (Some(winner), Some(metric)) => format!("## Ranking: {winner} is first by {metric}"),
        (Some(winner), None) => format!("## Ranking: {winner} is first"),
        (None, _) => "## Results: no winner".to_owned(),
    };
    if let Some(metric) = &report.metric {
        let _ = write!(text, "\n\n{metric}, {} is better", config.direction());
        if let Some(baseline) = report.baseline {
            let _ = write!(text, ", baseline {baseline}");
        }
    }
    text.push_str("\n\n");
    for result in &report.results {
        let _ = writeln!(text, "- {}", ranked(result));
    }
    let mut all = Announcement::new(hub, config);
    all.add(Channel::results(), "eval".to_owned(), &text);
    all.post();
}

fn ranked(result: &ResultReport) -> String {
    let mut line = match result.rank {
        Some(rank) => format!("**{rank}. {}**", result.agent),
        None => format!("**{}**", result.agent),
    };
    if let Some(value) = result.metric_value {
        let _ = write!(line, ": {value}");
    }
    if let Some(delta) = result.delta {
        let _ = write!(line, " ({delta:+})");
    }
    let diff = result.diff;
    let files = if diff.files_changed == 1 {
        "file"
    } else {
        "files"
    };
    let _ = write!(
        line,
        ", {} {files}, +{}/-{}",
        diff.files_changed, diff.insertions, diff.deletions
    );
    if let Some(reason) = &result.reason {
        let first = reason.lines().next().unwrap_or_default();
        let _ = write!(line, ", {first}");
    }
    line
}

/// What was merged, and what was kept of the others.
pub(super) fn merged(
    hub: &Hub,
    config: &SessionConfig,
    agents: &[AgentId],
    commit: &CommitId,
    archived: &[ArchivedAttempt],
) {
    let agents: Vec<String> = agents.iter().map(ToString::to_string).collect();
    let winner = agents.join(", ");
    let (branch, commit) = (&config.base_branch, commit.short());
    let head = format!("## Merge summary: {winner} into {branch}");
    let lines = format!("- **Winner**: {winner}\n- **Merged into**: {branch} as {commit}\n");
    summary(hub, config, MERGE, &head, &lines, archived);
}

/// That a session ended without a merge, and what was kept.
pub(super) fn archived(hub: &Hub, config: &SessionConfig, archived: &[ArchivedAttempt]) {
    let head = "## Archive summary: nothing was merged";
    summary(hub, config, ARCHIVE, head, "", archived);
}

fn summary(
    hub: &Hub,
    config: &SessionConfig,
    about: &str,
    head: &str,
    lines: &str,
    archived: &[ArchivedAttempt],
) {
    let id = &config.session_id;
    let mut text = format!("{head}\n\n- **Session**: {id}\n{lines}");
    let tags: Vec<String> = archived
        .iter()
        .map(|attempt| attempt.tag.to_string())
        .collect();
    let tags = if tags.is_empty() {
        "none".to_owned()
    } else {
        tags.join(", ")
    };
    let _ = writeln!(text, "- **Archived**: {tags}");
    let _ = writeln!(
        text,
        "- **Worktrees cleaned**: none yet; `hub cleanup {id}` does"
    );
    let mut all = Announcement::new(hub, config);
    all.add(Channel::results(), about.to_owned(), &text);
    all.post();
}

/// How many worktrees of a session were removed, by its journal; an answer to the summary.
pub(super) fn cleaned(hub: &Hub, session: &LockedSession) {
    let events = match session.snapshot().events() {
        Ok(events) => events,
        Err(error) => return Announcement::new(hub, session.config()).warn(&error),
    };
    let steps = events
        .iter()
        .filter(|event| event.operation == Operation::Cleanup && event.phase == Phase::Step);
    let removed: std::collections::BTreeSet<&str> = steps
        .filter_map(|event| event.detail.get("worktree")?.as_str())
        .collect();
    if removed.is_empty() {
        return;
    }
    let count = removed.len();
    let text = format!("Cleaned up\n\n- **Worktrees cleaned**: {count}\n");
    let mut all = Announcement::new(hub, session.config());
    all.add(Channel::results(), CLEANUP.to_owned(), &text);
    all.answering([MERGE, ARCHIVE]);
    all.post();
}
