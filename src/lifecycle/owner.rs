//! Another user's session is not touched without a yes.

use crate::domain::id::SessionId;
use crate::store::{StoredSession, current_user};

use super::error::Result;
use super::hub::Hub;

impl Hub {
    /// Asks before `purpose` is done to a session of another user; once for each session.
    ///
    /// # Errors
    /// When the answer is no, or nobody can be asked and `--yes` was not given.
    pub(super) fn check_owner(&self, id: &SessionId, purpose: &str) -> Result<()> {
        // What is wrong with its files is told by whoever opens it.
        let Ok(stored) = StoredSession::read_anywhere(&self.dir, id) else {
            return Ok(());
        };
        let Some(owner) = stored.config.owner.filter(|name| *name != current_user()) else {
            return Ok(());
        };
        if self.agreed.borrow().contains(id) {
            return Ok(());
        }
        self.confirm(
            &format!("Session {id} is {owner}'s. Go on with {purpose}?"),
            &format!("{purpose} of session {id}, which is {owner}'s,"),
            format!("ask {owner}; `--yes` does it all the same"),
        )?;
        self.agreed.borrow_mut().insert(id.clone());
        Ok(())
    }
}
