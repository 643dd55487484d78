//! In the supervisor: how many processes an agent has, where the system does not count them.

use std::time::{Duration, Instant};

use super::group;

/// The time between two counts.
const EACH: Duration = Duration::from_secs(1);

/// A count that is made each second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    most: Option<u32>,
    counted: Option<Instant>,
}

impl Crowd {
    /// Of an agent that may have `most` processes and threads; it is not counted without.
    pub fn new(most: Option<u32>) -> Self {
        Self {
            most,
            counted: None,
        }
    }

    /// How many there may be, where there are more. Nothing when it is not time to count, or
    /// after they were once too many.
    pub fn is_too_many(&mut self, now: Instant) -> Option<u32> {
        let most = self.most?;
        let due = self
            .counted
            .is_none_or(|before| now.duration_since(before) >= EACH);
        if !due {
            return None;
        }
        self.counted = Some(now);
        let found = group::threads_below().min(u64::from(u32::MAX));
        if found <= u64::from(most) {
            return None;
        }
        self.most = None;
        Some(most)
    }
}
