//! A damaged state or configuration, and the offer to make it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::domain::event::{Detail, Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::rebuild::{self, Sources};
use crate::domain::report::{Danger, FindingCode};
use crate::domain::session::{Session, SessionConfig};
use crate::lifecycle::attempts::AttemptInfo;
use crate::lifecycle::error::{Error, Result};
use crate::lifecycle::hub::Hub;
use crate::process::census;
use crate::store::{self, Rebuilt, SessionDir, config_from_values};

use super::found::Found;

/// A state that cannot be read.
pub(super) fn state(home: &Path, dir: &SessionDir, error: &store::Error) -> Found {
    let found = Found::a(FindingCode::DamagedState, error.to_string()).because(
        "the disk was full or broken, or somebody has edited the file",
        Danger::Blocked,
        "the session cannot be used; its commits, branches and worktrees are as they were",
    );
    let id = dir.id().clone();
    let found = found.of(&id).at(dir.state_file());
    if !matches!(error, store::Error::Corrupt { .. }) {
        return found.hint("make it readable for you");
    }
    if let Some(pid) = census::supervisor_of(home, id.as_str()) {
        return found.hint(format!(
            "process {pid} still sees to an agent of it: end that, then `hub doctor --fix`"
        ));
    }
    let sources = if dir.read_events().is_ok() {
        "its journal, its refs and its worktrees"
    } else {
        "its refs and its worktrees; its journal cannot be read"
    };
    let question = format!("Make state.json of session {id} anew from {sources}?");
    let fix = format!("makes it anew from {sources}; the damaged bytes are kept beside it");
    found.asks(question, fix, move |hub| rebuild_state(hub, &id))
}

fn rebuild_state(hub: &Hub, id: &SessionId) -> Result<()> {
    let dir = hub.dir.session(id);
    if let Some(pid) = census::supervisor_of(hub.repository.home(), id.as_str()) {
        return Err(Error::io("rebuild", dir.state_file())(
            std::io::Error::other(format!("process {pid} still sees to an agent of it")),
        ));
    }
    let events = dir.read_events().unwrap_or_default();
    let attempts = hub.attempts(&Session::new(id.clone(), hub.now()))?;
    let known = |attempt: &AttemptInfo| (attempt.agent, attempt.attempt);
    let archived = |attempt: &AttemptInfo| attempt.archived.is_some();
    let created = dir.read_config().map(|config| config.created).ok();
    let first = events.first().map(|event| event.time);
    let rebuilt = rebuild::state(&Sources {
        id: id.clone(),
        created: created.or(first).unwrap_or_else(|| hub.now()),
        events: &events,
        attempts: attempts.iter().map(known).collect(),
        all_archived: !attempts.is_empty() && attempts.iter().all(archived),
        worktrees: worktrees(hub, id)?,
        evaluated: dir.evaluation_file().exists(),
        now: hub.now(),
    });
    let unknown = rebuilt.unknown.join("; ");
    let state = rebuilt.session.state();
    let detail = Detail::from_iter([
        ("state".to_owned(), json!(state)),
        ("unknown".to_owned(), json!(rebuilt.unknown)),
    ]);
    let limit = hub.settings.lock_timeout();
    dir.rebuild(Rebuilt::State(&rebuilt.session), detail, limit, hub.now())?;
    hub.warn(format!(
        "session {id} is {state}, as far as is known; not known is: {unknown}"
    ));
    Ok(())
}

/// The worktrees of a session's agents, by place and branch alone.
fn worktrees(hub: &Hub, id: &SessionId) -> Result<BTreeMap<AgentId, PathBuf>> {
    let session = Session::new(id.clone(), hub.now());
    let found = hub.worktrees_of_agents(&session)?.into_iter();
    Ok(found
        .map(|found| (found.agent, found.worktree.path))
        .collect())
}

/// A configuration that cannot be read.
pub(super) fn config(dir: &SessionDir, error: &store::Error) -> Found {
    let found = Found::a(FindingCode::DamagedConfig, error.to_string()).because(
        "the disk was full or broken, or somebody has edited the file",
        Danger::Blocked,
        "the session cannot be used; its commits, branches and worktrees are as they were",
    );
    let id = dir.id().clone();
    let found = found.of(&id).at(dir.config_file());
    let told = matches!(error, store::Error::Corrupt { .. })
        .then(|| told_config(dir))
        .flatten();
    match told {
        Some(config) => {
            let question = format!("Make config.yaml of session {id} anew from its journal?");
            let fix = "makes it anew from its journal; the damaged bytes are kept beside it";
            found.asks(question, fix, move |hub| {
                let limit = hub.settings.lock_timeout();
                let dir = hub.dir.session(&id);
                Ok(dir.rebuild(Rebuilt::Config(&config), Detail::new(), limit, hub.now())?)
            })
        }
        None => found
            .hint("mend it by hand or put it back from a copy; docs/formats.md says what it holds"),
    }
}

/// The configuration that the journal kept when the session was made.
fn told_config(dir: &SessionDir) -> Option<SessionConfig> {
    let events = dir.read_events().ok()?;
    let made = events
        .iter()
        .find(|event| event.operation == Operation::Init && event.phase == Phase::End)?;
    config_from_values(made.detail.get("config")?, dir.id()).ok()
}
