//! What `hub export` and `hub import` answer.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::export::{ChangedAgent, ObjectFormat, Origin};
use crate::domain::id::SessionId;
use crate::domain::refs::{CommitId, RefName};
use crate::domain::state::SessionState;

/// A session that was written into an archive.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ExportReport {
    /// The session.
    pub session_id: SessionId,
    /// The archive; null where it went to stdout.
    pub file: Option<PathBuf>,
    /// Its length.
    pub size_bytes: u64,
    /// For how many recipients it is encrypted; 0 where it is not.
    pub recipients: usize,
    /// How many files of the session's folder it holds.
    pub files: usize,
    /// How many posts of the board it holds.
    pub posts: usize,
    /// The refs whose objects it holds.
    pub refs: Vec<ExportedRef>,
    /// Commits that these build upon and that it does not hold.
    pub needs: Vec<CommitId>,
    /// What of the session it does not hold, in words.
    pub missing: Vec<String>,
}

/// A ref of a session that was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExportedRef {
    /// Its full name.
    pub r#ref: RefName,
    /// The commit that it leads to.
    pub commit: CommitId,
}

/// A session that was brought here from an archive.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ImportReport {
    /// The session.
    pub session_id: SessionId,
    /// Where it stands.
    pub state: SessionState,
    /// Where it came from.
    pub origin: Origin,
    /// Whether the archive was encrypted.
    pub encrypted: bool,
    /// What names the objects of both repositories.
    pub object_format: ObjectFormat,
    /// The refs that were made.
    pub made_refs: Vec<ExportedRef>,
    /// How many refs were here already, at the same object.
    pub kept_refs: usize,
    /// How many posts were put on the board; those that were there already are not counted.
    pub posts: usize,
    /// How many of them have another number here, since theirs was taken.
    pub renumbered: usize,
    /// Agents whose status cannot be what it was.
    pub agents: Vec<ChangedAgent>,
    /// How many commands of the session are not trusted here.
    pub untrusted_commands: usize,
    /// What of the session was not in the archive, or is lacking here, in words.
    pub missing: Vec<String>,
}
