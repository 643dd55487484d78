//! The files of each session: whether they can be read, are whole, and tell what can be.

use chrono::TimeDelta;

use crate::beneath;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::report::{Danger, FindingCode};
use crate::domain::text::{first_few, quoted};
use crate::lifecycle::hub::Hub;
use crate::store::{self, SessionDir};

use super::found::Found;
use super::rebuild;
use super::view::{Looked, View};

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (id, error) in &view.damaged {
        found.extend(damaged(view, id, error));
    }
    for looked in &view.sessions {
        found.extend(invalid_config(looked));
        found.extend(future(view, looked));
        found.extend(agent_count(looked));
        found.extend(changed_journal(looked));
        let unreadable = looked.dir().unreadable().into_iter();
        found.extend(unreadable.map(|error| damaged_file(&looked.id, &error)));
        found.extend(newer(looked.dir()));
    }
    found
}

/// A session of which state or configuration cannot be read.
fn damaged(view: &View<'_>, id: &SessionId, error: &store::Error) -> Vec<Found> {
    let dir = view.hub.dir.session(id);
    if !beneath::is_folder(dir.path()) {
        return vec![corrupt(&dir, error)];
    }
    if let store::Error::OtherSession { found, .. } = error {
        return vec![renamed(view.hub, &dir, found)];
    }
    let mut found = Vec::new();
    // The configuration first: the state is rebuilt with what it tells.
    if let Err(error) = dir.read_config() {
        found.push(rebuild::config(&dir, &error));
    }
    if let Err(error) = dir.read_state() {
        found.push(rebuild::state(view.hub.repository.home(), &dir, &error));
    }
    let unreadable = dir.unreadable().into_iter();
    found.extend(unreadable.map(|error| damaged_file(id, &error)));
    found.extend(newer(&dir));
    found
}

fn corrupt(dir: &SessionDir, error: &store::Error) -> Found {
    let found = Found::a(FindingCode::CorruptSession, error.to_string()).because(
        "somebody has put something else in the place of the session's folder",
        Danger::Blocked,
        "the session cannot be used; its branches and worktrees stay as they are",
    );
    found
        .of(dir.id())
        .at(dir.path())
        .hint("put the folder back from a copy, or move what stands there away")
}

fn renamed(hub: &Hub, dir: &SessionDir, real: &SessionId) -> Found {
    let what = format!("its files say that they are of session {real}");
    let real_dir = hub.dir.session(real);
    let copied = real_dir.path().exists();
    let cause = if copied {
        "the folder of a session was copied by hand"
    } else {
        "the folder was renamed by hand"
    };
    let found = Found::a(FindingCode::RenamedSession, what).because(
        cause,
        Danger::Blocked,
        "neither session can be told from the other; nothing is written",
    );
    let found = found.of(dir.id()).at(dir.path());
    let from = quoted(dir.path());
    found.hint(if copied {
        format!("move {from} out of the hub directory: session {real} is there by itself")
    } else {
        format!(
            "`mv {from} {}` gives it its name back",
            quoted(real_dir.path())
        )
    })
}

fn damaged_file(id: &SessionId, error: &store::Error) -> Found {
    let cause = match error {
        store::Error::Symlink { .. } | store::Error::NoFile { .. } => "somebody has put it there",
        _ => "the file was edited by hand, or the disk is broken",
    };
    let found = Found::a(FindingCode::DamagedFile, error.to_string()).because(
        cause,
        Danger::Blocked,
        "commands that need it end with this error; nothing is written over it",
    );
    let found = match error {
        store::Error::Corrupt { path, .. }
        | store::Error::Io { path, .. }
        | store::Error::Symlink { path }
        | store::Error::NoFile { path, .. } => found.at(path),
        _ => found,
    };
    found
        .of(id)
        .hint("mend it by hand or put it back from a copy; what is of no use may be moved away")
}

fn newer(dir: &SessionDir) -> Vec<Found> {
    let newer = |error: store::Error| {
        let found = Found::a(FindingCode::NewerVersion, error.to_string()).because(
            "a later hub has worked on the session",
            Danger::Blocked,
            "this hub reads it and changes nothing of it, so that nothing new is lost",
        );
        let found = match &error {
            store::Error::NewerVersion { path, .. } => found.at(path),
            _ => found,
        };
        found
            .of(dir.id())
            .hint("use the hub that wrote it, or a newer one: `hub --version` tells which it is")
    };
    dir.of_later_hub().into_iter().map(newer).collect()
}

