//! age around an archive: for recipients of X25519, opened by identities from a file.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::str::FromStr;

use age::DecryptError;

use crate::domain::export::{BadArchive, bad_recipient};
use crate::domain::id::BadName;
use crate::store::error::{Error, Result};

/// What every file of age begins with.
const AGE: &[u8] = b"age-encryption.org/v1\n";

/// What every file of gzip begins with (RFC 1952).
const GZIP: &[u8] = &[0x1f, 0x8b];

/// For whom an archive is encrypted.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = BadName;

    fn from_str(s: &str) -> std::result::Result<Self, BadName> {
        s.parse().map(Self).map_err(|_| bad_recipient(s))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What opens an archive. It is shown to nobody.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Reads those of a file, as `age-keygen` writes it; `name` is what it is called.
    ///
    /// # Errors
    /// When there is none in it that can be read.
    pub fn read(name: &Path, from: impl Read) -> Result<Self> {
        /// Some thousand of them.
        const LONGEST: u64 = 1024 * 1024;
        let none = || BadArchive::NoIdentity {
            path: name.to_path_buf(),
        };
        let from = io::BufReader::new(from.take(LONGEST));
        let file = age::IdentityFile::from_buffer(from).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::Other => Error::from(none()),
            _ => Error::io("read", name)(error),
        })?;
        match file.into_identities() {
            Ok(found) if !found.is_empty() => Ok(Self(found)),
            _ => Err(none().into()),
        }
    }
}

/// Where an archive goes: encrypted, or as it is.
pub(super) enum Sealed<W: Write> {
    Plain(W),
    Age(Box<age::stream::StreamWriter<W>>),
}

impl<W: Write> Sealed<W> {
    pub fn new(into: W, recipients: &[Recipient]) -> io::Result<Self> {
        if recipients.is_empty() {
            return Ok(Self::Plain(into));
        }
        let all = recipients.iter().map(|one| &one.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(all).map_err(io::Error::other)?;
        Ok(Self::Age(Box::new(encryptor.wrap_output(into)?)))
    }

    pub fn end(self) -> io::Result<W> {
        match self {
            Self::Plain(into) => Ok(into),
            Self::Age(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(into) => into.write(bytes),
            Self::Age(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(into) => into.flush(),
            Self::Age(stream) => stream.flush(),
        }
    }
}

/// What is inside of an archive, and whether it was encrypted.
pub(super) fn open<'r>(
    name: &Path,
    mut from: impl BufRead + 'r,
    identities: Option<&Identities>,
) -> Result<(Box<dyn Read + 'r>, bool)> {
    let begin = from.fill_buf().map_err(Error::io("read", name))?;
    if begin.starts_with(GZIP) {
        return Ok((Box::new(from), false));
    }
    if !begin.starts_with(AGE) {
        let path = name.to_path_buf();
        return Err(BadArchive::NotOne { path }.into());
    }
    let identities = identities.ok_or(BadArchive::Encrypted)?;
    let refused = |error: DecryptError| match error {
        DecryptError::Io(error) if !is_about_content(&error) => Error::io("read", name)(error),
        DecryptError::NoMatchingKeys => BadArchive::NoKeyFits.into(),
        error => BadArchive::damaged(error.to_string()).into(),
    };
    let decryptor = age::Decryptor::new_buffered(from).map_err(refused)?;
    if decryptor.is_scrypt() {
        return Err(BadArchive::Passphrase.into());
    }
    let identities = identities.0.iter().map(|one| &**one as &dyn age::Identity);
    let inside = decryptor.decrypt(identities).map_err(refused)?;
    Ok((Box::new(inside), true))
}

/// Whether an error is about what was read, not about reading.
pub(super) fn is_about_content(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}
