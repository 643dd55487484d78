//! A log and its index of times, which an agent can write.
#![no_main]

use std::sync::OnceLock;

use agenthub::process::logs::{Growing, last_lines, tail};
use agenthub_fuzz::{Scene, check_harmless};
use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;

static SCENE: OnceLock<Scene> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let scene = SCENE.get_or_init(Scene::new);
    let log = scene.file("stdout.log");
    let index = agenthub::process::fuzzing::index_of(&log);
    scene.put(&[index, log.clone()], input);
    let length = std::fs::metadata(&log).map_or(0, |meta| meta.len());

    let since = input
        .first_chunk()
        .map_or(0, |bytes| i64::from_le_bytes(*bytes));
    for since in [since, since % 4_102_444_800_000, 0] {
        let since = DateTime::<Utc>::from_timestamp_millis(since).unwrap_or_default();
        let mut growing = Growing::open(&log, None).expect("it can be read");
        let _ = growing.skip_before(since);
        let read = growing.read().expect("it can be read");
        assert!(u64::try_from(read.len()).is_ok_and(|read| read <= length));
    }
    let count = usize::from(input.last().copied().unwrap_or_default());
    let mut growing = Growing::open(&log, Some(count)).expect("it can be read");
    let _ = growing.read();
    check_harmless(&last_lines(&log, count));
    let _ = tail(&log, 100);
});
