//! `hub merge`: the winner into the base branch, the others into tags.
//!
//! The merge is made in a scratch worktree at the base branch's tip and reaches the
//! branch only when it is whole; a conflict changes nothing.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use crate::domain::evaluation::Evaluation;
use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionSelector};
use crate::domain::ranking;
use crate::domain::refs::CommitId;
use crate::domain::report::{ArchivedAttempt, MergeReport};
use crate::domain::session::SessionConfig;
use crate::domain::state::SessionState;
use crate::git::MergeResult;
use crate::store::LockedSession;

use super::announce;
use super::archive;
use super::attempts::AttemptInfo;
use super::error::{Error, Result};
use super::hub::Hub;

/// What to merge.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that is being evaluated where none is named.
    pub session: Option<SessionSelector>,
    /// The agent; the winner of the last evaluation where none is named.
    pub agent: Option<AgentId>,
    /// The merge commit's message.
    pub message: Option<String>,
}

/// Merges the winner, or archives the session when nobody beats the baseline and the user agrees.
///
/// # Errors
/// When there is no winner, the merge conflicts, or uncommitted files of the base
/// branch's checkout are in its way: then nothing was changed.
pub fn run(hub: &Hub, request: &Request) -> Result<MergeReport> {
    let stored = hub.read(request.session.as_ref(), "evaluating", |stored| {
        stored.session.state() == SessionState::Evaluating
    })?;
    let mut session = hub.lock(&stored.config.session_id, "merge")?;
    merge(hub, &mut session, request)
}

pub(super) fn merge(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
) -> Result<MergeReport> {
    check_state(session)?;
    let Some(candidate) = candidate(hub, session, request.agent)? else {
        return archive_instead(hub, session);
    };
    let base_tip = hub.base_tip(session.config())?;
    if hub.repository.is_ancestor(&candidate.tip, &base_tip)? {
        return Err(Error::NoWinner {
            session: session.config().session_id.clone(),
            reason: format!("{} has no commit to merge", candidate.agent),
        });
    }
    let message = match &request.message {
        Some(message) => message.clone(),
        None => merge_message(
            session.config(),
            candidate.agent,
            session.evaluation()?.as_ref(),
        ),
    };
    let intent = json!({
        "agent": candidate.agent,
        "commit": candidate.tip,
        "base_branch": session.config().base_branch,
        "from": base_tip,
    });
    hub.record(session, Operation::Merge, Phase::Begin, intent)?;
    let moved = move_base(hub, session, &candidate, &base_tip, &message);
    let moved = match moved {
        Ok(moved) => moved,
        Err(error) => {
            // Where the scratch worktree cannot go, whoever comes next takes the merge back.
            hub.remove_scratch(&hub.scratch_of(&session.config().session_id))?;
            hub.record(session, Operation::Merge, Phase::TakenBack, json!({}))?;
            return Err(hub.cause(error));
        }
    };
    let archived = finish(hub, session, candidate.agent, &moved.commit)?;
    hub.record(session, Operation::Merge, Phase::End, json!({}))?;
    Ok(MergeReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        winner: Some(candidate.agent),
        base_branch: session.config().base_branch.clone(),
        merged_commit: Some(candidate.tip),
        before: Some(base_tip),
        after: Some(moved.commit),
        checkout: moved.checkout,
        archived,
    })
}

fn check_state(session: &LockedSession) -> Result<()> {
    let state = session.session().state();
    let id = session.config().session_id.clone();
    let hint = match state {
        SessionState::Evaluating => return Ok(()),
        SessionState::Merged | SessionState::Archived => {
            "it is at its end; a new round is a new session: `hub init`".to_owned()
        }
        SessionState::Init => format!("`hub spawn {id}`, then `hub eval {id}`"),
        SessionState::Running => format!("measure it first: `hub eval {id}`"),
    };
    Err(Error::WrongState {
        session: id,
        state,
        wanted: "a merge needs one that is evaluating",
        hint,
    })
}

/// What is to be merged.
struct Candidate {
    agent: AgentId,
    tip: CommitId,
}

/// The agent that was named, or the winner; `None` when the winner does not beat the baseline.
fn candidate(
    hub: &Hub,
    session: &LockedSession,
    named: Option<AgentId>,
) -> Result<Option<Candidate>> {
    let config = session.config();
    let id = &config.session_id;
    let no_winner = |reason: &str| Error::NoWinner {
        session: id.clone(),
        reason: reason.to_owned(),
    };
    if let Some(agent) = named {
        let tip = tip_of(hub, session, agent)?;
        return Ok(Some(Candidate { agent, tip }));
    }
    let evaluation = session
        .evaluation()?
        .ok_or_else(|| no_winner("it was not evaluated yet"))?;
    let Some(winner) = evaluation.winner(config.direction(), config.baseline) else {
        return match (evaluation.first(), &config.metric) {
            (Some(_), _) => Ok(None),
            (None, None) => Err(no_winner("there is no metric to rank by")),
            (None, Some(_)) => Err(no_winner("no agent has a metric")),
        };
    };
    let tip = tip_of(hub, session, winner.agent)?;
    if let Some(measured) = winner.commit.as_ref().filter(|commit| **commit != tip) {
        return Err(Error::MovedSinceEval {
            session: id.clone(),
            agent: winner.agent,
            measured: measured.clone(),
            found: tip,
        });
    }
    Ok(Some(Candidate {
        agent: winner.agent,
        tip,
    }))
}

