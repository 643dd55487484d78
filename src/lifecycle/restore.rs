//! `hub restore`: brings branches and worktrees of a session back, from its archive tags.

use std::path::PathBuf;

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, Attempt, SessionSelector};
use crate::domain::refs::CommitId;
use crate::domain::report::{RestoreReport, RestoredAgent};
use crate::domain::restore::RestoreRefused;
use crate::domain::state::TransitionError;
use crate::store::LockedSession;

use super::agents::is_meant;
use super::attempts::AttemptInfo;
use super::comeback::{self, Comeback, Plan};
use super::error::{Error, Result};
use super::hub::Hub;
use super::spawn;

/// What is brought back.
#[derive(Clone, Debug)]
pub struct Request {
    /// The session.
    pub session: SessionSelector,
    /// The agents; all where none is named.
    pub agents: Vec<AgentId>,
    /// Which attempt of them; the newest where none is named.
    pub attempt: Option<Attempt>,
}

/// Brings the branches and worktrees of attempts back. The session's state and its archive tags
/// stay as they are. Nothing to do is no error.
///
/// # Errors
/// When nothing holds an attempt that is named, or something else stands in its place: then
/// nothing was touched.
pub fn run(hub: &Hub, request: &Request) -> Result<RestoreReport> {
    hub.check_unicode()?;
    let stored = hub.find(Some(&request.session), "", |_| true)?;
    let mut session = hub.lock(&stored.config.session_id, "restore")?;
    let meant = meant(hub, &session, request)?;
    let lock = hub.lock_repository("restore")?;
    let plans: Vec<Plan> = meant
        .iter()
        .map(|(_, comeback)| comeback::plan(hub, comeback.clone()))
        .collect::<Result<_>>()?;
    bring_back(hub, &mut session, &plans)?;
    drop(lock);
    if plans.iter().any(|plan| plan.makes_worktree) {
        hub.note("files that git ignores are kept nowhere and did not come back");
    }
    let agents = meant.iter().zip(&plans);
    Ok(RestoreReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        agents: agents
            .map(|((attempt, comeback), plan)| RestoredAgent {
                agent: attempt.agent,
                attempt: attempt.attempt,
                branch: attempt.branch(&session.config().session_id).name(),
                commit: comeback.commit.clone(),
                worktree: comeback.worktree.clone(),
                made_branch: plan.makes_branch,
                made_worktree: plan.makes_worktree,
            })
            .collect(),
    })
}

/// Carries plans out, with what the journal is told of it. Those that are whole when an error or
/// a signal comes stay.
pub(super) fn bring_back(hub: &Hub, session: &mut LockedSession, plans: &[Plan]) -> Result<()> {
    let plans: Vec<Plan> = plans.iter().filter(|p| !p.is_empty()).cloned().collect();
    if plans.is_empty() {
        return Ok(());
    }
    let intent = comeback::intent(&plans)?;
    hub.record(session, Operation::Restore, Phase::Begin, intent.into())?;
    let done = carry_out(hub, session, &plans);
    let (phase, detail) = match &done {
        Ok(()) => (Phase::End, json!({})),
        Err(error) => (Phase::TakenBack, json!({ "stopped_by": error.to_string() })),
    };
    hub.record(session, Operation::Restore, phase, detail)?;
    done
}

fn carry_out(hub: &Hub, session: &mut LockedSession, plans: &[Plan]) -> Result<()> {
    let id = session.config().session_id.clone();
    let _doing = hub.doing("bringing worktrees back");
    for (done, plan) in plans.iter().enumerate() {
        hub.interrupt.check()?;
        hub.count("bringing worktrees back", Some((done, plans.len())));
        if let Err(error) = plan.carry_out(hub, session, Operation::Restore) {
            plan.take_back(hub, &id)?;
            return Err(hub.cause(error));
        }
        hub.record(
            session,
            Operation::Restore,
            Phase::Step,
            comeback::step(plan),
        )?;
    }
    Ok(())
}

