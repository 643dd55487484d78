//! A session as an archive: what it holds, and what of one that came from elsewhere is believed.

pub mod name;

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::diagnostic::{Code, Diagnostic};
use super::id::{AgentId, BadName, SessionId};
use super::launch::ByteSize;
use super::owner::UserName;
use super::refs::{ArchiveTag, AttemptBranch, CommitId, RefName, SnapshotLabel, SnapshotRef};
use super::session::{AgentRecord, Run, Session};
use super::state::AgentStatus;

pub use name::EntryName;

/// The form of archives that this hub writes.
pub const FORMAT: u64 = 1;

/// The first entry of an archive, which tells of all others.
pub const MANIFEST: &str = "manifest.json";

/// The most bytes of a manifest.
pub const LONGEST_MANIFEST: u64 = 64 * 1024 * 1024;

/// What all files of an archive may come to together where nothing else is said.
pub const MOST_BYTES: ByteSize = ByteSize::of(16 * 1024 * 1024 * 1024);

/// The hash that names the objects of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ObjectFormat {
    /// 40 hex digits.
    Sha1,
    /// 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// As git names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 => 64,
        }
    }
}

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the archive.
    pub format: u64,
    /// The version of the hub that wrote it.
    pub hub: String,
    /// The session.
    pub session_id: SessionId,
    /// What names the objects of its repository.
    pub object_format: ObjectFormat,
    /// Who wrote it.
    pub user: UserName,
    /// On which machine.
    pub host: String,
    /// All files that follow, in their order.
    pub files: Vec<ManifestFile>,
    /// What the bundle holds.
    pub refs: Vec<ManifestRef>,
    /// Commits that the bundle builds upon and does not hold.
    pub needs: Vec<CommitId>,
    /// What of the session is not in the archive, in words.
    pub missing: Vec<String>,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its name.
    pub name: EntryName,
    /// How long it is.
    pub size_bytes: u64,
    /// The SHA-256 of it, in hex digits.
    pub sha256: String,
}

/// A ref of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRef {
    /// Its full name.
    pub r#ref: RefName,
    /// The object that it names; of an annotated tag its own.
    pub object: CommitId,
    /// The commit that this leads to.
    pub commit: CommitId,
}

