//! What every error of hub can say about itself, whichever room it comes from.

use serde::{Deserialize, Serialize};

/// The stable code of an error: scripts match on it, and it decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Anything that has no code of its own.
    Failed,
    /// The command line asks for something that cannot be meant.
    Usage,
    /// A session, agent, branch or repository that is not there.
    NotFound,
    /// A state machine has no such edge.
    InvalidTransition,
    /// The session or agent is in a state in which this cannot be done.
    WrongState,
    /// Another hub holds the lock.
    Busy,
    /// Doing it would lose something, or run something that nobody allowed.
    Refused,
    /// A merge that does not apply.
    Conflict,
    /// A merged tree that the command which was to verify it does not accept.
    VerificationFailed,
    /// No result can be called the winner.
    NoWinner,
    /// A file of the hub directory cannot be read.
    Corrupt,
    /// A signal ended the command.
    Interrupted,
}

/// An error that has a stable code and, where there is one, the next thing to do.
pub trait Diagnostic: std::error::Error {
    /// The stable code.
    fn code(&self) -> Code;
    /// What to do now, with the exact command where there is one.
    fn hint(&self) -> Option<String>;
}

/// The hint for a disk without space.
pub const FULL_DISK: &str =
    "free some space and do it again; what was not finished is settled then";

/// The hint for a disk that can only be read.
pub const READ_ONLY_DISK: &str =
    "make the file system writable and do it again; what was not finished is settled then";

/// The hint for a disk that cannot be read or written.
pub const BROKEN_DISK: &str =
    "the disk does not do what it should; see the system's log, then do it again";
