//! `hub merge`: the winner into the base branch, the others into tags.
//!
//! The merge is made in a scratch worktree at the base branch's tip (`making`), verified there
//! where that is asked for (`verify`), and reaches the branch only when it is whole; a conflict
//! changes nothing. [`plan`] tells what would happen.

mod making;
pub mod plan;
mod verify;

use std::collections::BTreeSet;

use serde_json::json;

use crate::domain::effects::{EFFECTS, Effects};
use crate::domain::event::{Detail, Operation, Phase};
use crate::domain::id::{AgentId, Attempt, SessionSelector};
use crate::domain::merging::{BadMerge, MergeStrategy};
use crate::domain::refs::CommitId;
use crate::domain::report::{ArchivedAttempt, MergeReport};
use crate::domain::resources::TimeLimit;
use crate::domain::session::SessionConfig;
use crate::domain::state::SessionState;
use crate::domain::verification::RunnerUp;
use crate::store::{LockedSession, StoredSession};

use super::announce;
use super::archive;
use super::attempts::AttemptInfo;
use super::candidates::{self, Candidate, candidates};
use super::error::{Error, Result};
use super::hub::Hub;
use verify::Verification;

/// What to merge, and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that is being evaluated where none is named.
    pub session: Option<SessionSelector>,
    /// The agents, whose work is merged one after the other; the winner of the last
    /// evaluation where none is named.
    pub agents: Vec<AgentId>,
    /// The words of the commits that hub makes for it.
    pub message: Option<String>,
    /// How the work comes into the base branch; the settings say it where this does not.
    pub strategy: Option<MergeStrategy>,
    /// What must accept the merged tree before the base branch moves.
    pub verify: Option<VerifyBy>,
    /// How long that may take; as long as a run of the last evaluation where nothing is said.
    pub verify_timeout: Option<TimeLimit>,
}

/// What verifies a merged tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyBy {
    /// The eval command of the session.
    EvalCommand,
    /// Another one.
    Command(String),
}

/// How it is done: the request with what the session and the settings say.
struct How {
    strategy: MergeStrategy,
    message: Option<String>,
    /// The agents that were named.
    named: Vec<AgentId>,
    verification: Option<Verification>,
}

impl How {
    fn of(hub: &Hub, stored: &StoredSession, request: &Request) -> Result<Self> {
        let strategy = request.strategy.or(hub.settings.merge_strategy);
        let strategy = strategy.unwrap_or_default();
        if request.message.is_some() && !strategy.has_message() {
            return Err(BadMerge::MessageWith(strategy).into());
        }
        Ok(Self {
            strategy,
            message: request.message.clone(),
            named: request.agents.clone(),
            verification: Verification::of(hub, stored, request)?,
        })
    }

    /// The options that make the same merge of somebody else.
    fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if self.strategy != MergeStrategy::default() {
            options.extend(["--strategy".to_owned(), self.strategy.to_string()]);
        }
        if let Some(message) = &self.message {
            options.extend(["--message".to_owned(), message.clone()]);
        }
        let verification = self.verification.iter();
        options.extend(verification.flat_map(Verification::options));
        options
    }
}

/// Merges the winner, or archives the session when nobody beats the baseline and the user agrees.
///
/// # Errors
/// When there is no winner, the merge conflicts, the merged tree is not accepted, or uncommitted
/// files of the base branch's checkout are in its way: then nothing was changed.
pub fn run(hub: &Hub, request: &Request) -> Result<MergeReport> {
    let stored = find(hub, request)?;
    let mut session = hub.lock(&stored.config.session_id, "merge")?;
    merge(hub, &mut session, request)
}

fn find(hub: &Hub, request: &Request) -> Result<StoredSession> {
    hub.read(request.session.as_ref(), "evaluating", |stored| {
        stored.session.state() == SessionState::Evaluating
    })
}

pub(super) fn merge(
    hub: &Hub,
    session: &mut LockedSession,
    request: &Request,
) -> Result<MergeReport> {
    let stored = session.snapshot();
    check_state(&stored)?;
    let mut how = How::of(hub, &stored, request)?;
    let Some(mut candidates) = candidates(hub, &stored, &request.agents)? else {
        return archive_instead(hub, session);
    };
    loop {
        let failed = match merge_these(hub, session, &candidates, &how) {
            Err(Error::Verification(failed)) => failed,
            other => return other,
        };
        let question = failed.question();
        let agreed = question.is_some_and(|question| hub.choose(&question) == Some(true));
        hub.interrupt.check()?;
        let Some(RunnerUp { agent, .. }) = failed.next.filter(|_| agreed) else {
            return Err(Error::Verification(failed));
        };
        hub.warn(failed.to_string());
        candidates = vec![candidates::measured(hub, &stored, agent)?];
        how.named = vec![agent];
    }
}

