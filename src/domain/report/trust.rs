//! `hub trust`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::SessionId;
use crate::domain::trust::{CommandKind, TrustId};

/// The commands of a repository that this user did not write.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrustReport {
    /// Each command once, in the order in which they were found.
    pub commands: Vec<ForeignCommand>,
}

/// A command that this user did not write.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ForeignCommand {
    /// What it is known by.
    pub id: TrustId,
    /// All of it.
    pub command: String,
    /// Whether hub runs it.
    pub trusted: bool,
    /// Whether that was otherwise before.
    pub changed: bool,
    /// Where it stands; nowhere any more where it was trusted earlier.
    pub uses: Vec<CommandUse>,
}

/// One place where a command stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommandUse {
    /// What it is for.
    pub kind: CommandKind,
    /// The session that it is of; `None` for one of the settings.
    pub session: Option<SessionId>,
    /// The file.
    pub file: PathBuf,
    /// Why it is not this user's, as "came with the repository".
    pub why: String,
}