/// What somebody else than hub has done to the journal. It is left as it is: evidence is not
/// written anew by a machine.
fn changed_journal(looked: &Looked) -> Vec<Found> {
    if looked.dir().read_events().is_err() {
        // One that cannot be read is told of as such.
        return Vec::new();
    }
    let broken = match looked.stored.journal_findings() {
        Ok(broken) => broken,
        // Its head is something else: whoever has put it there may have cut the journal, too.
        Err(error) => return vec![damaged_file(&looked.id, &error)],
    };
    let found = broken.into_iter().map(|broken| {
        let what = format!("the journal is not as hub wrote it: {broken}");
        let found = Found::a(FindingCode::JournalChanged, what).because(
            "somebody has changed or cut the file by hand, or put an older copy back",
            Danger::Misleading,
            "what hub did may be told wrong there; refs, worktrees and the state hold",
        );
        let path = looked.dir().journal_file();
        let hint = "a copy of the file shows what was changed";
        found.of(&looked.id).at(path).hint(hint)
    });
    found.collect()
}

fn invalid_config(looked: &Looked) -> Option<Found> {
    let names = looked.stored.config_to_mend().ok()??;
    let what = "its configuration is not valid YAML; only hub reads it";
    let found = Found::a(FindingCode::InvalidConfig, what).because(
        "an older tool wrote a text with quotes in quotes",
        Danger::None,
        "other tools that read YAML refuse it",
    );
    let id = looked.id.clone();
    let fix = format!("writes {} anew with the same values", names.join(", "));
    let found = found.of(&id).at(looked.dir().config_file());
    Some(
        found.cured(fix, move |hub| {
            Ok(hub.lock(&id, "doctor")?.mend_config()?)
        }),
    )
}

/// Times that are yet to come; clocks of machines that share a disk differ by less than a minute.
fn future(view: &View<'_>, looked: &Looked) -> Option<Found> {
    let limit = view.now + TimeDelta::minutes(2);
    let session = &looked.stored.session;
    let told = [
        ("created", session.created, looked.dir().state_file()),
        ("updated", session.updated, looked.dir().state_file()),
        (
            "created",
            looked.stored.config.created,
            looked.dir().config_file(),
        ),
    ];
    let last = looked.events.iter().map(|event| event.time).max();
    let last = last.map(|time| ("the last event", time, looked.dir().journal_file()));
    let (name, time, path) = told
        .into_iter()
        .chain(last)
        .find(|(_, time, _)| *time > limit)?;
    let what = format!(
        "{name} is yet to come: {}",
        crate::domain::time::format(&time)
    );
    let found = Found::a(FindingCode::FutureTime, what).because(
        "the clock was set back, or is wrong now",
        Danger::Misleading,
        "ages and durations are not true, and a new session may not be the newest",
    );
    let hint = "`date` shows what the clock says; set it, or wait until the time has come";
    Some(found.of(&looked.id).at(path).hint(hint))
}

/// Older tools kept no agents in the state: none at all is no contradiction.
fn agent_count(looked: &Looked) -> Option<Found> {
    let known = looked.stored.session.agents();
    let counted: Vec<AgentId> = looked.stored.config.agents().collect();
    let more: Vec<&AgentId> = known
        .keys()
        .filter(|agent| !counted.contains(agent))
        .collect();
    let less: Vec<&AgentId> = counted
        .iter()
        .filter(|agent| !known.contains_key(agent))
        .collect();
    if known.is_empty() || more.is_empty() && less.is_empty() {
        return None;
    }
    let count = counted.len();
    let what = if more.is_empty() {
        format!(
            "of its {count} agents the state does not tell of {}",
            first_few(less.iter())
        )
    } else {
        format!(
            "it has {count} agents, and the state tells of {}",
            first_few(more.iter())
        )
    };
    let found = Found::a(FindingCode::AgentCount, what).because(
        "config.yaml or state.json was edited by hand",
        Danger::Misleading,
        "agents that the state does not tell of are neither measured nor merged",
    );
    let hint = "let agent_count in config.yaml and agents in state.json agree";
    Some(
        found
            .of(&looked.id)
            .at(looked.dir().state_file())
            .hint(hint),
    )
}
