//! Whose work is merged: who was named, the winner, all parts, the last in line.

use crate::domain::evaluation::{EvaluatedAgent, Evaluation, RecordedVerdict};
use crate::domain::id::AgentId;
use crate::domain::mode::Mode;
use crate::domain::refs::CommitId;
use crate::domain::report::MergedAgent;
use crate::store::StoredSession;

use super::error::{Error, Result};
use super::hub::Hub;

/// What is to be merged.
pub(super) struct Candidate {
    pub agent: AgentId,
    pub tip: CommitId,
}

impl Candidate {
    /// As it is told.
    pub fn report(&self) -> MergedAgent {
        MergedAgent {
            agent: self.agent,
            commit: self.tip.clone(),
        }
    }
}

/// The agents that were named, or the winner; `None` when the winner does not beat the baseline.
pub(super) fn candidates(
    hub: &Hub,
    stored: &StoredSession,
    named: &[AgentId],
) -> Result<Option<Vec<Candidate>>> {
    let mut found: Vec<Candidate> = Vec::new();
    for agent in named {
        if found.iter().all(|other| other.agent != *agent) {
            let tip = tip_of(hub, stored, *agent)?;
            found.push(Candidate { agent: *agent, tip });
        }
    }
    if !found.is_empty() {
        return Ok(Some(found));
    }
    if stored.config.mode == Mode::Ensemble {
        return all_parts(hub, stored).map(Some);
    }
    Ok(winner(hub, stored)?.map(|winner| vec![winner]))
}

/// The work of all agents of an ensemble that succeeded, in their order.
fn all_parts(hub: &Hub, stored: &StoredSession) -> Result<Vec<Candidate>> {
    let evaluation = evaluation(stored)?;
    let mut results: Vec<&EvaluatedAgent> = evaluation.results.iter().collect();
    results.retain(|result| result.reason.is_none());
    results.sort_by_key(|result| result.agent);
    let part = |result: &EvaluatedAgent| at_measured(hub, stored, result);
    results.into_iter().map(part).collect()
}

fn evaluation(stored: &StoredSession) -> Result<Evaluation> {
    stored.evaluation()?.ok_or_else(|| Error::NoWinner {
        session: stored.config.session_id.clone(),
        reason: "it was not evaluated yet".to_owned(),
    })
}

/// An agent's result where it was measured.
pub(super) fn measured(hub: &Hub, stored: &StoredSession, agent: AgentId) -> Result<Candidate> {
    let evaluation = evaluation(stored)?;
    let result = evaluation.of(agent).ok_or_else(|| Error::NoAgent {
        session: stored.config.session_id.clone(),
        agent,
    })?;
    at_measured(hub, stored, result)
}

/// A result where it was measured.
fn at_measured(hub: &Hub, stored: &StoredSession, result: &EvaluatedAgent) -> Result<Candidate> {
    let agent = result.agent;
    let tip = tip_of(hub, stored, agent)?;
    match &result.commit {
        Some(measured) if *measured != tip => Err(Error::MovedSinceEval {
            session: stored.config.session_id.clone(),
            agent,
            measured: measured.clone(),
            found: tip,
        }),
        _ => Ok(Candidate { agent, tip }),
    }
}

/// The winner; `None` when it does not beat the baseline.
fn winner(hub: &Hub, stored: &StoredSession) -> Result<Option<Candidate>> {
    let config = &stored.config;
    let evaluation = evaluation(stored)?;
    let Some(winner) = config.mode.result_of(&evaluation, config) else {
        let reason = match (config.mode, &config.metric) {
            (Mode::Compete, _) if evaluation.verdict == Some(RecordedVerdict::Undecided) => {
                "the judge tells nobody apart"
            }
            // It is not better than the baseline.
            (Mode::Compete, _) if evaluation.first().is_some() => return Ok(None),
            (Mode::Pipeline, _) => "the last agent of its line has no result",
            (_, None) => "there is no metric to rank by",
            (_, Some(_)) => "no agent has a metric",
        };
        return Err(Error::NoWinner {
            session: config.session_id.clone(),
            reason: reason.to_owned(),
        });
    };
    let candidate = at_measured(hub, stored, winner)?;
    let beats = match (config.mode, winner.value, config.baseline) {
        (Mode::Pipeline, Some(value), Some(base)) => config.direction().is_better(value, base),
        _ => true,
    };
    Ok(beats.then_some(candidate))
}

fn tip_of(hub: &Hub, stored: &StoredSession, agent: AgentId) -> Result<CommitId> {
    let attempts = hub.attempts(&stored.session)?;
    let newest = attempts
        .iter()
        .find(|attempt| attempt.agent == agent && attempt.newest);
    let id = &stored.config.session_id;
    let newest = newest.ok_or_else(|| Error::NoAgent {
        session: id.clone(),
        agent,
    })?;
    newest.tip().cloned().ok_or_else(|| Error::AttemptGone {
        branch: newest.branch(id).name(),
    })
}
