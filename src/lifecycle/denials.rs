//! In the supervisor: what the kernel denied its agent, for the journal.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::domain::event::{Operation, Phase};
use crate::domain::id::AgentId;
use crate::domain::security::denials::Denials;
use crate::process::walls::denials::{Heard, Listener};
use crate::store::LockedSession;

use super::hub::Hub;

/// A supervisor that listens for what is denied to whom it started.
pub(super) struct Listening(RefCell<(Listener, Denials)>);

impl Listening {
    /// Begins to listen; `None` where the kernel tells nothing, or not to this user.
    pub fn begin() -> Option<Self> {
        let listener = Listener::open();
        let listener = listener.inspect_err(|why| {
            let needs = why.needs().unwrap_or_default();
            log::debug!("what the kernel denies is not told: that needs {needs}");
        });
        Some(Self(RefCell::new((listener.ok()?, Denials::default()))))
    }

    /// This process was started, and puts up walls around itself.
    pub fn started(&self, process: u32) {
        self.0.borrow_mut().1.started(process);
    }

    /// Hears what was told by now.
    pub fn look(&self) {
        let (listener, denials) = &mut *self.0.borrow_mut();
        while let Some(heard) = listener.hear() {
            match heard {
                Heard::Record(record) => denials.hear(record),
                Heard::Overrun => denials.overrun(),
            }
        }
    }

    /// Hears the rest, when all that was started has ended: the kernel tells of the end of walls
    /// a little later.
    pub fn finish(&self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let until = Instant::now() + PATIENCE;
        loop {
            self.look();
            let left = until.saturating_duration_since(Instant::now());
            let (listener, denials) = &*self.0.borrow();
            if denials.is_settled() || left.is_zero() {
                return;
            }
            listener.wait(left);
        }
    }

    /// Lets the journal tell what was denied, if anything was.
    pub fn record(&self, hub: &Hub, session: &mut LockedSession, agent: AgentId) {
        let Some(told) = self.0.borrow().1.told() else {
            return;
        };
        let detail = told.detail(agent);
        if let Err(error) = hub.record(session, Operation::Denied, Phase::Done, detail) {
            log::warn!("the journal does not tell what was denied to {agent}: {error}");
        }
    }
}
