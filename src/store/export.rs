//! A session as one file: `hub export` and `hub import`.
//!
//! ```text
//! age, where it is asked for
//! └── gzip
//!     └── tar: manifest.json           names, sizes, hashes, refs      (domain::export)
//!         ├── attempts.bundle          the objects of all attempts     (git::bundle)
//!         ├── board/<channel>/<post>   the posts of the session
//!         └── session/…                what its folder holds
//! ```
//!
//! - [`gather`]: what there is of a session, and what of it is damaged
//! - [`pack`]: writing, the same bytes for the same session
//! - [`unpack`]: reading, believing nothing: an entry counts only where the manifest says that it
//!   comes next, and what the manifest says was held against a list of names before
//! - [`crypt`]: age around it

pub mod crypt;
pub mod gather;
pub mod pack;
pub mod unpack;

pub use crypt::{Identities, Recipient};
pub use gather::{Gathered, Source};
pub use pack::Pack;
pub use unpack::{Unpack, UnpackedEntry};

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// The SHA-256 of all that goes through.
struct Hashed<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Hashed<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    fn took(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    }

    /// In hex digits, and how many bytes went through.
    fn end(self) -> (String, u64) {
        let digits = self.hash.finalize();
        let digits = digits.iter().map(|byte| format!("{byte:02x}"));
        (digits.collect(), self.bytes)
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.took(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.took(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
