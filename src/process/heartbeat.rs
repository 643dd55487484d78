//! The file by which a supervisor tells that it is there and not stuck.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

use crate::beneath;

/// How often the file is touched.
const EVERY: Duration = Duration::from_secs(3);

/// When a supervisor last touched the file; `None` when none did.
#[must_use]
pub fn last(path: &Path) -> Option<DateTime<Utc>> {
    let metadata = beneath::metadata(path).ok()?;
    metadata.modified().ok().map(DateTime::from)
}

#[derive(Debug)]
pub(super) struct Heartbeat {
    path: PathBuf,
    last: Option<Instant>,
}

impl Heartbeat {
    pub fn new(path: PathBuf) -> Self {
        Self { path, last: None }
    }

    /// Touches the file when that is due; where it cannot, the heartbeat just grows old.
    pub fn beat(&mut self, now: Instant) {
        let recent = |last: Instant| now.saturating_duration_since(last) < EVERY;
        if self.last.is_some_and(recent) {
            return;
        }
        self.last = Some(now);
        let mut options = File::options();
        let options = options.create(true).truncate(false).write(true);
        if let Ok(file) = beneath::open_with(&self.path, options) {
            let _ = file.set_modified(SystemTime::now());
        }
    }
}
