//! SIGINT, SIGTERM and SIGHUP as flags.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::error::{Error, Result};

/// Those that ask hub to end. Where several came, the first of these counts: a question on a
/// terminal answers every signal with a SIGINT of its own.
const SIGNALS: [i32; 3] = [SIGTERM, SIGHUP, SIGINT];

/// Whether a signal asked hub to end. Clones share the flags.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    came: [Arc<AtomicBool>; SIGNALS.len()],
}

impl Interrupt {
    /// How often waiting looks at the flag.
    const LOOK: Duration = Duration::from_millis(20);

    /// Catches the signals from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install() -> Result<Self> {
        let interrupt = Self::default();
        for (signal, came) in SIGNALS.into_iter().zip(&interrupt.came) {
            signal_hook::flag::register(signal, Arc::clone(came))
                .map_err(Error::io("catch signals"))?;
        }
        Ok(interrupt)
    }

    /// The signal that came, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        let mut all = SIGNALS.into_iter().zip(&self.came);
        let first = all.find(|(_, came)| came.load(Ordering::SeqCst));
        first.map(|(signal, _)| signal)
    }

    /// Whether a signal is the one of Ctrl-C: whoever typed it is there and can be asked.
    #[must_use]
    pub fn is_typed(signal: i32) -> bool {
        signal == SIGINT
    }

    /// Forgets the signals, so that what follows from it can be done, and the next one be seen.
    pub fn clear(&self) {
        for came in &self.came {
            came.store(false, Ordering::SeqCst);
        }
    }

    /// Ends the work that is under way, if a signal came.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when one did.
    pub fn check(&self) -> Result<()> {
        match self.signal() {
            Some(signal) => Err(Error::Interrupted { signal }),
            None => Ok(()),
        }
    }

    /// Waits for `time`, or until a signal comes.
    pub fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        while self.signal().is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Self::LOOK));
        }
    }
}
