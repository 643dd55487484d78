//! What hub is about, as values and rules: no files, no git, no clock, no environment.
//!
//! Everything here is tested without a disk; time and chance come in as arguments.

pub mod board;
pub mod carry;
pub mod chain;
pub mod cleanup;
pub mod dag;
pub mod diagnostic;
pub mod diff;
pub mod environment;
pub mod evaluation;
pub mod event;
pub mod graft;
pub mod id;
pub mod integrate;
pub mod judging;
pub mod launch;
pub mod limits;
pub mod list;
pub mod measurement;
pub mod message;
pub mod metric;
pub mod mode;
pub mod owner;
pub mod preset;
pub mod progress;
pub mod protect;
pub mod ranking;
pub mod ready;
pub mod rebuild;
pub mod refs;
pub mod report;
pub mod resources;
pub mod restore;
pub mod rounds;
pub mod session;
pub mod settings;
pub mod since;
pub mod snapshot;
pub mod state;
pub mod strategy;
pub mod template;
pub mod text;
pub mod time;
pub mod usage;
