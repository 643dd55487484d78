//! The use cases: one file each, from a request to an outcome.
//!
//! The only place where the hub directory, git and processes meet. [`Hub`] is what
//! every use case works on; requests are made of the types that are re-exported here,
//! outcomes are the documents of [`report`].

mod agents;
mod announce;
pub mod archive;
pub mod attach;
mod attempts;
pub mod board;
mod candidates;
mod carry;
pub mod cleanup;
mod contact;
pub mod demo;
pub mod doctor;
pub mod dry_run;
mod error;
pub mod eval;
pub mod events;
pub mod graft;
mod hub;
pub mod init;
mod limits;
mod line;
pub mod list;
pub mod logs;
mod measure;
pub mod merge;
pub mod messages;
pub mod metrics;
mod owner;
mod parent;
pub mod path;
pub mod pause;
pub mod presets;
mod prompts;
mod ready;
mod recover;
pub mod retry;
pub mod rounds;
pub mod run;
mod scratch;
pub mod send;
mod snapshots;
pub mod spawn;
mod start;
pub mod status;
pub mod stop;
pub mod supervise;
mod teardown;
pub mod templates;
mod tokens;
mod trust;
pub mod update;
pub mod wait;
mod worktrees;

pub use error::{Error, Result};
pub use hub::{Hub, Setup};
pub use prompts::Strategies;

pub use crate::domain::board::{Author, Channel, PostRef};
pub use crate::domain::diagnostic::{Code, Diagnostic};
pub use crate::domain::evaluation::hybrid::Tolerance;
pub use crate::domain::evaluation::requirement::Requirement;
pub use crate::domain::evaluation::tie_break::TieBreak;
pub use crate::domain::event::{Event, Phase};
pub use crate::domain::id::{AgentId, Attempt, BadName, SessionId, SessionSelector};
pub use crate::domain::launch::{ByteSize, Launch, Leftovers, Limits, Nice, Restart, Stdin};
pub use crate::domain::measurement::Repeat;
pub use crate::domain::metric::{Direction, MetricName};
pub use crate::domain::mode::Mode;
pub use crate::domain::owner::WhoseSessions;
pub use crate::domain::preset::{Contestants, PresetChoice, PresetCounts, PresetName};
pub use crate::domain::progress::Progress;
pub use crate::domain::protect::PathGlob;
pub use crate::domain::ready::{PortCount, Ready, ShellLine};
pub use crate::domain::refs::BranchName;
pub use crate::domain::report;
pub use crate::domain::resources::{Grace, TimeLimit};
pub use crate::domain::session::Task;
pub use crate::domain::settings::{AgentCount, Seconds, SettingsLayer};
pub use crate::domain::since::Since;
pub use crate::domain::state::{AgentStatus, SessionState};
pub use crate::domain::strategy::Strategy;
pub use crate::process::Interrupt;
