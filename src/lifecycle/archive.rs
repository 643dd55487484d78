//! `hub archive`: keeps every attempt as a tag and ends the session without a merge.

use std::fmt::Write as _;

use serde_json::json;

use crate::domain::effects::{EFFECTS, Effects};
use crate::domain::event::{Operation, Phase};
use crate::domain::id::SessionSelector;
use crate::domain::merge_message::is_obeyed;
use crate::domain::report::{ArchiveReport, ArchivedAttempt};
use crate::domain::state::SessionState;
use crate::git::RefChange;
use crate::store::LockedSession;

use super::attempts::AttemptInfo;
use super::error::{Error, Result};
use super::hub::Hub;
use super::{announce, stop, update};

/// Which session to archive.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The session; the newest that is not at its end where none is named.
    pub session: Option<SessionSelector>,
}

/// Stops what runs, tags every attempt, and walks the edges to `archived` one by one.
///
/// # Errors
/// When the session is at its end already, or cannot be written.
pub fn run(hub: &Hub, request: &Request) -> Result<ArchiveReport> {
    let stored = hub.read(request.session.as_ref(), "that is open", |stored| {
        !stored.session.state().is_terminal()
    })?;
    let id = stored.config.session_id.clone();
    if stored.session.first_active().is_some() {
        let question = format!("Agents of session {id} still run. End them?");
        let hint = format!("`hub archive {id} --yes`, or wait: `hub wait {id}`");
        hub.confirm(
            &question,
            &format!("ending the running agents of session {id}"),
            hint,
        )?;
        stop::stop_agents(hub, &id, &[])?;
    }
    let mut session = hub.lock(&id, "archive")?;
    archive(hub, &mut session)
}

pub(super) fn archive(hub: &Hub, session: &mut LockedSession) -> Result<ArchiveReport> {
    let state = session.session().state();
    if state.is_terminal() {
        // The machine says it in its own words.
        session
            .session()
            .clone()
            .advance(SessionState::Archived, hub.now())?;
    }
    for (from, to) in [
        (SessionState::Init, SessionState::Running),
        (SessionState::Running, SessionState::Evaluating),
    ] {
        if session.session().state() == from {
            update::advance(hub, session, to, Some(Operation::Archive))?;
        }
    }
    let from = session.session().state();
    let effects = Effects::of_state(from, SessionState::Archived).told();
    let intent = json!({ "from": from, EFFECTS: effects });
    hub.record(session, Operation::Archive, Phase::Begin, intent)?;
    let archived = match finish(hub, session) {
        Ok(archived) => archived,
        Err(error) => {
            // Tags that stand already are found by the next archive.
            hub.record(session, Operation::Archive, Phase::TakenBack, json!({}))?;
            return Err(hub.cause(error));
        }
    };
    hub.record(session, Operation::Archive, Phase::End, json!({}))?;
    Ok(ArchiveReport {
        session_id: session.config().session_id.clone(),
        state: session.session().state(),
        archived,
    })
}

/// Everything after the intent; can be done again after a kill.
pub(super) fn finish(hub: &Hub, session: &mut LockedSession) -> Result<Vec<ArchivedAttempt>> {
    let archived = tag_attempts(hub, session, Operation::Archive, |_| true)?;
    if session.session().state() == SessionState::Evaluating {
        let now = hub.now();
        session.change(|state| {
            state
                .advance(SessionState::Archived, now)
                .map_err(Error::from)
        })?;
    }
    announce::archived(hub, session.config(), &archived);
    Ok(archived)
}

/// Makes the archive tags of the attempts that are `meant`, in one transaction, as a step of
/// an operation that is under way.
///
/// Tags that are there already stay as they are and are told of, too.
pub(super) fn tag_attempts(
    hub: &Hub,
    session: &mut LockedSession,
    operation: Operation,
    meant: impl Fn(&AttemptInfo) -> bool,
) -> Result<Vec<ArchivedAttempt>> {
    let id = session.config().session_id.clone();
    let attempts = hub.attempts(session.session())?;
    let (mut tags, mut changes) = (Vec::new(), Vec::new());
    for attempt in attempts.iter().filter(|attempt| meant(attempt)) {
        let Some(commit) = attempt.tip().cloned() else {
            let branch = attempt.branch(&id).name();
            hub.warn(format!(
                "{branch} is gone, so no tag is made for {}; `hub doctor --fix` makes it again where its commit is still known",
                attempt.agent
            ));
            continue;
        };
        let tag = attempt.tag(&id);
        if let Some(held) = attempt.archived.as_ref().filter(|held| **held != commit) {
            hub.warn(format!(
                "{tag} is there already and holds {}; {} stays on its branch at {}",
                held.short(),
                attempt.agent,
                commit.short()
            ));
            continue;
        }
        if attempt.archived.is_none() {
            let message = tag_message(session, attempt)?;
            let name = tag.to_string();
            let object = hub.repository.create_tag_object(&name, &commit, &message)?;
            changes.push(RefChange {
                name: tag.full(),
                from: None,
                to: Some(object),
            });
        }
        tags.push(ArchivedAttempt {
            agent: attempt.agent,
            attempt: attempt.attempt,
            tag,
            commit,
        });
    }
    hub.change_refs(session, operation, &changes, "hub: archive")?;
    Ok(tags)
}

pub(super) fn tag_message(session: &LockedSession, attempt: &AttemptInfo) -> Result<String> {
    let config = session.config();
    let id = &config.session_id;
    let title = config.task.title();
    let mut message = format!(
        "{} {} of session {id}\n\n{}{title}\n\n",
        attempt.agent,
        attempt.attempt,
        if is_obeyed(title) { " " } else { "" },
    );
    let mut trailer = |name: &str, value: String| {
        let _ = writeln!(message, "{name}: {value}");
    };
    trailer("Hub-Session", id.to_string());
    trailer("Hub-Agent", attempt.agent.to_string());
    trailer("Hub-Attempt", attempt.attempt.number().to_string());
    let evaluation = session.evaluation()?;
    let result = evaluation
        .as_ref()
        .and_then(|all| all.of(attempt.agent))
        .filter(|result| result.attempt == attempt.attempt);
    if let Some(result) = result {
        if let (Some(metric), Some(value)) = (&config.metric, result.value) {
            trailer("Hub-Metric", format!("{metric}={value}"));
        }
        if let Some(rank) = result.rank {
            trailer("Hub-Rank", rank.to_string());
        }
    }
    Ok(message)
}
