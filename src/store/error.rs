//! What can go wrong in the hub directory.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::beneath::Refused;
use crate::domain::diagnostic::{BROKEN_DISK, Code, Diagnostic, FULL_DISK};
use crate::domain::export::BadArchive;
use crate::domain::id::{SessionId, SessionSelector};
use crate::domain::text::first_few;

/// The result of an operation on the hub directory.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the hub directory could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `replace` …
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}{} is damaged: {reason}", path.display(), at_line(*line))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// A file is of another session than its folder.
    #[error("{}{} is damaged: it is of session {found}", path.display(), at_line(*line))]
    OtherSession {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// The session that it names.
        found: SessionId,
    },
    /// A file of a later hub: read, never written.
    #[error("{} has schema_version {found}; this hub writes {known} and would lose what is new in it", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The version that this hub writes.
        known: u64,
    },
    /// Another hub holds the lock.
    #[error("{} is held by {holder}; gave up after {:.1} s", path.display(), waited.as_secs_f64())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as far as the lock file tells.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// There is no such session.
    #[error("{}", no_session(selector))]
    NoSession {
        /// What was asked for.
        selector: SessionSelector,
    },
    /// The beginning of an id fits more than one session.
    #[error("session {selector} is not unique: {}", first_few(matches.iter()))]
    AmbiguousSession {
        /// What was asked for.
        selector: SessionSelector,
        /// What fits.
        matches: Vec<SessionId>,
    },
    /// A configuration file holds a key that does not exist.
    #[error("{}{}: unknown key {key:?}", source_name, at_line(*line))]
    UnknownKey {
        /// The file, or what else the settings came from.
        source_name: String,
        /// The line, from 1.
        line: Option<usize>,
        /// The key.
        key: String,
        /// The known key that is most like it.
        nearest: Option<&'static str>,
    },
    /// A configuration file holds a value that cannot be meant.
    #[error("{}{}: {reason}", source_name, at_line(*line))]
    BadSetting {
        /// The file, or what else the settings came from.
        source_name: String,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// Something in the hub directory is a symbolic link, which could lead anywhere.
    #[error("{} is a symbolic link; hub does not follow it", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Something in the hub directory is no file, and could give anything, or nothing for ever.
    #[error("{} is {what}, not a file; hub does not open it", path.display())]
    NoFile {
        /// Where it is.
        path: PathBuf,
        /// What it is: `a pipe`, `a device`, `a socket`.
        what: &'static str,
    },
    /// An archive that was not written, or is not taken.
    #[error(transparent)]
    Archive(#[from] BadArchive),
    /// A path cannot be written into a file as text.
    #[error("{} is not valid UTF-8, which the files of hub are", path.display())]
    NotUnicode {
        /// The path.
        path: PathBuf,
    },
}

impl Error {
    /// For `map_err`: what was tried, on which path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match Refused::of(&source).cloned() {
            Some(Refused::Link(path)) => Self::Symlink { path },
            Some(Refused::NoFile { path, what }) => Self::NoFile { path, what },
            None => Self::Io {
                action,
                path,
                source: plain(source),
            },
        }
    }

    /// What a JSON parser says of a file, its place told once.
    pub(super) fn json(path: impl Into<PathBuf>, error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let reason = match said.rsplit_once(" at line ") {
            Some((reason, _)) => reason.to_owned(),
            None => said,
        };
        Self::corrupt(path, Some(error.line().max(1)), reason)
    }

    pub(crate) fn corrupt(
        path: impl Into<PathBuf>,
        line: Option<usize>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Corrupt {
            path: path.into(),
            line,
            reason: reason.into(),
        }
    }
}

/// What the system said; `tempfile` wraps it, and names a path that nobody knows.
fn plain(error: io::Error) -> io::Error {
    let text = error.to_string();
    let number = text
        .rsplit_once("(os error ")
        .and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
    match (error.raw_os_error(), number) {
        (None, Some(number)) => io::Error::from_raw_os_error(number),
        _ => error,
    }
}

/// EIO, for which the standard library has no name.
fn is_broken(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

fn no_session(selector: &SessionSelector) -> String {
    match selector {
        SessionSelector::Latest => "there is no session that fits".to_owned(),
        SessionSelector::Prefix(prefix) => format!("session {prefix} does not exist"),
    }
}

impl Diagnostic for Error {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } | Self::NewerVersion { .. } | Self::NotUnicode { .. } => Code::Failed,
            Self::Corrupt { .. } | Self::OtherSession { .. } => Code::Corrupt,
            Self::Busy { .. } => Code::Busy,
            Self::NoSession { .. } => Code::NotFound,
            Self::AmbiguousSession { .. } | Self::UnknownKey { .. } | Self::BadSetting { .. } => {
                Code::Usage
            }
            Self::Symlink { .. } | Self::NoFile { .. } => Code::Refused,
            Self::Archive(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { source, path, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Some(format!(
                        "make {} writable for you, or work on a copy",
                        path.display()
                    ))
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    Some(FULL_DISK.to_owned())
                }
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                    Some(format!("look at what stands at {}", path.display()))
                }
                _ if is_broken(source) => Some(BROKEN_DISK.to_owned()),
                _ => None,
            },
            Self::Corrupt { path, .. } | Self::OtherSession { path, .. } => Some(format!(
                "nothing was changed; mend {} by hand or move its session's folder away",
                path.display()
            )),
            Self::NewerVersion { .. } => {
                Some("use the hub that wrote it, or a newer one".to_owned())
            }
            Self::Busy { .. } => Some("wait for it, or give --lock-timeout SECONDS".to_owned()),
            Self::NoSession { .. } => {
                Some("`hub list` shows the sessions there are, `hub init` makes one".to_owned())
            }
            Self::AmbiguousSession { .. } => Some("give more of the id".to_owned()),
            Self::UnknownKey { nearest, .. } => Some(match nearest {
                Some(key) => format!("did you mean {key}?"),
                None => "docs/formats.md lists the keys".to_owned(),
            }),
            Self::BadSetting { .. } => Some("docs/formats.md says what each key takes".to_owned()),
            Self::Symlink { .. } => Some("put a real file or folder in its place".to_owned()),
            Self::NoFile { path, .. } => Some(format!(
                "nothing was read or written; see who put it there, and move {} away",
                path.display()
            )),
            Self::Archive(error) => error.hint(),
            Self::NotUnicode { .. } => Some("move the repository to a path that is".to_owned()),
        }
    }
}
