//! Reading an archive of somebody: nothing counts that the manifest does not say, and the
//! manifest says nothing that is not on the list.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::vec;

use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;
use tar::{EntryType, Header};

use crate::domain::export::{
    BadArchive, EntryName, FORMAT, LONGEST_MANIFEST, MANIFEST, Manifest, ManifestFile,
};
use crate::domain::launch::ByteSize;
use crate::store::error::{Error, Result};

use super::Hashed;
use super::crypt::{self, Identities};

const BLOCK: usize = 512;

/// What may follow the last entry: blocks of nothing, as other programs pad with.
const MOST_PADDING: u64 = 64 * 1024;

/// An archive that is being read.
pub struct Unpack<'r> {
    inside: io::Take<MultiGzDecoder<io::BufReader<Box<dyn Read + 'r>>>>,
    files: vec::IntoIter<ManifestFile>,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether it was encrypted.
    pub encrypted: bool,
    shown: PathBuf,
}

/// What every manifest has, whatever hub wrote it.
#[derive(Deserialize)]
struct Version {
    format: u64,
    #[serde(default)]
    hub: String,
}

/// The next file of an archive; what it says of itself is true when all of it was copied.
#[must_use = "an entry that is not copied is not checked"]
pub struct UnpackedEntry<'u, 'r> {
    archive: &'u mut Unpack<'r>,
    /// What the manifest says of it.
    pub file: ManifestFile,
    /// When it was changed, in seconds since 1970.
    pub time: u64,
}

impl<'r> Unpack<'r> {
    /// Opens an archive and reads its manifest.
    ///
    /// # Errors
    /// When it is none, is encrypted for others, holds more than `most`, or cannot be read.
    pub fn open(
        shown: &Path,
        from: impl BufRead + 'r,
        identities: Option<&Identities>,
        most: ByteSize,
    ) -> Result<Self> {
        let (inside, encrypted) = crypt::open(shown, from, identities)?;
        let inside = MultiGzDecoder::new(io::BufReader::new(inside));
        // Whatever else it says, it cannot make hub read more than this.
        let limit = LONGEST_MANIFEST + MOST_PADDING + BLOCK as u64;
        let mut inside = inside.take(limit);
        let not_one = || BadArchive::NotOne {
            path: shown.to_path_buf(),
        };
        let first = match next_header(&mut inside).map_err(told(shown))? {
            Some(header) if named(&header, MANIFEST) => header,
            _ => return Err(not_one().into()),
        };
        let size = size_of(&first)?;
        if size > LONGEST_MANIFEST {
            return Err(BadArchive::damaged("its manifest is too long").into());
        }
        let mut text = Vec::new();
        let mut body = inside.by_ref().take(size);
        body.read_to_end(&mut text).map_err(told(shown))?;
        skip_padding(&mut inside, size).map_err(told(shown))?;
        let damaged =
            |error: serde_json::Error| BadArchive::damaged(format!("{MANIFEST}: {error}"));
        let version: Version = serde_json::from_slice(&text).map_err(damaged)?;
        if version.format > FORMAT {
            let (found, hub) = (version.format, version.hub);
            return Err(BadArchive::Newer { found, hub }.into());
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(damaged)?;
        manifest.check(most)?;
        let files = manifest.files.iter();
        let blocks = files.map(|file| file.size_bytes.saturating_add(2 * BLOCK as u64));
        let rest = blocks.fold(MOST_PADDING, u64::saturating_add);
        inside.set_limit(rest);
        Ok(Self {
            inside,
            files: manifest.files.clone().into_iter(),
            manifest,
            encrypted,
            shown: shown.to_path_buf(),
        })
    }

    /// The next file, or none when all were read and nothing follows.
    ///
    /// # Errors
    /// When what follows is not what the manifest says, or it cannot be read.
    pub fn next_entry(&mut self) -> Result<Option<UnpackedEntry<'_, 'r>>> {
        let header = next_header(&mut self.inside).map_err(told(&self.shown))?;
        let (header, file) = match (header, self.files.next()) {
            (Some(header), Some(file)) => (header, file),
            (None, None) => return self.check_end().map(|()| None),
            (None, Some(file)) => {
                return Err(BadArchive::damaged(format!("{} is missing", file.name)).into());
            }
            (Some(_), None) => {
                return Err(BadArchive::damaged("more follows than its manifest says").into());
            }
        };
        if !named(&header, &file.name.to_string()) {
            let found = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            let what = format!("{found:?} stands where {} belongs", file.name);
            return Err(BadArchive::damaged(what).into());
        }
        if size_of(&header)? != file.size_bytes {
            let what = format!("{} has not the length that its manifest says", file.name);
            return Err(BadArchive::damaged(what).into());
        }
        let time = header.mtime().unwrap_or_default();
        Ok(Some(UnpackedEntry {
            archive: self,
            file,
            time,
        }))
    }

    /// Nothing follows but nothing, and what it was compressed and encrypted by ends well.
    fn check_end(&mut self) -> Result<()> {
        let mut rest = Vec::new();
        self.inside
            .read_to_end(&mut rest)
            .map_err(told(&self.shown))?;
        if self.inside.limit() == 0 || rest.iter().any(|byte| *byte != 0) {
            return Err(BadArchive::damaged("something follows its end").into());
        }
        Ok(())
    }
}

impl UnpackedEntry<'_, '_> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &EntryName {
        &self.file.name
    }

    /// Copies all of it.
    ///
    /// # Errors
    /// When it is not what the manifest says, or what it is written to cannot be written.
    pub fn copy(self, into: &mut dyn Write, path: &Path) -> Result<()> {
        let size = self.file.size_bytes;
        let shown = &self.archive.shown;
        let mut from = Hashed::new(self.archive.inside.by_ref().take(size));
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut buffer).map_err(told(shown))?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            into.write_all(bytes).map_err(Error::io("write", path))?;
        }
        let (sha256, bytes) = from.end();
        if bytes != size {
            return Err(cut_off().into());
        }
        if sha256 != self.file.sha256 {
            let what = format!("{} has another hash than its manifest says", self.file.name);
            return Err(BadArchive::damaged(what).into());
        }
        skip_padding(&mut self.archive.inside, size).map_err(told(shown))
    }
}

fn cut_off() -> BadArchive {
    BadArchive::damaged("it is cut off")
}

/// What an error in the middle means: mostly, that the archive is not whole.
fn told(shown: &Path) -> impl Fn(io::Error) -> Error {
    move |error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            cut_off().into()
        } else if crypt::is_about_content(&error) {
            BadArchive::damaged(error.to_string()).into()
        } else {
            Error::io("read", shown)(error)
        }
    }
}

/// The next header; `None` at the empty block that ends a tar.
fn next_header(from: &mut impl Read) -> io::Result<Option<Header>> {
    let mut header = Header::new_old();
    from.read_exact(header.as_mut_bytes())?;
    if header.as_bytes().iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    Ok(Some(header))
}

/// Whether a header is that of a plain file of this name, and sound.
fn named(header: &Header, name: &str) -> bool {
    let mut sound = header.clone();
    sound.set_cksum();
    header.entry_type() == EntryType::Regular
        && header.path_bytes() == name.as_bytes()
        && header.cksum().ok() == sound.cksum().ok()
}

fn size_of(header: &Header) -> Result<u64> {
    let size = header.entry_size();
    Ok(size.map_err(|error| BadArchive::damaged(error.to_string()))?)
}

fn skip_padding(from: &mut impl Read, size: u64) -> io::Result<()> {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    let mut padding = vec![0; (BLOCK - over) % BLOCK];
    from.read_exact(&mut padding)
}
