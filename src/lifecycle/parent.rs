//! The parent of a next round: what it was about, and where its winner ended.

use std::path::PathBuf;

use crate::domain::event::{Event, Operation, Phase};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::merging::MergeStrategy;
use crate::domain::mode::Mode;
use crate::domain::refs::CommitId;
use crate::domain::session::SessionConfig;
use crate::domain::state::SessionState;
use crate::store::StoredSession;

use super::attempts::AttemptInfo;
use super::error::{Error, Result};
use super::hub::Hub;
use super::merge;

/// A session that another one goes on from.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    /// What it is about.
    pub config: SessionConfig,
    /// Where that stands.
    config_file: PathBuf,
    /// The agent that it goes on from.
    pub winner: AgentId,
    /// Where that agent ended.
    pub tip: CommitId,
}

impl Parent {
    /// The command that measured its results, if this user may have written it.
    pub fn eval_cmd(&self, hub: &Hub) -> Result<Option<String>> {
        if let Some(command) = &self.config.eval_cmd {
            hub.check_trust(command, &self.config_file)?;
        }
        Ok(self.config.eval_cmd.clone())
    }
}

/// Finds a session and its winner.
///
/// # Errors
/// When there is no such session, it has no winner, or the winner has moved since it was measured.
pub(super) fn find(hub: &Hub, selector: &SessionSelector) -> Result<Parent> {
    let stored = hub.find(Some(selector), "", |_| true)?;
    let (winner, tip) = match merged(&stored)? {
        Some(merged) => merged,
        None => ranked_first(hub, &stored)?,
    };
    if hub.repository.commit(&tip).is_err() {
        let reason = format!("commit {} of {winner} is gone", tip.short());
        return Err(no_winner(&stored, reason));
    }
    Ok(Parent {
        config_file: stored.dir.config_file(),
        config: stored.config,
        winner,
        tip,
    })
}

/// What was merged, whatever the ranking says.
fn merged(stored: &StoredSession) -> Result<Option<(AgentId, CommitId)>> {
    if stored.session.state() != SessionState::Merged {
        return Ok(None);
    }
    let events = stored.events()?;
    let merge = |event: &&Event| event.operation == Operation::Merge && event.phase == Phase::Begin;
    let text = |event: &Event, key: &str| Some(event.detail.get(key)?.as_str()?.to_owned());
    // Only the last merge of a merged session can be the one that was not taken back.
    let Some(at) = events.iter().rposition(|event| merge(&event)) else {
        return Ok(None);
    };
    Ok(events.get(at..).and_then(|rest| {
        let begin = rest.first()?;
        let agents = merge::agents_of(&begin.detail);
        // Where several were merged, all of it is in the merge alone; and work that came there as
        // other commits would meet itself again if the next round began at the old ones.
        let strategy: Option<MergeStrategy> =
            text(begin, "strategy").and_then(|name| name.parse().ok());
        let joined = strategy.unwrap_or_default() == MergeStrategy::Merge;
        let commit = match agents.as_slice() {
            [_] if joined => text(begin, "commit"),
            _ => rest.iter().find_map(|step| text(step, "merge_commit")),
        };
        Some((*agents.first()?, commit?.parse().ok()?))
    }))
}

/// The winner of the last evaluation, where it was measured.
fn ranked_first(hub: &Hub, stored: &StoredSession) -> Result<(AgentId, CommitId)> {
    let evaluation = stored
        .evaluation()?
        .ok_or_else(|| no_winner(stored, "it was not evaluated yet".to_owned()))?;
    let winner = stored.config.mode.result_of(&evaluation, &stored.config);
    let winner = winner.ok_or_else(|| {
        let reason = match (stored.config.mode, evaluation.first()) {
            (Mode::Compete, Some(_)) => "nobody beats its baseline",
            (Mode::Compete, None) => "its evaluation put no agent first",
            (Mode::Ensemble, _) => "the work of its agents is not merged",
            (Mode::Pipeline, _) => "the last agent of its line has no result",
        };
        no_winner(stored, reason.to_owned())
    })?;
    let attempts = hub.attempts(&stored.session)?;
    let newest = attempts
        .iter()
        .find(|attempt| attempt.agent == winner.agent && attempt.newest);
    let tip = newest.and_then(AttemptInfo::tip).or(winner.commit.as_ref());
    let tip = tip.cloned().ok_or_else(|| {
        let reason = format!(
            "neither a branch nor a tag holds the work of {}",
            winner.agent
        );
        no_winner(stored, reason)
    })?;
    match &winner.commit {
        Some(measured) if *measured != tip => Err(Error::MovedSinceEval {
            session: stored.config.session_id.clone(),
            agent: winner.agent,
            measured: measured.clone(),
            found: tip,
        }),
        _ => Ok((winner.agent, tip)),
    }
}

fn no_winner(stored: &StoredSession, reason: String) -> Error {
    Error::NoParentWinner {
        session: stored.config.session_id.clone(),
        state: stored.session.state(),
        reason,
    }
}
