//! What a supervisor asks of its agent's session, and writes into it, while the agent runs.
//!
//! Whether an agent is paused is written by its supervisor alone, under the session's lock and
//! together with the deed. Whoever is killed before or after that leaves a true state: a hub
//! that asked has changed nothing by itself, and an agent whose supervisor is gone is lost.

use std::time::Duration;

use serde_json::json;

use crate::domain::event::{Operation, Phase};
use crate::domain::id::{AgentId, SessionId};
use crate::domain::session::{AgentRecord, ProcessMark};
use crate::domain::state::AgentStatus;
use crate::process::supervisor;
use crate::process::watch::{self, Recorded, Standing};
use crate::store::{self, LockedSession, StoredSession};

use super::denials::Listening;
use super::error::{Error, Result};
use super::hub::Hub;
use super::outbox::Service;

/// One agent's session, as its supervisor knows it.
pub(super) struct Contact<'c> {
    pub hub: &'c Hub,
    pub session: &'c SessionId,
    pub agent: AgentId,
    /// What the agent asks hub for, where it cannot do that itself.
    pub service: Option<Service<'c>>,
    /// Where the kernel tells what it denies the agent.
    pub listening: Option<Listening>,
}

impl Contact<'_> {
    /// Writes down which process the agent is.
    pub fn record_start(&self, process: Option<ProcessMark>, ports: &[u16]) {
        const PATIENCE: Duration = Duration::from_secs(60);
        if let Some((listening, process)) = self.listening.as_ref().zip(process.as_ref()) {
            listening.started(process.pid);
        }
        let record = || -> Result<()> {
            let mut locked =
                LockedSession::open(&self.hub.dir, self.session, PATIENCE, "agent's start")?;
            locked.change(|state| {
                if let Some(run) = state.run_mut(self.agent) {
                    run.process = process;
                    run.ports = ports.to_vec();
                }
                Ok(())
            })
        };
        // The agent goes on whether or not this can be written down.
        if let Err(error) = record() {
            log::warn!("cannot record the process of {}: {error}", self.agent);
        }
    }

    /// Hears what is still to be told of an agent that has ended.
    pub fn hear_rest(&self) {
        if let Some(listening) = &self.listening {
            listening.finish();
        }
    }

    /// Lets the journal tell what the kernel denied the agent.
    pub fn record_denials(&self, locked: &mut LockedSession) {
        if let Some(listening) = &self.listening {
            listening.record(self.hub, locked, self.agent);
        }
    }

    fn enter(&self, locked: &mut LockedSession, status: AgentStatus) -> Result<()> {
        let record = locked.session().agents().get(&self.agent);
        if record.map(AgentRecord::status) == Some(status) {
            return Ok(());
        }
        let now = self.hub.now();
        locked.change(|state| {
            state.advance_agent(self.agent, status, now)?;
            Ok::<_, Error>(())
        })?;
        let operation = match status {
            AgentStatus::Paused => Operation::Pause,
            _ => Operation::Resume,
        };
        let detail = json!({ "agent": self.agent, "status": status });
        if let Err(error) = self.hub.record(locked, operation, Phase::Done, detail) {
            // The state holds; the journal has a gap.
            log::warn!("the journal does not tell of it: {error}");
        }
        Ok(())
    }
}

impl watch::Contact for Contact<'_> {
    fn serve(&self) -> bool {
        if let Some(service) = &self.service {
            service.look();
        }
        if let Some(listening) = &self.listening {
            listening.look();
        }
        self.service.is_some()
    }

    /// Whoever asks for the agent's end writes the grace down before.
    fn grace(&self) -> Duration {
        let stored = StoredSession::read(&self.hub.dir, self.session);
        let launch = stored.and_then(|stored| stored.launch());
        let launch = launch.unwrap_or_else(|error| {
            log::warn!("the usual grace holds for {}: {error}", self.agent);
            None
        });
        let grace = launch.and_then(|launch| launch.graces.get(&self.agent).copied());
        grace.unwrap_or(supervisor::GRACE)
    }

    fn record(&self, standing: Standing, act: &dyn Fn(Standing)) -> Recorded {
        let (dir, agent) = (&self.hub.dir, self.agent);
        let mut locked = match LockedSession::open(dir, self.session, Duration::ZERO, "pause") {
            Ok(locked) => locked,
            Err(store::Error::Busy { .. }) => return Recorded::Busy,
            Err(error) => {
                log::warn!("{agent} stays as it is: {error}");
                return Recorded::Refused;
            }
        };
        let written = match standing {
            Standing::Still => {
                act(Standing::Still);
                let written = self.enter(&mut locked, AgentStatus::Paused);
                if written.is_err() {
                    act(Standing::AtWork);
                }
                written
            }
            Standing::AtWork => self
                .enter(&mut locked, AgentStatus::Running)
                .map(|()| act(Standing::AtWork)),
        };
        match written {
            Ok(()) => Recorded::Done,
            Err(error) => {
                log::warn!("{agent} stays as it is: {error}");
                Recorded::Refused
            }
        }
    }
}
