//! What is half done in sessions: operations, files, agents.

use crate::domain::event;
use crate::domain::id::{AgentId, SessionId};
use crate::domain::launch::{Launch, Leftovers};
use crate::domain::report::{FindingCode, LeftProcess, ShownStatus};
use crate::domain::session::AgentRecord;
use crate::domain::state::SessionState;
use crate::lifecycle::agents::{self, Seen};
use crate::lifecycle::error::Result;
use crate::lifecycle::hub::Hub;
use crate::lifecycle::start;
use crate::process::leftovers as left_running;
use crate::store::{self, StoredSession};

use super::{Cure, Found};

/// The findings of all sessions, oldest first.
pub(super) fn all(hub: &Hub) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for id in hub.dir.session_ids()? {
        hub.interrupt.check()?;
        match of_session(hub, &id) {
            Ok(of_session) => found.extend(of_session),
            // It was taken back between the two looks.
            Err(store::Error::NoSession { .. }) => {}
            Err(error) => found.push(corrupt(hub, &id, &error)),
        }
    }
    Ok(found)
}

fn corrupt(hub: &Hub, id: &SessionId, error: &store::Error) -> Found {
    Found::new(FindingCode::CorruptSession, error.to_string())
        .of(id)
        .at(hub.dir.session(id).path())
        .hint("mend the file by hand, or put it back from a copy; hub leaves it as it is")
}

fn of_session(hub: &Hub, id: &SessionId) -> store::Result<Vec<Found>> {
    let mut found = Vec::new();
    let stored = StoredSession::read(&hub.dir, id)?;
    let seen = Seen::look_stored(&hub.dir, stored)?;
    let stored = &seen.stored;
    let events = stored.events()?;
    let launch = stored.launch()?;
    if let Some(names) = stored.config_to_mend()? {
        let what = "its configuration is not valid YAML; only hub reads it";
        let fix = format!("writes {} anew with the same values", names.join(", "));
        let finding = Found::new(FindingCode::InvalidConfig, what)
            .of(id)
            .at(stored.dir.config_file());
        found.push(finding.cured(Cure::MendConfig(id.clone()), fix));
    }
    found.extend(changed_journal(stored)?);
    found.extend(lost(hub, &seen, launch.as_ref()));
    // Whoever holds the lock is about to finish what it has begun.
    if !stored.dir.is_free() {
        return Ok(found);
    }
    if let Some(unfinished) = event::unfinished(&events) {
        let operation = unfinished.operation.as_str();
        let what = format!("`hub {operation}` was killed in the middle");
        let finding = Found::new(FindingCode::UnfinishedOperation, what)
            .of(id)
            .at(stored.dir.journal_file());
        let fix = "finishes it where its effect stands, else takes it back";
        found.insert(0, finding.cured(Cure::Settle(id.clone()), fix));
    }
    for path in stored.dir.unfinished_files() {
        let what = "a file that was being written when hub was killed";
        let finding = Found::new(FindingCode::UnfinishedFile, what)
            .of(id)
            .at(path);
        found.push(finding.cured(Cure::Sweep(id.clone()), "removes it"));
    }
    let launch = launch.filter(|_| stored.session.state() == SessionState::Running);
    let Some(launch) = launch else {
        return Ok(found);
    };
    let watched = stored.session.agents().values().any(start::is_watched);
    let again = StoredSession::read(&hub.dir, id)?;
    if watched || again.session != stored.session {
        return Ok(found);
    }
    for agent in start::waiting(&stored.dir, &stored.session) {
        if launch.may_start(agent) {
            let what = format!("{agent} waits, and nobody will start it");
            let mut finding = Found::new(FindingCode::WaitingAgent, what)
                .of(id)
                .hint(format!(
                    "`hub stop {id} --agent {agent}` lets nobody start it"
                ));
            finding.finding.agent = Some(agent);
            let cure = Cure::Start(id.clone(), agent);
            found.push(finding.cured(cure, "starts it, as soon as there is a place"));
        }
    }
    Ok(found)
}

/// What somebody else than hub has done to the journal. It is left as it is: evidence is not
/// written anew by a machine.
fn changed_journal(stored: &StoredSession) -> store::Result<Vec<Found>> {
    let id = &stored.config.session_id;
    let broken = stored.journal_findings()?.into_iter();
    let found = broken.map(|broken| {
        let what = format!("the journal is not as hub wrote it: {broken}");
        Found::new(FindingCode::JournalChanged, what)
            .of(id)
            .at(stored.dir.journal_file())
            .hint("what hub did to the session may be told wrong there; refs, worktrees and the state hold, and a copy of the file shows what was changed")
    });
    Ok(found.collect())
}

/// The agents whose supervisor is gone; those that never ran wait, rather.
fn lost(hub: &Hub, seen: &Seen, launch: Option<&Launch>) -> Vec<Found> {
    let stored = &seen.stored;
    let leftovers = launch.map(|launch| launch.leftovers).unwrap_or_default();
    let waiting = start::waiting(&stored.dir, &stored.session);
    let agents = stored.session.agents().iter();
    agents
        .filter(|(agent, record)| {
            seen.status(**agent, record) == ShownStatus::LOST && !waiting.contains(agent)
        })
        .map(|(agent, record)| {
            lost_agent(hub, &stored.config.session_id, *agent, record, leftovers)
        })
        .collect()
}

fn lost_agent(
    hub: &Hub,
    id: &SessionId,
    agent: AgentId,
    record: &AgentRecord,
    leftovers: Leftovers,
) -> Found {
    let left = left_running::find(&agents::signs_of(hub, id, agent, record));
    let what = match left.len() {
        0 => format!("{agent} is lost: its supervisor is gone"),
        1 => format!("{agent} is lost: its supervisor is gone, and a process of it still runs"),
        count => {
            format!(
                "{agent} is lost: its supervisor is gone, and {count} processes of it still run"
            )
        }
    };
    let mut found = Found::new(FindingCode::LostAgent, what).of(id);
    found.finding.agent = Some(agent);
    found.finding.path.clone_from(&record.worktree);
    let processes = left.into_iter().map(|left| LeftProcess {
        pid: left.mark.pid,
        command: left.command,
    });
    found.finding.processes = processes.collect();
    let fix = match leftovers {
        Leftovers::Commit => {
            "ends what it left running, commits what it left uncommitted, records it as cancelled"
        }
        Leftovers::Keep => "ends what it left running, records it as cancelled",
    };
    found.cured(Cure::Stop(id.clone(), agent), fix)
}