/// The attempts that are meant, each with where it comes back to.
fn meant(
    hub: &Hub,
    session: &LockedSession,
    request: &Request,
) -> Result<Vec<(AttemptInfo, Comeback)>> {
    let id = &session.config().session_id;
    let wanted = |attempt: &AttemptInfo| match request.attempt {
        Some(number) => attempt.attempt == number,
        None => attempt.newest,
    };
    let attempts = hub.attempts(session.session())?;
    let mut meant = Vec::new();
    for agent in known(session, &attempts, &request.agents)? {
        let attempt = attempts.iter().find(|a| a.agent == agent && wanted(a));
        let tip = attempt.map(|attempt| tip_of(hub, session, attempt));
        let tip = tip.transpose()?;
        let (Some(attempt), Some(commit)) = (attempt, tip.flatten()) else {
            let nothing = RestoreRefused::NothingKept {
                session: id.clone(),
                agent,
                attempt: request.attempt,
            };
            if !request.agents.is_empty() {
                return Err(nothing.into());
            }
            hub.note(nothing.to_string());
            continue;
        };
        let record = session.session().agents().get(&agent);
        if record.is_some_and(|record| record.status().is_active()) {
            let session = id.clone();
            return Err(TransitionError::AgentsActive { session, agent }.into());
        }
        meant.push((
            attempt.clone(),
            Comeback {
                agent,
                worktree: place_of(hub, session, agent)?,
                branch: Some(attempt.branch(id).name()),
                commit,
                snapshot: None,
            },
        ));
    }
    Ok(meant)
}

/// Where an attempt is to stand: at its archive tag, or where its branch went on from there.
fn tip_of(hub: &Hub, session: &LockedSession, attempt: &AttemptInfo) -> Result<Option<CommitId>> {
    if let (Some(archived), Some(tip)) = (&attempt.archived, &attempt.branch_tip)
        && !hub.repository.is_ancestor(archived, tip)?
    {
        return Ok(Some(archived.clone()));
    }
    match attempt.tip() {
        Some(tip) => Ok(Some(tip.clone())),
        None => deleted_tip(hub, session, attempt),
    }
}

/// Where the branch of an attempt was when a cleanup deleted it: one that was merged has no tag.
fn deleted_tip(
    hub: &Hub,
    session: &LockedSession,
    attempt: &AttemptInfo,
) -> Result<Option<CommitId>> {
    let name = attempt.branch(&session.config().session_id).name().full();
    let events = session.snapshot().events()?;
    let moves = events
        .iter()
        .rev()
        .flat_map(|event| event.refs.iter().rev());
    let last = moves.into_iter().find(|one| one.r#ref == name);
    let tip = last
        .filter(|one| one.new.is_none())
        .and_then(|one| one.old.clone());
    // Its commit may be gone by now, where the base branch was set back.
    Ok(tip.filter(|tip| hub.repository.commit(tip).is_ok()))
}

/// The agents that are meant.
fn known(
    session: &LockedSession,
    attempts: &[AttemptInfo],
    named: &[AgentId],
) -> Result<Vec<AgentId>> {
    let mut known: Vec<AgentId> = session.config().agents().collect();
    known.extend(attempts.iter().map(|attempt| attempt.agent));
    known.sort_unstable();
    known.dedup();
    if let Some(agent) = named.iter().find(|agent| !known.contains(agent)) {
        return Err(Error::NoAgent {
            session: session.config().session_id.clone(),
            agent: *agent,
        });
    }
    known.retain(|agent| is_meant(*agent, named));
    Ok(known)
}

/// Where an agent's worktree is, was, or would be made.
pub(super) fn place_of(hub: &Hub, session: &LockedSession, agent: AgentId) -> Result<PathBuf> {
    let found = hub.worktrees_of_agents(session.session())?;
    let stands = found
        .into_iter()
        .find(|found| found.agent == agent && !found.worktree.missing);
    if let Some(stands) = stands {
        return Ok(stands.worktree.path);
    }
    let recorded = hub.worktree_of(session.session(), agent)?;
    Ok(recorded.unwrap_or_else(|| spawn::worktree_path(hub, session.config(), agent)))
}
