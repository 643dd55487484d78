//! Processes: the agents' and the eval commands', and the signals between them and hub.
//!
//! - [`command`] runs one shell command to its end, in a process group of its own.
//! - [`supervisor`] is both ends of the small process that watches one agent: it is
//!   started detached from the terminal, and told when to begin.
//! - [`watch`] is what it does then: one attempt with its limits, and what is asked of it meanwhile.
//! - [`background`] starts what goes on when hub ends.
//! - [`mark`] tells a process from a later one with the same number.
//! - [`ports`] gives each agent TCP ports of its own.
//! - [`attach`] connects the user's terminal with that of an agent.
//! - [`walls`] holds a process to what its security level allows.
//! - [`interrupt`] turns SIGINT, SIGTERM and SIGHUP into a flag that long work looks at.
//!
//! Output goes to files, never through pipes: a grandchild that keeps a pipe open
//! cannot make hub wait. That of an agent in a terminal goes there and from there to its file.

mod allowance;
pub mod attach;
pub mod background;
mod begun;
pub mod census;
pub mod command;
mod crowd;
mod error;
mod feed;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod group;
pub mod heartbeat;
mod idle;
pub mod inside;
pub mod interrupt;
pub mod leftovers;
mod log_index;
mod log_limit;
pub mod logs;
pub mod machine;
pub mod mark;
pub mod ports;
pub mod program;
mod replay;
pub mod requests;
mod stat;
mod stopwatch;
pub mod supervisor;
mod terminal;
mod usage;
pub mod version;
pub mod visible;
pub mod walls;
pub mod watch;

pub(crate) use error::disk_hint;
pub use error::{Error, Result};
pub use interrupt::Interrupt;
