//! The integration tests: one binary, one file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by panicking; clippy.toml allows it in #[test] functions only"
)]

mod anywhere;
mod architecture;
mod archive;
mod attach;
mod bad_input;
mod board;
mod by_hand;
mod cleanup;
mod cli;
mod crowd;
mod dag;
mod damage;
mod demo;
mod doctor;
mod established;
mod evaluation;
mod events;
mod export;
mod faults;
mod filling;
mod graft;
mod hermetic;
mod hostile;
mod installation;
mod integrate;
mod journal;
mod kills;
mod limits;
mod listing;
mod logs;
mod merge;
mod metrics;
mod modes;
mod outside;
mod paths;
mod pause;
mod presets;
mod processes;
mod prompts;
mod queue;
mod readme;
mod ready;
mod repositories;
mod restore;
mod retry;
mod rounds;
mod run;
mod security;
mod send;
mod snapshots;
mod statistics;
mod support;
mod trust;
mod undo;
mod walk;
