//! The limits of the installation, held against the sessions that are there.
//!
//! Whoever asks holds a lock from the question until what was asked for is on the disk: of
//! twenty hubs that ask at once, each sees what those before it have made.

use crate::domain::id::SessionId;
use crate::domain::limits::InstallationLimits;
use crate::domain::session::SessionConfig;
use crate::domain::state::SessionState;
use crate::store::{Lock, StoredSession, current_user};

use super::error::Result;
use super::hub::Hub;

impl Hub {
    fn limits(&self) -> InstallationLimits {
        self.settings.limits.unwrap_or_default()
    }

    /// Refuses a session of more agents than one may have.
    pub(super) fn check_agents(&self, agents: u32) -> Result<()> {
        Ok(self.limits().check_agents(agents)?)
    }

    /// Refuses to let a session enter `running` beyond a limit; asked under the repository-wide
    /// lock.
    pub(super) fn check_running(&self, agents: u32) -> Result<()> {
        self.check_agents(agents)?;
        if self.limits().max_running_sessions.is_none() {
            return Ok(());
        }
        let running = self.sessions_that(|stored| stored.session.state() == SessionState::Running);
        Ok(self.limits().check_running(running?)?)
    }

    /// Asks by [`Hub::check_running`] and keeps the answer true for as long as the lock is held;
    /// there is none where nothing is limited.
    pub(super) fn admit(&self, config: &SessionConfig, purpose: &str) -> Result<Option<Lock>> {
        let limited = self.limits().max_running_sessions.is_some();
        let lock = limited.then(|| self.lock_repository(purpose)).transpose()?;
        self.check_running(config.agent_count)?;
        Ok(lock)
    }

    /// Refuses a new session of a user who has as many as may be; asked under
    /// [`Hub::lock_new_session`].
    pub(super) fn check_new_session(&self) -> Result<()> {
        if self.limits().max_sessions_per_user.is_none() {
            return Ok(());
        }
        let user = current_user();
        let open = self.sessions_that(|stored| {
            !stored.session.state().is_terminal() && stored.config.owner.as_ref() == Some(&user)
        });
        Ok(self.limits().check_user(user.clone(), open?)?)
    }

    /// Lets nobody else make a session meanwhile, where their number is limited.
    pub(super) fn lock_new_session(&self) -> Result<Option<Lock>> {
        if self.limits().max_sessions_per_user.is_none() {
            return Ok(None);
        }
        let limit = self.settings.lock_timeout();
        Ok(Some(self.dir.lock_new_session(limit, "init")?))
    }

    /// One that cannot be read is in no state: it is passed over, as without a limit.
    fn sessions_that(&self, fits: impl Fn(&StoredSession) -> bool) -> Result<Vec<SessionId>> {
        let ids = self.dir.session_ids()?.into_iter();
        let stored = ids.filter_map(|id| StoredSession::read(&self.dir, &id).ok());
        let found = stored.filter(|stored| fits(stored));
        Ok(found.map(|stored| stored.config.session_id).collect())
    }
}
