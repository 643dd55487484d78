//! A list that is made in parts.

use super::ListedSession;

/// A part of a list of sessions, which one thread makes while others make other parts.
pub trait ListPart: Default + Send {
    /// Adds a session behind the others.
    fn add(&mut self, session: ListedSession);

    /// How many there are.
    fn count(&self) -> usize;

    /// Leaves out all but the first few.
    fn cut(&mut self, most: usize);
}

impl ListPart for Vec<ListedSession> {
    fn add(&mut self, session: ListedSession) {
        self.push(session);
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn cut(&mut self, most: usize) {
        self.truncate(most);
    }
}
