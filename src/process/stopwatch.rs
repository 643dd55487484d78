//! A clock that can be held.

use std::time::{Duration, Instant};

/// How long something has gone on, less the time that it stood still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    counted: Duration,
    /// Since when it goes; `None` while it is held.
    going: Option<Instant>,
}

impl Stopwatch {
    pub fn started(now: Instant) -> Self {
        Self {
            counted: Duration::ZERO,
            going: Some(now),
        }
    }

    pub fn hold(&mut self, now: Instant) {
        self.counted = self.at(now);
        self.going = None;
    }

    pub fn go_on(&mut self, now: Instant) {
        self.going.get_or_insert(now);
    }

    pub fn at(&self, now: Instant) -> Duration {
        let going = self.going.map(|since| now.saturating_duration_since(since));
        self.counted + going.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_it_is_held_does_not_count() {
        let begun = Instant::now();
        let at = |second| begun + Duration::from_secs(second);
        let mut watch = Stopwatch::started(begun);
        assert_eq!(watch.at(at(3)).as_secs(), 3);
        watch.hold(at(5));
        watch.hold(at(6));
        assert_eq!(watch.at(at(90)).as_secs(), 5, "held twice is held once");
        watch.go_on(at(100));
        watch.go_on(at(101));
        assert_eq!(
            watch.at(at(102)).as_secs(),
            7,
            "let go twice is let go once"
        );
    }
}
