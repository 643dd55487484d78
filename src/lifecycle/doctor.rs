//! `hub doctor`: what is left running or half done, and how it is settled.
//!
//! Looking changes nothing. What is fixed is fixed as the command would do it that the finding
//! belongs to, under the session's lock and with all of its checks; nothing of it loses work.

mod places;
mod sessions;

use std::path::PathBuf;

use crate::domain::id::{AgentId, SessionId};
use crate::domain::report::{DoctorReport, Finding, FindingCode, FindingOutcome};
use crate::store;

use super::error::{Error, Result};
use super::hub::Hub;
use super::{start, stop};

/// What is not as it should be, with what settles it.
struct Found {
    finding: Finding,
    cure: Option<Cure>,
}

/// What settles a finding.
enum Cure {
    /// Making the hub directory whole.
    MakeDirectory,
    /// Taking the session's lock, which settles what was begun.
    Settle(SessionId),
    MendConfig(SessionId),
    Sweep(SessionId),
    Stop(SessionId, AgentId),
    Start(SessionId, AgentId),
    RemoveDrafts,
    RemoveScratch(SessionId, PathBuf),
}

impl Found {
    fn new(code: FindingCode, what: impl Into<String>) -> Self {
        Self {
            finding: Finding {
                code,
                session_id: None,
                agent: None,
                path: None,
                what: what.into(),
                fix: None,
                hint: None,
                processes: Vec::new(),
                outcome: FindingOutcome::Found,
                problem: None,
            },
            cure: None,
        }
    }

    fn of(mut self, session: &SessionId) -> Self {
        self.finding.session_id = Some(session.clone());
        self
    }

    fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.finding.path = Some(path.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.finding.hint = Some(hint.into());
        self
    }

    fn cured(mut self, cure: Cure, fix: impl Into<String>) -> Self {
        self.cure = Some(cure);
        self.finding.fix = Some(fix.into());
        self
    }
}

/// Looks for what is left running or half done, and with `fix` settles it.
///
/// # Errors
/// When the hub directory cannot be read at all, or a signal came.
pub fn run(hub: &Hub, fix: bool) -> Result<DoctorReport> {
    let mut found = places::of_installation(hub)?;
    found.extend(sessions::all(hub)?);
    found.extend(places::worktrees(hub));
    let mut findings = Vec::new();
    for Found { mut finding, cure } in found {
        if let Some(cure) = cure.filter(|_| fix) {
            hub.interrupt.check()?;
            match settle(hub, cure) {
                Ok(()) => finding.outcome = FindingOutcome::Fixed,
                Err(error) => {
                    finding.outcome = FindingOutcome::Failed;
                    finding.problem = Some(error.to_string());
                }
            }
        }
        findings.push(finding);
    }
    Ok(DoctorReport { fix, findings })
}

fn settle(hub: &Hub, cure: Cure) -> Result<()> {
    match cure {
        Cure::MakeDirectory => {
            hub.dir.create()?;
            places::check_ignored(hub)
        }
        Cure::Settle(id) => match hub.lock(&id, "doctor") {
            // One whose making was killed is taken back.
            Err(Error::Store(store::Error::NoSession { .. })) => Ok(()),
            other => other.map(drop),
        },
        Cure::MendConfig(id) => Ok(hub.lock(&id, "doctor")?.mend_config()?),
        Cure::Sweep(id) => {
            hub.lock(&id, "doctor")?.sweep();
            Ok(())
        }
        Cure::Stop(id, agent) => stop::stop_agents(hub, &id, &[agent]),
        Cure::Start(id, agent) => start_agents(hub, &id, agent),
        Cure::RemoveDrafts => Ok(hub.dir.create()?),
        Cure::RemoveScratch(id, path) => {
            let _session = match hub.lock(&id, "doctor") {
                Ok(session) => Some(session),
                // Nobody is left who could work in it.
                Err(Error::Store(store::Error::NoSession { .. })) => None,
                Err(error) => return Err(error),
            };
            hub.remove_scratch(&path)?;
            hub.drop_empty_folders(&id);
            Ok(())
        }
    }
}

/// Starts as many of the agents that wait as may run; this one was found among them.
fn start_agents(hub: &Hub, id: &SessionId, agent: AgentId) -> Result<()> {
    let mut session = hub.lock(id, "doctor")?;
    if let Some(launch) = session
        .launch()?
        .and_then(|mut all| all.agents.remove(&agent))
    {
        hub.check_trust(&launch.command, &session.dir().launch_file())?;
    }
    start::start_waiting(hub, &mut session)
}
