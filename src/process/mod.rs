//! Processes: the agents' and the eval commands', and the signals between them and hub.
//!
//! - [`command`] runs one shell command to its end, in a process group of its own.
//! - [`supervisor`] is both ends of the small process that watches one agent: it is
//!   started detached from the terminal, starts the agent, waits, and reports.
//! - [`mark`] tells a process from a later one with the same number.
//! - [`ports`] gives each agent TCP ports of its own.
//! - [`interrupt`] turns SIGINT, SIGTERM and SIGHUP into a flag that long work looks at.
//!
//! Output goes to files, never through pipes: a grandchild that keeps a pipe open
//! cannot make hub wait.

pub mod command;
mod error;
mod group;
pub mod interrupt;
pub mod leftovers;
pub mod logs;
pub mod mark;
pub mod ports;
pub mod program;
pub mod supervisor;
pub mod version;
pub mod visible;

pub use error::{Error, Result};
pub use interrupt::Interrupt;