fn tip_of(hub: &Hub, session: &LockedSession, agent: AgentId) -> Result<CommitId> {
    let attempts = hub.attempts(session.session())?;
    let newest = attempts
        .iter()
        .find(|attempt| attempt.agent == agent && attempt.newest);
    newest
        .and_then(AttemptInfo::tip)
        .cloned()
        .ok_or_else(|| Error::NoAgent {
            session: session.config().session_id.clone(),
            agent,
        })
}

/// Nobody beats the baseline: the session is archived, if the user agrees.
fn archive_instead(hub: &Hub, session: &mut LockedSession) -> Result<MergeReport> {
    let config = session.config().clone();
    let id = &config.session_id;
    let reason = match config.baseline {
        Some(baseline) => format!("nobody beats the baseline of {baseline}"),
        None => "nobody beats the base commit".to_owned(),
    };
    let question = format!("Session {id}: {reason}. Archive it?");
    let agreed = hub.confirm(&question, &reason, String::new());
    let reason = match agreed {
        Ok(()) => None,
        Err(Error::Declined { .. }) => Some(reason),
        Err(Error::Unconfirmed { .. }) => {
            Some(format!("{reason}, and --yes was not given to archive it"))
        }
        Err(error) => return Err(error),
    };
    if let Some(reason) = reason {
        return Err(Error::NoWinner {
            session: id.clone(),
            reason,
        });
    }
    let archived = archive::archive(hub, session)?;
    Ok(MergeReport {
        session_id: archived.session_id,
        state: archived.state,
        winner: None,
        base_branch: config.base_branch,
        merged_commit: None,
        before: None,
        after: None,
        checkout: None,
        archived: archived.archived,
    })
}

/// Where the base branch is now.
struct Moved {
    commit: CommitId,
    checkout: Option<PathBuf>,
}

fn move_base(
    hub: &Hub,
    session: &mut LockedSession,
    candidate: &Candidate,
    base_tip: &CommitId,
    message: &str,
) -> Result<Moved> {
    let config = session.config().clone();
    let scratch = hub.scratch_of(&config.session_id);
    let _doing = hub.doing(format!(
        "merging {} into {}",
        candidate.agent, config.base_branch
    ));
    hub.add_scratch(&scratch, base_tip)?;
    let merged = hub.repository.merge_in(&scratch, &candidate.tip, message);
    hub.remove_scratch(&scratch)?;
    let commit = match merged? {
        MergeResult::Merged(commit) => commit,
        MergeResult::AlreadyThere => candidate.tip.clone(),
        MergeResult::Conflict(paths) => {
            return Err(Error::MergeConflict {
                session: config.session_id.clone(),
                agent: candidate.agent,
                base_branch: config.base_branch,
                paths,
                worktree: hub.worktree_of(session.session(), candidate.agent)?,
            });
        }
    };
    hub.interrupt.check()?;
    // From here on a killed merge can be told from one that never was.
    let step = json!({ "merge_commit": commit });
    hub.record(session, Operation::Merge, Phase::Step, step)?;
    let advanced = hub
        .repository
        .advance(&config.base_branch, base_tip, &commit)?;
    Ok(Moved {
        commit,
        checkout: advanced.checkout,
    })
}

/// Everything after the base branch has moved; can be done again after a kill.
pub(super) fn finish(
    hub: &Hub,
    session: &mut LockedSession,
    winner: AgentId,
    merged: &CommitId,
) -> Result<Vec<ArchivedAttempt>> {
    let archived = archive::tag_attempts(hub, session, |attempt| {
        !(attempt.newest && attempt.agent == winner)
    })?;
    if session.session().state() == SessionState::Evaluating {
        let now = hub.now();
        session.change(|state| {
            state
                .advance(SessionState::Merged, now)
                .map_err(Error::from)
        })?;
    }
    announce::merged(hub, session.config(), winner, merged, &archived);
    Ok(archived)
}

/// Subject, task and trailers that `git interpret-trailers` reads.
fn merge_message(
    config: &SessionConfig,
    agent: AgentId,
    evaluation: Option<&Evaluation>,
) -> String {
    let title: String = config.task.title().chars().take(60).collect();
    let mut message = format!("Merge {agent}: {title}\n\n");
    if config.task.as_str().trim() != title {
        message.push_str(config.task.as_str().trim());
        message.push_str("\n\n");
    }
    let mut trailer = |name: &str, value: String| {
        let _ = writeln!(message, "{name}: {value}");
    };
    trailer("Hub-Session", config.session_id.to_string());
    trailer("Hub-Agent", agent.to_string());
    let value = evaluation.and_then(|all| all.of(agent)?.value);
    if let (Some(metric), Some(value)) = (&config.metric, value) {
        trailer("Hub-Metric", format!("{metric}={value}"));
        if let Some(delta) = ranking::delta(Some(value), config.baseline) {
            trailer("Hub-Delta", format!("{delta:+}"));
        }
    }
    message
}