/// One merge from its intent to its end; where it fails, nothing of it stays.
fn merge_these(
    hub: &Hub,
    session: &mut LockedSession,
    candidates: &[Candidate],
    how: &How,
) -> Result<MergeReport> {
    let config = session.config().clone();
    let base_tip = hub.base_tip(&config)?;
    let agents: Vec<AgentId> = candidates.iter().map(|one| one.agent).collect();
    let first = check_new(hub, &config, candidates, &base_tip)?;
    // What would refuse it in the end shall do so before anything is made.
    hub.repository.checkout_of(&config.base_branch)?;
    let intent = json!({
        "agent": first.agent,
        "commit": first.tip,
        "agents": agents,
        "base_branch": config.base_branch,
        "from": base_tip,
        "strategy": how.strategy,
        EFFECTS: Effects::of_state(SessionState::Evaluating, SessionState::Merged).told(),
    });
    hub.record(session, Operation::Merge, Phase::Begin, intent)?;
    let moved = match making::move_base(hub, session, candidates, &base_tip, how) {
        Ok(moved) => moved,
        Err(error) => {
            // Where the scratch worktree cannot go, whoever comes next takes the merge back.
            hub.remove_scratch(&hub.scratch_of(&config.session_id))?;
            hub.record(session, Operation::Merge, Phase::TakenBack, json!({}))?;
            return Err(hub.cause(error));
        }
    };
    let archived = finish(hub, session, &agents, &moved.commit)?;
    hub.record(session, Operation::Merge, Phase::End, json!({}))?;
    Ok(MergeReport {
        session_id: config.session_id.clone(),
        state: session.session().state(),
        winner: Some(first.agent),
        strategy: how.strategy,
        merged_commit: Some(first.tip.clone()),
        merged: candidates.iter().map(Candidate::report).collect(),
        base_moved: hub.base_moved(&config, &base_tip)?,
        base_commit: config.base_commit,
        base_branch: config.base_branch,
        before: Some(base_tip),
        after: Some(moved.commit),
        checkout: moved.checkout,
        verified: moved.verified,
        archived,
    })
}

/// The first of what is to be merged, where at least one of it is not in the base branch.
fn check_new<'c>(
    hub: &Hub,
    config: &SessionConfig,
    candidates: &'c [Candidate],
    base_tip: &CommitId,
) -> Result<&'c Candidate> {
    let nothing = |reason| Error::NoWinner {
        session: config.session_id.clone(),
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

fn check_state(stored: &StoredSession) -> Result<()> {
    let state = stored.session.state();
    let id = stored.config.session_id.clone();
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

fn no_gain(config: &SessionConfig) -> String {
    match config.baseline {
        Some(baseline) => format!("nobody beats the baseline of {baseline}"),
        None => "nobody beats the base commit".to_owned(),
    }
}

/// Nobody beats the baseline: the session is archived, if the user agrees.
fn archive_instead(hub: &Hub, session: &mut LockedSession) -> Result<MergeReport> {
    let config = session.config().clone();
    let id = &config.session_id;
    let reason = no_gain(&config);
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
        strategy: MergeStrategy::default(),
        merged_commit: None,
        merged: Vec::new(),
        base_commit: config.base_commit,
        base_moved: None,
        before: None,
        after: None,
        checkout: None,
        verified: None,
        archived: archived.archived,
    })
}

/// Everything after the base branch has moved; can be done again after a kill.
pub(super) fn finish(
    hub: &Hub,
    session: &mut LockedSession,
    merged: &[AgentId],
    commit: &CommitId,
) -> Result<Vec<ArchivedAttempt>> {
    let reached = reached(hub, &hub.attempts(session.session())?, merged, commit)?;
    let archived = archive::tag_attempts(hub, session, Operation::Merge, |attempt| {
        !reached.contains(&(attempt.agent, attempt.attempt))
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

/// The branches of what was merged and is in the base branch commit by commit: they need no tag.
fn reached(
    hub: &Hub,
    attempts: &[AttemptInfo],
    merged: &[AgentId],
    commit: &CommitId,
) -> Result<BTreeSet<(AgentId, Attempt)>> {
    let mut reached = BTreeSet::new();
    for attempt in attempts {
        let is_merged = attempt.newest && merged.contains(&attempt.agent);
        if let Some(tip) = attempt.tip().filter(|_| is_merged)
            && hub.repository.is_ancestor(tip, commit)?
        {
            reached.insert((attempt.agent, attempt.attempt));
        }
    }
    Ok(reached)
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
