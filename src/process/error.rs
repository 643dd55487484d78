//! What can go wrong with processes.

use std::io;
use std::path::PathBuf;

use crate::beneath::Refused;
use crate::domain::diagnostic::{BROKEN_DISK, Code, Diagnostic, FULL_DISK, READ_ONLY_DISK};

/// The result of an operation on processes.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a process could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command's program is nowhere.
    #[error("{what} {command:?} cannot be run: {program} is not found")]
    ProgramNotFound {
        /// `agent command` or `eval command`.
        what: &'static str,
        /// The whole command.
        command: String,
        /// Its first word.
        program: String,
    },
    /// The command is no command line.
    #[error("{what} {command:?} cannot be run: {reason}")]
    BadCommand {
        /// `agent command` or `eval command`.
        what: &'static str,
        /// The whole command.
        command: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The system refused.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What is to be read or written is no file, or stands behind a link.
    #[error(transparent)]
    Refused(Refused),
    /// The supervisor ended before it was ready.
    #[error("the supervisor did not start; {} tells why", log.display())]
    Supervisor {
        /// Its log.
        log: PathBuf,
    },
    /// A wall could not be put up.
    #[error("a wall of the security level cannot be put up: {reason}")]
    Wall {
        /// What the system said.
        reason: String,
    },
    /// Too many ports are taken.
    #[error("there are no {count} free TCP ports in a row from 20000 to 29999")]
    NoPorts {
        /// How many were wanted.
        count: u16,
    },
    /// A signal came while something ran.
    #[error("interrupted by signal {signal}")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

impl Error {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| match Refused::of(&source) {
            Some(refused) => Self::Refused(refused.clone()),
            None => Self::Io { action, source },
        }
    }
}

impl Diagnostic for Error {
    fn code(&self) -> Code {
        match self {
            Self::ProgramNotFound { .. } | Self::BadCommand { .. } => Code::Usage,
            Self::Refused(_) => Code::Refused,
            Self::Io { .. }
            | Self::Supervisor { .. }
            | Self::Wall { .. }
            | Self::NoPorts { .. } => Code::Failed,
            Self::Interrupted { .. } => Code::Interrupted,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::ProgramNotFound { program, .. } if program.contains('/') => Some(
                "a relative path is looked up in the base commit, then in the current folder"
                    .to_owned(),
            ),
            Self::ProgramNotFound { program, .. } => {
                Some(format!("install {program}, or give the path to it"))
            }
            Self::BadCommand { .. } => {
                Some("it is run by `sh -c`; quote it as for the shell".to_owned())
            }
            Self::Interrupted { .. } => {
                Some("`hub status` shows where it stands, and what to do next".to_owned())
            }
            Self::Refused(refused) => Some(refused.hint().to_owned()),
            Self::Io { source, .. } => disk_hint(source).map(str::to_owned),
            Self::Wall { .. } => Some("`hub security` shows what this machine enforces".to_owned()),
            Self::Supervisor { .. } | Self::NoPorts { .. } => None,
        }
    }
}

/// What to do where a disk refused; `None` where something else did.
pub(crate) fn disk_hint(refused: &io::Error) -> Option<&'static str> {
    match refused.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(FULL_DISK),
        io::ErrorKind::ReadOnlyFilesystem => Some(READ_ONLY_DISK),
        _ if refused.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
            Some(BROKEN_DISK)
        }
        _ => None,
    }
}
