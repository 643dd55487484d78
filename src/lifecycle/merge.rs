//! `hub merge`: the winner into the base branch, the others into tags.
//!
//! The merge is made in a scratch worktree at the base branch's tip and reaches the
//! branch only when it is whole; a conflict changes nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::evaluation::Evaluation;
use crate::domain::event::{Detail, Operation, Phase, RefMove};
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
use super::candidates::{Candidate, candidates};
use super::error::{Error, Result};
use super::hub::Hub;

/// What to merge.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that is being evaluated where none is named.
    pub session: Option<SessionSelector>,
    /// The agents, whose work is merged one after the other; the winner of the last
    /// evaluation where none is named.
    pub agents: Vec<AgentId>,
    /// The message of every merge commit.
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
    let Some(candidates) = candidates(hub, session, &request.agents)? else {
        return archive_instead(hub, session);
    };
    let base_tip = hub.base_tip(session.config())?;
    let agents: Vec<AgentId> = candidates.iter().map(|one| one.agent).collect();
    let first = check_new(hub, session, &candidates, &base_tip)?;
    let intent = json!({
        "agent": first.agent,
        "commit": first.tip,
        "agents": agents,
        "base_branch": session.config().base_branch,
        "from": base_tip,
    });
    hub.record(session, Operation::Merge, Phase::Begin, intent)?;
    let moved = move_base(
        hub,
        session,
        &candidates,
        &base_tip,
        request.message.as_deref(),
    );
    let moved = match moved {
        Ok(moved) => moved,
        Err(error) => {
            // Where the scratch worktree cannot go, whoever comes next takes the merge back.
            hub.remove_scratch(&hub.scratch_of(&session.config().session_id))?;
            hub.record(session, Operation::Merge, Phase::TakenBack, json!({}))?;
            return Err(hub.cause(error));
        }
    };
    let archived = finish(hub, session, &agents, &moved.commit)?;
    hub.record(session, Operation::Merge, Phase::End, json!({}))?;
    Ok(MergeReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        winner: Some(first.agent),
        base_branch: session.config().base_branch.clone(),
        merged_commit: Some(first.tip.clone()),
        merged: candidates.iter().map(Candidate::report).collect(),
        before: Some(base_tip),
        after: Some(moved.commit),
        checkout: moved.checkout,
        archived,
    })
}

/// The first of what is to be merged, where at least one of it is not in the base branch.
fn check_new<'c>(
    hub: &Hub,
    session: &LockedSession,
    candidates: &'c [Candidate],
    base_tip: &CommitId,
) -> Result<&'c Candidate> {
    let nothing = |reason| Error::NoWinner {
        session: session.config().session_id.clone(),
        reason,
    };
    let mut any = false;
    for candidate in candidates {
        any |= !hub.repository.is_ancestor(&candidate.tip, base_tip)?;
    }
    match candidates.first() {
        Some(first) if any => Ok(first),
        Some(first) => {
            let reason = format!("{} has no commit to merge", first.agent);
            Err(nothing(reason))
        }
        None => Err(nothing("no agent succeeded".to_owned())),
    }
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
        merged: Vec::new(),
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
    candidates: &[Candidate],
    base_tip: &CommitId,
    message: Option<&str>,
) -> Result<Moved> {
    let base_branch = session.config().base_branch.clone();
    let scratch = hub.scratch_of(&session.config().session_id);
    let names: Vec<String> = candidates.iter().map(|c| c.agent.to_string()).collect();
    let _doing = hub.doing(format!("merging {} into {base_branch}", names.join(", ")));
    hub.add_scratch(&scratch, base_tip)?;
    let merged = merge_all(hub, session, &scratch, candidates, message);
    hub.remove_scratch(&scratch)?;
    let commit = merged?;
    hub.interrupt.check()?;
    // From here on a killed merge can be told from one that never was.
    let step = json!({ "merge_commit": commit });
    let moved = RefMove {
        r#ref: base_branch.full(),
        old: Some(base_tip.clone()),
        new: Some(commit.clone()),
    };
    hub.record_moves(session, Operation::Merge, Phase::Step, step, vec![moved])?;
    let advanced = hub.repository.advance(&base_branch, base_tip, &commit)?;
    Ok(Moved {
        commit,
        checkout: advanced.checkout,
    })
}

/// Merges one after the other in the scratch worktree; the first conflict ends it all.
fn merge_all(
    hub: &Hub,
    session: &LockedSession,
    scratch: &Path,
    candidates: &[Candidate],
    message: Option<&str>,
) -> Result<CommitId> {
    let config = session.config();
    let evaluation = session.evaluation()?;
    let mut last = None;
    for (done, candidate) in candidates.iter().enumerate() {
        hub.interrupt.check()?;
        let message = match message {
            Some(message) => message.to_owned(),
            None => merge_message(config, candidate.agent, evaluation.as_ref()),
        };
        match hub.repository.merge_in(scratch, &candidate.tip, &message)? {
            MergeResult::Merged(commit) => last = Some(commit),
            MergeResult::AlreadyThere => {}
            MergeResult::Conflict(paths) => {
                let earlier = candidates.iter().take(done);
                let worktree = hub.worktree_of(session.session(), candidate.agent)?;
                return Err(Error::MergeConflict {
                    session: config.session_id.clone(),
                    agent: candidate.agent,
                    base_branch: config.base_branch.clone(),
                    after: earlier.map(|one| one.agent).collect(),
                    paths,
                    worktree: worktree.map(PathBuf::into_boxed_path),
                });
            }
        }
    }
    last.ok_or_else(|| Error::NoWinner {
        session: config.session_id.clone(),
        reason: "no agent succeeded".to_owned(),
    })
}

/// Everything after the base branch has moved; can be done again after a kill.
pub(super) fn finish(
    hub: &Hub,
    session: &mut LockedSession,
    merged: &[AgentId],
    commit: &CommitId,
) -> Result<Vec<ArchivedAttempt>> {
    let archived = archive::tag_attempts(hub, session, Operation::Merge, |attempt| {
        !(attempt.newest && merged.contains(&attempt.agent))
    })?;
    if session.session().state() == SessionState::Evaluating {
        let now = hub.now();
        session.change(|state| {
            state
                .advance(SessionState::Merged, now)
                .map_err(Error::from)
        })?;
    }
    announce::merged(hub, session.config(), merged, commit, &archived);
    Ok(archived)
}

/// The agents that the intent of a merge names.
pub(super) fn agents_of(intent: &Detail) -> Vec<AgentId> {
    let one = |value: &serde_json::Value| value.as_str()?.parse().ok();
    let several = intent.get("agents").and_then(|value| value.as_array());
    match several {
        Some(several) => several.iter().filter_map(one).collect(),
        // An earlier hub merged one at a time.
        None => intent.get("agent").and_then(one).into_iter().collect(),
    }
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
