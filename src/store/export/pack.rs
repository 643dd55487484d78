//! Writing an archive: the same bytes for the same session.

use std::fs::{File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use crate::domain::export::{EntryName, MANIFEST, Manifest, ManifestFile};
use crate::fault::{Point, effect};
use crate::store::atomic;
use crate::store::error::{Error, Result};

use super::crypt::{Recipient, Sealed};
use super::{Hashed, Source};

/// What tar pads to.
const BLOCK: usize = 512;

/// An archive that is being put together.
///
/// The manifest comes first and tells the hash of all that follows, which is known last. So what
/// follows is put into a file without a name, and behind the manifest as it is: two members of
/// gzip, one behind the other, are one file.
pub struct Pack {
    body: GzEncoder<File>,
    files: Vec<ManifestFile>,
    folder: PathBuf,
}

impl Pack {
    /// Begins one; what it is made of meanwhile needs room in `folder`, and has no name there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn begin(folder: &Path) -> Result<Self> {
        Ok(Self {
            body: GzEncoder::new(atomic::nameless(folder)?, Compression::default()),
            files: Vec::new(),
            folder: folder.to_path_buf(),
        })
    }

    /// Adds a file; they come in the order of their names.
    ///
    /// # Errors
    /// When it cannot be read to where it ended when it was opened, or the system refuses.
    pub fn add(&mut self, source: &Source) -> Result<()> {
        let Some((file, size, time)) = source.begin()? else {
            return Ok(());
        };
        self.append(source.name.clone(), file, size, time, &source.path)
    }

    /// Adds a file that is open, from its beginning.
    ///
    /// # Errors
    /// As [`Pack::add`].
    pub fn add_open(&mut self, name: EntryName, mut file: &File) -> Result<()> {
        let path = self.folder.clone();
        let size = file.metadata().map_err(Error::io("read", &path))?.len();
        file.rewind().map_err(Error::io("read", &path))?;
        self.append(name, file, size, 0, &path)
    }

    fn append(
        &mut self,
        name: EntryName,
        from: impl Read,
        size: u64,
        time: u64,
        path: &Path,
    ) -> Result<()> {
        let mut from = Hashed::new(from.take(size));
        let header = header(&name.to_string(), size, time).map_err(Error::io("pack", path))?;
        effect(Point::WriteBeside, Error::io("pack", path), || {
            write_entry(&mut self.body, &header, &mut from).map_err(Error::io("pack", path))
        })?;
        let (sha256, bytes) = from.end();
        if bytes != size {
            let short = io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile");
            return Err(Error::io("pack", path)(short));
        }
        self.files.push(ManifestFile {
            name,
            size_bytes: size,
            sha256,
        });
        Ok(())
    }

    /// How many files were added.
    #[must_use]
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// Writes all of it, behind `manifest`, whose files are those that were added.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(
        self,
        mut manifest: Manifest,
        recipients: &[Recipient],
        into: &mut dyn Write,
        shown: &Path,
    ) -> Result<u64> {
        manifest.files = self.files;
        let mut body = self.body;
        let told = || Error::io("write", shown);
        let text = serde_json::to_vec_pretty(&manifest);
        let text = text.map_err(|error| told()(error.into()))?;
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let write = || -> io::Result<u64> {
            // tar ends with two empty blocks.
            body.write_all(&[0; 2 * BLOCK])?;
            body.try_finish()?;
            let body = body.get_mut();
            body.rewind()?;
            let counted = Hashed::new(into);
            let mut sealed = Sealed::new(counted, recipients)?;
            let mut first = GzEncoder::new(&mut sealed, Compression::default());
            write_entry(
                &mut first,
                &header(MANIFEST, size, 0)?,
                &mut text.as_slice(),
            )?;
            first.finish()?;
            io::copy(body, &mut sealed)?;
            let mut into = sealed.end()?;
            into.flush()?;
            Ok(into.end().1)
        };
        write().map_err(told())
    }

    /// Writes all of it to a file, whole from its first moment; returns its length, `None` where
    /// one is there already and is not to be replaced.
    ///
    /// # Errors
    /// When the system refuses; nothing is left then.
    pub fn write_file(
        self,
        manifest: Manifest,
        recipients: &[Recipient],
        path: &Path,
        replace: bool,
    ) -> Result<Option<u64>> {
        let folder = self.folder.clone();
        let mut file = effect(Point::WriteBeside, Error::io("write", path), || {
            tempfile::Builder::new()
                .prefix(atomic::UNFINISHED)
                .permissions(Permissions::from_mode(atomic::DATA))
                .tempfile_in(&folder)
                .map_err(Error::io("write into", &folder))
        })?;
        let size = effect(Point::WriteBeside, Error::io("write", path), || {
            let mut writer = io::BufWriter::new(file.as_file_mut());
            let size = self.write(manifest, recipients, &mut writer, path)?;
            let written = writer.into_inner().map_err(io::IntoInnerError::into_error);
            written
                .and_then(|file| file.sync_all())
                .map_err(Error::io("write", path))?;
            Ok(size)
        })?;
        effect(Point::PutInPlace, Error::io("write", path), || {
            let placed = if replace {
                file.persist(path)
            } else {
                file.persist_noclobber(path)
            };
            match placed {
                Ok(_) => atomic::flush_folder(&folder).map(|()| Some(size)),
                Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
                Err(failed) => Err(Error::io("write", path)(failed.error)),
            }
        })
    }
}

/// Everybody's file, of nobody.
fn header(name: &str, size: u64, time: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(time);
    header.set_cksum();
    Ok(header)
}

fn write_entry(into: &mut impl Write, header: &Header, from: &mut impl Read) -> io::Result<()> {
    into.write_all(header.as_bytes())?;
    let bytes = io::copy(from, into)?;
    let over = usize::try_from(bytes % BLOCK as u64).unwrap_or_default();
    let padding = [0; BLOCK];
    let padding = padding.get(..(BLOCK - over) % BLOCK).unwrap_or_default();
    into.write_all(padding)
}