impl Manifest {
    /// Holds it against what hub would have written.
    ///
    /// # Errors
    /// When it is of a later hub, larger than `most` in all, or says what no hub says.
    pub fn check(&self, most: ByteSize) -> Result<(), BadArchive> {
        self.check_files(most)?;
        let ids = self.refs.iter().flat_map(|one| [&one.object, &one.commit]);
        let mut ids = ids.chain(&self.needs);
        let digits = self.object_format.digits();
        if let Some(id) = ids.find(|id| id.as_str().len() != digits) {
            return Err(BadArchive::damaged(format!(
                "{id} is no id of a repository of {}",
                self.object_format.as_str()
            )));
        }
        let mut known = BTreeSet::new();
        for one in &self.refs {
            if !is_own_ref(&one.r#ref, &self.session_id) {
                let (name, id) = (&one.r#ref, &self.session_id);
                return Err(BadArchive::damaged(format!(
                    "{name} is no ref of session {id}"
                )));
            }
            if !known.insert(&one.r#ref) {
                return Err(BadArchive::damaged(format!("{} stands twice", one.r#ref)));
            }
        }
        let bundle = self.files.iter().any(|file| file.name == EntryName::Bundle);
        if bundle == self.refs.is_empty() {
            return Err(BadArchive::damaged("its refs and its bundle do not agree"));
        }
        Ok(())
    }

    fn check_files(&self, most: ByteSize) -> Result<(), BadArchive> {
        let mut total = 0_u64;
        for file in &self.files {
            total = total.saturating_add(file.size_bytes);
            let own = file.name.most_bytes().unwrap_or(u64::MAX);
            if file.size_bytes > own {
                return Err(BadArchive::damaged(format!(
                    "{} has {} bytes, and no more than {own} are read of it",
                    file.name, file.size_bytes
                )));
            }
        }
        if total > most.bytes() {
            return Err(BadArchive::TooLarge { total, most });
        }
        let names = self.files.iter().map(|file| file.name.to_string());
        let names: Vec<String> = names.collect();
        // Strictly: none stands twice.
        if !names.is_sorted_by(|one, next| one < next) {
            return Err(BadArchive::damaged("its files are not in order"));
        }
        for needed in ["session/config.yaml", "session/state.json"] {
            if !names.iter().any(|name| name == needed) {
                return Err(BadArchive::damaged(format!("it has no {needed}")));
            }
        }
        Ok(())
    }

    /// Whether the bundle is needed, and what it must hold.
    #[must_use]
    pub fn heads(&self) -> BTreeSet<(&RefName, &CommitId)> {
        let heads = self.refs.iter().map(|one| (&one.r#ref, &one.object));
        heads.collect()
    }
}

/// Whether a ref is one that hub makes for this session, spelled as hub does.
#[must_use]
pub fn is_own_ref(name: &RefName, session: &SessionId) -> bool {
    let text = name.as_str();
    let branch = || {
        let found: AttemptBranch = text.strip_prefix("refs/heads/")?.parse().ok()?;
        (found.session == *session).then(|| found.name().full())
    };
    let tag = || {
        let found: ArchiveTag = text.strip_prefix("refs/tags/")?.parse().ok()?;
        (found.session == *session).then(|| found.full())
    };
    let snapshot = || {
        let found: SnapshotRef = text.parse().ok()?;
        let plain = match &found.label {
            SnapshotLabel::Uncommitted(_) => true,
            SnapshotLabel::Discarded(commit) => {
                commit.as_str().bytes().all(|b| b.is_ascii_hexdigit())
            }
        };
        (plain && found.session == *session).then(|| found.full())
    };
    let found = branch().or_else(tag).or_else(snapshot);
    found.is_some_and(|found| found == *name)
}

/// Where an imported session came from: `imported.json` in its folder. As long as that is there,
/// the commands of the session are not this user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Origin {
    /// Who exported it.
    pub user: UserName,
    /// On which machine.
    pub host: String,
    /// The version of the hub that did.
    pub hub: String,
    /// Whose session it was there; null where it did not say.
    pub owner: Option<UserName>,
}

/// An agent whose status cannot be what it was elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChangedAgent {
    /// The agent.
    pub agent: AgentId,
    /// What it was.
    pub from: AgentStatus,
    /// What it is.
    pub to: AgentStatus,
}

/// The boot of no machine: processes of another machine are none here, whatever their numbers.
const ELSEWHERE: &str = "elsewhere";

/// Why an agent that was running elsewhere is cancelled.
const CUT_OFF: &str = "it was running when the session was exported";

/// A session as it can be here: no agent of it runs, and none has a worktree.
///
/// # Errors
/// When an agent is on a branch that is not its own.
pub fn settled_here(session: &Session) -> Result<(Session, Vec<ChangedAgent>), BadArchive> {
    let mut changed = Vec::new();
    let mut agents = session.agents().clone();
    for (agent, record) in &mut agents {
        let own = AttemptBranch {
            session: session.id.clone(),
            agent: *agent,
            attempt: record.attempt,
        };
        if record.branch != own.name() {
            let branch = &record.branch;
            return Err(BadArchive::damaged(format!(
                "branch {branch} is not that of {agent}"
            )));
        }
        let from = record.status();
        let runs = from.is_active();
        let to = if runs { AgentStatus::Cancelled } else { from };
        let mut here = AgentRecord::stored(to, record.attempt, record.branch.clone());
        here.strategy.clone_from(&record.strategy);
        here.run = record.run.clone().map(|run| run_here(run, runs, session));
        *record = here;
        if runs {
            changed.push(ChangedAgent {
                agent: *agent,
                from,
                to,
            });
        }
    }
    let here = Session::stored(
        session.id.clone(),
        session.state(),
        session.created,
        session.updated,
        agents,
    );
    Ok((here, changed))
}

fn run_here(mut run: Run, cut_off: bool, session: &Session) -> Run {
    ELSEWHERE.clone_into(&mut run.supervisor.boot);
    if let Some(process) = &mut run.process {
        ELSEWHERE.clone_into(&mut process.boot);
    }
    if cut_off {
        let end: DateTime<Utc> = run.paused.unwrap_or(session.updated).max(run.started);
        run.ended = Some(run.ended.unwrap_or(end));
        run.reason = Some(CUT_OFF.to_owned());
        run.paused = None;
        run.ports = Vec::new();
    }
    run
}

/// Why an archive was not written, or nothing of one was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArchive {
    /// It is something else.
    #[error("{} is no archive of hub", path.display())]
    NotOne {
        /// The file.
        path: PathBuf,
    },
    /// It is not what `hub export` writes, or it was changed since.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// A later hub wrote it.
    #[error("the archive has format {found}; this hub reads {FORMAT}")]
    Newer {
        /// Its form.
        found: u64,
        /// The version of the hub that wrote it.
        hub: String,
    },
    /// It holds more than may be.
    #[error("the archive holds {total} bytes, and no more than {most} are taken")]
    TooLarge {
        /// What it holds.
        total: u64,
        /// What may be.
        most: ByteSize,
    },
    /// It is encrypted, and no key was named.
    #[error("the archive is encrypted")]
    Encrypted,
    /// It is encrypted with a passphrase.
    #[error("the archive is encrypted with a passphrase, which hub does not ask for")]
    Passphrase,
    /// It is encrypted for others.
    #[error("none of the identities opens the archive")]
    NoKeyFits,
    /// A file of identities has none that can be read.
    #[error("{} holds no age identity", path.display())]
    NoIdentity {
        /// The file.
        path: PathBuf,
    },
    /// There is a session of this id already.
    #[error("session {session} is here already")]
    SessionExists {
        /// The session.
        session: SessionId,
        /// Whether its making was taken back.
        undone: bool,
    },
    /// One of its refs is here and leads elsewhere.
    #[error("{name} is at {}, and in the archive at {}", found.short(), wanted.short())]
    OtherRef {
        /// The ref.
        name: RefName,
        /// Where it is.
        found: CommitId,
        /// Where it would be.
        wanted: CommitId,
    },
    /// The repository names its objects in another way.
    #[error("the archive is of a repository of {}, and this is one of {}", theirs.as_str(), ours.as_str())]
    OtherObjects {
        /// That of the archive.
        theirs: ObjectFormat,
        /// That of the repository.
        ours: ObjectFormat,
    },
    /// The bundle builds upon a commit that is not here.
    #[error("the archive builds upon commit {}, which is not in this repository", .0.short())]
    Lacks(CommitId),
    /// The file is there already.
    #[error("{} is there already", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// What is there is no file.
    #[error("{} is no file", path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
    },
    /// The session was never finished.
    #[error("session {0} was not made to its end yet")]
    NotMadeYet(SessionId),
    /// An archive cannot be read by eye.
    #[error("an archive is not for a terminal")]
    Terminal,
}

impl BadArchive {
    /// One that is damaged, and how.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

impl Diagnostic for BadArchive {
    fn code(&self) -> Code {
        match self {
            Self::NotOne { .. } | Self::Damaged(_) => Code::Corrupt,
            Self::Newer { .. } => Code::Failed,
            Self::Encrypted | Self::Passphrase | Self::NoIdentity { .. } | Self::Terminal => {
                Code::Usage
            }
            Self::TooLarge { .. }
            | Self::NoKeyFits
            | Self::SessionExists { .. }
            | Self::OtherRef { .. }
            | Self::OtherObjects { .. }
            | Self::Lacks(_)
            | Self::FileExists { .. }
            | Self::NoFile { .. } => Code::Refused,
            Self::NotMadeYet(_) => Code::WrongState,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotOne { .. } => "name a file that `hub export` has written".to_owned(),
            Self::Damaged(_) => {
                "nothing was taken of it; have it exported and sent once more".to_owned()
            }
            Self::Newer { hub, .. } => format!("use hub {hub}, which wrote it, or a newer one"),
            Self::TooLarge { .. } => {
                "`--max-size 64G` takes more; an archive of a stranger may be made to fill the disk"
                    .to_owned()
            }
            Self::Encrypted => "name the file of your age identity: --identity FILE".to_owned(),
            Self::Passphrase => "`age --decrypt` asks for it; import what that writes".to_owned(),
            Self::NoKeyFits => {
                "ask whoever sent it for which recipient it was encrypted".to_owned()
            }
            Self::NoIdentity { .. } => {
                "`age-keygen` writes one: a line that begins with AGE-SECRET-KEY-1".to_owned()
            }
            Self::SessionExists {
                session,
                undone: true,
            } => format!("its making was taken back; `hub undo {session}` brings it back"),
            Self::SessionExists { session, .. } => format!("`hub status {session}` shows it"),
            Self::OtherRef { name, .. } => {
                format!("look at it: `git log {name}`; what is here is never moved by an import")
            }
            Self::OtherObjects { theirs, .. } => format!(
                "import it into a repository of `git init --object-format={}`",
                theirs.as_str()
            ),
            Self::Lacks(commit) => format!(
                "fetch it from where the session was: `git fetch REMOTE {commit}`; or have it exported without --thin"
            ),
            Self::FileExists { .. } => "--force replaces it".to_owned(),
            Self::NoFile { .. } => "name a file: --output FILE".to_owned(),
            Self::NotMadeYet(id) => format!("`hub status {id}` says more"),
            Self::Terminal => "name a file, or lead stdout into one".to_owned(),
        })
    }
}

/// A recipient or a file name that cannot be meant.
pub(crate) fn bad_recipient(text: &str) -> BadName {
    let why = "it must be an X25519 recipient, which begins with age1";
    BadName::new("an age recipient", text, why)
}

#[cfg(test)]
mod tests;
