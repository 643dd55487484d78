//! What `-v` shows: who did which operation.

use log::{LevelFilter, Log, Metadata, Record};

use crate::render::narrate;

struct Narrator;

impl Log for Narrator {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("agenthub") || metadata.target().starts_with("hub")
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            narrate(&record.args().to_string());
        }
    }

    fn flush(&self) {}
}

static NARRATOR: Narrator = Narrator;

/// Shows warnings always, operations with `-v`, everything with `-vv`.
pub fn install(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    // Fails only where a logger is installed already: then that one is to be used.
    if log::set_logger(&NARRATOR).is_ok() {
        log::set_max_level(level);
    }
}
