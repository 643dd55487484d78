//! The walls around one process, as they are handed to whoever puts them up.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What is put up around a process before it becomes its command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whether what the machine cannot enforce is left out.
    pub best_effort: bool,
    /// The control group that it enters, which counts its processes.
    pub group: Option<PathBuf>,
    /// How many processes the user may have, this one's among them; where no group counts them.
    pub user_processes: Option<u64>,
    /// How much memory of its own each process may have, in bytes.
    pub memory: Option<u64>,
    /// How large a file may become, in bytes.
    pub file_size: Option<u64>,
    /// How many files each process may have open.
    pub open_files: Option<u64>,
    /// Whether it can signal only its own processes, and gains no privileges.
    pub alone: bool,
    /// The files that it reaches; all where that is not said.
    pub files: Option<Files>,
    /// What it reaches over the network.
    pub network: Reach,
}

/// The files that a process reaches: each path with all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// What it reads.
    pub read: BTreeSet<PathBuf>,
    /// What it reads and changes.
    pub write: BTreeSet<PathBuf>,
    /// What it reads and changes, and where it makes nothing but files and folders.
    pub plain: BTreeSet<PathBuf>,
    /// Devices that it reads and writes.
    pub devices: BTreeSet<PathBuf>,
    /// Programs that it runs; all that it reads where that is not said.
    pub execute: Option<BTreeSet<PathBuf>>,
}

/// What a process reaches over the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// All.
    #[default]
    All,
    /// What is named.
    Only {
        /// Sockets of this machine that have a path.
        unix: bool,
        /// TCP ports, to connect to and to listen on.
        ports: BTreeSet<u16>,
    },
}
