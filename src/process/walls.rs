//! The walls around an agent's process.
//!
//! ```text
//! supervisor ── fork, exec ──► hub confine PLAN COMMAND
//!                               limits, privileges, Landlock, seccomp
//!                               exec ──► /bin/sh -c COMMAND
//! ```
//!
//! They are put up by a process around itself, and what it starts has them, too. hub has no
//! `unsafe`, so nothing of its own can run between fork and exec: a second exec of hub does it.
//! The plan is an argument: nobody but whoever started it could have written that.

mod calls;
mod capabilities;
pub mod confine;
pub mod counting;
pub mod denials;
mod files;
mod limits;
pub mod machine;

pub use counting::Group;

use std::ffi::OsString;
use std::process::Command;

use crate::domain::security::environment::{EnvPattern, passes};
use crate::domain::security::plan::Plan;
use crate::domain::security::walls::Environment;

/// What goes between hub and a command: the variables that pass, and the walls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosure {
    /// Which of the user's variables the command gets.
    pub environment: Environment,
    /// Variables that it gets whatever they are named.
    pub allowed: Vec<EnvPattern>,
    /// The walls.
    pub plan: Plan,
}

impl Enclosure {
    /// The command that becomes `command` behind its walls, with what passes of the variables.
    pub(super) fn around(&self, script: &[&str]) -> Command {
        let plan = serde_json::to_string(&self.plan).unwrap_or_default();
        // This very program, whatever stands by now where it was started from.
        let mut command = Command::new("/proc/self/exe");
        command.args(["confine", &plan, "--"]).args(script);
        command.env_clear().envs(self.variables());
        command
    }

    /// What the command gets of this process's variables; one that is no text has no name to be
    /// known by.
    fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        std::env::vars_os().filter(|(name, value)| {
            let value = value.to_string_lossy();
            name.to_str()
                .is_some_and(|name| passes(self.environment, &self.allowed, name, &value))
        })
    }
}
