//! SIGINT, SIGTERM and SIGHUP as a flag.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::error::{Error, Result};

/// Whether a signal asked hub to end. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
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
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&interrupt.signal), number)
                .map_err(Error::io("catch signals"))?;
        }
        Ok(interrupt)
    }

    /// The signal that came, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// Forgets the signal, so that what follows from it can be done, and the next one be seen.
    pub fn clear(&self) {
        self.signal.store(0, Ordering::SeqCst);
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
