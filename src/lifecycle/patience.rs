//! Telling how far a look is, where it takes so long that somebody asks himself.

use std::time::{Duration, Instant};

use super::hub::{Doing, Hub};

/// For so long nothing is told: a line that comes and goes at once tells nothing.
const QUIET: Duration = Duration::from_millis(500);

/// A look at many things that is over soon, most of the time.
pub(super) struct Patience<'h> {
    hub: &'h Hub,
    what: &'static str,
    all: usize,
    begun: Instant,
    told: Option<(usize, Doing<'h>)>,
}

impl<'h> Patience<'h> {
    pub fn new(hub: &'h Hub, what: &'static str, all: usize) -> Self {
        Self {
            hub,
            what,
            all,
            begun: Instant::now(),
            told: None,
        }
    }

    /// Tells how many are done, if it is time to; returns whether to go on with the others.
    pub fn goes_on(&mut self, done: usize) -> bool {
        if self.begun.elapsed() >= QUIET {
            match &mut self.told {
                Some((told, _)) if *told == done => {}
                Some((told, _)) => {
                    *told = done;
                    self.hub.count(self.what, Some((done, self.all)));
                }
                None => {
                    self.told = Some((done, self.hub.doing(self.what)));
                    self.hub.count(self.what, Some((done, self.all)));
                }
            }
        }
        self.hub.interrupt.signal().is_none()
    }
}
