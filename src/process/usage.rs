//! What this process's children have used, as far as they have ended and were reaped.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::domain::resources::Usage;

/// What was used before an attempt begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    begun: Instant,
    before: Option<Used>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    cpu: Duration,
    /// Of the largest single process that ever was.
    peak_bytes: u64,
}

impl Meter {
    pub fn start() -> Self {
        Self {
            begun: Instant::now(),
            before: used(),
        }
    }

    /// What was used since, when all that was started since has been reaped.
    pub fn read(&self) -> Usage {
        let (before, after) = (self.before, used());
        let since = before.zip(after);
        Usage {
            wall_s: self.begun.elapsed().as_secs_f64(),
            cpu_s: since.map(|(before, after)| after.cpu.saturating_sub(before.cpu).as_secs_f64()),
            // The system keeps the largest of all: where an earlier one was larger, it hides this.
            peak_memory_bytes: since
                .filter(|(before, after)| after.peak_bytes > before.peak_bytes)
                .map(|(_, after)| after.peak_bytes),
        }
    }
}

fn used() -> Option<Used> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let kib = u64::try_from(usage.max_rss()).ok()?;
    Some(Used {
        cpu: duration(usage.user_time()) + duration(usage.system_time()),
        peak_bytes: kib.saturating_mul(1024),
    })
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
